"""Precision, recall and F1 of each class as a sortable table with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QRectF, QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table, wanted_widths

_NARROWEST_NAME, _WIDEST_NAME = 70, 220  # pixels
MEASURED_ROWS = 40  # that the widths are made for: of 200 classes, to measure all would hold the window up
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
COLUMNS = (
    ("Class", "label", ""),
    ("Precision", "precision", ""),
    ("Recall", "recall", ""),
    ("F1", "f1", ""),
    ("Count", "support", "How many pictures of this class were measured."),
)


class PerClassModel(TitledModel):
    """One row for each class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__([(title, tip) for title, _, tip in COLUMNS], left=(0,), parent=parent)
        self._names: list[str] = []
        self._values: dict[str, dict[str, float]] = {}

    def set_values(self, classes: Sequence[str], per_class: dict[str, dict[str, float]]) -> None:
        """Show other numbers, as `metrics.per_class` gives them."""
        self.beginResetModel()
        self._names, self._values = list(classes), dict(per_class)
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802
        """One for each class."""
        return 0 if parent.isValid() else len(self._names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, and the plain value under `SORT_ROLE`."""
        if not index.isValid():
            return None
        name, key = self._names[index.row()], COLUMNS[index.column()][1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if key == "label":
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, SORT_ROLE)
            return name if role in shown else None
        value = self._values[name][key]
        if role == SORT_ROLE:
            return value
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{value:.0f}" if key == "support" else f"{100 * value:.1f} %"
        return None


class BarDelegate(QStyledItemDelegate):
    """A thin bar under a share: green where it is high, or, if it `is_bad`, always red."""

    def __init__(self, parent: QWidget, is_bad: bool = False) -> None:
        super().__init__(parent)
        self._is_bad = is_bad

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the number, then the bar along the cell's lower edge."""
        super().paint(painter, option, index)
        palette, share = theme.current(), float(index.data(SORT_ROLE))
        track = QRectF(option.rect).adjusted(10, 0, -6, -3)
        track.setTop(track.bottom() - 3)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.raised))
        painter.drawRoundedRect(track, 1.5, 1.5)
        good = palette.good if share >= 0.8 else palette.warn if share >= 0.5 else palette.bad
        painter.setBrush(QColor(palette.bad if self._is_bad else good))
        track.setWidth(track.width() * share)
        painter.drawRoundedRect(track, 1.5, 1.5)
        painter.restore()


class PerClassTable(QTableView):
    """Sortable by every column; the weakest class is one click away. A click, Enter or Space chooses a class."""

    class_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = PerClassModel(self)
        proxy = self._proxy = QSortFilterProxyModel(self)
        proxy.setSourceModel(self._model)
        proxy.setSortRole(SORT_ROLE)
        proxy.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(proxy)
        plain_table(self)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setAccessibleName("Precision, recall and F1 of each class")
        bars = BarDelegate(self)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(56)
        header.setResizeContentsPrecision(MEASURED_ROWS)
        for column in (1, 2, 3):
            self.setItemDelegateForColumn(column, bars)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.clicked.connect(self._choose)
        theme.notifier().changed.connect(self.viewport().update)

    def set_values(self, classes: Sequence[str], per_class: dict[str, dict[str, float]]) -> None:
        """Show other numbers; the chosen row stays chosen."""
        name = self._name(self.currentIndex())
        self._model.set_values(classes, per_class)
        self._spread()
        if name in classes:
            index = self._model.index(list(classes).index(name), 0)
            self.setCurrentIndex(self._proxy.mapFromSource(index))

    @property
    def wanted_height(self) -> int:
        """Pixels that show all rows."""
        head = self.horizontalHeader().sizeHint().height()
        return head + self._model.rowCount() * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth() + 2

    def _name(self, index: Index) -> str:
        return str(index.sibling(index.row(), 0).data()) if index.isValid() else ""

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.class_chosen.emit(self._name(index))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter and Space choose the row; the arrows move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        """The names get what the numbers leave, but no more than they need as long as the bars can grow."""
        name, *numbers = wanted_widths(self)
        shares = [max(numbers[:3])] * 3
        room = self.viewport().width() - sum(shares) - numbers[3]
        name = max(_NARROWEST_NAME, min(room, max(min(name, _WIDEST_NAME), room // 2)))
        spare = max(0, room - name) // 4
        for column, width in enumerate((name, *(share + spare for share in (*shares, numbers[3])))):
            self.setColumnWidth(column, width)
