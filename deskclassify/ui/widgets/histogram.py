"""How often a channel has which value, on top of the colours that stand for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import Colors, Span, number, table

_BINS = 64
_SCALE = 10  # pixels, height of the colours
_TICK = 3
_TEXT_PIXELS = 11
_HEAD = 7  # pixels, of the mark's arrow


def counts_in(values: np.ndarray, span: Span) -> np.ndarray:
    """How many of the values lie in each of 64 equal parts of a span, int64 `[64]`; the ends belong to it."""
    low, high = span
    finite = values[np.isfinite(values)]
    if not high > low:  # all are one value
        low, high = low - 0.5, high + 0.5
    return np.histogram(finite, _BINS, (low, high))[0]


class Histogram(QWidget):
    """Bars over a colour scale with its numbers; a second set of values is drawn as a line.

    Heights are logarithmic: after a ReLU most values are zero, and would leave nothing of the others.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: list[np.ndarray] = []
        self._span: Span = (0.0, 0.0)
        self._colors: Colors = "viridis"
        self._marks: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "How many places have which value: the taller the bar, the more. Heights are logarithmic, so that rare "
            "values can be seen beside frequent ones. Beneath are the colours that stand for the values."
        )
        theme.notifier().changed.connect(self.update)

    @property
    def span(self) -> Span:
        """The values at both ends."""
        return self._span

    @property
    def marks(self) -> tuple[float, ...]:
        """The marked values."""
        return self._marks

    def set_values(self, values: Sequence[np.ndarray], span: Span, colors: Colors) -> None:
        """Show one or two channels' values."""
        self._counts = [counts_in(one, span) for one in values]
        self._span, self._colors, self._marks = span, colors, ()
        self.setAccessibleName(f"Values from {number(span[0])} to {number(span[1])}")
        self.update()

    def set_marks(self, values: Sequence[float]) -> None:
        """Mark values: those under the cursor."""
        self._marks = tuple(values)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Flat."""
        return QSize(240, 74)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The same height, less wide."""
        return QSize(120, 74)

    def _bar(self) -> QRectF:
        """Where the colours are."""
        return QRectF(_HEAD, self.height() - _TEXT_PIXELS - 6 - _SCALE, max(1, self.width() - 2 * _HEAD), _SCALE)

    def x_of(self, value: float) -> float:
        """Where a value lies, in pixels from the left."""
        low, high = self._span
        share = (value - low) / (high - low) if high > low else 0.5
        bar = self._bar()
        return bar.left() + bar.width() * min(1.0, max(0.0, share))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Bars, colours, numbers, marks."""
        if not self._counts:
            return
        painter = QPainter(self)
        bar = self._bar()
        base, room = bar.top() - 2, bar.top() - 2 - _HEAD
        most = max(1.0, *(float(np.log1p(one).max()) for one in self._counts))
        colors = table(self._colors)
        step = bar.width() / _BINS
        for at, count in enumerate(self._counts[0]):
            height = room * float(np.log1p(count)) / most
            fill = QColor(*map(int, colors[round((at + 0.5) / _BINS * 255)]))
            left, right = round(bar.left() + at * step), round(bar.left() + (at + 1) * step)
            if count:
                painter.fillRect(QRectF(left, base - max(1.0, height), max(1, right - left), max(1.0, height)), fill)
            painter.fillRect(QRectF(left, bar.top(), right - left, bar.height()), fill)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for counts in self._counts[1:]:
            self._paint_line(painter, np.log1p(counts) / most * room, base, step)
        self._paint_numbers(painter, bar)
        self._paint_marks(painter, bar)

    def _paint_line(self, painter: QPainter, heights: np.ndarray, base: float, step: float) -> None:
        left = self._bar().left()
        points = [
            QPointF(left + (at + side) * step, base - h) for at, h in enumerate(map(float, heights)) for side in (0, 1)
        ]
        painter.setPen(QPen(QColor(theme.current().text), 1.4))
        painter.drawPolyline(QPolygonF(points))

    def _paint_numbers(self, painter: QPainter, bar: QRectF) -> None:
        low, high = self._span
        palette = theme.current()
        font = painter.font()
        font.setPixelSize(_TEXT_PIXELS)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        painter.setPen(QColor(palette.muted))
        line = QRectF(bar.left(), bar.bottom() + 3, bar.width(), _TEXT_PIXELS + 3)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, number(low))
        if not high > low:
            return
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, number(high))
        if low < 0 < high:
            zero = self.x_of(0.0)
            painter.fillRect(QRectF(zero - 0.5, bar.top() - _TICK, 1, bar.height() + 2 * _TICK), QColor(palette.text))
            space = metrics.horizontalAdvance("0") / 2 + 6
            from_left = bar.left() + metrics.horizontalAdvance(number(low)) + space
            if from_left < zero < bar.right() - metrics.horizontalAdvance(number(high)) - space:
                painter.drawText(QRectF(zero - 20, line.top(), 40, line.height()), Qt.AlignmentFlag.AlignHCenter, "0")

    def _paint_marks(self, painter: QPainter, bar: QRectF) -> None:
        color = QColor(theme.current().accent)
        for value in self._marks:
            x = self.x_of(value)
            painter.setPen(QPen(color, 1.5))
            painter.drawLine(QPointF(x, _HEAD - 1), QPointF(x, bar.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, _HEAD)]))
