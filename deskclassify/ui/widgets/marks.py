"""The marks of classes in a plot: a colour and a shape for each, so that no eye depends on colour alone."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF, QTransform

from deskclassify.ui import theme

_RING = 2.0  # pixels
_GAP = 1.6  # pixels between a mark and its ring
_FAINT = 0.16
_CROSS_ARM = 0.36  # half the width of a cross' arm, of its radius


def _corners(count: int, first_degrees: float, inner: float = 0.0) -> QPainterPath:
    """A regular polygon in the unit circle; a star where `inner` is the radius of its inner corners."""
    places = []
    for at in range(count):
        for radius, turn in ((1.0, at), (inner, at + 0.5)) if inner else ((1.0, float(at)),):
            angle = math.radians(first_degrees + 360 * turn / count)
            places.append(QPointF(radius * math.cos(angle), -radius * math.sin(angle)))
    path = QPainterPath()
    path.addPolygon(QPolygonF(places))
    path.closeSubpath()
    return path


def _circle() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), 0.9, 0.9)
    return path


def _cross(turned: bool) -> QPainterPath:
    path, arm = QPainterPath(), _CROSS_ARM
    path.addRect(QRectF(-1, -arm, 2, 2 * arm))
    other = QPainterPath()
    other.addRect(QRectF(-arm, -1, 2 * arm, 2))
    return QTransform().rotate(45 if turned else 0).map(path.united(other))


# Neighbours in the alphabet differ much. There are as many as share no factor with the ten colours, so that no two
# of the first seventy classes look alike.
SHAPES = (
    _circle(),
    _corners(4, 45),
    _corners(3, 90),
    _corners(4, 0),
    _cross(turned=False),
    _corners(3, 270),
    _corners(5, 90, 0.5),
)


class Marks:
    """Draws marks, each once.

    Args:
        edge: width of a mark without its ring, in pixels.
        ratio: device pixels a pixel.
    """

    def __init__(self, edge: int, ratio: float) -> None:
        self.edge = edge
        self.side = edge + 2 * math.ceil(_GAP + _RING + 0.5)  # pixels of a picture: the mark is in its middle
        self.ratio = ratio
        self._kept: dict[tuple[int, int, bool], QPixmap] = {}

    def get(self, number: int, said: int = -1, is_faint: bool = False) -> QPixmap:
        """The mark of a class; with a ring in the colour of the class `said`, unless that is −1."""
        key = (number, said, is_faint)
        if key not in self._kept:
            self._kept[key] = self._draw(number, said, is_faint)
        return self._kept[key]

    def _draw(self, number: int, said: int, is_faint: bool) -> QPixmap:
        made = QPixmap(round(self.side * self.ratio), round(self.side * self.ratio))
        made.setDevicePixelRatio(self.ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_FAINT if is_faint else 1.0)
        painter.translate(self.side / 2, self.side / 2)
        if said >= 0:
            painter.setPen(QPen(QColor(theme.class_color(said)), _RING))
            painter.setBrush(QColor(theme.current().surface))
            radius = self.edge / 2 + _GAP + _RING / 2
            painter.drawEllipse(QPointF(0, 0), radius, radius)
        radius = self.edge / 2 - 0.5
        painter.scale(radius, radius)
        # A thin line in the surface's colour keeps marks that overlap apart.
        painter.setPen(QPen(QColor(theme.current().surface), 1 / radius))
        painter.setBrush(QColor(theme.class_color(number)))
        painter.drawPath(SHAPES[number % len(SHAPES)])
        painter.end()
        return made
