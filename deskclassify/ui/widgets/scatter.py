"""Pictures as points in a plane: look, come nearer, choose some by drawing around them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.picture_tip import PictureTip
from deskclassify.ui.widgets.points_canvas import PointsCanvas

_STEP = 4.0  # pixels between the corners of a line that is drawn
_ZOOM_A_NOTCH = 1.25
_ZOOM_A_PIXEL = 1.004
_KEY_PIXELS = 60.0
_Doing = Literal["", "press", "draw", "pan"]


class ScatterPlot(PointsCanvas):
    """Points that can be pointed at, come nearer to, and chosen.

    The left button draws around points and chooses them (with Shift: these as well), a click tells of a point. The
    wheel zooms, the right or middle button (or the left one with Space) moves, a double-click shows all again.
    """

    clicked = Signal(int)  # number of a point

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(placeholder, parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hovered = -1
        self._doing: _Doing = ""
        self._line: list[QPointF] = []
        self._last = QPointF()
        self._space = False
        self._chosen_before = self.selection
        self._tip = PictureTip(self)
        self._set_cursor()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """The points, and above them what follows the pointer."""
        super().paintEvent(event)
        painter = QPainter(self)
        self.draw_circle(painter, self.hovered, 1.5)
        if self._doing == "draw" and len(self._line) > 1:
            accent = QColor(theme.current().accent)
            painter.setPen(QPen(accent, 1.5, Qt.PenStyle.DashLine))
            accent.setAlphaF(0.12)
            painter.setBrush(accent)
            painter.drawPolygon(QPolygonF(self._line), Qt.FillRule.WindingFill)

    def answer(self, number: int) -> str:
        """What the network says of a picture, in words."""
        cloud = self.cloud
        said = cloud.classes[cloud.predicted[number]]
        text = f"The network says “{said}”" if cloud.wrong[number] else "The network agrees"
        return f"{text} ({100 * cloud.probability[number]:.0f} %)" if len(cloud.probability) else text

    def points_in(self, line: QPolygonF) -> np.ndarray:
        """Numbers of the points within a closed line, int64."""
        pixels, box = self.pixels(), line.boundingRect()
        low, high = (box.left(), box.top()), (box.right(), box.bottom())
        near = np.flatnonzero(self._shown & (pixels >= low).all(axis=1) & (pixels <= high).all(axis=1))
        fill = Qt.FillRule.WindingFill
        inside = [at for at in near.tolist() if line.containsPoint(QPointF(*pixels[at]), fill)]
        return np.array(inside, np.int64)

    # -- pointer and keys -------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin to draw, or to move."""
        self._last = event.position()
        is_left = event.button() == Qt.MouseButton.LeftButton
        self._doing = "press" if is_left and not self._space else "pan"
        self._line = [event.position()]
        self._hover(-1 if self._doing == "pan" else self.hovered)
        self._set_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Go on with what was begun; else tell of the point under the pointer."""
        here = event.position()
        if self._doing == "pan":
            self.plane.move(here.x() - self._last.x(), here.y() - self._last.y())
            self._last = here
            self._redraw()
        elif self._doing:
            distance = (here - self._line[-1]).manhattanLength()
            if self._doing == "press" and distance >= QApplication.startDragDistance():
                self._doing = "draw"
                self._hover(-1)
            if self._doing == "draw" and distance >= _STEP:
                self._line.append(here)
                self.update()
        else:
            self._hover(self.point_at(here))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose what was drawn around, or tell of what was clicked."""
        doing, self._doing = self._doing, ""
        self._set_cursor()
        if doing == "draw":
            inside = self.points_in(QPolygonF(self._line))
            is_more = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.select(np.union1d(self.selection, inside) if is_more else inside)
        elif doing == "press":
            number = self.point_at(event.position())
            self._chosen_before = self.selection
            if number >= 0:
                self.clicked.emit(number)
            else:
                self.select(())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show all again; what the first of the two clicks has let go is chosen again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.select(self._chosen_before)
            self.reset_view()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Come nearer to what is under the pointer, or go away."""
        pixels, notches = event.pixelDelta().y(), event.angleDelta().y() / 120
        factor = _ZOOM_A_PIXEL**pixels if pixels else _ZOOM_A_NOTCH**notches
        self.plane.zoom_at(event.position().x(), event.position().y(), factor)
        self._hover(self.point_at(event.position()) if not self._doing else -1)
        self._redraw()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Space, plus, minus, arrows, Home: as the pointer does. Ctrl+A chooses all, Escape none."""
        key, moves = event.key(), _MOVES.get(event.key())
        if key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self._set_cursor()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 / _ZOOM_A_NOTCH if key == Qt.Key.Key_Minus else _ZOOM_A_NOTCH
            self.plane.zoom_at(self.width() / 2, self.height() / 2, factor)
            self._redraw()
        elif moves is not None:
            self.plane.move(moves[0] * _KEY_PIXELS, moves[1] * _KEY_PIXELS)
            self._redraw()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_0):
            self.reset_view()
        elif key == Qt.Key.Key_Escape and len(self.selection):
            self.select(())
        elif key == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.select(np.flatnonzero(self._shown))
        elif key != Qt.Key.Key_Space:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Without Space the left button draws again."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._set_cursor()
        else:
            super().keyReleaseEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is pointed at."""
        self.let_go()
        super().leaveEvent(event)

    def let_go(self) -> None:
        """Nothing is pointed at any more."""
        self._hover(-1)

    def _hover(self, number: int) -> None:
        if number == self.hovered:
            return
        self.hovered = number
        if number < 0:
            self._tip.hide()
        else:
            place = QPointF(*self.pixels()[number]).toPoint()
            path, is_wrong = self.cloud.paths[number], bool(self.cloud.wrong[number])
            label = self.cloud.classes[self.cloud.labels[number]]
            self._tip.show_picture(path, label, self.answer(number), is_wrong, place)
        self._set_cursor()
        self.update()

    def _set_cursor(self) -> None:
        shape = Qt.CursorShape.CrossCursor
        if self._doing == "pan":
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif self.hovered >= 0 and not self._doing:
            shape = Qt.CursorShape.PointingHandCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)


_MOVES = {
    Qt.Key.Key_Left.value: (1, 0),
    Qt.Key.Key_Right.value: (-1, 0),
    Qt.Key.Key_Up.value: (0, 1),
    Qt.Key.Key_Down.value: (0, -1),
}
