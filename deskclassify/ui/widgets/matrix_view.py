"""A small matrix as coloured cells with their numbers."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix
from deskclassify.ui.widgets.colormap import signed_color, text_on

_SMALLEST_TEXT = 8  # pixels; smaller numbers are left to whoever points at them
_LARGEST_TEXT = 14
_EASY_TEXT = 10  # pixels; from here on a third digit is worth more than larger text
_LARGEST_CELL = 74
_LINE = 1.2  # height of a line, of its font's pixels

Place = tuple[int, int]


class MatrixView(QWidget):
    """Signed numbers, blue below zero and orange above; or three numbers a cell, in a colour that is given.

    Where the cells are too small for text, they are pointed at; views that stand side by side mark the same cell.
    """

    pointed = Signal(int, int)  # row and column under the cursor; −1, −1 without one

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = np.zeros((0, 0), dtype=np.float32)
        self._inside = np.zeros((0, 0), dtype=bool)
        self._colors: np.ndarray | None = None
        self._marked: Place | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def values(self) -> np.ndarray:
        """What is shown, float32 `[rows, columns]`, or `[3, rows, columns]`."""
        return self._values

    @property
    def marked(self) -> Place | None:
        """The cell that is marked."""
        return self._marked

    def set_values(
        self, values: np.ndarray, inside: np.ndarray | None = None, colors: np.ndarray | None = None
    ) -> None:
        """Show other numbers.

        Args:
            values: float `[rows, columns]`, or `[n, rows, columns]` for so many numbers in each cell.
            inside: bool `[rows, columns]`; the other cells are hatched as padding.
            colors: uint8 `[rows, columns, 3]`, of the cells; None for the colours of signed numbers.
        """
        shape = values.shape[-2:]
        if shape != self._values.shape[-2:]:
            self._marked = None
        self._values, self._colors = values, colors
        self._inside = np.ones(shape, dtype=bool) if inside is None else inside.astype(bool)
        if values.size:
            self.setMaximumHeight(shape[0] * _LARGEST_CELL + 2)
            rows = self._stacked().reshape(-1, *shape)[:, :11]
            self.setAccessibleDescription("; ".join(" ".join(f"{one:.3g}" for one in row.ravel()) for row in rows[0]))
        self.update()

    def mark(self, place: Place | None) -> None:
        """Frame a cell."""
        rows, columns = self._values.shape[-2:]
        is_there = place is not None and 0 <= place[0] < rows and 0 <= place[1] < columns
        self._marked = place if is_there else None
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Flat, for it grows where there is room: a scroll area gives this height before it scrolls."""
        return QSize(180, 104)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that can be read for 3 × 3."""
        return QSize(96, 104)

    def cell(self) -> float:
        """Edge of a cell in pixels."""
        rows, columns = self._values.shape[-2:]
        return min(self.width() / max(1, columns), self.height() / max(1, rows), _LARGEST_CELL)

    def area(self) -> QRectF:
        """Where the cells are painted."""
        rows, columns = self._values.shape[-2:]
        width, height = self.cell() * columns, self.cell() * rows
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def place_at(self, point: QPointF) -> Place | None:
        """Row and column under a point of the widget."""
        area = self.area()
        if not self._values.size or not area.contains(point):
            return None
        rows, columns = self._values.shape[-2:]
        row = int((point.y() - area.top()) / self.cell())
        return min(row, rows - 1), min(int((point.x() - area.left()) / self.cell()), columns - 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the cell under the cursor."""
        self.pointed.emit(*(self.place_at(event.position()) or (-1, -1)))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No cell without a cursor."""
        self.pointed.emit(-1, -1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Cells, then numbers where they fit, then the frame."""
        if not self._values.size:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pixels, decimals = self._text()
        font = painter.font()
        font.setPixelSize(max(1, pixels))
        painter.setFont(font)
        largest = float(np.abs(self._values).max())
        for place in np.ndindex(*self._values.shape[-2:]):
            self._paint_cell(painter, place, largest)
            if pixels:
                lines = [_fixed(float(one), decimals) for one in self._stacked()[:, *place]]
                painter.drawText(self._box(place), Qt.AlignmentFlag.AlignCenter, "\n".join(lines))
        if self._marked is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().text), 2.5))
            painter.drawRoundedRect(self._box(self._marked), 3, 3)

    def _paint_cell(self, painter: QPainter, place: Place, largest: float) -> None:
        """Fill a cell, and leave the painter with the pen for its text."""
        colors, box = theme.current(), self._box(place)
        painter.setPen(Qt.PenStyle.NoPen)
        if not self._inside[place]:
            painter.setBrush(QColor(colors.raised))
            painter.drawRoundedRect(box, 3, 3)
            painter.setBrush(QBrush(QColor(colors.border), Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(colors.muted))
            return
        given = self._colors
        color = _signed(float(self._values[place]), largest) if given is None else QColor(*map(int, given[place]))
        painter.setBrush(color)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(text_on(color))

    def _stacked(self) -> np.ndarray:
        return self._values.reshape(-1, *self._values.shape[-2:])

    def _box(self, place: Place) -> QRectF:
        area, cell = self.area(), self.cell()
        gap = 1 if cell > 12 else 0.5
        left, top = area.left() + place[1] * cell, area.top() + place[0] * cell
        return QRectF(left, top, cell, cell).adjusted(gap, gap, -gap, -gap)

    def _text(self) -> tuple[int, int]:
        """Pixels of the text (0 where none could be read) and decimals of all its numbers."""
        best = (0, 0)
        for digits in (3, 2):
            decimals = _decimals(float(np.abs(self._values).max()), digits)
            best = (self._fitting(decimals), decimals)
            if best[0] >= _EASY_TEXT:
                break
        return best

    def _fitting(self, decimals: int) -> int:
        """The largest size in pixels at which every number fits its cell; 0 where none can be read."""
        room, lines = self.cell() - 5, len(self._stacked())
        longest = max((_fixed(float(one), decimals) for one in self._values.flat), key=len)
        font = QFont(self.font())
        for pixels in range(_LARGEST_TEXT, _SMALLEST_TEXT - 1, -1):
            font.setPixelSize(pixels)
            if pixels * _LINE * lines <= room and QFontMetricsF(font).horizontalAdvance(longest) <= room:
                return pixels
        return 0


def _signed(value: float, largest: float) -> QColor:
    """As `signed_color`, but zero is the colour of an empty cell, so that a dark window is not full of white."""
    share = min(1.0, abs(value) / largest) if largest > 0 else 0.0
    return QColor(mix(theme.current().raised, signed_color(value, abs(value)).name(), share))


def _decimals(largest: float, digits: int) -> int:
    """So many that the largest number has `digits` significant ones; all numbers of a matrix have the same."""
    if not math.isfinite(largest) or largest <= 0:
        return 0
    return max(0, digits - 1 - math.floor(math.log10(largest)))


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}" if value else "0"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
