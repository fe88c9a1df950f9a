"""What can be known of a model that deskclassify did not write, and what must be asked."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deskclassify.core import label_lines
from deskclassify.core.architectures import IMAGENET_MEAN, IMAGENET_STD
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling, Output
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import Origin
from deskclassify.ml.foreign.verdict import Facts, Tried

NO_GAP = 1e6  # as Pillow's `reducing_gap`: no shortcut when scaling, what torchvision's Resize does
_NAMED = re.compile(r"""(\d{1,7})\s*:\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?\s*""")
_LONGEST_NAMES = 4_000_000  # characters of all class names together
_LONGEST_NAME = 255
_LABEL_FILES = ("labels.txt", "classes.txt", "class_names.txt")
_USUAL_SIZE = 224


@dataclass(frozen=True)
class Understood:
    """How a model is used, as far as it is known.

    Attributes:
        origin: who wrote it.
        handling: complete where `missing` is empty.
        missing: see `ModelRead`.
        labels_from: likewise.
        notes: sentences about what was found, for the one who is asked.
    """

    origin: Origin
    handling: Handling
    missing: tuple[str, ...] = ()
    labels_from: str = ""
    notes: tuple[str, ...] = ()


def understand(path: Path, facts: Facts, tried: Tried, said: Handling | None = None) -> Understood:
    """Find out what is known of a model.

    Args:
        path: text files with labels are looked for beside it.
        facts: of the file.
        tried: measured.
        said: by the user, now or earlier; it decides, except where it cannot fit the model.

    Raises:
        InputError: what was said does not fit the model.
    """
    if said is not None:
        check_fits(path.name, said, facts, tried)
        origin: Origin = "ultralytics" if is_ultralytics(facts) else "foreign"
        handling = replace(said, layout=facts.layout, classes=tuple(map(clean, said.classes)))
        return Understood(origin, handling, labels_from="you")
    if is_ultralytics(facts):
        return _of_ultralytics(path, facts, tried)
    return _of_anyone(path, facts, tried)


def what_is_missing(missing: Sequence[str]) -> str:
    """What nobody has said yet, as part of a sentence."""
    words = {
        "labels": "what its classes are called",
        "preprocess": "how pictures are to be prepared",
        "output": "whether its answers are probabilities or raw scores",
    }
    parts = [words[one] for one in missing]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def check_fits(name: str, said: Handling, facts: Facts, tried: Tried) -> None:
    """Compare what the user says with what the model is.

    Raises:
        InputError: they contradict each other.
    """
    if len(said.classes) != tried.classes:
        raise InputError(
            f"“{name}” gives {tried.classes} numbers for each picture, and {len(said.classes)} class names were given. "
            "Give one name for each number, in the model's own order."
        )
    if facts.size and said.preprocess.size != facts.size:
        raise InputError(
            f"“{name}” takes pictures of {facts.size} × {facts.size} pixels, and {said.preprocess.size} was given. "
            f"Choose {facts.size}."
        )
    wrong = preprocess_problem(said.preprocess)
    if wrong:
        raise InputError(f"“{name}” cannot be used like this: {wrong}.")
    if said.output == "probabilities" and not tried.within_one:
        raise InputError(
            f"“{name}” gives numbers outside of 0 to 1, so they are no probabilities. Choose “raw scores (logits)”."
        )


def preprocess_problem(how: Preprocess) -> str:
    """What is impossible about a preparation, as part of a sentence; empty where nothing is."""
    whole = (*how.mean, *how.std, how.reducing_gap)
    if not all(-1e9 < value < 1e9 for value in whole):
        return "mean, std or reducing_gap is no ordinary number"
    if not 8 <= how.size <= 2048:
        return f"the pictures' size must be from 8 to 2,048 pixels, and {how.size} is not"
    if how.resize == "crop" and not how.size <= how.resize_to <= 4 * how.size:
        return f"resize_to must be from {how.size} to {4 * how.size} pixels, and {how.resize_to} is not"
    if how.interpolation not in ("bilinear", "bicubic"):
        return "interpolation must be bilinear or bicubic"
    if how.reducing_gap < 1:
        return f"reducing_gap must be 1 or more, and {how.reducing_gap:g} is not"
    if any(value <= 0 for value in how.std):
        return "std must be above 0 for each colour"
    if not all(0 <= value <= 255 for value in how.pad_color):
        return "pad_color must be from 0 to 255 for each colour"
    return ""


def is_ultralytics(facts: Facts) -> bool:
    """Whether Ultralytics' exporter wrote it, which says so itself, for classification."""
    said = facts.metadata
    by = said.get("author", "") == "Ultralytics" or said.get("description", "").startswith("Ultralytics")
    return by and said.get("task") == "classify" and facts.layout == "nchw" and facts.input.kind != "uint8"


def _of_ultralytics(path: Path, facts: Facts, tried: Tried) -> Understood:
    """Ultralytics' `classify_transforms`: the shorter side to the size, bilinear, the centre, and values from 0 to 1.

    Softmax is part of the network where it is exported (https://docs.ultralytics.com/tasks/classify).
    """
    classes, labels_from = _labels(path, facts, tried)
    size = facts.size or image_size(facts.metadata) or _USUAL_SIZE
    how = Preprocess("crop", size, size, "bilinear", NO_GAP, (0, 0, 0), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    output, known, note = _output(tried)
    handling = Handling(classes or _numbers(tried.classes), how, "nchw", "rgb", output)
    missing = (*(() if classes else ("labels",)), *(() if known else ("output",)))
    return Understood("ultralytics", handling, missing, labels_from, (note,))


def _of_anyone(path: Path, facts: Facts, tried: Tried) -> Understood:
    classes, labels_from = _labels(path, facts, tried)
    size = facts.size or image_size(facts.metadata)
    output, known, note = _output(tried)
    notes = [note]
    if not size:
        notes.append("The file does not say how large the pictures are.")
    # Where nothing is known, the form asks; these are only what it begins with.
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    resize_to = round((size or _USUAL_SIZE) / 0.875)
    how = Preprocess("crop", resize_to, size or _USUAL_SIZE, "bilinear", NO_GAP, (0, 0, 0), mean, std)
    if facts.input.kind == "uint8":
        how = replace(how, mean=(0.0, 0.0, 0.0), std=(1 / 255,) * 3)
        notes.append("Its input are bytes: the colours go in as they are.")
    elif facts.layout == "nhwc":
        how = replace(how, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize_to=how.size)
        notes.append("Its input has the colours last, as models from Keras and Teachable Machine have.")
    handling = Handling(classes or _numbers(tried.classes), how, facts.layout, "rgb", output)
    missing = [*([] if classes else ["labels"]), "preprocess", *([] if known else ["output"])]
    return Understood("foreign", handling, tuple(missing), labels_from, tuple(notes))


def _output(tried: Tried) -> tuple[Output, bool, str]:
    """What the answers are, whether that is certain, and a sentence of how it was found out."""
    if tried.sums_to_one:
        return "probabilities", True, "Tried with noise, its answers add up to 1: they are probabilities."
    if not tried.within_one:
        return "logits", True, "Tried with noise, some answers are below 0 or above 1: they are raw scores (logits)."
    return (
        "probabilities",
        False,
        "Tried with noise, its answers lie between 0 and 1, and do not add up to 1: they may be probabilities of each "
        "class by itself, or raw scores.",
    )


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(count))


def _labels(path: Path, facts: Facts, tried: Tried) -> tuple[tuple[str, ...], str]:
    """Class names and where they are from; none where no source has as many as there are classes."""
    inside = names(facts.metadata)
    if len(inside) == tried.classes:
        return inside, "metadata"
    for file in (path.with_suffix(".txt"), *(path.with_name(name) for name in _LABEL_FILES)):
        found = _read_beside(file)
        if len(found) == tried.classes:
            return found, str(file)
    return (), ""


def names(metadata: dict[str, str]) -> tuple[str, ...]:
    """Class names in the metadata: `{0: 'ants', 1: 'bees'}` as Ultralytics has it, or a list in JSON.

    Nothing of it is evaluated but single string literals, so a hostile text does no harm.
    """
    for key in ("names", "classes", "labels", "class_names"):
        text = metadata.get(key, "").strip()
        if text and len(text) <= _LONGEST_NAMES:
            found = _from_json(text) or _from_pairs(text) or _from_lines(text)
            if len(found) > 1:
                return tuple(map(clean, found))
    return ()


def _from_json(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(value, dict):
        try:
            value = [value[key] for key in sorted(value, key=int)]
        except ValueError:
            return []
    return [str(item) for item in value] if _is_flat(value) else []


def _is_flat(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int) for item in value)


def _from_pairs(text: str) -> list[str]:
    if not (text.startswith("{") and text.endswith("}")):
        return []
    inner, at = text[1:-1].strip(), 0
    found: dict[int, str] = {}
    while at < len(inner):
        pair = _NAMED.match(inner, at)
        if pair is None:
            return []
        try:
            found[int(pair[1])] = ast.literal_eval(pair[2])
        except (ValueError, SyntaxError):
            return []
        at = pair.end()
    return [found[number] for number in range(len(found))] if set(found) == set(range(len(found))) else []


def _from_lines(text: str) -> list[str]:
    parts = text.splitlines() if "\n" in text else text.split(",")
    return [part.strip() for part in parts if part.strip()] if not text.startswith(("{", "[")) else []


def _read_beside(file: Path) -> tuple[str, ...]:
    try:
        return tuple(map(clean, label_lines.read(file))) if file.is_file() else ()
    except (InputError, OSError):
        return ()


def clean(name: str) -> str:
    """A class name that can be shown: on one line, without control characters, not endless."""
    plain = "".join(" " if _is_unseen(letter) else letter for letter in name)
    short = " ".join(plain.split())
    if len(short) > _LONGEST_NAME:
        short = f"{short[: _LONGEST_NAME - 1]}…"
    return short or "(no name)"


def _is_unseen(letter: str) -> bool:
    """Whether a letter controls how others are shown; two of those belong to the scripts of India and Persia."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs") and letter not in "\u200c\u200d"


def image_size(metadata: dict[str, str]) -> int:
    """Pixels that the metadata's `imgsz` tells, of a square; 0 where it tells none."""
    sides = [int(side) for side in re.findall(r"\d{1,5}", metadata.get("imgsz", "")[:40])]
    fits = sides and len(set(sides)) == 1 and 8 <= sides[0] <= 2048
    return sides[0] if fits else 0
