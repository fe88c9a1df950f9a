"""One channel of a layer, large: its values as colours, alone or over the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import Colors, Span, number, shade
from deskclassify.ui.widgets.images import to_pixmap

_STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_SMALLEST_CELL = 5  # pixels; a frame around a smaller one would hide it


@dataclass(frozen=True)
class Channel:
    """A channel's values, float32 `[h, w]`; not exact where they are read off a tile."""

    number: int
    values: np.ndarray
    is_exact: bool = True

    @property
    def range(self) -> Span:
        """The lowest and the highest finite value."""
        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def channel_of(at: int, levels: np.ndarray, low: float, high: float) -> Channel:
    """A channel as its tile has it: levels, uint8 `[h, w]`, of which 0 stands for `low` and 255 for `high`."""
    return Channel(at, (low + levels.astype(np.float32) / 255 * (high - low)).astype(np.float32), is_exact=False)


class ChannelView(QWidget):
    """Shows a channel, more or less of the picture beneath it, and a frame around the value under the cursor."""

    hovered = Signal(int, int)  # row and column of the value under the cursor; −1 when it has left

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._channel: Channel | None = None
        self._picture: QPixmap | None = None
        self._pixmap: QPixmap | None = None
        self._colors: Colors = "viridis"
        self._span: Span = (0.0, 0.0)
        self._opacity = 1.0
        self._marked: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def channel(self) -> Channel | None:
        """What is shown."""
        return self._channel

    def show_channel(self, channel: Channel | None, picture: np.ndarray | None, span: Span, colors: Colors) -> None:
        """Show another channel.

        Args:
            channel: None for none.
            picture: the network's input, uint8 `[size, size, 3]`.
            span: what the first and the last colour stand for.
            colors: of the values.
        """
        self._channel, self._span, self._colors = channel, span, colors
        self._picture = to_pixmap(picture) if picture is not None and picture.size else None
        self._pixmap = None if channel is None else to_pixmap(shade(channel.values, span, colors))
        name = "" if channel is None else f"Channel {channel.number}"
        values = "" if channel is None else f", values from {number(channel.range[0])} to {number(channel.range[1])}"
        self.setAccessibleName(name + values)
        self.update()

    def set_opacity(self, opacity: float) -> None:
        """Of the channel: from 0, only the picture, to 1, only the channel."""
        self._opacity = opacity
        self.update()

    def mark(self, row: int, column: int) -> None:
        """Frame the value at a place; −1 for none."""
        self._marked = (row, column) if row >= 0 else None
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough for an impression."""
        return QSize(300, 260)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(110, 90)

    def area(self) -> QRectF:
        """Where the channel is painted: as large as fits."""
        if self._pixmap is None:
            return QRectF()
        size = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF((self.width() - size.width()) // 2, 0, size.width(), size.height())

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column of the value under a point of the widget; None outside."""
        area = self.area()
        if self._channel is None or not area.contains(point):
            return None
        rows, columns = self._channel.values.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the place under the cursor."""
        self.hovered.emit(*(self.place_at(event.position()) or (-1, -1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrow keys move from value to value, beginning in the middle; Escape leaves."""
        step = _STEPS.get(Qt.Key(event.key()))
        if self._channel is None or (step is None and event.key() != Qt.Key.Key_Escape):
            super().keyPressEvent(event)
        elif step is None:
            self.hovered.emit(-1, -1)
        else:
            rows, columns = self._channel.values.shape
            row, column = self._marked or (rows // 2 - step[0], columns // 2 - step[1])
            self.hovered.emit(min(max(row + step[0], 0), rows - 1), min(max(column + step[1], 0), columns - 1))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No place without a cursor."""
        self.hovered.emit(-1, -1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture, the channel over it, and the frame."""
        if self._pixmap is None or self._channel is None:
            return
        painter = QPainter(self)
        area = self.area()
        if self._opacity < 1 and self._picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
            painter.setOpacity(self._opacity)
        # Enlarged values stay sharp, because they are what the network has.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._pixmap.width() > area.width())
        painter.drawPixmap(area, self._pixmap, QRectF(self._pixmap.rect()))
        painter.setOpacity(1.0)
        if self._marked is not None:
            self._paint_frame(painter, area, *self._marked)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))

    def _paint_frame(self, painter: QPainter, area: QRectF, row: int, column: int) -> None:
        rows, columns = self._channel.values.shape if self._channel is not None else (1, 1)
        height, width = area.height() / rows, area.width() / columns
        cell = QRectF(area.left() + column * width, area.top() + row * height, width, height)
        grown = max(0.0, _SMALLEST_CELL - min(height, width)) / 2 + 1
        cell.adjust(-grown, -grown, grown, grown)
        for pen in (QPen(QColor("black"), 3), QPen(QColor("white"), 1)):  # seen on every colour
            painter.setPen(pen)
            painter.drawRect(cell)
