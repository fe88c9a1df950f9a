"""Pictures as points in a plane: look, come nearer, choose some by drawing around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from PySide6.QtCore import (
    QAbstractAnimation,
    QEasingCurve,
    QEvent,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    QVariantAnimation,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.widgets import scatter_pictures, thumbnails
from deskclassify.ui.widgets.cloud import MARGIN, NOTHING, Cloud, Plane
from deskclassify.ui.widgets.marks import Marks
from deskclassify.ui.widgets.picture_tip import PictureTip

_EDGES = ((150, 13), (600, 11), (2_000, 10))  # up to so many points: pixels of a mark
_SMALLEST_EDGE = 9
_REACH = 10.0  # pixels from a point at which it is still meant
_STEP = 4.0  # pixels between the corners of a line that is drawn
_ZOOM_A_NOTCH = 1.25
_ZOOM_A_PIXEL = 1.004
_KEY_PIXELS = 60.0
_MOVE_MILLISECONDS = 650
_LATE_MILLISECONDS = 60  # in which pictures that arrive are gathered, to be drawn together
_Doing = Literal["", "press", "draw", "pan"]


class ScatterPlot(QWidget):
    """A mark for each picture, in the colour and shape of its class; wrong answers have a ring.

    The left button draws around points and chooses them (with Shift: these as well), a click tells of a point. The
    wheel zooms, the right or middle button (or the left one with Space) moves, a double-click shows all again.

    Args:
        placeholder: what is said while there are no points.
    """

    clicked = Signal(int)  # number of a point
    selection_changed = Signal()  # self.selection

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._placeholder = placeholder
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 140)
        self.setAccessibleName("Map of pictures")
        self.plane = Plane()
        self.cloud = NOTHING
        self.selection = np.empty(0, np.int64)  # numbers of points, ascending
        self.hovered = -1
        self.pinned = -1
        self._points = NOTHING.points  # where they are drawn: on their way while they move
        self._shown = np.empty(0, bool)
        self._order = np.empty(0, np.int64)
        self._marks = Marks(_SMALLEST_EDGE, 1.0)
        self._as_pictures = False
        self._sprites: list[QPixmap] | None = None
        self._layer: QPixmap | None = None
        self._doing: _Doing = ""
        self._line: list[QPointF] = []
        self._last = QPointF()
        self._space = False
        self._chosen_before = self.selection
        self._tip = PictureTip(self)
        self._moving = QVariantAnimation(self, duration=_MOVE_MILLISECONDS, startValue=0.0, endValue=1.0)
        self._moving.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._moving.valueChanged.connect(self._move)
        self._from = self._points
        self._late = QTimer(self, singleShot=True, interval=_LATE_MILLISECONDS)
        self._late.timeout.connect(self._redraw)
        thumbnails.shared().ready.connect(self._arrived)
        theme.notifier().changed.connect(self._recolour)
        self._set_cursor()

    # -- content ----------------------------------------------------------------------

    def set_cloud(self, cloud: Cloud) -> None:
        """Show other points. Those of the same pictures move to their new places, so that the eye can follow them."""
        is_same = bool(len(cloud)) and cloud.paths == self.cloud.paths
        self._moving.stop()
        self._from, self.cloud = self._points, cloud
        self._points = cloud.points
        if not is_same:
            self._shown = np.ones(len(cloud), bool)
            wrong = cloud.wrong
            # A fixed disorder, so that no class lies always on top of another; but errors on top of all.
            disorder = np.random.default_rng(0).permutation(len(cloud))
            self._order = disorder[np.argsort(wrong[disorder], kind="stable")]
            self.pinned = -1
            self.select(())
        self._hover(-1)
        self._sprites = None
        self.plane.reset()
        self.plane.set_extent(self._points)
        if is_same and self.isVisible() and not np.array_equal(self._from, cloud.points):
            self._move(0.0)
            self._moving.start()
        self._redraw()

    def set_hidden(self, classes: Iterable[int]) -> None:
        """Leave out the pictures of some classes, by their numbers; they are no longer chosen then."""
        self._shown = ~np.isin(self.cloud.labels, np.array(sorted(classes), np.int64))
        self._hover(-1)
        self.select(self.selection[self._shown[self.selection]])
        self._redraw()

    def set_pinned(self, number: int) -> None:
        """Mark one point for good; −1 for none."""
        self.pinned = number
        self.update()

    def select(self, numbers: Iterable[int]) -> None:
        """Choose points by their numbers."""
        chosen = np.unique(np.fromiter(numbers, np.int64))
        if not np.array_equal(chosen, self.selection):
            self.selection = chosen
            self._sprites = None
            self._redraw()
            wrong = int(self.cloud.wrong[chosen].sum())
            self.setAccessibleDescription(f"{counted(len(chosen), 'picture')} chosen, {wrong} of them wrong")
            self.selection_changed.emit()

    @Slot(bool)
    def set_as_pictures(self, wanted: bool) -> None:
        """Show the pictures themselves, where there is room, instead of their marks."""
        self._as_pictures = wanted
        self._redraw()

    @Slot()
    def reset_view(self) -> None:
        """Show all points again."""
        self.plane.reset()
        self._redraw()

    @Slot(object)
    def _move(self, share: float) -> None:
        self._points = ((1 - share) * self._from + share * self.cloud.points).astype(np.float32)
        self.plane.set_extent(self._points)
        self._redraw()

    @Slot()
    def _recolour(self) -> None:
        self._sprites = None
        self._marks = Marks(self._marks.edge, -1.0)  # of no screen: they are made anew
        self._redraw()

    @Slot()
    def _redraw(self) -> None:
        self._layer = None
        self.update()

    # -- where points are -------------------------------------------------------------

    def pixels(self) -> np.ndarray:
        """Where the points are in the widget, float64 `[n, 2]`."""
        return self.plane.to_pixels(self._points)

    def point_at(self, place: QPointF) -> int:
        """Number of the point at a pixel, the topmost of the nearest; −1 where there is none."""
        if not len(self.cloud):
            return -1
        distances = np.linalg.norm(self.pixels() - (place.x(), place.y()), axis=1)
        distances[~self._shown] = np.inf
        nearest = int(self._order[::-1][distances[self._order[::-1]].argmin()])
        reach = scatter_pictures.EDGE / 2 if self._as_pictures else _REACH
        return nearest if distances[nearest] <= reach else -1

    def points_in(self, line: QPolygonF) -> np.ndarray:
        """Numbers of the points within a closed line, int64."""
        pixels, box = self.pixels(), line.boundingRect()
        low, high = (box.left(), box.top()), (box.right(), box.bottom())
        near = np.flatnonzero(self._shown & (pixels >= low).all(axis=1) & (pixels <= high).all(axis=1))
        fill = Qt.FillRule.WindingFill
        inside = [at for at in near.tolist() if line.containsPoint(QPointF(*pixels[at]), fill)]
        return np.array(inside, np.int64)

    # -- drawing ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """The points, which are kept as a picture, and above them what follows the pointer."""
        ratio = self.devicePixelRatioF()
        if self._layer is None or self._layer.devicePixelRatio() != ratio:
            self._layer = self._draw_points(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme.current()
        if self._doing == "draw" and len(self._line) > 1:
            painter.setPen(QPen(QColor(colors.accent), 1.5, Qt.PenStyle.DashLine))
            soft = QColor(colors.accent)
            soft.setAlphaF(0.12)
            painter.setBrush(soft)
            painter.drawPolygon(QPolygonF(self._line), Qt.FillRule.WindingFill)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        reach = self._marks.side / 2 + 2
        for number, width in ((self.pinned, 2.5), (self.hovered, 1.5)):
            if number >= 0 and self._shown[number]:
                painter.setPen(QPen(QColor(colors.text), width))
                painter.drawEllipse(QPointF(*self.pixels()[number]), reach, reach)

    def _draw_points(self, ratio: float) -> QPixmap:
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        self._draw_frame(painter)
        sprites = self._make_sprites(ratio)
        pixels = self.pixels()
        half = self._marks.side / 2
        in_sight = self._shown & (pixels > -half).all(axis=1)
        in_sight &= (pixels < (self.width() + half, self.height() + half)).all(axis=1)
        order = self._order[in_sight[self._order]]
        if len(self.selection):
            is_chosen = np.isin(order, self.selection)
            order = np.concatenate([order[~is_chosen], order[is_chosen]])
        draw = painter.drawPixmap  # whole pixels: three times as fast as fractions
        corners = np.rint(pixels[order] - half).astype(int)
        for at, (x, y) in zip(order.tolist(), corners.tolist(), strict=True):
            draw(x, y, sprites[at])
        if self._as_pictures:
            self._draw_pictures(painter, order[::-1].tolist(), pixels, ratio)
        painter.end()
        return layer

    def _draw_pictures(self, painter: QPainter, order: list[int], pixels: np.ndarray, ratio: float) -> None:
        """Pictures of the points that come first, over the marks of those that have no room."""
        placed = scatter_pictures.with_room(pixels, order)
        faint = set(placed) - set(self.selection.tolist()) if len(self.selection) else set()
        edge = round(scatter_pictures.EDGE * ratio)
        missing = scatter_pictures.draw(painter, self.cloud, pixels, placed, faint, edge)
        thumbnails.shared().want(id(self), missing)

    @Slot(object)
    def _arrived(self, key: thumbnails.Key) -> None:
        edge = round(scatter_pictures.EDGE * self.devicePixelRatioF())
        if self._as_pictures and key[1] == edge and self.isVisible() and not self._late.isActive():
            self._late.start()

    def _draw_frame(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme.current().border))
        painter.setBrush(QColor(theme.current().surface))
        area = QRectF(self.rect())
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        if not len(self.cloud):
            painter.setPen(QColor(theme.current().muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), flags, self._placeholder)

    def _make_sprites(self, ratio: float) -> list[QPixmap]:
        """The mark of each point, in its order."""
        edge = next((edge for most, edge in _EDGES if len(self.cloud) <= most), _SMALLEST_EDGE)
        if (self._marks.edge, self._marks.ratio) != (edge, ratio):
            self._marks, self._sprites = Marks(edge, ratio), None
        if self._sprites is None:
            faint = np.zeros(len(self.cloud), bool)
            if len(self.selection):
                faint[:] = True
                faint[self.selection] = False
            said = np.where(self.cloud.wrong, self.cloud.predicted, -1)
            keys = zip(self.cloud.labels.tolist(), said.tolist(), faint.tolist(), strict=True)
            self._sprites = [self._marks.get(*key) for key in keys]
        return self._sprites

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
        self._hover(-1)
        super().leaveEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing moves that is not seen."""
        if self._moving.state() == QAbstractAnimation.State.Running:
            self._moving.stop()
            self._move(1.0)
        self._hover(-1)
        self._late.stop()
        thumbnails.shared().want(id(self), [])
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        self._hover(-1)
        self.plane.set_size(self.width(), self.height())
        super().resizeEvent(event)
        self._redraw()

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

    def answer(self, number: int) -> str:
        """What the network says of a picture, in words."""
        cloud = self.cloud
        said = cloud.classes[cloud.predicted[number]]
        text = f"The network says “{said}”" if cloud.wrong[number] else "The network agrees"
        return f"{text} ({100 * cloud.probability[number]:.0f} %)" if len(cloud.probability) else text

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
