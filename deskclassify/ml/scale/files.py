"""Which files a prediction is about: paths, folders and lists, as a stream."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from deskclassify.core import prediction_csv
from deskclassify.core.errors import InputError
from deskclassify.core.requests import PredictRequest
from deskclassify.ml.scale.seen import Seen
from deskclassify.ml.scale.walking import pictures

STANDARD_INPUT = "-"
_LOOK_AHEAD = 200  # paths; where there are no more, their number is known at once
_BLOCK_BYTES = 1 << 16
_COUNT_BETWEEN_LOOKS = 1000


class Files:
    """The files of a request, each once, in a fixed order; a context manager.

    | what was given      | what comes                                                          |
    | ------------------- | ------------------------------------------------------------------- |
    | a file              | itself, whatever its name                                           |
    | a folder            | the pictures below it: see `walking`                                |
    | a list of paths     | each of them likewise                                               |
    | what is not there   | comes, to be reported; it is an error where there is nothing else   |

    Files of an unfinished table (`PredictRequest.done`) are left out.

    Attributes:
        few: how many there are, if they are few; else None.
        passed_over: those that were left out so far, since they are in the unfinished table.

    Raises:
        InputError: none of the paths exists, there is no such list, or nothing is a picture.
    """

    def __init__(self, request: PredictRequest) -> None:
        if request.paths and not request.files_from and not any(map(os.path.exists, request.paths)):
            raise InputError(f"There is nothing at “{request.paths[0]}”. Check the path.")
        self._request = request
        self.passed_over = 0
        self._given = 0
        self._count = 0
        self._counted = False
        self._leave = threading.Event()
        self._counter: threading.Thread | None = None
        self._done = Seen(prediction_csv.paths_in(Path(request.done))) if request.done else None
        self._stream = self._once()
        ahead = list(islice(self._stream, _LOOK_AHEAD + 1))
        if not ahead and not self.passed_over:
            raise InputError(_nothing(request))
        self.few = len(ahead) if len(ahead) <= _LOOK_AHEAD else None
        self._all = chain(ahead, self._stream)

    def __enter__(self) -> Files:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        if self._counter is not None:
            self._counter.join()
        self._stream.close()

    def __iter__(self) -> Iterator[str]:
        for path in self._all:
            self._given += 1
            yield path

    def count_ahead(self) -> None:
        """Where there are many, walk ahead in a thread and count them."""
        if self.few is None and self._request.files_from != STANDARD_INPUT:
            self._counter = threading.Thread(target=self._count_all, name="count", daemon=True)
            self._counter.start()

    def total(self, done: int) -> tuple[int, bool]:
        """How many files there are with those passed over, at least `done`, and whether that is known for certain."""
        if self.few is not None:
            return max(done, self.few + self.passed_over), True
        return max(done, self._given + self.passed_over, self._count), self._counted

    def _once(self) -> Generator[str]:
        """Each path once, without those of the unfinished table."""
        several = len(self._request.paths) > 1 or bool(self._request.files_from)
        given = Seen() if several else None  # the walk through one folder comes to no file twice
        for path in _named(self._request):
            if given is not None and not given.add(path):
                continue
            if self._done is not None and path in self._done:
                self.passed_over += 1
                continue
            yield path

    def _count_all(self) -> None:
        number = 0
        with contextlib.suppress(OSError, InputError):
            for number, _ in enumerate(_named(self._request), 1):
                if number % _COUNT_BETWEEN_LOOKS == 0:
                    self._count = number
                    if self._leave.wait(0.002):  # also lets the others have the interpreter's lock
                        return
            self._count, self._counted = number, True


def _named(request: PredictRequest) -> Iterator[str]:
    for path in chain(request.paths, listed(request.files_from, request.null) if request.files_from else ()):
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails for names that are too long
            yield from pictures(Path(path))
        else:
            yield path


def listed(name: str, null: bool = False) -> Iterator[str]:
    """Paths from a list, one a line; bytes that are not UTF-8 are kept.

    Args:
        name: of the file; `-` for standard input.
        null: they are ended by a NUL byte instead, as `find -print0` writes them.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with contextlib.ExitStack() as stack:
            source = sys.stdin.buffer if name == STANDARD_INPUT else stack.enter_context(Path(name).open("rb"))
            for entry in _split(source, b"\0" if null else b"\n"):
                path = (entry if null else entry.removesuffix(b"\r")).decode("utf-8", "surrogateescape")
                if "\0" in path:
                    raise InputError(f"The paths in “{name}” are ended by NUL bytes. Give --null as well.")
                if path:
                    yield path
    except OSError as error:
        raise InputError(f"The list “{name}” cannot be read ({error.strerror}). Check --files-from.") from error


def _split(source: BinaryIO, end: bytes) -> Iterable[bytes]:
    rest = b""
    # What is there already, and not a whole block: the list may be written by a program that is still at work.
    while block := getattr(source, "read1", source.read)(_BLOCK_BYTES):
        *whole, rest = (rest + block).split(end)
        yield from whole
    yield rest


def _nothing(request: PredictRequest) -> str:
    names = ", ".join(f"“{name}”" for name in (*request.paths, request.files_from) if name)
    return f"No pictures were found in {names}. Give pictures, or folders that hold some."
