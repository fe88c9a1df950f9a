"""`predict`: rows, a table as CSV, copies sorted into class folders; each as it comes, for there may be millions."""

from __future__ import annotations

import contextlib
import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from deskclassify.cli.run import Runner
from deskclassify.core import events, prediction_csv, requests
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import InputError
from deskclassify.core.prediction_json import public
from deskclassify.core.sorting import copy_into, folder_name
from deskclassify.core.words import counted


@dataclass(frozen=True)
class Wishes:
    """What is to be done with the answers.

    Attributes:
        csv: table to write; may be empty.
        sort_into: folder for copies; may be empty.
        always_answer: whether the model's threshold is passed over, and each picture gets its likeliest class.
        resume: whether the table is gone on with.
    """

    csv: str = ""
    sort_into: str = ""
    always_answer: bool = False
    resume: bool = False


def check(request: requests.PredictRequest, wishes: Wishes) -> None:
    """Whether the call makes sense, before anything is done.

    Raises:
        InputError: it does not.
    """
    if not request.paths and not request.files_from:
        raise InputError("Missing argument PATH…: give pictures, folders of pictures, or a list after --files-from.")
    if request.paths and not request.files_from and not any(map(os.path.exists, request.paths)):
        raise InputError(f"There is no file or folder “{request.paths[0]}”. Check the path.")
    if request.files_from not in ("", "-") and not Path(request.files_from).exists():
        raise InputError(f"There is no list “{request.files_from}”. Check the path after --files-from.")
    if request.null and not request.files_from:
        raise InputError("--null tells how the list of --files-from is separated. Give --files-from as well.")
    if request.ray_address and request.engine != "ray":
        raise InputError("--ray-address is of use with --engine ray only. Give that as well.")
    if wishes.resume and not wishes.csv:
        raise InputError("--resume goes on with a table. Name it after --csv.")
    if wishes.csv and Path(wishes.csv).is_dir():
        raise InputError(f"“{wishes.csv}” is a folder. Give the name of a CSV file after --csv.")
    if wishes.sort_into and Path(wishes.sort_into).exists() and not Path(wishes.sort_into).is_dir():
        raise InputError(f"“{wishes.sort_into}” is a file. Give a folder after --sort-into.")


def predict(runner: Runner, request: requests.PredictRequest, wishes: Wishes) -> None:
    """Run the job; what was reached stays when it is stopped or fails: see `prediction_csv.Table`.

    Raises:
        InputError: there was no picture at all.
    """
    csv = Path(wishes.csv) if wishes.csv else None
    with prediction_csv.Table(csv, request.top, wishes.resume) if csv else contextlib.nullcontext() as table:
        if table is not None and table.resumed:
            request = replace(request, done=str(table.part))
            runner.output.note(f"Goes on after {counted(table.resumed, 'row')} in {table.part.name}.")
        count = _Count()
        try:
            _each(runner, request, wishes, table, count)
        finally:
            if wishes.sort_into:
                runner.output.note(f"Copied {counted(count.copied, 'picture')} into {wishes.sort_into}")
            if table is not None and not count.finished and count.written:
                runner.output.note(f"What was reached is in {table.leave()}; go on with --resume.")
        if not count.rows and not (table is not None and table.resumed):
            raise InputError("There is no picture in what you gave. Give pictures, or folders that hold some.")
        if table is not None and count.finished:
            table.finish()
    _sum_up(runner, count)


@dataclass
class _Count:
    """What came of the rows."""

    rows: int = 0
    written: int = 0
    refused: int = 0
    copied: int = 0
    done: events.PredictDone | None = None
    finished: bool = False


def _each(
    runner: Runner,
    request: requests.PredictRequest,
    wishes: Wishes,
    table: prediction_csv.Table | None,
    count: _Count,
) -> None:
    for row in _rows(runner, request, wishes, count):
        if not row.error and wishes.sort_into:
            count.copied += _sort(runner, row, Path(wishes.sort_into), wishes.resume)
        if table is not None:
            table.add(row)
            count.written += 1
        _print(runner, row)
    count.finished = count.done is None or not count.done.stopped


def _rows(
    runner: Runner, request: requests.PredictRequest, wishes: Wishes, count: _Count
) -> Iterator[events.Prediction]:
    missing = {path: True for path in request.paths if not os.path.exists(path)}  # noqa: PTH110
    there = tuple(path for path in request.paths if path not in missing)
    if request.done and missing:
        missing.update((path, False) for path in prediction_csv.paths_in(Path(request.done)) if path in missing)
    for path, untold in missing.items():
        if untold:
            yield events.Prediction(path, error="There is no such file or folder. Check the path.")
    for event in runner.stream(replace(request, paths=there)):
        if isinstance(event, events.Prediction):
            count.rows += 1
            row = replace(event, refused=event.refused and not wishes.always_answer)
            count.refused += row.refused
            yield row
        elif isinstance(event, events.PredictDone):
            count.done = event


def _sum_up(runner: Runner, count: _Count) -> None:
    done = count.done
    if done is None or runner.output.as_json:
        return
    rate = f", {done.images / done.seconds:.0f} a second" if done.images > 1 and done.seconds > 0 else ""
    runner.output.note(
        f"{counted(done.images, 'picture')} in {done.seconds:.1f} s on {done.provider}{rate}"
        + (f"; {done.failed} could not be read." if done.failed else ".")
    )
    if done.provider_note:
        runner.output.note(f"Warning: {done.provider_note}")
    if count.refused:
        runner.output.note(
            f"{counted(count.refused, 'picture')} got no answer: the likeliest class is below {done.threshold:.1%}, "
            "the threshold of this model."
        )


def _print(runner: Runner, row: events.Prediction) -> None:
    output = runner.output
    if output.as_json:
        output.json(public(row))
    elif row.error:
        output.result(f"{row.path}  –  {row.error}")
    elif row.refused:
        output.result(f"{row.path}  {NO_ANSWER}  (likeliest: {row.label} {row.probability:.1%})")
    else:
        others = ", ".join(f"{label} {share:.1%}" for label, share in row.top[1:])
        output.result(f"{row.path}  {row.label}  {row.probability:.1%}" + (f"  ({others})" if others else ""))


def _sort(runner: Runner, row: events.Prediction, folder: Path, resume: bool) -> bool:
    """Copy a picture into the folder of its class; never move, never overwrite.

    Returns:
        whether there is a copy. When a table is gone on with, one that was made just before the end is not made again.
    """
    source = Path(row.path)
    target = folder / folder_name(NO_ANSWER if row.refused else row.label)
    try:
        if not (resume and _same(source, target / source.name)):
            copy_into(source, target)
    except FileNotFoundError:
        runner.output.note(f"Warning: {row.path} is not there any more and was not copied.")
        return False
    return True


def _same(source: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(source, copy, shallow=False)
