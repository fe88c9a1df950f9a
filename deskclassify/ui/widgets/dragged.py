"""Pictures that are dragged within the window: to be dropped on a class."""

from __future__ import annotations

import json
from collections.abc import Iterable

from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from deskclassify.ui import theme

PICTURES = "application/x-deskclassify-pictures"  # a JSON list of paths
_EDGE = 72  # pixels of a picture under the pointer
_STEP = 6  # pixels between those of a pile
_MOST_IN_PILE = 3


def as_mime(paths: Iterable[str]) -> QMimeData:
    """Pictures to be dragged. Only this window understands them: no other program is to move the files."""
    mime = QMimeData()
    mime.setData(PICTURES, json.dumps(list(paths)).encode("ascii"))
    return mime


def paths_of(mime: QMimeData) -> list[str]:
    """The pictures that are being dragged; none if it is something else."""
    if not mime.hasFormat(PICTURES):
        return []
    value = json.loads(bytes(mime.data(PICTURES).data()))
    return [path for path in value if isinstance(path, str)] if isinstance(value, list) else []


def pile(pictures: list[QPixmap], count: int, ratio: float) -> QPixmap:
    """What hangs on the pointer: up to three of the pictures, and how many there are.

    Args:
        pictures: the first of them.
        count: of all.
        ratio: device pixels for each pixel.
    """
    shown = pictures[:_MOST_IN_PILE] or [QPixmap()]
    side = _EDGE + _STEP * (len(shown) - 1) + 12
    made = QPixmap(QSize(side, side) * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    colors = theme.current()
    for at, picture in reversed(list(enumerate(shown))):
        place = QRect(QPoint(at * _STEP, at * _STEP), QSize(_EDGE, _EDGE))
        painter.fillRect(place, QColor(colors.raised))
        if not picture.isNull():
            painter.drawPixmap(place, picture)
        painter.setPen(QPen(QColor(colors.surface), 2))
        painter.drawRect(place)
    if count > 1:
        _number(painter, side, f"{count:,}")
    painter.end()
    return made


def _number(painter: QPainter, side: int, text: str) -> None:
    colors, font = theme.current(), QFont(painter.font())
    font.setBold(True)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    width = max(metrics.height(), metrics.horizontalAdvance(text)) + 8
    place = QRect(side - width, side - metrics.height() - 4, width, metrics.height() + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colors.accent))
    painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)
    painter.setPen(QColor(colors.accent_text))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
