"""The pictures that a run's network takes to be most like one: the nearest by the angle between their features."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import NeighboursFound
from deskclassify.core.data_requests import NeighboursRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.ml import run_features
from deskclassify.ml.run_features import RunFeatures

LOOKING = "Looking at the pictures"
_last: list[tuple[run_features.Key, list[Item], np.ndarray]] = []  # the last run's pictures, and their directions


def forget() -> None:
    """Let go of what is kept of the last run."""
    _last.clear()


def find(request: NeighboursRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Find the nearest of the pictures that the run was trained and validated on, by the cosine of the features.

    The features of the run's pictures are kept, so that only the first question takes its time. The picture itself is
    not among the answers; a copy of it is. Pictures that cannot be read are passed over.

    Yields:
        `Progress` while pictures are looked at, then a `NeighboursFound`.

    Raises:
        InputError: it is no run, or the picture cannot be read.
    """
    known = run_features.open_run(RunFolder(Path(request.model)), request.device)
    yield from _look(known, should_stop)
    yield from known.look([request.path], True, LOOKING, should_stop)
    if should_stop():
        return
    if request.path not in known.exact.rows:
        raise InputError(f"There are no neighbours to be found: {known.exact.errors[request.path]}")
    others, directions = _directions(known)
    alike = directions @ _unit(known.rows([request.path], exact=True))[0]
    nearest = np.argsort(-alike, kind="stable")[: request.count + 1]
    chosen = [at for at in nearest if others[at].path != request.path][: request.count]
    yield NeighboursFound(
        path=request.path,
        paths=tuple(others[at].path for at in chosen),
        labels=tuple(others[at].label for at in chosen),
        subsets=tuple(others[at].subset for at in chosen),
        similarities=tuple(float(min(1.0, alike[at])) for at in chosen),
    )


def _look(known: RunFeatures, should_stop: ShouldStop) -> Iterator[Event]:
    for exact in (False, True):
        paths = [item.path for item in known.items if (item.subset != "train") == exact]
        yield from known.look(paths, exact, LOOKING, should_stop)


def _directions(known: RunFeatures) -> tuple[list[Item], np.ndarray]:
    """Those of the pictures that could be read, and their features at length 1, float32 `[pictures, length]`."""
    if not _last or _last[0][0] != known.key:
        parts, found = [], []
        for exact in (False, True):
            rows = (known.exact if exact else known.fast).rows
            some = [item for item in known.items if (item.subset != "train") == exact and item.path in rows]
            found += some
            parts.append(_unit(known.rows([item.path for item in some], exact)))
        _last[:] = [(known.key, found, np.concatenate(parts))]
    return _last[0][1], _last[0][2]


def _unit(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    result: np.ndarray = features / np.maximum(lengths, 1e-12)
    return result
