"""Two handles on one line: from here to there, over a histogram of what there is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from deskclassify.ui import theme

_HANDLE = 8  # pixels, radius
_BARS = 44  # pixels, height of the histogram
_STEP = 1  # of the keyboard


class RangeSlider(QWidget):
    """A range of whole numbers from 0 to 100. The arrow keys move the handle that was moved last."""

    changed = Signal(int, int)  # by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high, self._moves_low = 0, 100, True
        self._bars: list[float] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.notifier().changed.connect(self.update)

    @property
    def range(self) -> tuple[int, int]:
        """From, to."""
        return self._low, self._high

    def set_range(self, low: int, high: int) -> None:
        """Move the handles; nothing is emitted."""
        self._low, self._high = max(0, min(low, high, 100)), min(100, max(low, high, 0))
        self.update()

    def set_bars(self, heights: Sequence[float]) -> None:
        """Show how many there are along the line, in bars of the same width; any scale."""
        most = max(heights, default=0)
        self._bars = [height / most for height in heights] if most else []
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the bars and the handles."""
        return QSize(280, _BARS + 2 * _HANDLE + 4)

    minimumSizeHint = sizeHint  # noqa: N815 (Qt's name)

    def place(self, value: int) -> QPointF:
        """Where a value lies, in pixels."""
        return QPointF(_HANDLE + (self.width() - 2 * _HANDLE) * value / 100, self.height() - _HANDLE - 2)

    def _value(self, x: float) -> int:
        return round(min(1.0, max(0.0, (x - _HANDLE) / max(1, self.width() - 2 * _HANDLE))) * 100)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Bars, line, handles."""
        colors, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = self.place(self._low), self.place(self._high)
        painter.setPen(Qt.PenStyle.NoPen)
        wide = (self.width() - 2 * _HANDLE) / max(1, len(self._bars))
        for number, height in enumerate(self._bars):
            middle = 100 * (number + 0.5) / len(self._bars)
            painter.setBrush(QColor(colors.accent if self._low <= middle <= self._high else colors.border))
            tall = max(2.0, height * _BARS) if height else 0.0
            painter.drawRoundedRect(QRectF(_HANDLE + number * wide + 1, _BARS - tall, max(1.0, wide - 2), tall), 2, 2)
        painter.setBrush(QColor(colors.border))
        painter.drawRoundedRect(QRectF(_HANDLE, low.y() - 2, self.width() - 2 * _HANDLE, 4), 2, 2)
        painter.setBrush(QColor(colors.accent))
        painter.drawRect(QRectF(low.x(), low.y() - 2, high.x() - low.x(), 4))
        for center, is_low in ((low, True), (high, False)):
            active = self.hasFocus() and is_low == self._moves_low
            painter.setPen(QPen(QColor(colors.text if active else colors.surface), 2))
            painter.drawEllipse(center, _HANDLE - 1, _HANDLE - 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """The nearer handle comes; of two on one spot, the one that can go there."""
        value = self._value(event.position().x())
        near_low, near_high = abs(value - self._low), abs(value - self._high)
        self._moves_low = value < self._low if near_low == near_high else near_low < near_high
        self._move(value)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """It follows the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(self._value(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Left and right; others are the dialog's."""
        steps = {Qt.Key.Key_Left: -_STEP, Qt.Key.Key_Right: _STEP}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._move((self._low if self._moves_low else self._high) + step)

    def _move(self, value: int) -> None:
        before = self.range
        if self._moves_low:
            self._low = max(0, min(value, self._high))
        else:
            self._high = min(100, max(value, self._low))
        self.update()
        if self.range != before:
            self.changed.emit(*self.range)
