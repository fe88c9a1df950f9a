"""Many small pictures on one sheet."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import resources
from deskclassify.core import atomic

_GAP = 2  # pixels between tiles
_MARGIN, _SPACE, _LINE = 24, 10, 20  # pixels around a titled sheet, between its tiles, and for a line of text
_TITLE_PIXELS, _TEXT_PIXELS, _CAPTION_PIXELS = 22, 14, 12
_NARROWEST = 640  # pixels, so that a title has room
_INK, _SOFT = (24, 33, 38), (83, 97, 106)
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


def titled(
    stack: np.ndarray[Any, np.dtype[np.uint8]],
    captions: Sequence[str],
    title: str,
    note: str,
    side: int = 112,
    columns: int = 8,
) -> Image.Image:
    """A sheet that explains itself: a title, a note, and a caption below each tile, on white.

    Args:
        stack: uint8 `[n, h, w, 3]`, n at least 1; small tiles are enlarged as in `tile`.
        captions: one for each tile.
        title: one line; what does not fit is cut off.
        note: wrapped.
        side: see `tile`.
        columns: most tiles in a row.
    """
    count, high, wide = stack.shape[:3]
    factor = max(1, math.ceil(side / max(high, wide)))
    wide, high = wide * factor, high * factor
    across = min(columns, count)
    width = max(_NARROWEST, across * (wide + _SPACE) - _SPACE + 2 * _MARGIN)
    lines = _wrapped(note, width - 2 * _MARGIN)
    top = _MARGIN + 34 + len(lines) * _LINE + 12
    step = high + _LINE + 6
    sheet = Image.new("RGB", (width, top + math.ceil(count / across) * step + _MARGIN - 6), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), title, _INK, _font(_TITLE_PIXELS, "SemiBold"))
    for at, line in enumerate(lines):
        draw.text((_MARGIN, _MARGIN + 34 + at * _LINE), line, _SOFT, _font(_TEXT_PIXELS))
    for at, (values, caption) in enumerate(zip(stack, captions, strict=True)):
        left, upper = _MARGIN + at % across * (wide + _SPACE), top + at // across * step
        picture = Image.fromarray(np.ascontiguousarray(values)).resize((wide, high), Image.Resampling.NEAREST)
        sheet.paste(picture, (left, upper))
        draw.text((left, upper + high + 3), _cut(caption, wide), _SOFT, _font(_CAPTION_PIXELS))
    return sheet


def _cut(text: str, width: int) -> str:
    """Text that fits into `width` pixels."""
    font = _font(_CAPTION_PIXELS)
    if font.getlength(text) <= width:
        return text
    return next((f"{text[:end]}…" for end in range(len(text), 0, -1) if font.getlength(f"{text[:end]}…") <= width), "")


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` pixels; a longer word stays whole."""
    font, lines = _font(_TEXT_PIXELS), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line for line in lines if line]


@cache
def _font(pixels: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    """The program's own font: Pillow's has no arrows, no minus and no letters with accents."""
    return ImageFont.truetype(str(Path(resources.__file__).parent / "fonts" / f"Inter-{weight}.otf"), pixels)


def save(sheet: Image.Image, file: Path) -> None:
    """Write a sheet as PNG, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    data = io.BytesIO()
    sheet.save(data, "PNG", compress_level=3)
    atomic.write_bytes(file, data.getvalue())
