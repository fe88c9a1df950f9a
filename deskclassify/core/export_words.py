"""What an export has shown, in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TypeVar

from deskclassify.core.events import Exported
from deskclassify.core.model_words import difference, file_size, precision_words
from deskclassify.core.words import counted, percent

Number = TypeVar("Number", int, float)


def figures(done: Exported) -> tuple[tuple[str, str], ...]:
    """Title and text of each figure."""
    rows = [("Written", _written(done)), ("Size", _before(file_size(done.bytes), done.bytes_before, file_size))]
    if done.images:
        rows += [
            (
                "Compared",
                f"{counted(done.images, 'picture')} of the validation set, with the network as it was trained",
            ),
            ("Same class", f"{percent(done.top1_agreement)} of them"),
            ("Largest difference", f"{difference(done.max_abs_diff)} of a probability"),
        ]
    if done.accuracy is not None:
        rows.append(("Accuracy", _before(percent(done.accuracy), done.accuracy_before, percent)))
    rows.append(("Numbers", precision_words(done.precision)))
    if done.opset:
        rows.append(("ONNX operators", f"version {done.opset}"))
    return tuple(rows)


def verdict(done: Exported) -> str:
    """One sentence: whether it can be relied upon."""
    if not done.images:
        return "The model was written."
    if done.top1_agreement >= 1:
        return f"The model was written. It gives the class of training for all {counted(done.images, 'picture')}."
    return (
        f"The model was written. It gives the class of training for {percent(done.top1_agreement)} of "
        f"{counted(done.images, 'picture')}."
    )


def model_file(done: Exported) -> str:
    """Path of the ONNX file that can be opened; empty where there is none."""
    return next((file for file in (done.model, *done.files) if PurePath(file).suffix.lower() == ".onnx"), "")


def _written(done: Exported) -> str:
    names = [PurePath(file).name for file in done.files]
    place = PurePath(done.model)
    return place.name if len(names) < 2 else f"{place.name}, with {', '.join(names)}"


def _before(now: str, before: Number | None, words: Callable[[Number], str]) -> str:
    if before is None:
        return now
    return f"{now}; with 32-bit numbers {words(before)}"
