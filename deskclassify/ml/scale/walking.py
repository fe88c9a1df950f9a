"""A walk through folders of any size, in a fixed order and with bounded memory."""

from __future__ import annotations

import contextlib
import heapq
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

from deskclassify.core.pictures import is_picture_name
from deskclassify.core.sources import SKIPPED_FOLDERS

_IN_MEMORY = 100_000  # names of one folder; what is more is sorted on the disk
_BUFFER_BYTES = 1 << 16


class SortedNames:
    """Names of one folder, sorted by their bytes: an external merge sort (Knuth, TAOCP vol. 3, 5.4).

    A temporary file holds each full list, sorted; reading merges them. A context manager: leaving it removes them.

    Args:
        most: names in memory.
    """

    def __init__(self, most: int = _IN_MEMORY) -> None:
        self._most = most
        self._names: list[bytes] = []
        self._runs: list[IO[bytes]] = []

    def __enter__(self) -> SortedNames:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs:
            run.close()

    def add(self, name: str) -> None:
        """One more."""
        self._names.append(os.fsencode(name))
        if len(self._names) >= self._most:
            run = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
            self._runs.append(run)
            self._names.sort()
            run.writelines(name + b"\0" for name in self._names)
            self._names.clear()

    def __iter__(self) -> Iterator[str]:
        """All of them, in order; can be gone through once."""
        self._names.sort()
        return map(os.fsdecode, heapq.merge(self._names, *map(_read, self._runs)))


def _read(run: IO[bytes]) -> Iterator[bytes]:
    run.seek(0)
    rest = b""
    while block := run.read(_BUFFER_BYTES):
        *whole, rest = (rest + block).split(b"\0")
        yield from whole


def pictures(root: Path) -> Iterator[str]:
    """The pictures below a folder, by name and by the same rules as `core.sources.walk` finds them.

    Those of a folder come before those of its sub-folders. Memory does not grow with their number.

    Yields:
        paths below `root`, as it was given; that of a folder which cannot be read, so that it can be told of.
    """
    with contextlib.closing(_below(str(root), str(root.resolve()))) as found:
        yield from found


def _below(folder: str, real_root: str) -> Generator[str]:
    with SortedNames() as files, SortedNames() as folders:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    _sort_in(entry, files, folders)
        except OSError:
            yield folder
            return
        for name in files:
            path = os.path.join(folder, name)  # noqa: PTH118 - a Path for each of millions takes long
            if not os.path.islink(path) or _stays_inside(path, real_root):  # noqa: PTH114
                yield path
        for name in folders:
            yield from _below(os.path.join(folder, name), real_root)  # noqa: PTH118


def _sort_in(entry: os.DirEntry[str], files: SortedNames, folders: SortedNames) -> None:
    if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
        return
    if entry.is_dir(follow_symlinks=False):
        folders.add(entry.name)
    elif is_picture_name(entry.name) and (entry.is_symlink() or entry.is_file()):
        files.add(entry.name)


def _stays_inside(link: str, real_root: str) -> bool:
    target = Path(link)
    with contextlib.suppress(OSError, RuntimeError):  # a circle of links
        return target.is_file() and target.resolve().is_relative_to(real_root)
    return False
