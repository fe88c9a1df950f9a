"""Looking through a folder before training: what cannot be read, and what is there twice."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from deskclassify.core.control import ShouldStop
from deskclassify.core.copies import united
from deskclassify.core.events import Event, Progress, ScanDone, Throttle
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import PictureError, open_rgb, reason
from deskclassify.core.requests import ScanRequest
from deskclassify.core.sources import Problem, list_data
from deskclassify.ml.checking import hashing
from deskclassify.ml.images import map_ahead

_HASH_DRAFT = 64  # pixels; the perceptual hash looks at 32
_NEAR_BITS = 2  # of 64: more begins to match different pictures of plain things
_COMPARE_AT_ONCE = 1024


@dataclass(frozen=True)
class _Look:
    """What one file held; `near` is None where there is nothing to compare."""

    path: str
    digest: str = ""
    near: int | None = None
    error: str = ""


def scan(request: ScanRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """List the data, then open every picture once.

    Raises:
        InputError: a source or the rule is wrong.
    """
    begun = time.monotonic()
    listing = list_data(request.data, should_stop)
    files = [item.path for item in (*listing.items, *listing.unlabelled)]
    looks: list[_Look] = []
    throttle = Throttle()
    for look in map_ahead(lambda path: _look(path, request.duplicates), files, cpu_count()):
        looks.append(look)
        if throttle.ready(len(looks) == len(files)):
            rate = len(looks) / max(1e-6, time.monotonic() - begun)
            yield Progress("scan", len(looks), len(files), rate, (len(files) - len(looks)) / rate)
        if should_stop():
            return
    unreadable = tuple(Problem(look.path, look.error, "unreadable") for look in looks if look.error)
    unsupported = tuple(problem for problem in listing.problems if problem.kind == "unreadable")
    kept = listing.without({problem.path for problem in unreadable}, request.data)
    groups, near = _groups([look for look in looks if not look.error]) if request.duplicates else ((), ())
    yield ScanDone(
        images=len(kept.items),
        classes=kept.classes(),
        subsets=kept.subsets(),
        unreadable=unreadable + unsupported,
        duplicates=groups,
        near_duplicates=near,
        unlabelled=len(kept.unlabelled),
        problems=tuple(problem for problem in listing.problems if problem.kind != "unreadable"),
        seconds=time.monotonic() - begun,
    )


def _look(path: str, compare: bool) -> _Look:
    try:
        data = Path(path).read_bytes()
        # Even a fast decode reads the file to its end, and so finds what is cut off.
        image = open_rgb(io.BytesIO(data), _HASH_DRAFT if compare else None)
        if not compare:
            return _Look(path)
        return _Look(path, hashlib.blake2b(data, digest_size=16).hexdigest(), _perceptual_hash(image))
    except PictureError as error:
        return _Look(path, error=error.sentence)
    except (OSError, MemoryError) as error:
        return _Look(path, error=reason(error))


def _perceptual_hash(image: Image.Image) -> int | None:
    small = np.asarray(image.resize((hashing.SIDE, hashing.SIDE)).convert("L"))
    if float(small.std()) < hashing.FLAT:
        return None
    return int(hashing.perceptual(small[None])[0])


def _groups(looks: Sequence[_Look]) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """Groups of like pictures; second, those of them that are not all equal."""
    first: dict[str, int] = {}
    equal = [(at, first.setdefault(look.digest, at)) for at, look in enumerate(looks)]
    members = [[looks[at] for at in group] for group in united([*equal, *_near_pairs(looks)])]
    groups = [sorted(group, key=lambda look: look.path) for group in members if len(group) > 1]
    groups.sort(key=lambda group: group[0].path)
    every = tuple(tuple(look.path for look in group) for group in groups)
    near = tuple(tuple(look.path for look in group) for group in groups if len({look.digest for look in group}) > 1)
    return every, near


def _near_pairs(looks: Sequence[_Look]) -> Iterator[tuple[int, int]]:
    numbers = [at for at, look in enumerate(looks) if look.near is not None]
    hashes = np.array([looks[at].near for at in numbers], dtype=np.uint64)
    for start in range(0, len(hashes), _COMPARE_AT_ONCE):
        part = hashes[start : start + _COMPARE_AT_ONCE]
        distance = np.bitwise_count(part[:, None] ^ hashes[None, start:])
        for row, column in zip(*np.nonzero(distance <= _NEAR_BITS), strict=True):
            if column > row:
                yield numbers[start + int(row)], numbers[start + int(column)]
