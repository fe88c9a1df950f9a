"""A small matrix as coloured cells with their numbers, and a map on which one place is marked."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import colorize, number, signed_color, text_on
from deskclassify.ui.widgets.images import to_pixmap

_SMALLEST_TEXT = 8  # pixels; smaller numbers are left to the tooltip
_LARGEST_CELL = 74


class MatrixView(QWidget):
    """Signed numbers: blue below zero, orange above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = np.zeros((0, 0), dtype=np.float32)
        self._inside = np.zeros((0, 0), dtype=bool)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def values(self) -> np.ndarray:
        """What is shown, float32 `[rows, columns]`."""
        return self._values

    def set_values(self, values: np.ndarray, inside: np.ndarray | None = None) -> None:
        """Show other numbers; cells that are not `inside` are hatched as padding."""
        self._values = values
        self._inside = np.ones(values.shape, dtype=bool) if inside is None else inside
        if values.size:
            self.setMaximumHeight(values.shape[0] * _LARGEST_CELL + 2)
        self.setAccessibleDescription("; ".join(" ".join(number(float(one)) for one in row) for row in values[:11]))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A square."""
        return QSize(200, 200)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that can be read for 3 × 3."""
        return QSize(84, 84)

    def _cell(self) -> float:
        rows, columns = self._values.shape
        return min(self.width() / max(1, columns), self.height() / max(1, rows), _LARGEST_CELL)

    def _area(self) -> QRectF:
        rows, columns = self._values.shape
        width, height = self._cell() * columns, self._cell() * rows
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The exact number as a tooltip, also where cells are too small for text."""
        area = self._area()
        tip = ""
        if area.contains(event.position()):
            row = min(int((event.position().y() - area.top()) / self._cell()), self._values.shape[0] - 1)
            column = min(int((event.position().x() - area.left()) / self._cell()), self._values.shape[1] - 1)
            tip = f"{float(self._values[row, column]):.6g}".replace("-", "−")
            if not self._inside[row, column]:
                tip += " (outside the picture: padding)"
        self.setToolTip(tip)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Cells, then numbers where they fit."""
        if not self._values.size:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = theme.current()
        largest = float(np.abs(self._values).max())
        area, cell = self._area(), self._cell()
        texts = {place: number(float(value)) for place, value in np.ndenumerate(self._values)}
        pixels = self._text_pixels(texts.values(), cell - 4)
        font = painter.font()
        font.setPixelSize(max(1, pixels))
        painter.setFont(font)
        for (row, column), value in np.ndenumerate(self._values):
            box = QRectF(area.left() + column * cell, area.top() + row * cell, cell, cell).adjusted(1, 1, -1, -1)
            color = signed_color(float(value), largest)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(box, 3, 3)
            if not self._inside[row, column]:
                painter.setBrush(QColor(palette.muted))
                painter.setOpacity(0.45)
                painter.drawRoundedRect(box, 3, 3)
                painter.setOpacity(1.0)
            if pixels:
                painter.setPen(text_on(color))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, texts[row, column])

    def _text_pixels(self, texts: Iterable[str], room: float) -> int:
        """The largest size at which every number fits its cell; 0 where none could be read."""
        font = QFont(self.font())
        longest = max(texts, key=len, default="")
        for pixels in range(min(14, int(room * 0.4)), _SMALLEST_TEXT - 1, -1):
            font.setPixelSize(pixels)
            if QFontMetricsF(font).horizontalAdvance(longest) <= room:
                return pixels
        return 0


class PlaceMap(QWidget):
    """A channel's output with one place marked; a click or the arrow keys pick another."""

    picked = Signal(int, int)  # row, column

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape = (0, 0)
        self._pixmap: QPixmap | None = None
        self._place = (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    def set_output(self, output: np.ndarray) -> None:
        """Show another channel, float32 `[h, w]`."""
        low, high = float(output.min()), float(output.max())
        levels = np.clip((output - low) * (255 / ((high - low) or 1.0)), 0, 255).astype(np.uint8)
        self._shape = (int(output.shape[0]), int(output.shape[1]))
        self._pixmap = to_pixmap(colorize(levels, "viridis"))
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
        return QSize(210, 210)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that can be pointed at."""
        return QSize(120, 90)

    def _area(self) -> QRectF:
        if self._pixmap is None:
            return QRectF()
        size = self._pixmap.size().scaled(self.size() - QSize(6, 6), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pick the place under the cursor."""
        self.setFocus()
        self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow the cursor while the button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event.position())

    def _pick(self, point: QPointF) -> None:
        area = self._area()
        if area.width() <= 0:
            return
        rows, columns = self._shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        self._emit(row, column)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrow keys move the window over the picture."""
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None or self._pixmap is None:
            super().keyPressEvent(event)
        else:
            self._emit(self._place[0] + move[0], self._place[1] + move[1])

    def _emit(self, row: int, column: int) -> None:
        rows, columns = self._shape
        place = (max(0, min(rows - 1, row)), max(0, min(columns - 1, column)))
        if place != self._place:
            self.picked.emit(*place)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The map and the mark, large enough to be seen on a map of many places."""
        if self._pixmap is None:
            return
        painter = QPainter(self)
        area = self._area()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._pixmap.width() > area.width())
        painter.drawPixmap(area, self._pixmap, QRectF(self._pixmap.rect()))
        rows, columns = self._shape
        width, height = area.width() / columns, area.height() / rows
        left, top = area.left() + self._place[1] * width, area.top() + self._place[0] * height
        grow = max(0.0, (8 - width) / 2)
        mark = QRectF(left, top, width, height).adjusted(-grow, -grow, grow, grow)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#000000"), 4))
        painter.drawRect(mark)
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.drawRect(mark)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(area.adjusted(-2, -2, 2, 2))
