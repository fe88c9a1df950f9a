"""Named numbers as horizontal bars: the classes of an answer, or the values of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme

_ROW = 30
_BAR = 12
_SPACE = 10


@dataclass(frozen=True)
class Bar:
    """One row; `text` is the number as shown, `strong` marks the answer."""

    name: str
    value: float
    text: str
    color: str = ""
    strong: bool = False


class ProbabilityBars(QWidget):
    """Bars from zero; with negative values among them zero lies inside.

    Args:
        whole: the value of a full bar; None takes the largest one shown.
    """

    chosen = Signal(str)  # the name of the bar that was clicked

    def __init__(self, whole: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = whole
        self._bars: tuple[Bar, ...] = ()
        self._span: tuple[float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """What is shown."""
        return self._bars

    def set_bars(self, bars: Sequence[Bar], span: tuple[float, float] | None = None) -> None:
        """Show other bars, in the given order; `span` is that of bars which are compared with others."""
        self._bars, self._span = tuple(bars), span
        self.setAccessibleName("; ".join(f"{bar.name}: {bar.text}" for bar in self._bars))
        self.updateGeometry()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell which bar was clicked."""
        at = int(event.position().y() // _ROW)
        inside = self.rect().contains(event.position().toPoint()) and at < len(self._bars)
        if inside and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self._bars[at].name)

    def sizeHint(self) -> QSize:  # noqa: N802
        """One line a bar."""
        return QSize(320, max(1, len(self._bars)) * _ROW)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrow, but all lines."""
        return QSize(180, max(1, len(self._bars)) * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Name, bar and number of each row."""
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        strong = self.font()
        strong.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(strong)
        longest = max(metrics.horizontalAdvance(bar.name) for bar in self._bars)
        names = min(longest, int(self.width() * 0.4))
        numbers = max(metrics.horizontalAdvance(bar.text) for bar in self._bars)
        track = QRectF(names + _SPACE, 0, max(20, self.width() - names - numbers - 2 * _SPACE), _BAR)
        low = min(0.0, *(bar.value for bar in self._bars))
        high = self._whole or max(0.0, *(bar.value for bar in self._bars))
        if self._span is not None:
            low, high = min(0.0, self._span[0]), max(0.0, self._span[1])
        for at, bar in enumerate(self._bars):
            painter.setFont(strong if bar.strong else self.font())
            line = QRectF(0, at * _ROW, self.width(), _ROW)
            self._paint_bar(painter, bar, track.translated(0, line.top() + (_ROW - _BAR) / 2), low, high)
            palette = theme.current()
            painter.setPen(QColor(palette.text if bar.strong else palette.muted))
            name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideMiddle, names)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, bar.text)

    def _paint_bar(self, painter: QPainter, bar: Bar, track: QRectF, low: float, high: float) -> None:
        palette = theme.current()
        spread = (high - low) or 1.0
        zero = track.left() + track.width() * (0 - low) / spread
        end = track.left() + track.width() * (min(bar.value, high) - low) / spread
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.border))
        painter.setOpacity(0.55)
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        painter.setOpacity(1.0)
        filled = QRectF(min(zero, end), track.top(), abs(end - zero), _BAR)
        if filled.width() > 0.5:
            painter.setBrush(QColor(bar.color or (palette.accent if bar.value >= 0 else palette.muted)))
            radius = min(_BAR / 2, filled.width() / 2)
            painter.drawRoundedRect(filled, radius, radius)
