"""Nine places in pictures that excite a channel, each as a pair: what is seen there, and what in it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme

_CAPTION = 20  # pixels
_GAP = 10
_BETWEEN = 2  # the two of a pair
_RING = 4  # around the current one
_MOST_COLUMNS = 5
_WAITING = 0.45  # opacity of what is no longer the answer


@dataclass(frozen=True)
class Pair:
    """One place. `color` marks the class; `tip` is shown on hover."""

    pixels: QPixmap
    gradients: QPixmap
    label: str
    value: str
    color: str
    tip: str


class PatchGrid(QWidget):
    """Shows all pairs at once, as large as fits; mouse and keyboard choose one."""

    current_changed = Signal(int)  # the pair that is pointed at, or else the one chosen
    chosen = Signal(int)  # by a click, Return or Space

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: tuple[Pair, ...] = ()
        self._hovered = -1
        self._selected = -1
        self._waits = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What is shown."""
        return self._pairs

    @property
    def current(self) -> int:
        """The pair that is pointed at, or else the one chosen; −1 without one."""
        return self._hovered if self._hovered >= 0 else self._selected

    def set_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show other pairs, the strongest first; the first one is then the current one."""
        self._pairs = tuple(pairs)
        self._hovered, self._selected, self._waits = -1, 0 if pairs else -1, False
        self._tell()

    def set_waiting(self, waits: bool) -> None:
        """Fade what is shown, while another answer is awaited."""
        if waits != self._waits:
            self._waits = waits
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Pairs of a comfortable size."""
        return QSize(620, 340)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest in which the pairs can be made out."""
        return QSize(300, 190)

    # -- where ------------------------------------------------------------------------

    def columns(self) -> int:
        """Pairs side by side: as many as let them be largest."""
        return max(range(1, _MOST_COLUMNS + 1), key=self._edge)

    def _edge(self, columns: int) -> float:
        """Pixels of a picture's side with that many columns."""
        rows = -(-max(1, len(self._pairs)) // columns)
        wide = ((self.width() - 2 * _RING - _GAP * (columns - 1)) / columns - _BETWEEN) / 2
        high = (self.height() - _RING - _GAP * (rows - 1)) / rows - _CAPTION
        return min(wide, high)

    def areas(self, at: int) -> tuple[QRectF, QRectF]:
        """Where both pictures of a pair are painted."""
        columns = self.columns()
        edge = max(8.0, float(int(self._edge(columns))))
        rows = -(-max(1, len(self._pairs)) // columns)
        width, height = 2 * edge + _BETWEEN, edge + _CAPTION
        # What is left over goes between them, up to a limit.
        gap = _spread(self.width() - 2 * _RING, width, columns, 7.0 * _GAP)
        left = _RING + at % columns * (width + gap)
        top = _RING + at // columns * (height + _spread(self.height() - _RING, height, rows, 2.0 * _GAP))
        return QRectF(left, top, edge, edge), QRectF(left + edge + _BETWEEN, top, edge, edge)

    def at(self, point: QPointF) -> int:
        """The pair under a point of the widget; −1 outside."""
        for at in range(len(self._pairs)):
            first, second = self.areas(at)
            if first.united(second).adjusted(-3, -3, 3, _CAPTION).contains(point):
                return at
        return -1

    # -- choosing ---------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Point at a pair."""
        self._hover(self.at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Point at none."""
        self._hover(-1)

    def _hover(self, at: int) -> None:
        if at == self._hovered:
            return
        self._hovered = at
        self.setToolTip(self._pairs[at].tip if at >= 0 else "")
        if at >= 0:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()
        self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose a pair."""
        at = self.at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and at >= 0:
            self._select(at)
            self.chosen.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows move, Return and Space choose."""
        key, columns = event.key(), self.columns()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._selected >= 0:
            self.chosen.emit(self._selected)
        elif key in steps and 0 <= self._selected + steps[Qt.Key(key)] < len(self._pairs):
            self._select(self._selected + steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def _select(self, at: int) -> None:
        self._selected = at
        self._tell()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The ring becomes stronger."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The ring becomes weaker."""
        self.update()

    def _tell(self) -> None:
        at = self.current
        self.setAccessibleDescription(self._pairs[at].tip if at >= 0 else "")
        self.current_changed.emit(at)
        self.update()

    # -- painting ---------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """All pairs."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_WAITING if self._waits else 1.0)
        for at, pair in enumerate(self._pairs):
            self._paint_pair(painter, at, pair)

    def _paint_pair(self, painter: QPainter, at: int, pair: Pair) -> None:
        first, second = self.areas(at)
        both = first.united(second)
        frame = QPainterPath()
        frame.addRoundedRect(both, 5, 5)
        painter.save()
        painter.setClipPath(frame)
        painter.fillRect(both, QColor(theme.current().raised))
        _paint_picture(painter, first, pair.pixels)
        _paint_picture(painter, second, pair.gradients)
        painter.restore()
        if at == self.current:
            strong = at == self._hovered or self.hasFocus()
            painter.setPen(QPen(QColor(theme.current().accent), 2.5 if strong else 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(both.adjusted(-2, -2, 2, 2), 6, 6)
        self._paint_caption(painter, QRectF(both.left(), both.bottom() + 3, both.width(), _CAPTION - 4), pair)

    def _paint_caption(self, painter: QPainter, line: QRectF, pair: Pair) -> None:
        colors = theme.current()
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(colors.muted))
        painter.drawText(line, right, pair.value)
        start = line.left() + 2
        if pair.label:
            painter.setBrush(QColor(pair.color))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QRectF(start, line.center().y() - 3.5, 7, 7))
            start += 12
        room = line.right() - start - metrics.horizontalAdvance(pair.value) - 6
        painter.setPen(QColor(colors.text))
        text = metrics.elidedText(pair.label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(start, line.top(), room, line.height()), left, text)


def _spread(room: float, each: float, count: int, most: float) -> float:
    """Pixels between things that share some room."""
    return min(most, (room - count * each) / (count - 1)) if count > 1 else 0.0


def _paint_picture(painter: QPainter, area: QRectF, pixmap: QPixmap) -> None:
    """As large as fits. Enlarged pixels stay sharp, because they are what the network has."""
    if pixmap.isNull():
        return
    size = pixmap.size().scaled(area.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > 0.4 * size.width())
    painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
