"""Reading many pictures: threads decode, an index remembers what each file held.

Pillow releases the interpreter's lock while it decodes, so threads are enough; worker processes
deadlock or fail in a frozen application (pytorch/pytorch#75147, pyinstaller/pyinstaller#9358).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import PIL

from deskclassify.core import paths
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import PictureError, drafts, open_rgb, reason
from deskclassify.core.preprocess import Pixels, Preprocess, apply

_AHEAD_PER_THREAD = 8
_DRAFT_FACTOR = 2  # decode at no less than twice the size that is wanted
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Picture:
    """What a file held.

    Attributes:
        path: of the file.
        digest: of its bytes; empty where it could not be opened.
        drafted: whether a fast decode differs from a full one.
        error: why it is no picture; empty where it is one.
        pixels: uint8 `[size, size, 3]`.
        seconds: that reading and decoding took.
    """

    path: str
    digest: str
    drafted: bool = False
    error: str = ""
    pixels: Pixels | None = None
    seconds: float = 0.0

    def key(self, exact: bool) -> str:
        """For caches: fast and full decodes of a picture are told apart where they differ."""
        return f"{self.digest}~" if self.drafted and not exact else self.digest


Looked = list[tuple[Picture, np.ndarray | None]]
"""Pictures, without their pixels, and what was seen in them; None where there is none"""


def read(path: str, how: Preprocess, exact: bool) -> Picture:
    """Read, decode and resize one file; never raises for what is wrong with the file.

    Args:
        path: of the file.
        how: the resizing.
        exact: whether to decode in full, as prediction does; otherwise large JPEGs are decoded
            at a fraction of their size, good enough to learn from and several times faster.
    """
    begun = time.perf_counter()
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return Picture(path, "", error=reason(error))
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    shorter = how.resize_to if how.resize == "crop" else how.size
    draft = _DRAFT_FACTOR * shorter
    try:
        drafted = _is_drafted(data, draft)
        image = open_rgb(io.BytesIO(data), None if exact else draft)
        pixels = apply(image, how)
        return Picture(path, digest, drafted, pixels=pixels, seconds=time.perf_counter() - begun)
    except PictureError as error:
        return Picture(path, digest, error=error.sentence)
    except MemoryError as error:
        return Picture(path, "", error=reason(error))  # without a digest: it is tried again next time


def _is_drafted(data: bytes, draft: int) -> bool:
    from PIL import Image

    if not data.startswith(b"\xff\xd8"):
        return False
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return drafts(image.size, image.format, draft)
    except Exception:  # whatever is wrong is found again, and told, by open_rgb
        return False


def read_many(files: Iterable[str], how: Preprocess, exact: bool, threads: int | None = None) -> Iterator[Picture]:
    """Read files in their order, several at once and a bounded number ahead."""
    return map_ahead(lambda path: read(path, how, exact), files, threads or cpu_count())


def map_ahead(function: Callable[[A], B], values: Iterable[A], threads: int) -> Generator[B]:
    """Like `map`, in threads: results in order, and never more than a few waiting in memory."""
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        waiting: deque[Future[B]] = deque()
        try:
            for value in values:
                waiting.append(pool.submit(function, value))
                if len(waiting) >= threads * _AHEAD_PER_THREAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def look_at(
    files: Sequence[str], how: Preprocess, exact: bool, chunk: int, look: Callable[[Pixels], np.ndarray]
) -> Generator[Looked]:
    """Read files and look at them, a few at a time: a thread on each processor does both.

    Nobody then waits for anybody, and a picture is looked at while it is still in the processor's cache.

    Args:
        files: in this order they come back.
        how: the resizing.
        exact: see `read`.
        chunk: pictures that a thread takes at a time.
        look: from uint8 `[N, size, size, 3]` to one row for each; called by several threads at once.
    """

    def work(paths: Sequence[str]) -> Looked:
        pictures = [read(path, how, exact) for path in paths]
        pixels = [picture.pixels for picture in pictures if picture.pixels is not None]
        rows = iter(look(np.stack(pixels)) if pixels else [])
        return [(replace(one, pixels=None), next(rows) if one.pixels is not None else None) for one in pictures]

    chunks = [files[at : at + chunk] for at in range(0, len(files), chunk)]
    return map_ahead(work, chunks, cpu_count())


def batched(pictures: Iterator[Picture], size: int) -> Iterator[list[Picture]]:
    """Lists of `size` pictures, the last one of what is left."""
    while batch := list(itertools.islice(pictures, size)):
        yield batch


class FileIndex:
    """Remembers, by path, size and time of change, what a file held; saves reading it again.

    A pure cache: where it cannot be read or written, files are simply read again.
    """

    def __init__(self, resize_key: str) -> None:
        # Another Pillow may read what this one cannot.
        self._scope = f"{resize_key}\0{PIL.__version__}"
        self._db: sqlite3.Connection | None = None
        with contextlib.suppress(sqlite3.Error, OSError):
            self._db = sqlite3.connect(paths.cache_dir() / "files.db", timeout=10.0)
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS files "
                "(id TEXT PRIMARY KEY, digest TEXT, drafted INTEGER, error TEXT) WITHOUT ROWID"
            )

    def close(self) -> None:
        """Close the database."""
        if self._db is not None:
            self._db.close()

    def look_up(self, files: Sequence[str]) -> dict[str, Picture]:
        """What is known of the files that have not changed since."""
        known: dict[str, Picture] = {}
        if self._db is None:
            return known
        with contextlib.suppress(sqlite3.Error):
            for path in files:
                query = "SELECT digest, drafted, error FROM files WHERE id = ?"
                row = self._db.execute(query, (self._id(path),)).fetchone()
                if row is not None:
                    known[path] = Picture(path, row[0], bool(row[1]), row[2])
        return known

    def remember(self, pictures: Iterable[Picture]) -> None:
        """Keep what was found; files that could not be opened at all are tried again next time."""
        if self._db is None:
            return
        rows = [
            (identity, picture.digest, int(picture.drafted), picture.error)
            for picture in pictures
            if picture.digest and (identity := self._id(picture.path)) is not None
        ]
        with contextlib.suppress(sqlite3.Error), self._db:
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)

    def _id(self, path: str) -> str | None:
        """None where the file has vanished; nothing is found or kept for it."""
        try:
            status = Path(path).stat()
        except OSError:
            return None
        text = f"{self._scope}\0{path}\0{status.st_size}\0{status.st_mtime_ns}"
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
