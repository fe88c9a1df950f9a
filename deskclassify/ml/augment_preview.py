"""What training makes of some of the user's pictures, for the eye: the job behind the preview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Augmented, Event
from deskclassify.core.preprocess import RESIZE_METHODS, Pixels, Preprocess
from deskclassify.core.requests import AugmentRequest
from deskclassify.ml import schedule
from deskclassify.ml.augment import augment, draw
from deskclassify.ml.images import Picture, read
from deskclassify.ml.mixing import mix

_KEPT_PICTURES = 64  # while the strength is moved the same few pictures are asked for again and again


def preview(request: AugmentRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `AugmentRequest`; nothing comes when it is stopped.

    Raises:
        InputError: none of the pictures can be read.
    """
    how = Preprocess(request.resize, request.size, request.size)
    good: dict[str, Pixels] = {}
    problem = ""
    for path in request.files:
        if should_stop():
            return
        picture = _read(path, how)
        if picture.pixels is not None:
            good[path] = picture.pixels
        else:
            problem = f" {picture.error}"
    if not good:
        raise InputError(f"None of these pictures can be read.{problem} Look at the problems on the Data page.")
    first = next(iter(good))
    resized = [_read(first, replace(how, resize=method)).pixels for method in RESIZE_METHODS]
    pictures, shares = _copies(np.stack(list(good.values())), request)
    yield Augmented(tuple(good), pictures, shares, np.stack([one for one in resized if one is not None]))


def _copies(originals: Pixels, request: AugmentRequest) -> tuple[Pixels, np.ndarray]:
    count = len(originals)
    pictures = np.repeat(originals[:, None], 1 + request.copies, axis=1)
    shares = np.zeros((count, request.copies, count), np.float32)
    images = torch.from_numpy(originals).permute(0, 3, 1, 2)
    for copy in range(request.copies):
        random = schedule.generator("preview", request.seed, copy)
        changed = augment(images, draw(count, random), request.strength)
        changed, targets = mix(changed, torch.eye(count), request.mix, random)
        pictures[:, 1 + copy] = changed.round_().byte().permute(0, 2, 3, 1).numpy()
        shares[:, copy] = targets.numpy()
    return pictures, shares


def _read(path: str, how: Preprocess) -> Picture:
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError:
        changed = 0  # reading it says what is wrong
    return _read_once(path, how, changed)


@lru_cache(_KEPT_PICTURES)
def _read_once(path: str, how: Preprocess, changed: int) -> Picture:
    return read(path, how, exact=False)
