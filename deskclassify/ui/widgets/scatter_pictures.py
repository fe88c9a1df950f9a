"""Points as small pictures: as many as there is room for, and more the nearer one comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from deskclassify.ui import theme
from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.cloud import Cloud

EDGE = 38  # pixels of a picture
_SPACE = EDGE + 8  # pixels from picture to picture, with its frames
_MOST_TRIED = 1_500  # points that are looked at for room: more would make a frame late
_FRAME = 2.0  # pixels
_FAINT = 0.2


def with_room(pixels: np.ndarray, order: Sequence[int]) -> list[int]:
    """The points whose pictures do not overlap, the first ones of `order` before others.

    Args:
        pixels: float64 `[n, 2]`.
        order: numbers of points.
    """
    taken: dict[tuple[int, int], tuple[float, float]] = {}
    placed = []
    for at in order[:_MOST_TRIED]:
        x, y = float(pixels[at, 0]), float(pixels[at, 1])
        column, row = int(x // _SPACE), int(y // _SPACE)
        near = (taken.get((column + i, row + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
        if all(one is None or abs(one[0] - x) >= _SPACE or abs(one[1] - y) >= _SPACE for one in near):
            taken[column, row] = (x, y)
            placed.append(at)
    return placed


def draw(
    painter: QPainter, cloud: Cloud, pixels: np.ndarray, placed: Sequence[int], faint: set[int], edge: int
) -> list[thumbnails.Key]:
    """Draw pictures around their points, framed in the colour of their class; wrong answers in that of what was said.

    Args:
        painter: of the plot.
        cloud: the pictures.
        pixels: where they are, float64 `[n, 2]`.
        placed: numbers of those that are drawn.
        faint: numbers of those that are paled.
        edge: of a thumbnail, in pixels of the device.

    Returns:
        Those that are not there yet, and left out.
    """
    missing = []
    wrong = cloud.wrong
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for at in placed:
        key = (cloud.paths[at], edge)
        picture = thumbnails.shared().get(key)
        if picture is None:
            missing.append(key)
        if not isinstance(picture, QPixmap):
            continue  # its mark is there
        painter.setOpacity(_FAINT if at in faint else 1.0)
        area = QRectF(round(pixels[at, 0] - EDGE / 2), round(pixels[at, 1] - EDGE / 2), EDGE, EDGE)
        colors = [cloud.labels[at], cloud.predicted[at]] if wrong[at] else [cloud.labels[at]]
        painter.fillRect(area, QColor(theme.current().surface))
        painter.drawPixmap(area, picture, QRectF(picture.rect()))
        for layer, number in enumerate(colors):
            grown = _FRAME / 2 + layer * (_FRAME + 1)
            painter.setPen(QPen(QColor(theme.class_color(int(number))), _FRAME))
            painter.drawRoundedRect(area.adjusted(-grown, -grown, grown, grown), 3 + grown, 3 + grown)
    painter.restore()
    return missing
