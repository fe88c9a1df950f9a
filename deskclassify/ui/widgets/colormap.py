"""Colours and texts for the values of a network, as Qt wants them; the scales themselves are in `core.colormap`."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from deskclassify.core.colormap import NEGATIVE, POSITIVE, ZERO, Colors, Table, colorize, table

__all__ = ["Colors", "Table", "colorize", "number", "signed_color", "table", "text_on"]


def signed_color(value: float, largest: float) -> QColor:
    """Blue for −`largest`, near-white for 0, orange for +`largest`."""
    share = max(-1.0, min(1.0, value / largest)) if largest > 0 else 0.0
    end = POSITIVE if share > 0 else NEGATIVE
    mixed = (round(zero + (full - zero) * abs(share)) for zero, full in zip(ZERO, end, strict=True))
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
