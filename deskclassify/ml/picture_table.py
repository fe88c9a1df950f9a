"""Decoded pictures by number, from a cache on the disk: what the unfrozen phase reads in each epoch."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence

import numpy as np

from deskclassify.core import paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import UserError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.preprocess import Pixels, Preprocess
from deskclassify.ml.images import FileIndex, Picture, read, read_many
from deskclassify.ml.row_store import RowStore

_log = logging.getLogger(__name__)
_WRITE_AT_ONCE = 64


class PictureTable:
    """Pictures of known files, resized.

    Args:
        files: readable pictures.
        how: the resizing.
        exact: see `images.read`.
    """

    def __init__(self, files: Sequence[str], how: Preprocess, exact: bool) -> None:
        self._files = list(files)
        self._how = how
        self._exact = exact
        self._rows: dict[str, int] = {}
        self._keys: dict[str, str] = {}
        self._store: RowStore | None = None
        try:
            folder = paths.cache_dir() / "pictures" / how.key()
            self._store = RowStore(folder, (how.size, how.size, 3), "uint8")
        except OSError:
            _log.exception("pictures are decoded again in each epoch: the cache cannot be used")

    def __len__(self) -> int:
        return len(self._files)

    def keys(self) -> list[str] | None:
        """Keys of the pictures, by content; None where not all are known."""
        return [self._keys[path] for path in self._files] if self._keys.keys() >= set(self._files) else None

    def blank(self) -> Pixels:
        """One black picture of the same shape, uint8 `[1, size, size, 3]`."""
        return np.zeros((1, self._how.size, self._how.size, 3), dtype=np.uint8)

    def close(self) -> None:
        """Close the cache."""
        if self._store is not None:
            self._store.close()

    def fill(self, stage: str, should_stop: ShouldStop) -> Iterator[Event]:
        """Decode what the cache does not hold."""
        if self._store is None:
            return
        index = FileIndex(self._how.key())
        try:
            missing = self._look_up(self._store, index)
            throttle, begun = Throttle(), time.monotonic()
            waiting: list[Picture] = []
            for done, picture in enumerate(read_many(missing, self._how, self._exact), 1):
                waiting.append(picture)
                last = done == len(missing)
                if last or len(waiting) == _WRITE_AT_ONCE:
                    index.remember(waiting)
                    self._keep(waiting)
                    waiting = []
                if throttle.ready(last):
                    rate = done / max(1e-6, time.monotonic() - begun)
                    yield Progress(stage, done, len(missing), rate)
                if should_stop() or self._store is None:
                    return
        finally:
            index.close()

    def count_missing(self) -> int:
        """How many pictures the cache does not hold: so many would be decoded by `fill`."""
        if self._store is None:
            return len(self._files)
        with contextlib.closing(FileIndex(self._how.key())) as index:
            return len(self._look_up(self._store, index))

    def _look_up(self, store: RowStore, index: FileIndex) -> list[str]:
        """Find what the cache holds; returns the files that it does not."""
        known = index.look_up(self._files)
        self._keys = {path: picture.key(self._exact) for path, picture in known.items() if not picture.error}
        found = store.find(list(self._keys.values()))
        self._rows = {path: found[key] for path, key in self._keys.items() if key in found}
        return [path for path in self._files if path not in self._rows]

    def _keep(self, pictures: list[Picture]) -> None:
        good = [picture for picture in pictures if picture.pixels is not None]
        if not good or self._store is None:
            return
        keys = [picture.key(self._exact) for picture in good]
        try:
            self._store.add(keys, np.stack([picture.pixels for picture in good if picture.pixels is not None]))
            found = self._store.find(keys)
        except OSError:
            _log.exception("pictures are no longer kept: the disk may be full")
            self._store.close()
            self._store, self._rows = None, {}
            return
        self._keys.update((picture.path, key) for picture, key in zip(good, keys, strict=True))
        self._rows.update((picture.path, found[key]) for picture, key in zip(good, keys, strict=True) if key in found)

    def __call__(self, numbers: np.ndarray) -> Pixels:
        """Pictures by number.

        Args:
            numbers: int64 `[B]`.

        Returns:
            uint8 `[B, size, size, 3]`.

        Raises:
            UserError: a file has vanished meanwhile.
        """
        files = [self._files[number] for number in numbers]
        if self._store is not None and all(path in self._rows for path in files):
            return self._store.read([self._rows[path] for path in files])
        return np.stack([self._decode(path) for path in files])

    def _decode(self, path: str) -> Pixels:
        picture = read(path, self._how, self._exact)
        if picture.pixels is None:
            raise UserError(f"“{path}” could be read before and cannot now: {picture.error} Train again without it.")
        return picture.pixels
