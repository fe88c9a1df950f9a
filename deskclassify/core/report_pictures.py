"""Pictures inside an HTML file: arrays as `data:` addresses, small and exact."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from deskclassify.core.colormap import Colors, colorize, table

_JPEG_QUALITY = 90
_STRONGEST_VEIL = 0.8  # opacity of the highest value over a picture


def map_uri(levels: np.ndarray, colors: Colors = "viridis") -> str:
    """A map, uint8 `[h, w]`, as a PNG whose palette is the colour scale: each value one pixel."""
    image = Image.fromarray(np.ascontiguousarray(levels), "L")
    image.putpalette(table(colors).tobytes())
    return _uri(image, "PNG")


def tile_uri(tile: np.ndarray) -> str:
    """A small picture, uint8 `[h, w, 3]`, as PNG."""
    return _uri(Image.fromarray(np.ascontiguousarray(tile)), "PNG")


def photo_uri(picture: Image.Image | np.ndarray, longest: int = 0) -> str:
    """A photograph as JPEG, without what its file may have said of camera and place.

    Args:
        picture: RGB, or uint8 `[h, w, 3]`.
        longest: pixels that the longer side is reduced to; 0 leaves it.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))
    image = image.convert("RGB")
    image.info.clear()
    if longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return _uri(image, "JPEG")


def overlay(picture: np.ndarray, heat: np.ndarray, enlarge: int = 2) -> Image.Image:
    """Lay a map over the picture that it is of: the stronger, the denser.

    Args:
        picture: uint8 `[H, W, 3]`.
        heat: float `[h, w]` from 0 to 1; it is drawn smoothly over the whole picture.
        enlarge: factor of the result to the picture, so that a small map has smooth edges.
    """
    size = (picture.shape[1] * enlarge, picture.shape[0] * enlarge)
    ground = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
    smooth = Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    values = np.clip(np.asarray(smooth), 0, 1)
    colours = colorize(np.rint(values * 255).astype(np.uint8), "viridis").astype(np.float32)
    # Grey below, so that a colour says one thing only: how strong the map is there.
    grey = ground @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    ground = ground * 0.35 + grey[..., None] * 0.65
    veil = (_STRONGEST_VEIL * values)[..., None]
    return Image.fromarray(np.rint(ground * (1 - veil) + colours * veil).astype(np.uint8))


def _uri(image: Image.Image, kind: str) -> str:
    data = io.BytesIO()
    if kind == "PNG":
        image.save(data, "PNG", optimize=True)
    else:
        image.save(data, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
