"""Feature vectors of pictures from the frozen trunk, computed once and kept on the disk."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deskclassify.core import paths
from deskclassify.core.architectures import Architecture
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.preprocess import Preprocess
from deskclassify.ml.device import Device
from deskclassify.ml.images import FileIndex, Looked, Picture, look_at
from deskclassify.ml.row_store import RowStore
from deskclassify.ml.trunk import RunTrunk, chunk_size, runner
from deskclassify.ml.zoo import Pretrained

_log = logging.getLogger(__name__)
_WRITTEN_AT_ONCE = 64  # pictures
Features = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Recipe:
    """How features are made.

    Attributes:
        run: the trunk.
        network: tells trunk and weights apart, for the cache.
        length: of a feature vector.
        how: the resizing.
        chunk: pictures that a thread looks at at a time.
    """

    run: RunTrunk
    network: str
    length: int
    how: Preprocess
    chunk: int


def recipe_of(pretrained: Pretrained, architecture: Architecture, how: Preprocess, device: Device) -> Recipe:
    """How a pretrained trunk gives features on a device."""
    return Recipe(
        runner(pretrained.trunk, architecture, pretrained.digest, how.size, device),
        f"{architecture.name}-{pretrained.digest}",
        architecture.features,
        how,
        chunk_size(device),
    )


@dataclass
class FeatureTable:
    """Features by path, and why other files have none."""

    rows: dict[str, np.ndarray]
    errors: dict[str, str]
    drafted: set[str]

    def copy_to(self, target: Features, files: Sequence[str]) -> None:
        """Fill float32 `[len(files), length]`."""
        for at, path in enumerate(files):
            target[at] = self.rows[path]


class FeatureJob:
    """Fills a `FeatureTable`; a generator of progress events.

    Args:
        recipe: how.
        exact: whether large JPEGs are decoded in full; see `images.read`.
    """

    def __init__(self, recipe: Recipe, table: FeatureTable, exact: bool) -> None:
        self._recipe = recipe
        self._table = table
        self._exact = exact
        self._index = FileIndex(recipe.how.key())
        self._store = self._open_store()

    def run(self, files: Sequence[str], stage: str, should_stop: ShouldStop) -> Iterator[Event]:
        """Compute what is not known; the table then has a row or an error for each file, unless stopped."""
        try:
            missing = self._from_cache(files)
            yield Progress(stage, len(files) - len(missing), len(files))
            if missing:
                yield from self._compute(missing, len(files), stage, should_stop)
        finally:
            self._close()

    def count_missing(self, files: Sequence[str]) -> int:
        """How many of the files have neither features nor an error in the cache. The job cannot be run after this."""
        try:
            known = self._index.look_up(files)
            keys = {path: self._key(picture) for path, picture in known.items() if not picture.error}
            found = self._store.find(list(keys.values())) if self._store is not None else {}
            return len(set(files) - known.keys()) + sum(key not in found for key in keys.values())
        finally:
            self._close()

    def _close(self) -> None:
        self._index.close()
        if self._store is not None:
            self._store.close()

    def _open_store(self) -> RowStore | None:
        folder = paths.cache_dir() / "features" / f"{self._recipe.network}-{self._recipe.how.key()}"
        try:
            return RowStore(folder, (self._recipe.length,), "float32")
        except OSError:
            _log.exception("features are not kept: the cache cannot be used")
            return None

    def _from_cache(self, files: Sequence[str]) -> list[str]:
        known = self._index.look_up(files)
        for path, picture in known.items():
            if picture.error:
                self._table.errors[path] = picture.error
            elif picture.drafted:
                self._table.drafted.add(path)
        good = {path: picture for path, picture in known.items() if not picture.error}
        if self._store is not None and good:
            rows = self._store.find([self._key(picture) for picture in good.values()])
            hits = [(path, rows[key]) for path, picture in good.items() if (key := self._key(picture)) in rows]
            values = self._store.read([at for _, at in hits])
            self._table.rows.update((path, values[n]) for n, (path, _) in enumerate(hits))
        done = self._table.rows.keys() | self._table.errors.keys()
        return [path for path in files if path not in done]

    def _compute(self, files: Sequence[str], total: int, stage: str, should_stop: ShouldStop) -> Iterator[Event]:
        begun, throttle = time.monotonic(), Throttle()
        before, done = total - len(files), 0
        waiting: Looked = []
        recipe = self._recipe
        with contextlib.closing(look_at(files, recipe.how, self._exact, recipe.chunk, recipe.run)) as looks:
            for looked in looks:
                waiting += looked
                done += len(looked)
                last = done == len(files)
                stops = should_stop()
                if last or stops or len(waiting) >= _WRITTEN_AT_ONCE:
                    self._take(waiting)
                    waiting = []
                if throttle.ready(last):
                    rate = done / max(1e-6, time.monotonic() - begun)
                    yield Progress(stage, before + done, total, rate, (len(files) - done) / rate)
                if stops:
                    break

    def _take(self, looked: Looked) -> None:
        good = [(picture, row) for picture, row in looked if row is not None]
        self._table.errors.update((picture.path, picture.error) for picture, row in looked if row is None)
        self._table.rows.update((picture.path, row) for picture, row in good)
        self._table.drafted.update(picture.path for picture, _ in good if picture.drafted)
        if good:
            self._keep([self._key(picture) for picture, _ in good], np.stack([row for _, row in good]))
        self._index.remember([picture for picture, _ in looked])

    def _key(self, picture: Picture) -> str:
        return picture.key(self._exact)

    def _keep(self, keys: list[str], values: np.ndarray) -> None:
        if self._store is None:
            return
        try:
            self._store.add(keys, values)
        except OSError:
            _log.exception("features are no longer kept: the disk may be full")
            self._store.close()
            self._store = None
