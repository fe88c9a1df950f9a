"""Colours for the values of a network: one scale for amounts, one for signed numbers.

Both can be told apart by colour-blind people and printed in grey: viridis rises evenly in
lightness (https://bids.github.io/colormap/), and blue to orange avoids the pair red and green.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from PySide6.QtGui import QColor

Colors = Literal["viridis", "grey"]
Table = np.ndarray[Any, np.dtype[np.uint8]]

_VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725".split()
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (224, 130, 20)


@cache
def table(name: Colors) -> Table:
    """The colour of each grey level.

    Returns:
        uint8 array `[256, 3]`, RGB; do not write to it.
    """
    levels = np.arange(256)
    if name == "grey":
        return np.repeat(levels[:, None], 3, axis=1).astype(np.uint8)
    anchors = np.array([tuple(bytes.fromhex(text)) for text in _VIRIDIS], dtype=float)
    places = np.linspace(0, 255, len(anchors))
    return np.stack([np.rint(np.interp(levels, places, anchors[:, at])) for at in range(3)], axis=1).astype(np.uint8)


def colorize(levels: np.ndarray, name: Colors) -> Table:
    """Turn grey levels, uint8 `[h, w]`, into RGB, uint8 `[h, w, 3]`."""
    colored: Table = table(name)[levels]
    return colored


def signed_color(value: float, largest: float) -> QColor:
    """Blue for −`largest`, near-white for 0, orange for +`largest`."""
    share = max(-1.0, min(1.0, value / largest)) if largest > 0 else 0.0
    end = _POSITIVE if share > 0 else _NEGATIVE
    mixed = (round(zero + (full - zero) * abs(share)) for zero, full in zip(_ZERO, end, strict=True))
    return QColor(*mixed)


def text_on(color: QColor) -> QColor:
    """Black or white, whichever is easier to read on `color`."""
    light = 0.299 * color.red() + 0.587 * color.green() + 0.114 * color.blue()
    return QColor("#111111") if light > 140 else QColor("#ffffff")


def number(value: float) -> str:
    """Three significant digits, with a true minus sign."""
    if not np.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    size = abs(value)
    if size and (size < 0.001 or size >= 100_000):
        text = f"{value:.2e}"
    elif size >= 100:
        text = f"{value:.0f}"
    else:
        text = f"{value:#.3g}".rstrip(".")
    return ("0" if not size else text).replace("-", "−")
