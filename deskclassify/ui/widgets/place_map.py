"""A picture over which a window moves: a channel's output, or the network's input, with one place marked."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import colorize
from deskclassify.ui.widgets.images import to_pixmap

_SMALLEST_MARK = 9.0  # pixels; a smaller one could not be seen
_JUMPS = 4  # Page Up and Page Down move by this part of the height
_SHADE = 0.4  # how far what lies outside the window is darkened
_SHADE_FROM = 14.0  # pixels of the mark; around a small one there would be nothing but shade
Window = tuple[int, int, int, int]
"""top, left, height and width in pixels of the picture"""


class PlaceMap(QWidget):
    """Marks one place of a grid, or the window that belongs to it; a click or the keys pick another.

    Arrow keys move by one place, Page Up and Page Down by a quarter of the height, Home and End to the ends of the row,
    and with Ctrl to the first and the last place of all.
    """

    picked = Signal(int, int)  # row, column

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = (0, 0)
        self._pixmap: QPixmap | None = None
        self._place = (0, 0)
        self._window: Window | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def window_shown(self) -> Window | None:
        """What is marked, where that is not just the place."""
        return self._window

    def set_output(self, output: np.ndarray) -> None:
        """Show a channel, float32 `[h, w]`; its values are the places."""
        low, high = float(output.min()), float(output.max())
        levels = np.clip((output - low) * (255 / ((high - low) or 1.0)), 0, 255).astype(np.uint8)
        self._grid, self._window = (int(output.shape[0]), int(output.shape[1])), None
        self._pixmap = to_pixmap(colorize(levels, "viridis"))
        self.update()

    def set_picture(self, pixels: np.ndarray, rows: int, columns: int, window: Window) -> None:
        """Show a picture, uint8 `[h, w, 3]`, over which a window moves in so many places, and where it is now."""
        self._grid, self._window = (rows, columns), window
        self._pixmap = to_pixmap(pixels) if pixels.size else None
        self.update()

    def set_place(self, row: int, column: int) -> None:
        """Mark another place."""
        self._place = (row, column)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._pixmap = None
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A square."""
        return QSize(180, 180)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that can be pointed at."""
        return QSize(96, 84)

    def area(self) -> QRectF:
        """Where the picture is painted: as large as fits, at the top."""
        if self._pixmap is None:
            return QRectF()
        size = self._pixmap.size().scaled(self.size() - QSize(6, 6), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF((self.width() - size.width()) / 2, 3, size.width(), size.height())

    def mark(self) -> QRectF:
        """Where the place or its window is painted, large enough to be seen."""
        area = self.area()
        if self._pixmap is None or not all(self._grid):
            return QRectF()
        if self._window is None:
            width, height = area.width() / self._grid[1], area.height() / self._grid[0]
            left, top = self._place[1] * width, self._place[0] * height
        else:
            scale = area.width() / self._pixmap.width()
            top, left, height, width = (scale * side for side in self._window)
        wider, taller = (max(0.0, (_SMALLEST_MARK - side) / 2) for side in (width, height))
        mark = QRectF(area.left() + left, area.top() + top, width, height)
        return mark.adjusted(-wider, -taller, wider, taller)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pick the place under the cursor."""
        self.setFocus()
        self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow the cursor while the button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event.position())

    def _pick(self, point: QPointF) -> None:
        area = self.area()
        if area.width() <= 0:
            return
        rows, columns = self._grid
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        self._emit(row, column)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move the window; keys of no use here go to the parent."""
        (row, column), (rows, columns) = self._place, self._grid
        page = max(1, rows // _JUMPS)
        of_all = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        places = {
            Qt.Key.Key_Left: (row, column - 1),
            Qt.Key.Key_Right: (row, column + 1),
            Qt.Key.Key_Up: (row - 1, column),
            Qt.Key.Key_Down: (row + 1, column),
            Qt.Key.Key_PageUp: (row - page, column),
            Qt.Key.Key_PageDown: (row + page, column),
            Qt.Key.Key_Home: (0 if of_all else row, 0),
            Qt.Key.Key_End: (rows - 1 if of_all else row, columns - 1),
        }
        place = places.get(Qt.Key(event.key()))
        if place is None or self._pixmap is None or (event.modifiers() & Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        else:
            self._emit(*place)

    def _emit(self, row: int, column: int) -> None:
        rows, columns = self._grid
        place = (max(0, min(rows - 1, row)), max(0, min(columns - 1, column)))
        if place != self._place:
            self.picked.emit(*place)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture, what lies outside the window a little darker, and the mark."""
        if self._pixmap is None:
            return
        painter = QPainter(self)
        area, mark = self.area(), self.mark()
        smooth = self._window is not None or self._pixmap.width() > area.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawPixmap(area, self._pixmap, QRectF(self._pixmap.rect()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._window is not None and min(mark.width(), mark.height()) > _SHADE_FROM:
            outside = QPainterPath()
            outside.addRect(area)
            outside.addRect(mark)
            painter.setOpacity(_SHADE)
            painter.fillPath(outside, QColor("#000000"))
            painter.setOpacity(1.0)
        for color, width in (("#000000", 4), ("#ffffff", 2)):  # can be seen on light and on dark
            painter.setPen(QPen(QColor(color), width))
            painter.drawRect(mark)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(area.adjusted(-2, -2, 2, 2))
