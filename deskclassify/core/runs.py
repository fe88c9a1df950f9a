"""Runs as a person knows them: one line of a list, under a name that can be changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deskclassify.core import atomic
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.run_folder import RunFolder

Status = Literal["running", "stopped", "finished", "damaged"]
LONGEST_TITLE = 80  # characters
# A file of its own: a training writes run.json anew when it ends, and must not undo a renaming.
_TITLE_FILE = "title.txt"


@dataclass(frozen=True)
class RunSummary:
    """One run in a list. What is not known is empty or None.

    Attributes:
        path: of the run folder.
        title: the name that the user gave, or the folder's.
        status: what `run.json` says; `running` is also what a killed training leaves behind.
        created: when it was begun, ISO 8601 in UTC.
        preset: as asked for.
        architecture: name of the network.
        accuracy: share of right validation pictures, 0 to 1.
        seconds: how long it took.
        train_images, valid_images: numbers of pictures.
        best_epoch: number of the epoch whose network was kept.
        problem: a sentence, if the run is damaged.
    """

    path: str
    title: str
    status: Status = "finished"
    created: str = ""
    preset: str = ""
    architecture: str = ""
    accuracy: float | None = None
    seconds: float | None = None
    train_images: int | None = None
    valid_images: int | None = None
    best_epoch: int | None = None
    problem: str = ""

    @property
    def folder(self) -> RunFolder:
        """The run folder."""
        return RunFolder(Path(self.path))

    @property
    def can_be_shown(self) -> bool:
        """Whether there is a network to evaluate, look into and predict with."""
        return self.status != "damaged" and self.folder.is_finished()


def summarise(run: RunFolder) -> RunSummary:
    """The line of a run; damage becomes the sentence `problem`, never an exception."""
    try:
        return _summary(run)
    except Exception as error:  # a list must survive whatever a file holds
        return RunSummary(str(run.path), title(run), "damaged", problem=Failure.of(error).sentence)


def summaries(runs: Iterable[RunFolder]) -> tuple[RunSummary, ...]:
    """The lines of runs, the newest first."""
    lines = [summarise(run) for run in runs]
    return tuple(sorted(lines, key=lambda one: (one.created, one.folder.name), reverse=True))


def _summary(run: RunFolder) -> RunSummary:
    info = run.info()
    result, request = info.result, info.raw.get("request") or {}
    if not isinstance(result, dict) or not isinstance(request, dict):
        raise InputError(f"{run.info_file} is damaged. Train again.")
    status = _status(str(info.raw.get("status", "")), result)
    if status == "finished" and not run.is_finished():
        raise InputError(f"The weights or the predictions of the run “{title(run)}” are missing. Train again.")
    return RunSummary(
        path=str(run.path),
        title=title(run),
        status=status,
        created=str(info.raw.get("created") or ""),
        preset=str(request.get("preset") or ""),
        architecture=info.architecture,
        accuracy=_number(result, "accuracy"),
        seconds=_number(result, "seconds"),
        train_images=_count(result, "train_images"),
        valid_images=_count(result, "valid_images"),
        best_epoch=_count(result, "best_epoch"),
    )


def _status(said: str, result: dict[str, Any]) -> Status:
    if not result:
        return "running"
    return "stopped" if said == "stopped" or result.get("stopped") else "finished"


def _number(values: dict[str, Any], key: str) -> float | None:
    value = values.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _count(values: dict[str, Any], key: str) -> int | None:
    number = _number(values, key)
    return None if number is None else int(number)


def title(run: RunFolder) -> str:
    """The name that the user gave a run; without one, the folder's."""
    try:
        text = (run.path / _TITLE_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return run.name
    return _clean(text)[:LONGEST_TITLE] or run.name


def rename(run: RunFolder, name: str) -> None:
    """Give a run another name; an empty one gives it the folder's again. The folder itself keeps its name.

    Raises:
        InputError: the name is too long, or the run is not there any more.
        OSError: the name cannot be written; the old one stays.
    """
    name = _clean(name)
    if len(name) > LONGEST_TITLE:
        raise InputError(f"This name has {len(name)} characters; {LONGEST_TITLE} are the most. Choose a shorter one.")
    if not run.info_file.is_file():
        raise InputError(f"The run “{title(run)}” is not there any more, so it cannot be renamed.")
    if name in ("", run.name):
        (run.path / _TITLE_FILE).unlink(missing_ok=True)
    else:
        atomic.write_text(run.path / _TITLE_FILE, name + "\n")


def _clean(name: str) -> str:
    """On one line, without characters that cannot be seen."""
    return "".join(char for char in " ".join(name.split()) if char.isprintable())
