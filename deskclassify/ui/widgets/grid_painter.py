"""How one cell of an image grid is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from deskclassify.ui import theme

if TYPE_CHECKING:
    from deskclassify.ui.widgets.image_grid import GridEntry

_PAD = 5  # pixels around a picture
_DOT = 8  # pixels
_CORNER = 6.0  # pixels
_BROKEN_PIXELS = 32
_MOST_KEPT = 400  # pictures in their size on the screen: several screens full


class GridPainter:
    """Draws cells of one size. Holds fonts and measures, so that a frame costs little."""

    def __init__(self, widget: QWidget, edge: int, lines: int) -> None:
        self._edge = edge
        self._lines = lines
        self._kept: dict[tuple[int, int, float], QPixmap] = {}
        self._font = QFont(widget.font())
        self._small = QFont(widget.font())
        self._small.setPointSizeF(max(7.0, self._small.pointSizeF() * 0.88))
        self._metrics = QFontMetrics(self._font)
        self._small_metrics = QFontMetrics(self._small)
        height = 2 * _PAD + (self._metrics.height() if lines else 0) + _PAD * (lines > 0)
        height += self._small_metrics.height() if lines > 1 else 0
        self._extra = height  # pixels that are not the picture
        self.cell = QSize(edge + 2 * _PAD, edge + height)

    def fitted(self, width: int, growth: float) -> QSize:
        """The cell with which whole columns fill a width; pictures grow by `growth` at most."""
        columns = max(1, width // self.cell.width())
        edge = max(1, min(width // columns - 2 * _PAD, int(self._edge * growth)))  # there may be no room at all
        return QSize(edge + 2 * _PAD, edge + self._extra)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, entry: GridEntry, thumbnail: QPixmap | str | None
    ) -> None:
        """Draw one cell into `option.rect`."""
        colors = theme.current()
        cell: QRect = option.rect
        edge = cell.width() - 2 * _PAD
        picture = QRect(cell.left() + _PAD, cell.top() + _PAD, edge, edge)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._background(painter, option, cell)
        self._picture(painter, picture, thumbnail)
        if entry.bad:
            painter.setPen(QPen(QColor(colors.bad), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(picture.adjusted(1, 1, -1, -1), _CORNER, _CORNER)
        if entry.badge:
            self._badge(painter, picture, entry.badge)
        if self._lines:
            self._text(painter, picture, entry)
        painter.restore()

    def _background(self, painter: QPainter, option: QStyleOptionViewItem, cell: QRect) -> None:
        colors, state = theme.current(), option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.accent_soft if selected else colors.raised))
            painter.drawRoundedRect(cell, theme.RADIUS, theme.RADIUS)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colors.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)

    def _picture(self, painter: QPainter, place: QRect, thumbnail: QPixmap | str | None) -> None:
        if isinstance(thumbnail, QPixmap):
            painter.drawPixmap(place.topLeft(), self._fitted(thumbnail, place.width(), painter))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().raised))
        painter.drawRoundedRect(place, _CORNER, _CORNER)
        if thumbnail is not None:
            ratio = painter.device().devicePixelRatio()
            sign = theme.pixmap("image-broken", _BROKEN_PIXELS, theme.current().bad, ratio)
            painter.drawPixmap(place.center() - QPoint(_BROKEN_PIXELS // 2, _BROKEN_PIXELS // 2), sign)

    def _fitted(self, thumbnail: QPixmap, edge: int, painter: QPainter) -> QPixmap:
        """The picture in its size on the screen, with round corners. Kept: both cost most of a frame."""
        ratio = painter.device().devicePixelRatio()
        key = (thumbnail.cacheKey(), edge, ratio)
        known = self._kept.get(key)
        if known is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            known = self._kept[key] = _rounded(thumbnail, edge, ratio)
        return known

    def _badge(self, painter: QPainter, picture: QRect, text: str) -> None:
        width = self._small_metrics.horizontalAdvance(text) + 12
        place = QRect(picture.right() - width - 4, picture.top() + 5, width, self._small_metrics.height() + 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().surface))
        painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)
        painter.setFont(self._small)
        painter.setPen(QColor(theme.current().text))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _text(self, painter: QPainter, picture: QRect, entry: GridEntry) -> None:
        colors = theme.current()
        line = QRect(picture.left(), picture.bottom() + _PAD, picture.width(), self._metrics.height())
        if entry.color:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(entry.color))
            painter.drawEllipse(line.left() + 1, line.center().y() - _DOT // 2 + 1, _DOT, _DOT)
            line.setLeft(line.left() + _DOT + 6)
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._font)
        painter.setPen(QColor(colors.bad if entry.bad else colors.text))
        painter.drawText(
            line, vertical, self._metrics.elidedText(entry.title, Qt.TextElideMode.ElideRight, line.width())
        )
        if self._lines > 1 and entry.subtitle:
            line = QRect(picture.left(), line.bottom() + 1, picture.width(), self._small_metrics.height())
            painter.setFont(self._small)
            painter.setPen(QColor(colors.muted))
            short = self._small_metrics.elidedText(entry.subtitle, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, vertical, short)


def _rounded(thumbnail: QPixmap, edge: int, ratio: float) -> QPixmap:
    pixels = round(edge * ratio)
    made = QPixmap(pixels, pixels)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(made.rect()), _CORNER * ratio, _CORNER * ratio)
    painter.setClipPath(shape)
    painter.drawPixmap(made.rect(), thumbnail)
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
