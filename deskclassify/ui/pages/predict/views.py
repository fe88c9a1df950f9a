"""The answers as a table or as pictures: the same rows, the same selection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTableView, QWidget

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.words import percent
from deskclassify.ui.pages.predict.table import (
    COLUMNS,
    LABEL,
    NAME,
    NOTE,
    PROBABILITY,
    TIME,
    PredictionFilter,
    PredictionModel,
)
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid, LazyEntries
from deskclassify.ui.widgets.named import named

_MOST_RANGES = 500  # of a selection that is put back: more would be felt at each repaint
_GRID_MILLISECONDS = 400  # between two looks at new answers, in the grid
_NARROW = 560  # pixels of the table
_EDGE = 104  # pixels of a picture in the grid
_Flag = QItemSelectionModel.SelectionFlag


class AnswerTable(QTableView):
    """A row a file. Digits are told of; Qt would look for a name that begins with one."""

    digit_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("predictionTable")
        self.setAccessibleName("Answers, one row a file")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSortingEnabled(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as they come, until a title is clicked

    def set_answers(self, answers: PredictionFilter) -> None:
        """Show answers, with room for what each column usually holds."""
        self.setModel(answers)
        # The header asks after each change whether whole columns are selected, which takes a second for 50,000 rows
        # (QHeaderView::initStyleOptionForIndex). It shows nothing of it: it watches a selection that is always empty.
        self.horizontalHeader().setSelectionModel(QItemSelectionModel(answers, self))
        self.horizontalHeader().setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        for column, width in ((NAME, 180), (LABEL, 120), (PROBABILITY, 96), (TIME, 72)):
            self.setColumnWidth(column, width)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """A narrow table has no room for the time: the card tells it."""
        super().resizeEvent(event)
        self.setColumnHidden(TIME, self.width() < _NARROW)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Digits give classes."""
        digit = event.key() - Qt.Key.Key_0
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and 0 <= digit <= 9:
            self.digit_pressed.emit(digit)
            event.accept()
        else:
            super().keyPressEvent(event)


class AnswerViews(QStackedWidget):
    """Table and grid. What is selected is told as numbers of the model's rows, however they are shown."""

    row_chosen = Signal(object)  # Prediction of the current row, or None
    selection_changed = Signal()
    digit_pressed = Signal(int)
    menu_wanted = Signal(QPoint)  # on the screen

    def __init__(self, model: PredictionModel, shown: PredictionFilter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._filter = model, shown
        self._grid_order = shown.order  # what the grid shows: an array of before, while new answers wait
        self._kept: tuple[np.ndarray, int] = (np.zeros(0, np.int64), -1)
        self._is_restoring = False
        self._chosen = -1
        self.table = AnswerTable()
        self.table.set_answers(shown)
        self.grid = named(ImageGrid(edge=_EDGE, lines=2), "predictionGrid")
        self.grid.setAccessibleName("Answers, one picture a file")
        for view in (self.table, self.grid):
            self.addWidget(view)
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(self._ask_menu)
            view.digit_pressed.connect(self.digit_pressed)
            view.selectionModel().currentChanged.connect(self._current_changed)
            view.selectionModel().selectionChanged.connect(self._selection_changed)
        shown.modelAboutToBeReset.connect(self._keep)
        shown.modelReset.connect(self._put_back)
        shown.rowsInserted.connect(self._inserted)
        shown.dataChanged.connect(self._fill_grid)
        self._grid_timer = QTimer(self)
        self._grid_timer.setSingleShot(True)
        self._grid_timer.setInterval(_GRID_MILLISECONDS)
        self._grid_timer.timeout.connect(self._fill_grid)

    @property
    def is_grid(self) -> bool:
        """Whether pictures are shown."""
        return self.currentWidget() is self.grid

    def show_grid(self, as_grid: bool) -> None:
        """Show pictures, or the table."""
        if as_grid == self.is_grid:
            return
        kept = self.selected(), self.current()
        self.setCurrentWidget(self.grid if as_grid else self.table)
        self._fill_grid()
        self._select(*kept)
        view = self._view
        view.setFocus()
        if view.currentIndex().isValid():
            view.scrollTo(view.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    # -- the selection --------------------------------------------------------------------

    @property
    def _view(self) -> QAbstractItemView:
        return self.grid if self.is_grid else self.table

    @property
    def _order(self) -> np.ndarray:
        return self._grid_order if self.is_grid else self._filter.order

    def selected(self) -> np.ndarray:
        """The numbers of the model's rows that are selected, int64, in the order in which they are shown."""
        parts = [np.arange(top, bottom + 1) for top, bottom in self._ranges()]
        places = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
        order = self._order
        return order[places[places < len(order)]]

    def selected_count(self) -> int:
        """How many they are."""
        return sum(bottom - top + 1 for top, bottom in self._ranges())

    def _ranges(self) -> list[tuple[int, int]]:
        """First and last row of each part of the selection."""
        chosen = self._view.selectionModel().selection()
        return [(chosen.at(place).top(), chosen.at(place).bottom()) for place in range(chosen.size())]

    def current(self) -> int:
        """The number of the model's row that is looked at; −1 for none."""
        place, order = self._view.currentIndex().row(), self._order
        return int(order[place]) if 0 <= place < len(order) else -1

    def choose(self, row: int) -> None:
        """Look at one of the model's rows, if it is shown."""
        self._select(np.array([row]), row)

    def go_on(self) -> None:
        """Select the row after those that are selected; at the end, the last of them stays."""
        ends = [bottom for _, bottom in self._ranges()]
        if ends:
            last = min(max(ends) + 1, len(self._order) - 1)
            self._view.setCurrentIndex(self._view.model().index(last, 0))

    def _select(self, rows: np.ndarray, current: int) -> None:
        """Select the model's rows that are shown; `current` is the one that is looked at, or its neighbour is."""
        order, view = self._order, self._view
        place_of = np.full(self._model.rowCount() + 1, -1, np.int64)
        place_of[order] = np.arange(len(order))
        places = np.sort(place_of[rows[rows < self._model.rowCount()]])
        places = places[places >= 0]
        at = int(place_of[current]) if 0 <= current < self._model.rowCount() else -1
        if at < 0 and len(order) and (len(places) or current >= 0):
            at = int(places[0]) if len(places) else 0
            places = places if len(places) else np.array([at])
        if at < 0:
            return
        starts = np.flatnonzero(np.diff(places, prepend=-2) != 1)
        if len(starts) > _MOST_RANGES:
            places, starts = np.array([at]), np.array([0])
        chosen, model = QItemSelection(), view.model()
        last_column = 0 if self.is_grid else len(COLUMNS) - 1
        for first, end in zip(starts, [*starts[1:], len(places)], strict=True):
            top, bottom = int(places[first]), int(places[end - 1])
            chosen.select(model.index(top, 0), model.index(bottom, last_column))
        view.selectionModel().setCurrentIndex(model.index(at, 0), _Flag.NoUpdate)
        view.selectionModel().select(chosen, _Flag.ClearAndSelect)

    @Slot()
    def _keep(self) -> None:
        self._kept = self.selected(), self.current()
        self._is_restoring = True

    @Slot()
    def _put_back(self) -> None:
        self._show_in_grid()
        self._select(*self._kept)
        self._is_restoring = False
        self.tell()
        self.selection_changed.emit()

    @Slot()
    def _selection_changed(self) -> None:
        if not self._is_restoring and self.sender() is self._view.selectionModel():
            self.selection_changed.emit()

    @Slot()
    def _current_changed(self) -> None:
        if not self._is_restoring and self.sender() is self._view.selectionModel():
            self.tell()

    def tell(self, again: bool = False) -> None:
        """Tell which answer is looked at.

        Args:
            again: also where it is the one of before, since it is shown in another way.
        """
        row = self.current()
        if row != self._chosen or again:
            self._chosen = row
            self.row_chosen.emit(self._model.prediction(row) if row >= 0 else None)

    @Slot(QPoint)
    def _ask_menu(self, place: QPoint) -> None:
        self.menu_wanted.emit(self._view.viewport().mapToGlobal(place))

    # -- the grid -------------------------------------------------------------------------

    @Slot()
    def _inserted(self) -> None:
        """New answers: the grid looks at them from time to time, since it lays all pictures out anew."""
        if self.is_grid and not self._grid_timer.isActive():
            self._grid_timer.start()

    @Slot()
    def _fill_grid(self) -> None:
        if not self.is_grid:
            return
        self._keep()
        self._put_back()

    def _show_in_grid(self) -> None:
        if not self.is_grid:
            return
        self._grid_order = order = self._filter.order
        paths = [self._model.columns.rows[row].path for row in order.tolist()]
        self.grid.set_entries(LazyEntries(paths, lambda place: self._entry(int(order[place]))))

    def _entry(self, row: int) -> GridEntry:
        one = self._model.prediction(row)
        name = Path(one.path).name
        if one.error:
            return GridEntry(one.path, "not readable", name, bad=True)
        title = NO_ANSWER if one.refused else one.label
        sure = "" if one.probability is None or one.refused else f"{percent(one.probability)} · "
        badge = f"→ {self._model.corrected[one.path]}" if one.path in self._model.corrected else ""
        return GridEntry(one.path, title, f"{sure}{name}", self._model.color(one), badge=badge)
