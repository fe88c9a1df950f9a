"""Many small pictures on one sheet."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deskclassify.core import atomic

_GAP = 2  # pixels between tiles
_GROUND: dict[str, int | tuple[int, int, int]] = {"L": 34, "RGB": (32, 34, 40)}


def tile(stack: np.ndarray[Any, np.dtype[np.uint8]], side: int = 96, columns: int | None = None) -> Image.Image:
    """Lay pictures out in rows.

    Args:
        stack: uint8 `[n, h, w]` (grey) or `[n, h, w, 3]` (RGB), n at least 1.
        side: pixels that the longer side of a tile gets at least; small ones are enlarged by a
            whole factor, so that each value stays a square.
        columns: tiles in a row; None for about as many as rows.

    Returns:
        a grey or an RGB picture.

    Raises:
        ValueError: the array has another shape or is empty.
    """
    if stack.ndim not in (3, 4) or not stack.size or (stack.ndim == 4 and stack.shape[3] != 3):
        raise ValueError(f"cannot lay out an array of shape {stack.shape}")
    count, high, wide = stack.shape[:3]
    factor = max(1, math.ceil(side / max(high, wide)))
    across = columns or math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    step_x, step_y = wide * factor + _GAP, high * factor + _GAP
    mode = "L" if stack.ndim == 3 else "RGB"
    sheet = Image.new(mode, (across * step_x + _GAP, down * step_y + _GAP), _GROUND[mode])
    for at, values in enumerate(stack):
        picture = Image.fromarray(np.ascontiguousarray(values))
        picture = picture.resize((wide * factor, high * factor), Image.Resampling.NEAREST)
        sheet.paste(picture, (_GAP + at % across * step_x, _GAP + at // across * step_y))
    return sheet


def save(sheet: Image.Image, file: Path) -> None:
    """Write a sheet as PNG, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    data = io.BytesIO()
    sheet.save(data, "PNG", compress_level=3)
    atomic.write_bytes(file, data.getvalue())
