"""Resizing a picture to what the network takes: the one code for training and prediction.

The arithmetic is Pillow's alone, so that any client with Pillow can repeat it from the
metadata of an exported model; see `docs/onnx.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

Resize = Literal["crop", "squish", "pad"]
RESIZE_METHODS: tuple[Resize, ...] = ("crop", "squish", "pad")
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
MOST_ELONGATED = 16  # beyond 16:1 the middle is cut out first: 1 x 10,000 px would scale to 500 megapixels

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Preprocess:
    """How a decoded picture becomes the network's input.

    Attributes:
        resize: `crop` scales the shorter side to `resize_to` and cuts the centre, `squish` scales
            both sides to `size`, `pad` scales the longer side to `size` and fills with `pad_color`.
        resize_to: pixels; used by `crop` only.
        size: pixels, width and height of the result.
        interpolation: Pillow's filter, `bilinear` or `bicubic`.
        reducing_gap: Pillow's `reducing_gap`.
        pad_color: RGB, 0 to 255.
        mean: of the network's normalisation, on the scale 0 to 1.
        std: likewise.
    """

    resize: Resize = "crop"
    resize_to: int = 224
    size: int = 224
    interpolation: str = "bicubic"
    reducing_gap: float = 2.0
    pad_color: tuple[int, int, int] = (0, 0, 0)
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def key(self) -> str:
        """What the pixels depend on (not mean and std), for cache folders."""
        color = "".join(f"{value:02x}" for value in self.pad_color)
        to = self.resize_to if self.resize == "crop" else 0
        pad = color if self.resize == "pad" else ""
        return f"{self.resize}{to}-{self.size}-{self.interpolation}{self.reducing_gap:g}{pad}"


def apply(image: Image.Image, how: Preprocess) -> Pixels:
    """Resize an RGB picture.

    Returns:
        uint8 array `[size, size, 3]`.
    """
    image = _limit_aspect(image)
    width, height = image.size
    if how.resize == "squish":
        return np.asarray(_scale(image, how.size, how.size, how))
    if how.resize == "pad":
        factor = how.size / max(width, height)
        inner = _scale(image, max(1, round(width * factor)), max(1, round(height * factor)), how)
        canvas = Image.new("RGB", (how.size, how.size), how.pad_color)
        canvas.paste(inner, ((how.size - inner.width) // 2, (how.size - inner.height) // 2))
        return np.asarray(canvas)
    factor = how.resize_to / min(width, height)
    scaled = _scale(image, max(how.size, round(width * factor)), max(how.size, round(height * factor)), how)
    left, top = (scaled.width - how.size) // 2, (scaled.height - how.size) // 2
    return np.asarray(scaled.crop((left, top, left + how.size, top + how.size)))


def _scale(image: Image.Image, width: int, height: int, how: Preprocess) -> Image.Image:
    return image.resize((width, height), _FILTERS[how.interpolation], reducing_gap=how.reducing_gap)


def _limit_aspect(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width > height * MOST_ELONGATED:
        keep = height * MOST_ELONGATED
        left = (width - keep) // 2
        return image.crop((left, 0, left + keep, height))
    if height > width * MOST_ELONGATED:
        keep = width * MOST_ELONGATED
        top = (height - keep) // 2
        return image.crop((0, top, width, top + keep))
    return image
