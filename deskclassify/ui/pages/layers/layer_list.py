"""The layers of a network as a list: name, kind, output shape and parameters, under their stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.ui import theme

_Index = QModelIndex | QPersistentModelIndex
_ROW, _STAGE = 46, 26
LayerRole = Qt.ItemDataRole.UserRole


def shape_text(shape: Sequence[int]) -> str:
    """The shape of an output in words: height × width × channels for pictures."""
    if len(shape) == 3:
        shape = (shape[1], shape[2], shape[0])
    return " × ".join(f"{size:,}" for size in shape)


def parameter_text(count: int) -> str:
    """How many weights, in words."""
    return f"{count:,} parameter{'' if count == 1 else 's'}" if count else "no parameters"


class LayerModel(QAbstractListModel):
    """One row a layer, in the order in which a picture passes them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[Layer, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers."""
        return self._layers

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Show another network."""
        self.beginResetModel()
        self._layers = tuple(layers)
        self.endResetModel()

    def row_of(self, name: str) -> int:
        """The row of a layer; −1 if there is none of that name."""
        return next((row for row, layer in enumerate(self._layers) if layer.name == name), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's own signature)
        """Number of layers."""
        return 0 if parent.isValid() else len(self._layers)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, description and the layer itself."""
        if not index.isValid():
            return None
        layer = self._layers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return layer.name
        if role == LayerRole:
            return layer
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            parts = (layer.name, layer.kind, layer.detail, f"gives {shape_text(layer.shape)}")
            return ", ".join(part for part in (*parts, parameter_text(layer.parameters)) if part)
        return None


class LayerFilter(QSortFilterProxyModel):
    """Leaves the layers whose name, kind or stage holds the text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Filter by another text; capital letters do not matter."""
        # endFilterChange exists from Qt 6.10 on only; invalidate() is the same everywhere.
        self._text = text.strip().casefold()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:  # noqa: N802
        """Whether a layer is left."""
        source = self.sourceModel()
        layer: Layer = source.data(source.index(source_row, 0, source_parent), LayerRole)
        return self._text in f"{layer.name} {layer.kind} {layer.stage} {layer.detail}".casefold()


class _LayerDelegate(QStyledItemDelegate):
    """Two lines a layer; above the first layer of a stage, the stage's name."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return QSize(160, _ROW + (_STAGE if _begins_stage(index) else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view: Any = option
        area = QRect(view.rect)
        state: QStyle.StateFlag = view.state
        layer: Layer = index.data(LayerRole)
        colors = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        small = painter.font()
        small.setPixelSize(11)
        if _begins_stage(index):
            band = QRect(area.left() + 8, area.top(), area.width() - 16, _STAGE)
            small.setWeight(QFont.Weight.DemiBold)
            painter.setFont(small)
            painter.setPen(QColor(colors.accent))
            painter.drawText(band, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, layer.stage)
            area.setTop(area.top() + _STAGE)
            small.setWeight(QFont.Weight.Normal)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.accent_soft if chosen else colors.raised))
            painter.drawRoundedRect(area.adjusted(1, 2, -1, -2), 6, 6)
        inner = area.adjusted(10, 5, -10, -5)
        top = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        bottom = top.translated(0, inner.height() // 2)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        shape = shape_text(layer.shape)
        shape_width = QFontMetrics(small).horizontalAdvance(shape)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        room = top.width() - shape_width - 8
        painter.drawText(top, left, QFontMetrics(font).elidedText(layer.name, Qt.TextElideMode.ElideMiddle, room))
        painter.setFont(small)
        painter.setPen(QColor(colors.muted))
        painter.drawText(top, right, shape)
        painter.drawText(bottom, left, layer.kind)
        painter.drawText(bottom, right, parameter_text(layer.parameters) if layer.parameters else "")
        painter.restore()


def _begins_stage(index: _Index) -> bool:
    layer: Layer = index.data(LayerRole)
    if not layer.stage:
        return False
    if index.row() == 0:
        return True
    above: Layer = index.model().index(index.row() - 1, 0).data(LayerRole)
    return above.stage != layer.stage


class LayerList(QListView):
    """The list; `chosen` tells the layer that is looked at."""

    chosen = Signal(object)  # Layer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer_model = LayerModel(self)
        self.filter = LayerFilter(self)
        self.filter.setSourceModel(self.layer_model)
        self.setModel(self.filter)
        self.setItemDelegate(_LayerDelegate(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setFrameShape(QListView.Shape.NoFrame)
        theme.notifier().changed.connect(self.viewport().update)

    @property
    def layer(self) -> Layer | None:
        """The layer that is chosen."""
        index = self.currentIndex()
        return index.data(LayerRole) if index.isValid() else None

    def choose(self, name: str) -> None:
        """Choose a layer by name, the first one where there is none of that name."""
        index = self.filter.mapFromSource(self.layer_model.index(max(0, self.layer_model.row_of(name))))
        self.setCurrentIndex(index if index.isValid() else self.filter.index(0, 0))

    def step(self, by: int) -> None:
        """Choose the layer `by` rows further down."""
        row = self.currentIndex().row() + by
        if 0 <= row < self.filter.rowCount():
            self.setCurrentIndex(self.filter.index(row, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Page Up and Page Down go one layer, as the buttons do."""
        steps = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.step(step)

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell which layer is looked at."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.scrollTo(current)
            self.chosen.emit(current.data(LayerRole))
