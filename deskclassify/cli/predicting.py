"""`predict`: rows, a table as CSV, and copies sorted into class folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deskclassify.cli.run import Runner
from deskclassify.core import events, prediction_csv, requests
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import InputError
from deskclassify.core.prediction_json import public
from deskclassify.core.sorting import copy_into, folder_name
from deskclassify.core.words import counted


def predict(
    runner: Runner, request: requests.PredictRequest, csv_file: str, sort_into: str, always_answer: bool = False
) -> None:
    """Run the job; what was reached is written also when it is stopped or fails.

    Args:
        runner: of the command.
        request: the job.
        csv_file: table to write; may be empty.
        sort_into: folder for copies; may be empty.
        always_answer: whether the model's threshold is passed over, and each picture gets its likeliest class.

    Raises:
        InputError: there was no picture at all.
    """
    rows: list[events.Prediction] = []
    done: events.PredictDone | None = None
    there = tuple(path for path in request.paths if Path(path).exists())
    missing = [path for path in request.paths if path not in there]
    request = replace(request, paths=there)
    try:
        for path in missing:
            rows.append(events.Prediction(path, error="There is no such file or folder. Check the path."))
            _print(runner, rows[-1])
        for event in runner.stream(request):
            if isinstance(event, events.Prediction):
                event = replace(event, refused=event.refused and not always_answer)
                rows.append(event)
                _print(runner, event)
            elif isinstance(event, events.PredictDone):
                done = event
    finally:
        if csv_file and rows:
            prediction_csv.write(Path(csv_file), rows)
        if sort_into:
            _sort(runner, rows, Path(sort_into))
    if len(rows) == len(missing):
        raise InputError("There is no picture in what you gave. Give pictures, or folders that hold some.")
    if done is not None and not runner.output.as_json:
        runner.output.note(
            f"{counted(done.images, 'picture')} in {done.seconds:.1f} s on {done.provider}"
            + (f"; {done.failed} could not be read." if done.failed else ".")
        )
        refused = sum(row.refused for row in rows)
        if refused:
            runner.output.note(
                f"{counted(refused, 'picture')} got no answer: the likeliest class is below {done.threshold:.1%}, the "
                "threshold of this model."
            )


def _print(runner: Runner, row: events.Prediction) -> None:
    output = runner.output
    if output.as_json:
        output.json(public(row))
    elif row.error:
        output.result(f"{row.path}  –  {row.error}")
    else:
        if row.refused:
            output.result(f"{row.path}  {NO_ANSWER}  (likeliest: {row.label} {row.probability:.1%})")
            return
        others = ", ".join(f"{label} {share:.1%}" for label, share in row.top[1:])
        output.result(f"{row.path}  {row.label}  {row.probability:.1%}" + (f"  ({others})" if others else ""))


def _sort(runner: Runner, rows: list[events.Prediction], folder: Path) -> None:
    """Copy each picture into the folder of its class; never move, never overwrite."""
    copied = 0
    for row in rows:
        if row.error:
            continue
        try:
            copy_into(Path(row.path), folder / folder_name(NO_ANSWER if row.refused else row.label))
            copied += 1
        except FileNotFoundError:
            runner.output.note(f"Warning: {row.path} is not there any more and was not copied.")
    runner.output.note(f"Copied {counted(copied, 'picture')} into {folder}")
