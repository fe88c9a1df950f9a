"""Bars over the confidence of answers: how often they are right, and how many there are. Each leads to its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from deskclassify.core.metrics import ConfidenceBin
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix

_LEFT, _TOP, _RIGHT = 46, 8, 10  # pixels around the bars
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_HISTOGRAM_BINS = 25


@dataclass(frozen=True)
class _Bar:
    """What lies between two confidences: heights 0 to 1 from below, each with its colour, and words."""

    low: float
    high: float
    parts: tuple[tuple[float, str], ...]
    text: str


class _Bars(QWidget):
    """Axis, bars, hover and choice; what the bars are is said by its children."""

    chosen = Signal(float, float)  # the confidences between which a bar's answers lie: low < confidence ≤ high

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[_Bar, ...] = ()
        self._at = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        theme.notifier().changed.connect(self._refresh)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Wide enough for the ticks."""
        return QSize(320, 118)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The least that can be read."""
        return QSize(200, 96)

    def bar_texts(self) -> list[str]:
        """What each bar says."""
        return [bar.text for bar in self._bars]

    def bar_area(self, at: int) -> QRectF:
        """Where the column of a bar is, from top to bottom."""
        plot, bar = self._plot(), self._bars[at]
        return QRectF(self._x(bar.low), plot.top(), self._x(bar.high) - self._x(bar.low), plot.height())

    def _refresh(self) -> None:
        self._at = -1
        self.update()

    def _plot(self) -> QRectF:
        below = self.fontMetrics().height() + 6
        return QRectF(_LEFT, _TOP, max(1, self.width() - _LEFT - _RIGHT), max(1, self.height() - _TOP - below))

    def _x(self, confidence: float) -> float:
        plot = self._plot()
        return plot.left() + confidence * plot.width()

    def _y(self, share: float) -> float:
        plot = self._plot()
        return plot.bottom() - share * plot.height()

    def _bar_at(self, x: float) -> int:
        inside = (n for n in range(len(self._bars)) if self.bar_area(n).left() <= x < self.bar_area(n).right())
        return next(inside, -1)

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Grid, bars, what the kind of chart adds, numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, plot = theme.current(), self._plot()
        painter.setPen(QPen(QColor(colors.border), 1))
        for tick in _TICKS:
            y = round(self._y(tick)) + 0.5
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        self._paint_below(painter, plot)
        painter.setPen(Qt.PenStyle.NoPen)
        for number, bar in enumerate(self._bars):
            self._paint_bar(painter, number, bar)
        self._paint_above(painter, plot)
        painter.setPen(QColor(colors.muted))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for tick in (0.0, 0.5, 1.0):
            painter.drawText(QRectF(0, self._y(tick) - 10, _LEFT - 6, 20), side, self._left_text(tick))
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for tick in _TICKS:
            last = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            at = QRectF(self._x(tick) - 30, plot.bottom() + 4, 60, 20)
            if tick == _TICKS[-1]:
                at, middle = QRectF(self.width() - 62, plot.bottom() + 4, 60, 20), last
            painter.drawText(at, middle, f"{100 * tick:.0f} %")

    def _paint_bar(self, painter: QPainter, number: int, bar: _Bar) -> None:
        area = self.bar_area(number)
        base, colors = 0.0, theme.current()
        for height, color in bar.parts:
            part = QRectF(area.left() + 1, self._y(base + height), max(1.0, area.width() - 2), 0)
            part.setBottom(self._y(base))
            painter.fillRect(part, QColor(color))
            base += height
        if number == self._at:
            shade = QColor(colors.accent)
            shade.setAlpha(40)
            painter.fillRect(area, shade)

    def _paint_below(self, painter: QPainter, plot: QRectF) -> None:
        """What lies under the bars."""

    def _paint_above(self, painter: QPainter, plot: QRectF) -> None:
        """What lies over the bars."""

    def _left_text(self, share: float) -> str:
        return f"{100 * share:.0f} %"

    # -- choosing -----------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """The words of the bar under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._bar_at(event.pos().x())
            if at >= 0:
                QToolTip.showText(event.globalPos(), self._bars[at].text, self)
                return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Mark the bar under the pointer."""
        self._mark(self._bar_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Mark none."""
        self._mark(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the bar under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._bar_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """The arrow keys walk over the bars, Enter chooses."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and self._bars:
            start = self._at if self._at >= 0 else (len(self._bars) if step < 0 else -1)
            self._mark(min(max(start + step, 0), len(self._bars) - 1))
            self.setAccessibleDescription(self._bars[self._at].text)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self._at)
        else:
            super().keyPressEvent(event)

    def _mark(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self.setCursor(Qt.CursorShape.PointingHandCursor if at >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def _choose(self, at: int) -> None:
        if at >= 0:
            bar = self._bars[at]
            self.chosen.emit(bar.low if at or bar.low > 0 else -1.0, bar.high)


class ReliabilityDiagram(_Bars):
    """How often answers of a certain confidence are right; bars on the diagonal say that it can be believed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How often answers of each confidence are right", parent)
        self._bins: tuple[ConfidenceBin, ...] = ()

    def set_bins(self, bins: Sequence[ConfidenceBin]) -> None:
        """Show other bins, see `metrics.reliability`; the empty ones have no bar."""
        self._bins = tuple(one for one in bins if one.count)
        self._refresh()

    def _refresh(self) -> None:
        most = max((one.count for one in self._bins), default=1)
        colors = theme.current()
        made = []
        for one in self._bins:
            # Bars of few answers are pale: they say little.
            strength = 0.35 + 0.65 * min(1.0, (one.count / most) ** 0.5)
            text = (
                f"{100 * one.low:.0f} to {100 * one.high:.0f} % sure, {100 * one.confidence:.0f} % on average: "
                f"{counted(one.count, 'answer')}, {100 * one.accuracy:.0f} % of them right. Click for the pictures."
            )
            made.append(_Bar(one.low, one.high, ((one.accuracy, mix(colors.surface, colors.accent, strength)),), text))
        self._bars = tuple(made)
        super()._refresh()

    def _paint_above(self, painter: QPainter, plot: QRectF) -> None:
        colors = theme.current()
        painter.setPen(QPen(QColor(colors.muted), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(plot.bottomLeft(), plot.topRight())
        for one in self._bins:  # how far the share of right answers is from what was promised
            x = self._x(one.confidence)
            painter.setPen(QPen(QColor(colors.warn), 2))
            painter.drawLine(QPointF(x, self._y(one.accuracy)), QPointF(x, self._y(one.confidence)))
            painter.setBrush(QColor(colors.warn))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QPointF(x, self._y(one.confidence)), 2.6, 2.6)


class ConfidenceHistogram(_Bars):
    """How many answers there are of each confidence, right and wrong, and which are given no more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How many answers there are of each confidence", parent)
        self._counts: tuple[np.ndarray, np.ndarray] = (np.zeros(_HISTOGRAM_BINS), np.zeros(_HISTOGRAM_BINS))
        self._threshold = 0.0

    def set_values(self, confidence: np.ndarray, right: np.ndarray, threshold: float) -> None:
        """Show other answers.

        Args:
            confidence: float `[pictures]`.
            right: bool `[pictures]`.
            threshold: below it there is no answer; 0: there always is one.
        """
        borders = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
        at = np.clip(np.searchsorted(borders, confidence, side="left") - 1, 0, _HISTOGRAM_BINS - 1)
        wrong, hit = (np.bincount(at[right == which], minlength=_HISTOGRAM_BINS) for which in (False, True))
        self._counts, self._threshold = (wrong, hit), threshold
        self._refresh()

    def _refresh(self) -> None:
        wrong, hit = self._counts
        colors = theme.current()
        most = max(1.0, float(np.sqrt((wrong + hit).max(initial=0))))
        made = []
        for at in range(_HISTOGRAM_BINS):
            total = int(wrong[at] + hit[at])
            # Square roots: the sure ones are so many that nothing would be seen of the others.
            height = float(np.sqrt(total)) / most
            share = float(wrong[at]) / total if total else 0.0
            low, high = at / _HISTOGRAM_BINS, (at + 1) / _HISTOGRAM_BINS
            text = (
                f"{100 * low:.0f} to {100 * high:.0f} % sure: {counted(total, 'picture')}, {int(wrong[at])} wrong."
                + (" Click for the pictures." if total else "")
            )
            parts = ((height * share, colors.bad), (height * (1 - share), colors.good))
            made.append(_Bar(low, high, parts, text))
        self._bars = tuple(made)
        super()._refresh()

    def _left_text(self, share: float) -> str:
        wrong, hit = self._counts
        return f"{round(share * share * int((wrong + hit).max(initial=0))):,}"

    def _paint_below(self, painter: QPainter, plot: QRectF) -> None:
        if self._threshold > 0:
            area = QRectF(plot.left(), plot.top(), self._x(self._threshold) - plot.left(), plot.height())
            painter.fillRect(area, QColor(theme.current().raised))

    def _paint_above(self, painter: QPainter, plot: QRectF) -> None:
        if self._threshold <= 0:
            return
        colors = theme.current()
        x = self._x(self._threshold)
        painter.setPen(QPen(QColor(colors.text), 1.6, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        painter.setPen(QColor(colors.text))
        text = "none of these"
        wide = painter.fontMetrics().horizontalAdvance(text) + 6
        left = x - wide if x - wide > plot.left() else x + 6
        painter.drawText(QRectF(left, plot.top(), wide, 18), Qt.AlignmentFlag.AlignVCenter, text)
