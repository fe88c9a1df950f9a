"""Colours and texts for the values of a network, as Qt wants them; the scales themselves are in `core.colormap`."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from deskclassify.core.colormap import NEGATIVE, POSITIVE, ZERO, Colors, Table, colorize, table

__all__ = ["Colors", "Span", "Table", "colorize", "number", "shade", "signed_color", "span_of", "table", "text_on"]

Span = tuple[float, float]
"""the values that the first and the last colour of a scale stand for"""


def span_of(low: float, high: float, name: Colors) -> Span:
    """What a scale shows of values from `low` to `high`; on that for signed numbers zero lies in the middle."""
    if name == "diverging":
        largest = max(abs(low), abs(high))
        return -largest, largest
    return low, high


def shade(values: np.ndarray, span: Span, name: Colors) -> Table:
    """Turn values, float `[…]`, into RGB, uint8 `[…, 3]`; what lies outside the span gets the colour of its end.

    Where all values are one, there is no scale: they get the first colour, or the last one if they are above zero.
    """
    low, high = span
    if high > low:
        places = np.nan_to_num((values.astype(np.float64) - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    else:
        places = np.where(values > 0, 1.0, 0.5 if name == "diverging" else 0.0)
    return colorize(np.rint(places.clip(0, 1) * 255).astype(np.uint8), name)


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
