"""One look at each file: its size, light and sharpness, and a small picture by which copies are found.

What was seen is kept in the cache by the content of the file, so that the second check opens nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from deskclassify.core import paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import FORMATS, PictureError, open_rgb, reason
from deskclassify.ml.checking.hashing import SIDE
from deskclassify.ml.checking.sharpness import GREY_SIDE, sharpness
from deskclassify.ml.images import FileIndex, Picture, map_ahead
from deskclassify.ml.row_store import RowStore

_log = logging.getLogger(__name__)
_VERSION = "looks-1"  # another one when a row means something else
_WRITTEN_AT_ONCE = 256  # pictures
STAGE = "Comparing the files"

ROW = np.dtype(
    [
        ("small", np.uint8, (SIDE, SIDE, 3)),  # the whole picture, RGB
        ("same", np.uint64),  # digest of the decoded pixels
        ("bytes", np.uint64),  # of the file
        ("width", np.uint32),  # pixels
        ("height", np.uint32),
        ("mean", np.float32),  # of the grey values, 0 to 255
        ("low", np.float32),  # 2 % are darker
        ("high", np.float32),  # 2 % are brighter
        ("spread", np.float32),  # standard deviation of the grey values
        ("sharp", np.float32),  # see `sharpness`; −1 where there are no edges to tell by
    ]
)
"""What is kept of each file."""


@dataclass
class Looks:
    """What was seen: rows by path (arrays of `ROW`), digests of the bytes, and why other files have none."""

    rows: dict[str, np.void] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def look(path: str) -> tuple[Picture, np.ndarray | None]:
    """Read one file.

    Returns:
        what the index keeps of it, and a `ROW` array of one; None where it is no picture.
    """
    digest = ""
    try:
        data = Path(path).read_bytes()
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        with Image.open(io.BytesIO(data), formats=FORMATS) as header:
            size = header.size
        image = open_rgb(io.BytesIO(data), GREY_SIDE)
        return Picture(path, digest), _row(image, size, len(data))
    except MemoryError as error:
        return Picture(path, "", error=reason(error)), None  # without a digest: it is tried again next time
    except PictureError as error:
        return Picture(path, digest, error=error.sentence), None
    except Exception as error:  # as in `open_rgb`: damaged headers raise anything
        return Picture(path, digest, error=reason(error)), None


def _row(image: Image.Image, size: tuple[int, int], file_bytes: int) -> np.ndarray:
    row = np.zeros(1, ROW)
    row["small"] = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0))
    pixels = hashlib.blake2b(image.tobytes(), digest_size=8, key=repr((size, image.size)).encode())
    row["same"] = int.from_bytes(pixels.digest(), "big")
    row["bytes"], row["width"], row["height"] = file_bytes, *size
    grey = image.convert("L")
    if min(grey.size) > GREY_SIDE:
        factor = GREY_SIDE / min(grey.size)
        fitted = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
        grey = grey.resize(fitted, Image.Resampling.BILINEAR, reducing_gap=3.0)
    values = np.asarray(grey)
    row["mean"], row["spread"] = values.mean(), values.std()
    row["low"], row["high"] = np.percentile(values, (2, 98))
    row["sharp"] = sharpness(values)
    return row


class LookJob:
    """Fills `Looks`; a generator of progress events."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._index = FileIndex(_VERSION)
        self._store = self._open_store()

    def run(self, files: Sequence[str], should_stop: ShouldStop) -> Iterator[Event]:
        """Look at what is not known; then there is a row or an error for each file, unless stopped."""
        try:
            self._from_cache(files)
            known = self._looks.rows.keys() | self._looks.errors.keys()
            missing = [path for path in files if path not in known]
            yield Progress(STAGE, len(files) - len(missing), len(files))
            if missing:
                yield from self._look(missing, len(files), should_stop)
        finally:
            self._index.close()
            if self._store is not None:
                self._store.close()

    def _open_store(self) -> RowStore | None:
        try:
            return RowStore(paths.cache_dir() / "pictures" / _VERSION, (ROW.itemsize,), "uint8")
        except OSError:
            _log.exception("what the files hold is not kept: the cache cannot be used")
            return None

    def _from_cache(self, files: Sequence[str]) -> None:
        known = self._index.look_up(files)
        self._looks.errors.update((path, one.error) for path, one in known.items() if one.error)
        good = {path: one.digest for path, one in known.items() if not one.error}
        if self._store is None or not good:
            return
        found = self._store.find(list(good.values()))
        hits = [path for path, digest in good.items() if digest in found]
        rows = self._store.read([found[good[path]] for path in hits]).view(ROW).ravel()
        for path, row in zip(hits, rows, strict=True):
            self._looks.rows[path], self._looks.digests[path] = row, good[path]

    def _look(self, files: Sequence[str], total: int, should_stop: ShouldStop) -> Iterator[Event]:
        begun, throttle = time.monotonic(), Throttle()
        waiting: list[tuple[Picture, np.ndarray | None]] = []
        done, before = 0, total - len(files)
        with contextlib.closing(map_ahead(look, files, cpu_count())) as looked:
            for one in looked:
                waiting.append(one)
                done += 1
                last, stops = done == len(files), should_stop()
                if last or stops or len(waiting) >= _WRITTEN_AT_ONCE:
                    self._take(waiting)
                    waiting = []
                if throttle.ready(last):
                    rate = done / max(1e-6, time.monotonic() - begun)
                    yield Progress(STAGE, before + done, total, rate, (len(files) - done) / rate)
                if stops:
                    return

    def _take(self, looked: Sequence[tuple[Picture, np.ndarray | None]]) -> None:
        good: list[tuple[str, np.ndarray]] = []
        for picture, row in looked:
            if row is None:
                self._looks.errors[picture.path] = picture.error
            else:
                good.append((picture.digest, row))
                self._looks.rows[picture.path], self._looks.digests[picture.path] = row[0], picture.digest
        if good and self._store is not None:
            try:
                rows = np.concatenate([row for _, row in good]).view(np.uint8).reshape(len(good), -1)
                self._store.add([digest for digest, _ in good], rows)
            except OSError:
                _log.exception("what the files hold is no longer kept: the disk may be full")
                self._store.close()
                self._store = None
        self._index.remember([picture for picture, _ in looked])
