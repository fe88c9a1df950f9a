"""From the path of a picture to its answer."""

from __future__ import annotations

import errno
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deskclassify.core.events import Prediction
from deskclassify.core.pictures import PictureError, open_rgb, reason
from deskclassify.core.preprocess import Pixels, Preprocess, apply
from deskclassify.ml.model_file import Card, OpenModel

_LONGEST_NAME_ERROR = "The name is too long for this computer's file system. Rename the file or its folders."


@dataclass(frozen=True)
class Decoded:
    """What a file held: `pixels`, uint8 `[size, size, 3]`, or an `error`."""

    path: str
    pixels: Pixels | None = None
    error: str = ""
    seconds: float = 0.0


def decode(path: str, how: Preprocess) -> Decoded:
    """Read, decode in full and resize one file; never raises for what is wrong with the file.

    Like `images.read`, without what only a cache needs.
    """
    begun = time.perf_counter()
    try:
        data = Path(path).read_bytes()
        pixels = apply(open_rgb(io.BytesIO(data)), how)
    except PictureError as error:
        return Decoded(path, error=error.sentence)
    except IsADirectoryError:
        return Decoded(path, error="The folder cannot be read. Change its permissions.")
    except (OSError, ValueError, MemoryError) as error:
        too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        return Decoded(path, error=_LONGEST_NAME_ERROR if too_long else reason(error))
    return Decoded(path, pixels, seconds=time.perf_counter() - begun)


def classify(model: OpenModel, pictures: Sequence[Decoded], top: int) -> list[Prediction]:
    """Answers for decoded pictures, in their order; one run of the network for all of them."""
    good = [picture.pixels for picture in pictures if picture.pixels is not None]
    begun = time.perf_counter()
    rows = iter(model.run(good[0][None] if len(good) == 1 else np.stack(good)) if good else ())
    each = (time.perf_counter() - begun) / max(1, len(good))
    return [
        Prediction(picture.path, error=picture.error)
        if picture.pixels is None
        else answer(picture.path, next(rows), model.card, top, picture.seconds + each)
        for picture in pictures
    ]


def answer(path: str, row: np.ndarray, card: Card, top: int, seconds: float) -> Prediction:
    """What the probabilities `[C]` of a picture say."""
    order = np.argsort(-row, kind="stable")[: max(1, top)]
    best = tuple((card.classes[at], float(row[at])) for at in order)
    refused = best[0][1] < card.threshold
    return Prediction(path, best[0][0], best[0][1], best, milliseconds=seconds * 1000, refused=refused)
