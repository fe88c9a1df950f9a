"""A training outlives the process it runs in: a new process goes on from what was saved.

Processes die when memory runs out, when a driver fails, and after a laptop's sleep, which often costs
CUDA its context until the process ends (https://github.com/pytorch/pytorch/issues/88639). Sleep itself
needs no looking after: the job either goes on when the computer wakes, or fails and is revived here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from deskclassify.core.control import Control
from deskclassify.core.errors import EngineDiedError
from deskclassify.core.events import Event, Message
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder

MOST_DEATHS = 3
"""that a training survives without getting further"""


def revived(
    stream: Callable[[FitRequest, Control], Iterator[Event]], request: FitRequest, control: Control
) -> Iterator[Event]:
    """Run a training, and go on with it in a new process when the one it runs in has died.

    Args:
        stream: runs a request in a child process, in a new one if need be.
        request: the training; it is resumed once its folder has been begun.
        control: as ever; what was stopped is not revived.

    Raises:
        EngineDiedError: process after process died at the same place.
        UserError: the training failed by itself.
    """
    run = RunFolder(Path(request.run))
    place, deaths = _saved_place(run), 0
    while True:
        try:
            yield from stream(request, control)
            return
        except EngineDiedError as error:
            died = error
        if control.stopped:
            raise died
        before, place = place, _saved_place(run)
        deaths = deaths + 1 if place == before else 1
        if deaths > MOST_DEATHS:
            raise EngineDiedError(
                f"{died.cause} So did {MOST_DEATHS} others that went on in its place, and none got further.",
                "What was reached is kept. Restart the computer, or choose a smaller batch size or another device, "
                "then go on.",
                died.details,
            )
        yield Message(f"{died.cause} A new process goes on from what was saved.", "warning")
        request = replace(request, resume=request.resume or run.info_file.is_file())


def _saved_place(run: RunFolder) -> bytes:
    """What tells one saved state from another; empty where nothing was saved."""
    try:
        return (run.last / "state.json").read_bytes()
    except OSError:
        return b""
