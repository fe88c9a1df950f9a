"""How a layer is drawn in the list of layers."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from deskclassify.core.network_parts import Place, short_shape, title_of
from deskclassify.ui import theme
from deskclassify.ui.widgets.map_painter import small_font, swatch

_Index = QModelIndex | QPersistentModelIndex
_ROW, _STAGE, _BLOCK = 40, 26, 20  # pixels
_MARK = 9.0  # pixels of the mark for trained or frozen
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class LayerDelegate(QStyledItemDelegate):
    """Two lines a layer; above the first one of a stage and of a block, their names.

    Args:
        place_role: by which the model gives a row's `Place`.
    """

    def __init__(self, place_role: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._role = place_role

    def _begun(self, index: _Index) -> tuple[str, str]:
        """The stage and the block that begin with a row, in what is left by the search; empty where none does."""
        place: Place = index.data(self._role)
        above: Place | None = index.model().index(index.row() - 1, 0).data(self._role) if index.row() else None
        stage = place.stage.title if above is None or above.stage is not place.stage else ""
        block = place.block.title if above is None or above.block is not place.block else ""
        return stage, block

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        """As high as the headings above need."""
        stage, block = self._begun(index)
        return QSize(160, _ROW + _STAGE * bool(stage) + _BLOCK * bool(block))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """The headings, then the layer."""
        view: Any = option
        area = QRect(view.rect)
        place: Place = index.data(self._role)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for title, height, color in zip(self._begun(index), (_STAGE, _BLOCK), _heading_colors(), strict=True):
            if title:
                font = small_font(painter.font())
                font.setWeight(QFont.Weight.DemiBold)
                painter.save()
                painter.setFont(font)
                painter.setPen(QColor(color))
                line = QRect(area.left() + 8, area.top(), area.width() - 16, height)
                painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, title)
                painter.restore()
                area.setTop(area.top() + height)
        state: QStyle.StateFlag = view.state
        self._background(painter, area, state)
        self._layer(painter, area, place, bool(state & QStyle.StateFlag.State_Selected))
        painter.restore()

    def _background(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        colors, chosen = theme.current(), bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.accent_soft if chosen else colors.raised))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)

    def _layer(self, painter: QPainter, area: QRect, place: Place, chosen: bool) -> None:
        colors, layer = theme.current(), place.layer
        inner = area.adjusted(10, 3, -10, -3)
        top = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        bottom = top.translated(0, inner.height() // 2)
        if layer.trained is not None:
            mark = QRectF(top.right() - _MARK + 0.5, top.center().y() - _MARK / 2 + 1.5, _MARK, _MARK)
            swatch(painter, mark, layer.trained)
            top.setRight(round(mark.left()) - 6)
        font, small = QFont(painter.font()), small_font(painter.font())
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        _line(painter, top, _LEFT, title_of(layer), font, colors.text)
        shape = short_shape(layer.shape)
        _line(painter, bottom, _RIGHT, shape, small, colors.muted)
        bottom.setRight(bottom.right() - QFontMetrics(small).horizontalAdvance(shape) - 8)
        _line(painter, bottom, _LEFT, layer.name, small, colors.muted)


def _heading_colors() -> tuple[str, str]:
    colors = theme.current()
    return colors.accent, colors.muted


def _line(painter: QPainter, place: QRect, flags: Qt.AlignmentFlag, text: str, font: QFont, color: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(color))
    short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideMiddle, place.width())
    painter.drawText(place, flags, short)
