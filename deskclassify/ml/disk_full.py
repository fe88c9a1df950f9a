"""A full disk holds a training until there is room again; nothing of it is lost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import is_disk_full
from deskclassify.core.events import Event, Held, Message

RETRY_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_PAUSE_SECONDS = 0.2  # a `should_stop` that took longer than this was a pause


class PatientDisk:
    """Writes, and where the disk is full waits for room.

    | while it waits                 | what happens                                                    |
    | ------------------------------ | --------------------------------------------------------------- |
    | every few seconds              | the write is tried again                                        |
    | `should_stop` holds (a pause)  | it is tried again as soon as it is let go on                    |
    | `should_stop` says stop        | the write is given up, and so is each one after it that fails   |

    Args:
        folder: what is written to, for the sentence.
        should_stop: of the job.
    """

    def __init__(self, folder: Path, should_stop: ShouldStop) -> None:
        self._folder = folder
        self._should_stop = should_stop
        self._needed_bytes = 0
        self._has_given_up = False

    def write(self, action: Callable[[], None], size_bytes: int = 0) -> Iterator[Event]:
        """Do `action`, again and again while the disk is full.

        Args:
            action: writes; may be called again after it has raised.
            size_bytes: how much it writes.

        Yields:
            a `Held` when it begins to wait and after each pause that changed nothing; a `Message` at the end.

        Raises:
            OSError: of another kind.
        """
        self._needed_bytes = max(self._needed_bytes, size_bytes)
        waited, tell = False, True
        while not _fits(action):
            if self._has_given_up:
                return
            if tell:
                yield Held(self._sentence())
            waited, why = True, self._wait()
            if why == "stop":
                self._has_given_up = True
                yield Message("The disk is still full: only what was saved before is kept.", "warning")
                return
            tell = why == "resumed"
        if waited:
            yield Message("There is room on the disk again: the training goes on.")

    def _sentence(self) -> str:
        megabytes = max(1, math.ceil(self._needed_bytes / 1e6))
        return (
            f"The disk that holds “{self._folder}” is full: {megabytes:,} MB are needed. "
            "The training waits, and nothing of it is lost. Free some space."
        )

    def _wait(self) -> Literal["stop", "time", "resumed"]:
        until = time.monotonic() + RETRY_SECONDS
        while True:
            asked = time.monotonic()
            if self._should_stop():
                return "stop"
            now = time.monotonic()
            if now - asked > _PAUSE_SECONDS:
                return "resumed"
            if now >= until:
                return "time"
            time.sleep(_LOOK_SECONDS)


def _fits(action: Callable[[], None]) -> bool:
    try:
        action()
    except OSError as error:
        if is_disk_full(error):
            return False
        raise
    return True
