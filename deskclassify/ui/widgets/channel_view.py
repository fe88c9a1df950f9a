"""One channel of a layer, large: its values as colours, with a scale and the number under the cursor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import Colors, colorize, number, table
from deskclassify.ui.widgets.images import to_pixmap

_SCALE = 14  # pixels, height of the colour scale
_TEXT = 18
_OVERLAY = 0.6


@dataclass(frozen=True)
class Channel:
    """A channel's grey levels, uint8 `[h, w]`; level 0 means `low`, level 255 means `high`."""

    number: int
    levels: np.ndarray
    low: float
    high: float

    def value(self, row: int, column: int) -> float:
        """The value at a place, to within a 255th of the range."""
        return self.low + float(self.levels[row, column]) / 255 * (self.high - self.low)


class ChannelView(QWidget):
    """Shows a channel beside or over the picture; `hovered` tells the value under the cursor."""

    hovered = Signal(str)  # a line of text; empty when the cursor has left

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._channel: Channel | None = None
        self._picture: QPixmap | None = None
        self._pixmap: QPixmap | None = None
        self._colors: Colors = "viridis"
        self._over = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def channel(self) -> Channel | None:
        """What is shown."""
        return self._channel

    def show_channel(self, channel: Channel | None, picture: np.ndarray | None = None) -> None:
        """Show another channel; `picture` is the network's input, uint8 `[size, size, 3]`."""
        self._channel = channel
        self._picture = to_pixmap(picture) if picture is not None and picture.size else None
        self._make()
        name = "" if channel is None else f"Channel {channel.number}"
        span = "" if channel is None else f", values from {number(channel.low)} to {number(channel.high)}"
        self.setAccessibleName(name + span)

    def set_colors(self, colors: Colors) -> None:
        """Colour the values otherwise."""
        self._colors = colors
        self._make()

    def set_over_picture(self, over: bool) -> None:
        """Lay the channel over the picture, or show it alone."""
        self._over = over
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough for an impression."""
        return QSize(320, 360)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(200, 220)

    def _make(self) -> None:
        self._pixmap = None if self._channel is None else to_pixmap(colorize(self._channel.levels, self._colors))
        self.update()

    def _area(self) -> QRectF:
        """Where the channel is painted: as large as fits above the scale."""
        if self._pixmap is None:
            return QRectF()
        room = self.size() - QSize(0, _SCALE + _TEXT + 16)
        size = self._pixmap.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF((self.width() - size.width()) / 2, 0, size.width(), size.height())

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column of the value under a point of the widget; None outside."""
        area = self._area()
        if self._channel is None or not area.contains(point):
            return None
        rows, columns = self._channel.levels.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the value under the cursor."""
        place = self.place_at(event.position())
        if place is None or self._channel is None:
            self.hovered.emit("")
        else:
            self.hovered.emit(f"Row {place[0]}, column {place[1]}: {number(self._channel.value(*place))}")

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No value without a cursor."""
        self.hovered.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The values, then the scale with its two ends."""
        if self._pixmap is None or self._channel is None:
            return
        painter = QPainter(self)
        area = self._area()
        source = QRectF(self._pixmap.rect())
        if self._over and self._picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
            painter.setOpacity(_OVERLAY)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._pixmap.width() > area.width())
        painter.drawPixmap(area, self._pixmap, source)
        painter.setOpacity(1.0)
        self._paint_scale(painter, QRectF(area.left(), area.bottom() + 10, area.width(), _SCALE), self._channel)

    def _paint_scale(self, painter: QPainter, bar: QRectF, channel: Channel) -> None:
        colors = table(self._colors)
        for level in range(256):
            left = bar.left() + bar.width() * level / 256
            right = bar.left() + bar.width() * (level + 1) / 256
            painter.fillRect(
                QRectF(left, bar.top(), right - left + 0.6, bar.height()), QColor(*map(int, colors[level]))
            )
        painter.setPen(QColor(theme.current().muted))
        line = QRectF(bar.left(), bar.bottom() + 3, bar.width(), _TEXT)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, number(channel.low))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, number(channel.high))
        if channel.low < 0 < channel.high:
            zero = bar.left() + bar.width() * (0 - channel.low) / (channel.high - channel.low)
            painter.fillRect(QRectF(zero - 0.5, bar.top() - 3, 1, bar.height() + 6), QColor(theme.current().text))
            if 0.2 < (zero - bar.left()) / bar.width() < 0.8:
                around = QRectF(zero - 20, line.top(), 40, _TEXT)
                painter.drawText(around, Qt.AlignmentFlag.AlignHCenter, "0")
