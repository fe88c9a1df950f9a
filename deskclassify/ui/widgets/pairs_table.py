"""The classes that are taken for one another most often, as a table with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from deskclassify.core.class_order import confused_pairs
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.widgets.per_class_table import MEASURED_ROWS, SORT_ROLE, BarDelegate
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table, wanted_widths

MOST_PAIRS = 200
_COLUMNS = (
    ("Actual", "The class that the pictures belong to."),
    ("Taken for", "What the network says instead."),
    ("Count", "How many pictures."),
    ("Share", "Of all pictures of the actual class."),
)


class PairsModel(TitledModel):
    """One row for each pair that is confused, the most pictures first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, left=(0, 1), parent=parent)
        self.classes: tuple[str, ...] = ()
        self.set_matrix((), ())

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show the errors of other counts: `counts[actual][predicted]`."""
        self.beginResetModel()
        self.classes, self.pairs = tuple(classes), confused_pairs(counts, MOST_PAIRS) if len(classes) else ()
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """One for each pair."""
        return 0 if parent.isValid() else len(self.pairs)

    def names(self, row: int) -> tuple[str, str]:
        """Actual and predicted class of a row."""
        pair = self.pairs[row]
        return self.classes[pair.actual], self.classes[pair.predicted]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, the plain value under `SORT_ROLE`, and a sentence."""
        if not index.isValid():
            return None
        pair, column = self.pairs[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.DisplayRole:
            return (*self.names(index.row()), f"{pair.count:,}", f"{100 * pair.share:.0f} %")[column]
        if role == SORT_ROLE:
            return (*self.names(index.row()), pair.count, pair.share)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            actual, predicted = self.names(index.row())
            return f"{counted(pair.count, 'picture')} of “{actual}” taken for “{predicted}” ({100 * pair.share:.0f} %)"
        return None


class PairsTable(QTableView):
    """A click, Enter or Space chooses a pair."""

    pair_chosen = Signal(str, str)  # actual and predicted class

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = PairsModel(self)
        self.setModel(self._model)
        plain_table(self)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setAccessibleName("Classes that are taken for one another most often")
        self.setItemDelegateForColumn(3, BarDelegate(self, is_bad=True))
        self.horizontalHeader().setMinimumSectionSize(50)
        self.horizontalHeader().setResizeContentsPrecision(MEASURED_ROWS)
        self.clicked.connect(self._choose)
        theme.notifier().changed.connect(self.viewport().update)

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show the errors of other counts: `counts[actual][predicted]`."""
        self._model.set_matrix(classes, counts)
        self._spread()

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.pair_chosen.emit(*self._model.names(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter and Space choose the row; the arrows move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        """The numbers get what they need, the names the rest in equal parts."""
        widths = wanted_widths(self)
        room = max(2 * 60, self.viewport().width() - widths[2] - widths[3] - theme.GAP)
        for column, width in enumerate((room // 2, room - room // 2, widths[2], widths[3] + theme.GAP)):
            self.setColumnWidth(column, width)
