"""Options that say how a model is used which deskclassify did not write; they are remembered for that file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from deskclassify.cli import options, tables
from deskclassify.cli.plans import EXIT_INPUT
from deskclassify.cli.run import Runner
from deskclassify.core import events, label_lines, model_words
from deskclassify.core.architectures import IMAGENET_MEAN, IMAGENET_STD
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Channels, Handling, Output
from deskclassify.core.preprocess import RESIZE_METHODS
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest

_IMAGENET = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
_PANEL = "A model that deskclassify did not write"
_CHANNELS: tuple[Channels, ...] = ("rgb", "bgr")
_OUTPUTS: tuple[Output, ...] = ("probabilities", "logits")
_INTERPOLATIONS = ("bilinear", "bicubic")

Labels = Annotated[
    str, typer.Option("--labels", metavar="FILE", help="Text file, a class name a line.", rich_help_panel=_PANEL)
]
Mean = Annotated[
    str,
    typer.Option(
        "--mean",
        metavar="R,G,B|imagenet",
        help="Taken from the colours, on the scale 0 to 1.",
        rich_help_panel=_PANEL,
    ),
]
Std = Annotated[
    str,
    typer.Option("--std", metavar="R,G,B|imagenet", help="What they are then divided by.", rich_help_panel=_PANEL),
]
Size = Annotated[
    int | None, typer.Option("--size", metavar="N", help="Pixels, width and height.", rich_help_panel=_PANEL)
]
Resize = Annotated[
    str,
    typer.Option("--resize", metavar="crop|squish|pad", help="How pictures are made square.", rich_help_panel=_PANEL),
]
ResizeTo = Annotated[
    int | None,
    typer.Option(
        "--resize-to",
        metavar="N",
        help="With crop: pixels of the shorter side, before the middle is cut out.",
        rich_help_panel=_PANEL,
    ),
]
Interpolation = Annotated[
    str,
    typer.Option("--interpolation", metavar="bilinear|bicubic", help="How pixels are made.", rich_help_panel=_PANEL),
]
ChannelOrder = Annotated[
    str, typer.Option("--channels", metavar="rgb|bgr", help="Order of the colours.", rich_help_panel=_PANEL)
]
Outputs = Annotated[
    str,
    typer.Option(
        "--outputs",
        metavar="probabilities|logits",
        help="What comes out: logits are raw scores, which go through softmax.",
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True)
class Said:
    """What the options say; empty or None where they say nothing."""

    labels: str = ""
    mean: str = ""
    std: str = ""
    size: int | None = None
    resize: str = ""
    resize_to: int | None = None
    interpolation: str = ""
    channels: str = ""
    outputs: str = ""

    @property
    def is_something(self) -> bool:
        """Whether any of the options was given."""
        return self != Said()


def describe(runner: Runner, model: str, said: Said, device: str = "auto") -> int:
    """Tell what a model is, after what is said of it was remembered.

    Returns:
        the exit code: 2 where something must still be said, or the file was altered.

    Raises:
        InputError: the file is refused, or the options cannot be.
    """
    prepare(runner, model, said, device)
    found = runner.last(ModelRequest(model, device=device), ModelRead, json_lines=False)
    if runner.output.as_json:
        runner.output.json(events.public(found))
    else:
        facts = tables.table("", "")
        facts.show_header = False
        for row in model_words.about(found):
            facts.add_row(*map(escape, row))
        runner.output.result(facts)
    if found.state == "good":
        return 0
    if not runner.output.as_json:
        runner.output.note(found.problem)
    return EXIT_INPUT


def prepare(runner: Runner, model: str, said: Said, device: str = "auto") -> None:
    """Tell the program how a model is used, before it is; does nothing where no option was given.

    Raises:
        InputError: the options cannot be, or something is still missing.
    """
    if not said.is_something:
        return
    name = Path(model).name
    labels = _labels(said.labels) if said.labels else ()
    found = runner.last(ModelRequest(model, device=device), ModelRead, json_lines=False)
    if found.origin == "deskclassify":
        raise InputError(
            f"“{name}” was exported by deskclassify and says itself how it is used. Leave out --labels, --mean and the "
            "like."
        )
    assert found.handling is not None
    missing = _still_missing(found, said)
    if missing:
        raise InputError(f"“{name}” cannot be used yet: give {', '.join(missing)} as well.")
    handling = _completed(found.handling, said, labels)
    runner.last(ModelRequest(model, handling, device), ModelRead, json_lines=False)
    runner.output.note(f"How {name} is used is remembered: next time these options can be left out.")


def numbers(option: str, text: str) -> tuple[float, float, float]:
    """Three numbers, one that stands for all three, or `imagenet`.

    Raises:
        InputError: it is none of that.
    """
    if text.strip().lower() == "imagenet":
        return _IMAGENET[option.strip("-")]
    try:
        values = [float(part) for part in text.replace(";", ",").split(",")]
    except ValueError:
        values = []
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise InputError(f"{option} cannot be “{text}”. Give three numbers, as in {option} 0.5,0.5,0.5, or imagenet.")
    return values[0], values[1], values[2]


def _still_missing(found: ModelRead, said: Said) -> list[str]:
    needed = []
    if "labels" in found.missing and not said.labels:
        needed.append("--labels")
    if "preprocess" in found.missing:
        needed += [f"--{name}" for name in ("mean", "std", "resize") if not getattr(said, name)]
        if not found.size and said.size is None:
            needed.append("--size")
    if "output" in found.missing and not said.outputs:
        needed.append("--outputs")
    return needed


def _completed(known: Handling, said: Said, labels: tuple[str, ...]) -> Handling:
    how = known.preprocess
    if said.mean:
        how = replace(how, mean=numbers("--mean", said.mean))
    if said.std:
        how = replace(how, std=numbers("--std", said.std))
    if said.size is not None:
        how = replace(how, size=said.size, resize_to=max(said.size, how.resize_to))
    if said.resize:
        how = replace(how, resize=options.choice("--resize", said.resize, RESIZE_METHODS), resize_to=how.size)
    if said.resize_to is not None:
        how = replace(how, resize_to=said.resize_to)
    if said.interpolation:
        how = replace(how, interpolation=options.choice("--interpolation", said.interpolation, _INTERPOLATIONS))
    known = replace(known, preprocess=how, classes=labels or known.classes)
    if said.channels:
        known = replace(known, channels=options.choice("--channels", said.channels, _CHANNELS))
    if said.outputs:
        known = replace(known, output=options.choice("--outputs", said.outputs, _OUTPUTS))
    return known


def _labels(name: str) -> tuple[str, ...]:
    return label_lines.read(options.existing(name, "file of labels"))
