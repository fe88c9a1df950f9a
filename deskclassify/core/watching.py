"""Telling of pictures that appear in a folder, by looking again and again.

Looking works everywhere, on shares of a network too, where the notices of the system do not come.

| what happens                              | what is told                                                        |
| ----------------------------------------- | ------------------------------------------------------------------- |
| a file is still being written             | nothing, until size and time were the same in two looks             |
| a file is renamed into the folder         | it appears, once it was seen twice                                  |
| a picture is written anew                 | it appears again                                                    |
| a file goes away                          | nothing                                                             |
| the folder goes away                      | a warning; watching goes on, and what was known stays known         |
| links                                     | folders that are links are not entered, as in `sources.walk`        |
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message, Progress
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.sources import SKIPPED_FOLDERS
from deskclassify.core.use_events import Appeared
from deskclassify.core.use_requests import WatchRequest

_MOST_AT_ONCE = 500  # paths in one event
_REST = 9.0  # times as long as a look took is waited at least: looking takes a tenth of the time, however many files
_LISTEN_SECONDS = 0.05  # between two looks at whether the user has stopped
_BREATH = 500  # files after which other threads of the window get their turn

Stamp = tuple[int, int]
"""size in bytes and time of the last change in nanoseconds"""


class _GoneError(Exception):
    """The folder cannot be read."""


def watch(request: WatchRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `WatchRequest`: runs until it is stopped.

    Yields:
        after each look that found something, `Appeared`; after the first look, and with each `Appeared`, Progress of
        the stage `watch`: pictures told of, and pictures there are. A Message when the folder goes away or comes back.

    Raises:
        InputError: there is no such folder.
    """
    root = Path(request.folder)
    if not root.is_dir():
        raise InputError(f"There is no folder “{root}” that could be watched. Choose a folder that is there.")
    watcher = _Watcher(root, request.present)
    first, is_there = True, True
    while not should_stop():
        begun = time.monotonic()
        try:
            new = watcher.look(should_stop)
        except _GoneError as error:
            if is_there:
                is_there = False
                yield Message(
                    f"The folder “{root.name}” cannot be read any more: {error}. Watching goes on when it is back.",
                    "warning",
                )
        else:
            if not is_there:
                is_there = True
                yield Message(f"The folder “{root.name}” is back; watching goes on.")
            for at in range(0, len(new), _MOST_AT_ONCE):
                yield Appeared(tuple(new[at : at + _MOST_AT_ONCE]))
            if new or first:
                yield Progress("watch", watcher.told, watcher.there)
            first = False
        _wait(max(request.seconds, _REST * (time.monotonic() - begun)), should_stop)


class _Watcher:
    """Remembers what is known of the folder.

    Attributes:
        told: files told of so far.
        there: pictures found in the last look.
    """

    def __init__(self, root: Path, present: bool) -> None:
        self._root = root
        self._known: dict[str, Stamp] = {}  # as they were when they were told of, or found at the start
        self._growing: dict[str, Stamp] = {}  # as they were in the last look
        self._is_first = not present
        self.told = 0
        self.there = 0

    def look(self, should_stop: ShouldStop) -> list[str]:
        """Look once: what has appeared and rests.

        Raises:
            _GoneError: the folder cannot be read.
        """
        new: list[str] = []
        growing: dict[str, Stamp] = {}
        there = 0
        for path, stamp in _pictures(str(self._root)):
            there += 1
            if there % _BREATH == 0:
                if should_stop():
                    return []
                time.sleep(0.001)
            if self._is_first:
                self._known[path] = stamp
            elif self._known.get(path) != stamp:
                if stamp[0] and self._growing.get(path) == stamp:
                    new.append(path)
                    self._known[path] = stamp
                else:
                    growing[path] = stamp
        self._growing, self._is_first, self.there = growing, False, there
        self.told += len(new)
        return new


def _pictures(root: str) -> Iterator[tuple[str, Stamp]]:
    """All pictures below a folder, in the order of their names; what vanishes meanwhile is left out.

    Raises:
        _GoneError: the folder itself cannot be read.
    """
    real_root = os.path.realpath(root)
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise _GoneError(error.strerror or str(error)) from None
            continue
        below: list[str] = []
        for entry in found:
            if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
                continue
            try:
                if is_picture_name(entry.name) and entry.is_file():
                    if not entry.is_symlink() or _is_inside(entry.path, real_root):
                        status = entry.stat()
                        yield entry.path, (status.st_size, status.st_mtime_ns)
                elif entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
            except OSError:
                continue  # it went away between the two questions
        pending.extend(reversed(below))


def _is_inside(path: str, real_root: str) -> bool:
    real = os.path.realpath(path)
    return real.startswith(real_root.rstrip(os.sep) + os.sep)


def _wait(seconds: float, should_stop: ShouldStop) -> None:
    until = time.monotonic() + seconds
    while not should_stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(_LISTEN_SECONDS, left))
