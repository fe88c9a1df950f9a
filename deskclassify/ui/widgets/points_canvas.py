"""Pictures drawn as points in a plane, as marks of their classes or as small pictures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import (
    QAbstractAnimation,
    QEasingCurve,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    QVariantAnimation,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.widgets import scatter_pictures, thumbnails
from deskclassify.ui.widgets.cloud import MARGIN, NOTHING, Cloud, Plane
from deskclassify.ui.widgets.marks import Marks

_EDGES = ((150, 13), (600, 11), (2_000, 10))  # up to so many points: pixels of a mark
_SMALLEST_EDGE = 9
_REACH = 10.0  # pixels from a point at which it is still meant
_MOVE_MILLISECONDS = 650
_LATE_MILLISECONDS = 60  # in which pictures that arrive are gathered, to be drawn together


class PointsCanvas(QWidget):
    """A mark for each picture, in the colour and shape of its class; wrong answers have a ring.

    Attributes:
        plane: what is seen of the points.
        cloud: the pictures.
        selection: numbers of those that are chosen, int64, ascending.
        pinned: number of the one that has a circle; −1 for none.

    Args:
        placeholder: what is said while there are no points.
    """

    selection_changed = Signal()

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._placeholder = placeholder
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 140)
        self.setAccessibleName("Map of pictures")
        self.plane = Plane()
        self.cloud = NOTHING
        self.selection = np.empty(0, np.int64)
        self.pinned = -1
        self._points = NOTHING.points  # where they are drawn: on their way while they move
        self._from = NOTHING.points
        self._shown = np.empty(0, bool)
        self._order = np.empty(0, np.int64)  # in which they are drawn
        self._marks = Marks(_SMALLEST_EDGE, 1.0)
        self._as_pictures = False
        self._sprites: list[QPixmap] | None = None
        self._layer: QPixmap | None = None
        self._moving = QVariantAnimation(self, duration=_MOVE_MILLISECONDS, startValue=0.0, endValue=1.0)
        self._moving.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._moving.valueChanged.connect(self._move)
        self._late = QTimer(self, singleShot=True, interval=_LATE_MILLISECONDS)
        self._late.timeout.connect(self._redraw)
        thumbnails.shared().ready.connect(self._arrived)
        theme.notifier().changed.connect(self._recolour)

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
        self.let_go()
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
        self.let_go()
        self.select(self.selection[self._shown[self.selection]])
        self._redraw()

    def set_pinned(self, number: int) -> None:
        """Mark one point for good; −1 for none."""
        self.pinned = number
        self._redraw()

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

    def let_go(self) -> None:
        """What was under the pointer is there no more."""

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

    # -- drawing ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """The points, which are kept as a picture, and a circle around the pinned one."""
        ratio = self.devicePixelRatioF()
        if self._layer is None or self._layer.devicePixelRatio() != ratio:
            self._layer = self._draw_points(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        self.draw_circle(painter, self.pinned, 2.5)

    def draw_circle(self, painter: QPainter, number: int, width: float) -> None:
        """Draw a circle around a point, outside of its ring; nothing for −1 and where it is hidden."""
        if number >= 0 and self._shown[number]:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().text), width))
            around = scatter_pictures.EDGE * 1.6 if self._as_pictures else self._marks.side
            reach = around / 2 + 2
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
        if self.pinned in order:
            order = [self.pinned, *order]
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

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing moves that is not seen."""
        if self._moving.state() == QAbstractAnimation.State.Running:
            self._moving.stop()
            self._move(1.0)
        self.let_go()
        self._late.stop()
        thumbnails.shared().want(id(self), [])
        self._redraw()  # what was still wanted is asked for again when it is seen
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        self.let_go()
        self.plane.set_size(self.width(), self.height())
        super().resizeEvent(event)
        self._redraw()
