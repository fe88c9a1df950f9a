"""The layers of a network as a list: what each is, its name, its output, under its stage and block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QListView, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import (
    Network,
    Place,
    parameter_text,
    shape_text,
    title_of,
    training_text,
)
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.layer_rows import LayerDelegate

__all__ = ["LayerFilter", "LayerList", "LayerModel", "LayerRole", "PlaceRole", "parameter_text", "shape_text"]

_Index = QModelIndex | QPersistentModelIndex
LayerRole = Qt.ItemDataRole.UserRole
PlaceRole = Qt.ItemDataRole.UserRole + 1
_NOTHING = "No layer fits.\nSearch for a kind, a size\nor a stage."


class LayerModel(QAbstractListModel):
    """One row a layer, in the order in which a picture passes them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._network = Network()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers."""
        return self._network.layers

    @property
    def network(self) -> Network:
        """Their stages and blocks."""
        return self._network

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Show another network."""
        self.beginResetModel()
        self._network = Network(layers)
        self.endResetModel()

    def row_of(self, name: str) -> int:
        """The row of a layer; −1 if there is none of that name."""
        place = self._network.place(name)
        return place.number if place is not None else -1

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's own signature)
        """Number of layers."""
        return 0 if parent.isValid() else len(self.layers)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, description, the layer itself and its place."""
        if not index.isValid():
            return None
        layer = self.layers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return layer.name
        if role == LayerRole:
            return layer
        if role == PlaceRole:
            return self._network.place(layer.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(self._spoken(layer))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join((*self._spoken(layer), *filter(None, [training_text(layer)])))
        return None

    @staticmethod
    def _spoken(layer: Layer) -> list[str]:
        parts = (layer.name, layer.kind, layer.detail, f"gives {shape_text(layer.shape)}")
        return [part for part in (*parts, parameter_text(layer.parameters)) if part]


class LayerFilter(QSortFilterProxyModel):
    """Leaves the layers that fit all words of the text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._terms: tuple[re.Pattern[str], ...] = ()

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Filter by another text; capital letters do not matter, and × may be typed as x."""
        # A number belongs to the word before it: “block 1”, and not “block 10”.
        words = re.findall(r"[^\W\d]+ \d+(?![\d×])|\S+", _searched(text))
        self._terms = tuple(re.compile(re.escape(word) + (r"(?!\d)" if word[-1].isdigit() else "")) for word in words)
        # endFilterChange exists from Qt 6.10 on only; invalidate() is the same everywhere.
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:  # noqa: N802
        """Whether a layer is left."""
        source = self.sourceModel()
        place: Place = source.data(source.index(source_row, 0, source_parent), PlaceRole)
        text = haystack(place)
        return all(term.search(text) for term in self._terms)


def haystack(place: Place) -> str:
    """All that a layer can be found by."""
    layer = place.layer
    titles = (place.stage.title, place.block.title, title_of(layer), layer.name, layer.detail)
    return _searched(" | ".join((*titles, shape_text(layer.shape), training_text(layer))))


def _searched(text: str) -> str:
    """Text as it is compared: small letters, and sizes as 7×7 however they are written."""
    return re.sub(r"(?<=\d) ?[x×] ?(?=\d)", "×", " ".join(text.casefold().split()))


class LayerList(QListView):
    """The list; `chosen` tells the layer that is looked at."""

    chosen = Signal(object)  # Layer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filtering = False
        self.layer_model = LayerModel(self)
        self.filter = LayerFilter(self)
        self.filter.setSourceModel(self.layer_model)
        self.setModel(self.filter)
        self.setItemDelegate(LayerDelegate(PlaceRole, self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setFrameShape(QListView.Shape.NoFrame)
        theme.notifier().changed.connect(self.viewport().update)

    @property
    def layer(self) -> Layer | None:
        """The layer that is chosen; None where the search has left it out."""
        index = self.currentIndex()
        return index.data(LayerRole) if index.isValid() else None

    def choose(self, name: str) -> None:
        """Choose a layer by name, the first one where there is none of that name."""
        index = self._index_of(name)
        self.setCurrentIndex(index if index.isValid() else self.filter.index(0, 0))

    def search(self, text: str, name: str) -> None:
        """Leave the layers that fit a text; the one of that name stays chosen, if it is among them."""
        self._filtering = True
        try:
            self.filter.set_text(text)
            self.setCurrentIndex(self._index_of(name))
        finally:
            self._filtering = False
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex(), QListView.ScrollHint.PositionAtCenter)

    def _index_of(self, name: str) -> QModelIndex:
        row = self.layer_model.row_of(name)
        return self.filter.mapFromSource(self.layer_model.index(row, 0)) if row >= 0 else QModelIndex()

    def step(self, by: int) -> None:
        """Choose the layer `by` rows further down."""
        row = self.currentIndex().row() + by
        if 0 <= row < self.filter.rowCount():
            self.setCurrentIndex(self.filter.index(row, 0))

    def step_stage(self, by: int) -> None:
        """Choose the first layer of the stage `by` stages further down."""
        target = self.stage_beyond(by)
        if target is not None:
            self.setCurrentIndex(target)

    def stage_beyond(self, by: int) -> QModelIndex | None:
        """Where `step_stage` leads; None where there is no such stage. Upwards, first to the own stage's begin."""
        now = self.currentIndex().row()
        rows = range(now + 1, self.filter.rowCount()) if by > 0 else range(now - 1, -1, -1)
        firsts = (row for row in rows if row == 0 or self._stage(row) is not self._stage(row - 1))
        row = next(islice(firsts, abs(by) - 1, None), None)
        return self.filter.index(row, 0) if row is not None else None

    def _stage(self, row: int) -> object:
        place: Place = self.filter.index(row, 0).data(PlaceRole)
        return place.stage

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Page Up and Page Down go one layer, as the buttons do; Home and End to the first and the last."""
        steps = {
            Qt.Key.Key_PageUp: -1,
            Qt.Key.Key_PageDown: 1,
            Qt.Key.Key_Home: -self.currentIndex().row(),
            Qt.Key.Key_End: self.filter.rowCount() - 1 - self.currentIndex().row(),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.step(step)

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell which layer is looked at."""
        is_near = self.viewport().rect().contains(self.visualRect(current))  # before Qt scrolls
        super().currentChanged(current, previous)
        if current.isValid() and not self._filtering:
            # What is far away comes to the middle, with what is before and behind it.
            hint = QListView.ScrollHint
            self.scrollTo(current, hint.EnsureVisible if is_near else hint.PositionAtCenter)
            self.chosen.emit(current.data(LayerRole))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The layers, or that none fits."""
        super().paintEvent(event)
        if self.layer_model.layers and not self.filter.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, _NOTHING)
