"""The arguments and options that commands share, and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from deskclassify.core import architectures, groups, project
from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Source

T = TypeVar("T", bound=str)

Data = Annotated[str, typer.Argument(metavar="DATA", help="A folder of class folders, or a project.")]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on standard output.")]
Arch = Annotated[str, typer.Option("--arch", metavar="NAME", help=f"One of: {', '.join(architectures.ARCHITECTURES)}.")]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda[:i]", help="Where to compute.")]
LabelFrom = Annotated[
    str | None,
    typer.Option(
        "--label-from",
        metavar="RULE",
        help="folder (default), regex:PATTERN, case, or csv:FILE.",
    ),
]
ValidPct = Annotated[
    float | None, typer.Option("--valid-pct", metavar="X", help="Share of each class for validation (default 0.2).")
]
ValidFolder = Annotated[
    str | None, typer.Option("--valid-folder", metavar="NAME", help="Folder whose pictures are for validation.")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Number that decides which pictures are for validation (default 42)."),
]
TestPct = Annotated[
    float | None,
    typer.Option("--test-pct", metavar="X", help="Share of each class for a last test, never trained on (default 0)."),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="folder|regex:PATTERN",
        help="Keep on one side of the split: sub-folders, or names that agree in the pattern's first group.",
    ),
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", metavar="N", help="Pictures in one step.")]
ImageSize = Annotated[int | None, typer.Option("--image-size", metavar="N", help="Pixels, width and height.")]
Resize = Annotated[str, typer.Option("--resize", metavar="crop|squish|pad", help="How pictures are made square.")]
Weights = Annotated[str, typer.Option("--weights", metavar="FILE", help="Pretrained weights of your own.")]
ForecastOnly = Annotated[
    bool, typer.Option("--forecast", help="Only tell how long it would take and how much memory; train nothing.")
]
Preset = Annotated[str, typer.Option("--preset", metavar="quick|partial|balanced|thorough", help="The recipe.")]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", metavar="N", help="Passes of the unfrozen phase; with quick, with the new last layer."),
]
FrozenEpochs = Annotated[
    int | None, typer.Option("--frozen-epochs", metavar="N", help="Passes with the new last layer only.")
]
LearningRate = Annotated[float | None, typer.Option("--lr", metavar="X", help="Highest learning rate.")]
Augment = Annotated[
    float,
    typer.Option("--augment", metavar="X", help="Strength of random changes to training pictures: 0 none, 2 strong."),
]
Mix = Annotated[
    str, typer.Option("--mix", metavar="none|mixup|cutmix", help="Put two training pictures into one: blend or paste.")
]
Balance = Annotated[
    str,
    typer.Option(
        "--balance",
        metavar="auto|none|sampling|weights",
        help="Show rare classes more often, or weigh them more; auto decides by the counts.",
    ),
]
Gradual = Annotated[
    bool, typer.Option("--gradual", help="Unfreeze stage by stage, from the last one, instead of all at once.")
]
Progressive = Annotated[bool, typer.Option("--progressive", help="Begin with smaller pictures.")]
Patience = Annotated[
    int | None, typer.Option("--patience", metavar="N", help="Stop after N epochs without a better one.")
]
TestTime = Annotated[
    bool,
    typer.Option("--tta", help="Also measure on changed copies of the validation pictures (test-time augmentation)."),
]


def data_spec(
    data: str,
    label_from: str | None = None,
    valid_pct: float | None = None,
    valid_folder: str | None = None,
    seed: int | None = None,
    test_pct: float | None = None,
    group_by: str | None = None,
) -> DataSpec:
    """The pictures that the arguments name; of a project, its own settings where none are given.

    Raises:
        InputError: something about the arguments is wrong.
    """
    path = existing(data, "folder of pictures")
    if project.is_project(path):
        spec = project.load(path).data
    elif path.is_dir():
        spec = DataSpec(sources=(Source(str(path)),))
    else:
        raise InputError(f"“{data}” is a file, not a folder. Give the folder that holds the class folders.")
    if valid_pct is not None and not 0 < valid_pct < 1:
        raise InputError(f"--valid-pct must lie between 0 and 1, as in 0.2 for a fifth; {valid_pct:g} does not.")
    if test_pct is not None and not 0 <= test_pct < 1:
        raise InputError(f"--test-pct must be 0 or more and below 1, as in 0.1 for a tenth; {test_pct:g} is not.")
    if label_from is not None:
        spec = replace(spec, rule=label_from)
    if valid_pct is not None:
        spec = replace(spec, valid_pct=valid_pct)
    if valid_folder is not None:
        spec = replace(spec, valid_folder=valid_folder)
    if test_pct is not None:
        spec = replace(spec, test_pct=test_pct)
    if spec.valid_pct + spec.test_pct >= 1:
        raise InputError(
            f"With {spec.valid_pct:g} for validation and {spec.test_pct:g} for the test nothing is left to train on. "
            "Choose smaller shares: together they must be below 1."
        )
    if group_by is not None:
        groups.check(group_by)
        spec = replace(spec, grouping=group_by)
    return spec if seed is None else replace(spec, seed=seed)


def existing(given: str, what: str) -> Path:
    """The absolute path of something that must be there; links in it are kept.

    Raises:
        InputError: it is not.
    """
    if not given.strip():
        raise InputError(f"The path of the {what} is empty. Give one.")
    path = Path(os.path.abspath(Path(given).expanduser()))
    try:
        there = path.exists()
    except (OSError, ValueError):  # a name that is too long, or has a null byte
        there = False
    if not there:
        raise InputError(f"There is no {what} “{given}”. Check the path.")
    return path


def choice(option: str, value: str, allowed: Sequence[T]) -> T:
    """One of the allowed words.

    Raises:
        InputError: it is none of them.
    """
    for word in allowed:
        if value == word:
            return word
    raise InputError(f"{option} cannot be “{value}”. Choose one of: {', '.join(allowed)}.")


def at_least(option: str, value: float | None, least: float) -> None:
    """Check a number.

    Raises:
        InputError: it is too small.
    """
    if value is not None and not value >= least:
        raise InputError(f"{option} must be {least:g} or more; {value:g} is too small.")


def between(option: str, value: float, low: float, high: float) -> None:
    """Check a number.

    Raises:
        InputError: it is too small or too large.
    """
    if not low <= value <= high:
        raise InputError(f"{option} must be from {low:g} to {high:g}; {value:g} is not.")


def device(value: str) -> str:
    """Check the name of a device.

    Raises:
        InputError: it is no such name.
    """
    kind, colon, number = value.partition(":")
    if value in ("auto", "cpu") or (kind == "cuda" and (not colon or number.isdecimal())):
        return value
    raise InputError(f"--device cannot be “{value}”. Choose auto, cpu, cuda, or cuda:0 for the first card.")
