"""A share with the range in which the true one lies, as a bar from 0 to 100 %."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix

_TRACK, _MARK = 8, 16  # pixels of height
_SIDE = 2  # pixels


class IntervalBar(QWidget):
    """The share as a mark on its range; wide ranges are seen at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = self._low = self._high = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)

    def set_values(self, share: float, low: float, high: float) -> None:
        """Show a share and its range, each 0 to 1."""
        self._share, self._low, self._high = share, low, high
        self.setAccessibleName(f"{100 * share:.1f} %, between {100 * low:.0f} and {100 * high:.0f} %")
        self.update()

    def place(self, share: float) -> float:
        """The pixel of a share."""
        return _SIDE + share * (self.width() - 2 * _SIDE)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """A line with its numbers."""
        return QSize(200, _MARK + self.fontMetrics().height() + 1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Short, but readable."""
        return QSize(84, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Track, range, mark, and the numbers at the ends of the range."""
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top = (_MARK - _TRACK) / 2
        painter.setBrush(QColor(colors.raised))
        painter.drawRoundedRect(QRectF(0, top, self.width(), _TRACK), _TRACK / 2, _TRACK / 2)
        left, right = self.place(self._low), self.place(self._high)
        painter.setBrush(QColor(mix(colors.surface, colors.accent, 0.5)))
        painter.drawRoundedRect(QRectF(left, top, max(2.0, right - left), _TRACK), _TRACK / 2, _TRACK / 2)
        painter.setPen(QPen(QColor(colors.text), 2.5))
        at = self.place(self._share)
        painter.drawLine(QPointF(at, 2), QPointF(at, _MARK - 2))
        self._write(painter, left, right)

    def _write(self, painter: QPainter, left: float, right: float) -> None:
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().muted))
        metrics = painter.fontMetrics()
        low, high = f"{100 * self._low:.0f}", f"{100 * self._high:.0f} %"
        wide = metrics.horizontalAdvance(low), metrics.horizontalAdvance(high)
        gap = 6
        first = max(0.0, min(left - wide[0] / 2, self.width() - wide[1] - gap - wide[0]))
        second = max(first + wide[0] + gap, min(right - wide[1] / 2, self.width() - wide[1]))
        if second - first - wide[0] < 3 * gap:  # so near that they read as one range
            low, first = f"{low} – {high}", max(0.0, min(first, self.width() - wide[0] - wide[1] - 3 * gap))
            high = ""
        base = _MARK + metrics.ascent()
        painter.drawText(QPointF(first, base), low)
        painter.drawText(QPointF(second, base), high)
