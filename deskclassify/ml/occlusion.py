"""Occlusion: cover a part of a picture, and see how much the probability of a class falls.

It needs nothing of the network but its answers, so it works on any ONNX model. Zeiler & Fergus, “Visualizing and
Understanding Convolutional Networks”, 2014, section 4.2 (https://arxiv.org/abs/1311.2901).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.preprocess import Pixels
from deskclassify.core.use_events import Occluded
from deskclassify.core.use_requests import OccludeRequest
from deskclassify.ml.images import read
from deskclassify.ml.model_file import OpenModel
from deskclassify.ml.prediction import kept_model

_COARSE = 5  # places across the picture of the first, quick map
_COVERS = (0.34, 0.22)  # width of the covers, as a share of the picture: a small one may miss what a large one hides
_BLUR = 0.12  # radius of the blur that a cover puts in place of the picture, as a share of its width
_EDGE = 0.25  # of a cover's width: how soft its edge is
_BATCH = 8


def occlude(request: OccludeRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """A quick coarse map, then the fine one; each an `Occluded`.

    A cover shows the picture strongly blurred and fades in at its edge: a patch of one colour with a hard edge would be
    a thing to be recognised by itself. The map is the mean over covers of two sizes.

    Raises:
        InputError: the picture cannot be read, or the model has no such class.
    """
    begun = time.monotonic()
    model = kept_model(Path(request.model), request.device, False)
    picture = read(request.picture, model.card.preprocess, exact=True)
    if picture.pixels is None:
        raise InputError(picture.error)
    plain = model.run(picture.pixels[None])[0]
    target, blurred = _target(model, request.label, plain), _blurred(picture.pixels)
    throttle = Throttle()
    steps = [cells for cells in (_COARSE, request.cells) if cells <= request.cells]
    total = sum(cells * cells * len(_COVERS) for cells in dict.fromkeys(steps))
    done = 0
    for cells in dict.fromkeys(steps):
        falls = np.empty((len(_COVERS), cells * cells), dtype=np.float32)
        for row, share in enumerate(_COVERS):
            places = [(y, x) for y in range(cells) for x in range(cells)]
            for at in range(0, len(places), _BATCH):
                if should_stop():
                    return
                some = places[at : at + _BATCH]
                covered = np.stack([_cover(picture.pixels, blurred, y, x, cells, share) for y, x in some])
                falls[row, at : at + len(some)] = plain[target] - model.run(covered)[:, target]
                done += len(some)
                if throttle.ready(done == total):
                    yield Progress("covering", done, total)
        heat = _enlarged(falls.mean(0).reshape(cells, cells), picture.pixels.shape[:2])
        label, chance = model.card.classes[target], float(plain[target])
        yield Occluded(request.picture, label, chance, heat, picture.pixels, time.monotonic() - begun)


def _target(model: OpenModel, label: str, probabilities: np.ndarray) -> int:
    if not label:
        return int(probabilities.argmax())
    if label not in model.card.classes:
        raise InputError(f"The model has no class “{label}”.")
    return model.card.classes.index(label)


def _cover(pixels: Pixels, blurred: np.ndarray, row: int, column: int, cells: int, share: float) -> Pixels:
    """The picture with a blurred square in it, whose middle is that of a cell."""
    high, wide = pixels.shape[:2]
    vertical = _profile(high, (row + 0.5) / cells * high, share * high)
    horizontal = _profile(wide, (column + 0.5) / cells * wide, share * wide)
    strength = (vertical[:, None] * horizontal[None, :])[..., None]
    mixed = pixels * (1 - strength) + blurred * strength
    covered: Pixels = np.rint(mixed).astype(np.uint8)
    return covered


def _profile(length: int, middle: float, width: float) -> np.ndarray:
    """1 inside the cover, falling to 0 at its soft edge; float `[length]`."""
    distance = np.abs(np.arange(length) + 0.5 - middle)
    strength: np.ndarray = np.clip((width / 2 - distance) / max(1.0, _EDGE * width) + 0.5, 0, 1)
    return strength


def _blurred(pixels: Pixels) -> np.ndarray:
    """The picture without its details, float32 of the same shape."""
    blur = ImageFilter.GaussianBlur(_BLUR * pixels.shape[1])
    return np.asarray(Image.fromarray(pixels).filter(blur), dtype=np.float32)


def _enlarged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Smoothly to the size of the picture, float32 `[h, w]`."""
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), dtype=np.float32)
