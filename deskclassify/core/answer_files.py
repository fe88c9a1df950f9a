"""Answers saved as a table or as JSON, with what the user has corrected."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from deskclassify.core import atomic, prediction_csv, prediction_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Prediction
from deskclassify.core.requests import Process, Request

CORRECTED = "corrected"  # the last column, where there is one


@dataclass(frozen=True)
class SaveRequest(Request):
    """Write answers to a file; then `AnswersSaved`. Runs in the window's process: nothing goes on a wire.

    Attributes:
        rows: the answers, in this order.
        file: `.json`, else a CSV table.
        model: facts, for JSON.
        corrected: path → class that the user gave instead.
    """

    job: ClassVar[str] = "deskclassify.core.answer_files:save"
    process: ClassVar[Process] = "here"
    rows: tuple[Prediction, ...]
    file: str
    model: Mapping[str, Any] = field(default_factory=dict)
    corrected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswersSaved(Event):
    """A file was written; how many answers are in it."""

    event: ClassVar[str] = "finished"
    file: str
    rows: int


def save(request: SaveRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `SaveRequest`. It is short and does not stop in the middle.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    file = Path(request.file)
    if file.suffix.lower() == ".json":
        prediction_json.write(file, request.rows, request.model, request.corrected)
    else:
        write_csv(file, request.rows, request.corrected)
    yield AnswersSaved(request.file, len(request.rows))


def write_csv(file: Path, rows: Sequence[Prediction], corrected: Mapping[str, str]) -> None:
    """The table of `prediction_csv`, with a last column `corrected` if anything in it was.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    if not any(row.path in corrected for row in rows):
        prediction_csv.write(file, rows)
        return
    # What the columns are is known in one place: the table is read back and widened.
    with tempfile.TemporaryDirectory(prefix="deskclassify-") as folder:
        plain = Path(folder) / "answers.csv"
        prediction_csv.write(plain, rows)
        with plain.open(encoding="utf-8", errors="surrogateescape", newline="") as source:
            header, *cells = csv.reader(source)
    wider = [[*line, corrected.get(row.path, "")] for line, row in zip(cells, rows, strict=True)]
    atomic.write_csv(file, [*header, CORRECTED], wider)
