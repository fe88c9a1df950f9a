"""How the cells of a confusion matrix are drawn: one by one with numbers, or, where they are small, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import text_on
from deskclassify.ui.widgets.images import to_qimage

Numbers = Literal["count", "share"]
WITH_NUMBERS = 16  # pixels of the smallest cell that holds one
_WITH_LINES = 6  # pixels of the smallest cell that is set apart from its neighbours
_LIFT, _LIFT_SMALL = 0.12, 0.4  # strength of the smallest share; a single error in a few pixels must be seen


@dataclass(frozen=True)
class Look:
    """What is drawn in the cells.

    Attributes:
        numbers: the count, or the share of the actual class in percent.
        errors_only: the diagonal is left pale, and the errors use the whole scale of colours.
    """

    numbers: Numbers = "count"
    errors_only: bool = False


def strength(share: np.ndarray, lift: float = _LIFT) -> np.ndarray:
    """How strong a colour is for a share, both 0 to 1; small shares are lifted, so that one error is seen."""
    return np.where(share > 0, lift + (0.9 - lift) * np.clip(share, 0, 1) ** 0.7, 0.0)


def heat(base: str, hue: str, share: float) -> QColor:
    """A colour between the surface and a hue."""
    red, green, blue = _mixed(base, hue, strength(np.array([share])))[0]
    return QColor(int(red), int(green), int(blue))


def colors(shares: np.ndarray, right: np.ndarray, look: Look, small: bool) -> np.ndarray:
    """The colour of each cell.

    Args:
        shares: float64 `[rows, columns]`, of the row.
        right: bool of the same shape, the diagonal.
        look: see `Look`.
        small: cells without a number.

    Returns:
        uint8 `[rows, columns, 3]`, RGB.
    """
    palette = theme.current()
    lift = _LIFT_SMALL if small else _LIFT
    wrong = np.where(right, 0.0, shares)
    if look.errors_only:
        wrong = wrong / max(float(wrong.max(initial=0.0)), 1e-9)
    made = _mixed(palette.raised, palette.bad, strength(wrong, lift))
    good = np.zeros_like(shares) if look.errors_only else strength(shares, _LIFT)
    made[right] = _mixed(palette.raised, palette.good, good[right])
    return made


def _mixed(base: str, hue: str, amount: np.ndarray) -> np.ndarray:
    low, high = _rgb(base), _rgb(hue)
    mixed: np.ndarray = np.rint(low + (high - low) * amount[..., None]).astype(np.uint8)
    return mixed


def _rgb(name: str) -> np.ndarray:
    color = QColor(name)
    return np.array([color.red(), color.green(), color.blue()], np.float64)


def texts(counts: np.ndarray, shares: np.ndarray, right: np.ndarray, look: Look) -> list[list[str]]:
    """The number of each cell; empty where there are no pictures, except on the diagonal. Shares are in percent."""
    rows = zip(counts.tolist(), shares.tolist(), right.tolist(), strict=True)
    return [[_text(*cell, look) for cell in zip(*row, strict=True)] for row in rows]


def _text(count: int, share: float, is_right: bool, look: Look) -> str:
    if not count and not is_right:
        return ""
    if look.numbers == "count":
        return str(count)
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def draw_small(painter: QPainter, place: QRect, pixels: np.ndarray, lines: bool) -> None:
    """Draw uint8 `[rows, columns, 3]` as squares that fill a place, with lines between them where there is room."""
    rows, columns = pixels.shape[:2]
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(place, to_qimage(pixels))
    if lines:
        painter.setPen(QColor(theme.current().surface))
        for at in range(1, columns):
            x = place.left() + at * place.width() // columns
            painter.drawLine(x, place.top(), x, place.bottom())
        for at in range(1, rows):
            y = place.top() + at * place.height() // rows
            painter.drawLine(place.left(), y, place.right(), y)


def with_lines(edge: int) -> bool:
    """Whether cells of so many pixels are set apart from each other."""
    return edge >= _WITH_LINES


def draw_cells(
    painter: QPainter, lefts: Sequence[int], tops: Sequence[int], edges: tuple[int, int],
    pixels: np.ndarray, texts: Sequence[Sequence[str]], right: np.ndarray,
) -> None:  # fmt: skip
    """Draw cells one by one, with their numbers.

    Args:
        painter: draws.
        lefts: pixels of the columns.
        tops: pixels of the rows.
        edges: width and height of a cell in pixels.
        pixels: uint8 `[rows, columns, 3]`, the colours.
        texts: of each cell; empty for none.
        right: bool `[rows, columns]`, the diagonal, whose numbers are bold where there is room.
    """
    wide, tall = edges
    corner = 4 if min(edges) >= 22 else 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plain, bold = QFont(painter.font()), QFont(painter.font())
    if wide >= 40:
        bold.setBold(True)
    base = painter.font().pointSizeF()
    centre = Qt.AlignmentFlag.AlignCenter
    for row, top in enumerate(tops):
        for column, left in enumerate(lefts):
            red, green, blue = pixels[row, column].tolist()
            color = QColor(red, green, blue)
            box = QRectF(left + 1, top + 1, wide - 2, tall - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(box, corner, corner)
            text = texts[row][column]
            if text:
                font = bold if right[row, column] else plain
                font.setPointSizeF(base * _shrunk(len(text), wide))  # small cells: the font gives way
                painter.setFont(font)
                painter.setPen(text_on(color))
                painter.drawText(box, centre, text)


def _shrunk(letters: int, wide: int) -> float:
    """What the font is scaled by, so that a number of so many letters fits into a cell."""
    return min(1.0, max(0.55, (wide - 2) / (8.5 * max(letters, 1)), 0.7 if wide < 22 else 0.0) if wide < 40 else 1.0)
