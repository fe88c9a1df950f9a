"""The classes with the areas under their curves: which of them are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from deskclassify.core.curve_job import ClassCurve
from deskclassify.ui import theme
from deskclassify.ui.widgets.class_table import swatch
from deskclassify.ui.widgets.per_class_table import MEASURED_ROWS, SORT_ROLE
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table

_COLUMNS = (("Class", ""), ("AUC", ""), ("AP", "Average precision."), ("Count", "Pictures of the class."))
_NARROWEST_NAME, _NUMBER, _NARROW = 60, 52, 250  # pixels


def share(value: float) -> str:
    """An area; a dash where there is none."""
    return f"{value:.3f}" if np.isfinite(value) else "–"


@dataclass(frozen=True)
class Row:
    """A class, its areas, and how many pictures it has."""

    name: str
    auc: float
    average_precision: float
    pictures: int


class CurvesModel(TitledModel):
    """One row for each class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, left=(0,), parent=parent)
        self.rows: list[Row] = []
        self._colors: Mapping[str, str] = {}

    def set_curves(self, curves: Sequence[ClassCurve]) -> None:
        """Show other areas."""
        self.beginResetModel()
        self.rows = [Row(one.name, one.auc, one.average_precision, one.counted.positives) for one in curves]
        self.endResetModel()

    def set_colors(self, colors: Mapping[str, str]) -> None:
        """The colours of those that are drawn."""
        self._colors = colors
        if self.rows:
            last = self.index(len(self.rows) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """One for each class."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, the plain value under `SORT_ROLE`, and the colour of its curve."""
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.DisplayRole:
            return (row.name, share(row.auc), share(row.average_precision), f"{row.pictures:,}")[column]
        if role == SORT_ROLE:  # what has no area comes last, for the worst come first
            areas = (value if np.isfinite(value) else 2.0 for value in (row.auc, row.average_precision))
            return (row.name, *areas, row.pictures)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return swatch(self._colors.get(row.name, theme.current().raised))
        return row.name if role == Qt.ItemDataRole.ToolTipRole and column == 0 else None


class CurvesList(QTableView):
    """The classes, the worst first; the selected ones are drawn. The selection stays when the areas change."""

    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: list[str] = []
        self._wanted = ""  # what is searched for
        self._model = CurvesModel(self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(SORT_ROLE)
        self._proxy.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self._proxy)
        plain_table(self)
        self.verticalHeader().setDefaultSectionSize(26)
        self.horizontalHeader().setMinimumSectionSize(40)
        self.horizontalHeader().setResizeContentsPrecision(MEASURED_ROWS)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setSortingEnabled(True)
        self.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.setAccessibleName("Classes and the areas under their curves; the selected ones are drawn")
        self.selectionModel().selectionChanged.connect(self._changed)
        self._proxy.layoutChanged.connect(self._hide_rows)
        theme.notifier().changed.connect(self.viewport().update)

    def set_curves(self, curves: Sequence[ClassCurve], first: int) -> None:
        """Show other areas; where no class stays selected, the `first` rows are."""
        kept = set(self.chosen())
        self._model.set_curves(curves)
        self._spread()
        self._hide_rows()
        rows = [row for row in range(self._proxy.rowCount()) if self._name(row) in kept]
        self._select(rows or list(range(min(first, self._proxy.rowCount()))))

    def set_colors(self, colors: Mapping[str, str]) -> None:
        """The colours of those that are drawn."""
        self._model.set_colors(colors)

    def set_filter(self, text: str) -> None:
        """Show only classes whose name holds a text; those that are selected stay selected."""
        self._wanted = text.strip().casefold()
        self._hide_rows()

    @Slot()
    def _hide_rows(self) -> None:
        for row in range(self._proxy.rowCount()):
            self.setRowHidden(row, self._wanted not in self._name(row).casefold())

    def chosen(self) -> list[str]:
        """The selected classes, in the order of the rows."""
        return [self._name(row) for row in sorted({index.row() for index in self.selectionModel().selectedRows()})]

    def choose(self, names: Sequence[str]) -> None:
        """Select classes."""
        self._select([row for row in range(self._proxy.rowCount()) if self._name(row) in names])

    def _name(self, row: int) -> str:
        return str(self._proxy.index(row, 0).data())

    def _select(self, rows: Sequence[int]) -> None:
        chosen = QItemSelection()
        for row in rows:
            chosen.select(self._proxy.index(row, 0), self._proxy.index(row, self._proxy.columnCount() - 1))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    @Slot()
    def _changed(self) -> None:
        chosen = self.chosen()
        if chosen != self._known:  # Qt also tells when rows are only filtered or sorted anew
            self._known = chosen
            self.chosen_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        """The numbers get what they need, the names the rest."""
        self.setColumnHidden(3, self.viewport().width() < _NARROW)
        # Without room for an arrow beside the title: it has its place above.
        numbers = [max(self.sizeHintForColumn(column), _NUMBER) for column in (1, 2, 3)]
        if self.isColumnHidden(3):
            numbers[2] = 0
        name = max(_NARROWEST_NAME, self.viewport().width() - sum(numbers))
        for column, width in enumerate((name, *numbers)):
            self.setColumnWidth(column, width)
