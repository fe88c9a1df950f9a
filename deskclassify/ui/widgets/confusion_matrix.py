"""The confusion matrix as a heat-coloured table: rows are actual classes, columns predicted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from deskclassify.core.class_order import Order
from deskclassify.ui import theme
from deskclassify.ui.widgets import confusion_painter
from deskclassify.ui.widgets.confusion_header import SMALLEST, NameHeader
from deskclassify.ui.widgets.confusion_model import SHARE_ROLE, ConfusionModel
from deskclassify.ui.widgets.confusion_painter import WITH_NUMBERS, Look, Numbers, heat
from deskclassify.ui.widgets.tables import ON_CARD, Index

__all__ = ["SHARE_ROLE", "ConfusionMatrix", "ConfusionModel", "heat"]
_LARGEST_CELL = 84  # pixels
_SIZES = (2, 3, 4, 6, 9, 13, 18, 26, 36, 50, 66, _LARGEST_CELL)  # pixels of a cell, when zoomed
_SNAP = 5  # pixels around the pointer in which the largest error is meant, where cells are smaller than _EASY
_FEW = 12  # classes whose cells may be wider than high, whatever their height
_EASY = 10  # pixels that are easily hit
_RING = 8  # pixels of the smallest ring around a cell


class ConfusionMatrix(QTableView):
    """A confusion matrix of any number of classes; a click, Enter or Space chooses a cell.

    It fills the room there is: many classes become small cells without numbers, which can be zoomed (Ctrl and wheel).
    """

    cell_chosen = Signal(str, str)  # actual and predicted class
    cell_hovered = Signal(str)  # what the cell under the pointer says; empty for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ConfusionModel(self)
        self._look = Look()
        self._zoomed: int | None = None  # pixels of a cell; None: as fits
        self._hovered: tuple[int, int] | None = None
        self._layer: QPixmap | None = None
        self._layer_of: tuple[int, int] = (-1, -1)  # where it was scrolled to
        self._across = NameHeader(Qt.Orientation.Horizontal, self)
        self._down = NameHeader(Qt.Orientation.Vertical, self)
        self.setHorizontalHeader(self._across)
        self.setVerticalHeader(self._down)
        self.setModel(self._model)
        self.setShowGrid(False)
        self.setStyleSheet(ON_CARD)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Confusion matrix: rows are actual classes, columns predicted classes")
        self.clicked.connect(self._click)
        theme.notifier().changed.connect(self._redraw)

    # -- content ----------------------------------------------------------------------

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show counts: `counts[actual][predicted]`. Zoom and place stay where the classes are the same."""
        if tuple(sorted(classes)) != tuple(sorted(self._model.classes)):
            self._zoomed = None
        self._keep_cell(lambda: self._model.set_matrix(classes, counts))

    def set_order(self, order: Order) -> None:
        """Let the classes stand in another order."""
        if order != self._model.order:
            self._keep_cell(lambda: self._model.set_order(order))

    def set_numbers(self, numbers: Numbers) -> None:
        """Write counts, or shares of the actual class in percent."""
        self._look = Look(numbers, self._look.errors_only)
        self._redraw()

    def set_errors_only(self, wanted: bool) -> None:
        """Leave the diagonal pale, so that the errors stand out."""
        self._look = Look(self._look.numbers, wanted)
        self._redraw()

    def _keep_cell(self, change: Callable[[], None]) -> None:
        """Change the model; the chosen cell stays chosen, wherever it is then."""
        at, names = self.currentIndex(), self._model.classes
        cell = (names[at.row()], names[at.column()]) if at.isValid() else None
        change()
        self._across.names_changed()
        self._down.names_changed()
        self._hover(None)
        self._fit()
        if cell is not None and set(cell) <= set(self._model.classes):
            self.setCurrentIndex(self._index_of(*cell))
        self._redraw()

    # -- choosing ---------------------------------------------------------------------

    def _index_of(self, actual: str, predicted: str) -> QModelIndex:
        names = self._model.classes
        return self._model.index(names.index(actual), names.index(predicted))

    def choose(self, actual: str, predicted: str) -> None:
        """Select a cell, as a click does."""
        index = self._index_of(actual, predicted)
        self.setCurrentIndex(index)
        self._choose(index)

    @Slot(QModelIndex)
    def _click(self, index: QModelIndex) -> None:
        row, column = self._meant(index)
        self.setCurrentIndex(self._model.index(row, column))
        self._choose(self._model.index(row, column))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.cell_chosen.emit(self._model.classes[index.row()], self._model.classes[index.column()])

    def _meant(self, index: Index) -> tuple[int, int]:
        """The cell that a pointer on `index` means: where cells are tiny, the largest error beside it."""
        row, column = index.row(), index.column()
        edge = min(self.columnWidth(0), self.rowHeight(0))
        if edge >= _EASY:
            return row, column
        reach = max(1, round(_SNAP / edge))
        top, left = max(0, row - reach), max(0, column - reach)
        near = self._model.counts[top : row + reach + 1, left : column + reach + 1]
        rows, columns = np.indices(near.shape)
        errors = np.where(rows + top == columns + left, 0, near)
        if not errors.any():
            return row, column
        largest = np.flatnonzero(errors == errors.max())
        away = (rows.ravel()[largest] + top - row) ** 2 + (columns.ravel()[largest] + left - column) ** 2
        at = int(largest[away.argmin()])
        return top + at // near.shape[1], left + at % near.shape[1]

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter and Space choose the cell; the arrows move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)
            self.viewport().update()

    # -- pointer ----------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell what the cell says."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self._hover(self._meant(index) if index.isValid() else None)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Nothing is under a pointer that is elsewhere."""
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return bool(super().viewportEvent(event))

    def _hover(self, cell: tuple[int, int] | None) -> None:
        if cell == self._hovered:
            return
        self._hovered = cell
        row, column = cell if cell is not None else (-1, -1)
        self._down.mark(row)
        self._across.mark(column)
        self.viewport().update()
        self.cell_hovered.emit("" if cell is None else self._model.sentence(row, column))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom with Ctrl, scroll without."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self._zoom(1 if event.angleDelta().y() > 0 else -1, event.position().toPoint())
            event.accept()
        else:
            super().wheelEvent(event)

    # -- size -------------------------------------------------------------------------

    @property
    def is_fitted(self) -> bool:
        """Whether the cells have the size that fits."""
        return self._zoomed is None

    @Slot()
    def zoom_in(self) -> None:
        """Larger cells."""
        self._zoom_to(1)

    @Slot()
    def zoom_out(self) -> None:
        """Smaller cells, down to where all are in sight."""
        self._zoom_to(-1)

    def _zoom_to(self, by: int) -> None:
        """Zoom with the chosen cell in the middle, or else that of the diagonal which is in sight: there is most."""
        at = self.currentIndex()
        if not at.isValid():
            middle = max(0, self._down.visualIndexAt(min(self.viewport().height(), self._down.length()) // 2))
            at = self._model.index(middle, middle)
        self._zoom(by, self.visualRect(at).center())
        if not self.is_fitted:
            self.scrollTo(at, QAbstractItemView.ScrollHint.PositionAtCenter)

    @Slot()
    def fit(self) -> None:
        """The whole matrix, as far as it goes."""
        self._zoomed = None
        self._fit()

    def _zoom(self, by: int, around: QPoint) -> None:
        if not self._model.classes:
            return
        now, fitting = self.columnWidth(0), self._fitting()[0]
        index = self.indexAt(around)
        larger = [size for size in _SIZES if size > now]
        smaller = [size for size in _SIZES if fitting < size < now]
        wanted = larger[0] if by > 0 and larger else smaller[-1] if by < 0 and smaller else None
        self._zoomed = now if by > 0 and wanted is None else wanted
        self._fit()
        if index.isValid():  # the cell under the pointer stays there
            bars = self.horizontalScrollBar(), self.verticalScrollBar()
            bars[0].setValue(bars[0].value() + self.visualRect(index).center().x() - around.x())
            bars[1].setValue(bars[1].value() + self.visualRect(index).center().y() - around.y())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Use the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fitting(self) -> tuple[int, int]:
        """Width and height of the cells that fill the room."""
        count = max(1, len(self._model.classes))
        wide = (self.width() - self._down.sizeHint().width() - 4) // count
        tall = (self.height() - self._across.sizeHint().height() - 4) // count
        width = max(SMALLEST, min(_LARGEST_CELL, wide))
        height = max(SMALLEST, min(width, tall))
        if height < WITH_NUMBERS and count > _FEW:  # what is no more than a colour is a square
            width = height
        return width, height

    def _fit(self) -> None:
        """Cells as large as fit, within limits, or as zoomed; scroll bars where they do not fit."""
        if not self._model.classes:
            return
        if self._zoomed is None:
            self._across.setDefaultSectionSize(self._fitting()[0])  # first: names that are turned take more room
            width, height = self._fitting()
        else:
            width = height = self._zoomed
        self._across.setDefaultSectionSize(width)
        self._down.setDefaultSectionSize(height)
        self.updateGeometries()
        self._redraw()

    # -- drawing ----------------------------------------------------------------------

    @Slot()
    def _redraw(self) -> None:
        self._layer = None
        for part in (self, self._across, self._down):
            part.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The cells, which are kept as a picture, and above them what moves: the pointer's cell and the chosen one."""
        painter = QPainter(self.viewport())
        if not self._model.classes:
            return
        scrolled = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        ratio = self.devicePixelRatioF()
        size = self.viewport().size() * ratio
        if self._layer is None or self._layer.size() != size or self._layer_of != scrolled:
            self._layer = self._draw_layer(ratio)
            self._layer_of = scrolled
        painter.drawPixmap(0, 0, self._layer)
        self._draw_pointer(painter)
        if self.selectionModel().hasSelection():
            self._ring(painter, self.visualRect(self.currentIndex()), theme.current().text)

    def _draw_layer(self, ratio: float) -> QPixmap:
        layer = QPixmap(self.viewport().size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(QColor(theme.current().surface))
        rows = self._in_sight(self._down, self.viewport().height())
        columns = self._in_sight(self._across, self.viewport().width())
        painter = QPainter(layer)
        painter.setFont(self.font())
        wide, tall = self.columnWidth(0), self.rowHeight(0)
        shares = self._model.shares[rows.start : rows.stop, columns.start : columns.stop]
        right = np.equal.outer(np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop))
        small = min(wide, tall) < WITH_NUMBERS
        pixels = confusion_painter.colors(shares, right, self._look, small)
        left, top = self.columnViewportPosition(columns.start), self.rowViewportPosition(rows.start)
        if small:
            place = QRect(left, top, wide * len(columns), tall * len(rows))
            confusion_painter.draw_small(painter, place, pixels, confusion_painter.with_lines(min(wide, tall)))
        else:
            counts = self._model.counts[rows.start : rows.stop, columns.start : columns.stop]
            texts = confusion_painter.texts(counts, shares, right, self._look)
            lefts = [left + wide * at for at in range(len(columns))]
            tops = [top + tall * at for at in range(len(rows))]
            confusion_painter.draw_cells(painter, lefts, tops, (wide, tall), pixels, texts, right)
        painter.end()
        return layer

    def _in_sight(self, header: NameHeader, length: int) -> range:
        first, last = header.visualIndexAt(0), header.visualIndexAt(length - 1)
        return range(max(0, first), (header.count() - 1 if last < 0 else last) + 1)

    def _draw_pointer(self, painter: QPainter) -> None:
        if self._hovered is None:
            return
        cell = self.visualRect(self._model.index(*self._hovered))
        band = QColor(theme.current().text)
        band.setAlpha(22)
        painter.fillRect(QRect(0, cell.top(), self.viewport().width(), cell.height()), band)
        painter.fillRect(QRect(cell.left(), 0, cell.width(), self.viewport().height()), band)
        self._ring(painter, cell, theme.current().accent)

    def _ring(self, painter: QPainter, cell: QRect, color: str) -> None:
        box = QRectF(cell).adjusted(1, 1, -1, -1)
        spare = max(0.0, _RING - min(box.width(), box.height())) / 2
        box.adjust(-spare, -spare, spare, spare)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(color), 2))
        painter.drawRoundedRect(box, 4, 4)
