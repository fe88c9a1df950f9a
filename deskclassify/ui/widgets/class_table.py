"""The table of classes: colour, name (to be edited) and numbers of pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from deskclassify.core.sources import Listing
from deskclassify.ui import theme
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel

_SWATCH_PIXELS = 14
_ROW_PIXELS = 30
COLUMNS = (
    ("Class", "Double-click a name to change it. Two classes of one name become one."),
    ("Pictures", "All pictures of the class"),
    ("Training", "Pictures that the network learns from"),
    ("Validation", "Pictures kept apart, to measure how well it does on pictures it has never seen"),
)


@dataclass(frozen=True)
class ClassRow:
    """One class and how its pictures are split."""

    name: str
    pictures: int
    train: int
    valid: int
    color: str


def class_rows(listing: Listing | None) -> list[ClassRow]:
    """The rows of a listing, in alphabetical order, which also decides the colours."""
    if listing is None:
        return []
    subsets = Counter((item.label, item.subset) for item in listing.items)
    return [
        ClassRow(name, count, subsets[name, "train"], subsets[name, "valid"], theme.class_color(place))
        for place, (name, count) in enumerate(listing.classes().items())
    ]


class ClassModel(TitledModel):
    """Rows are classes; editing the first column asks for a new name."""

    renamed = Signal(str, str)  # old name, new name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, left=(0,), parent=parent)
        self.rows: list[ClassRow] = []

    def set_rows(self, rows: list[ClassRow]) -> None:
        """Show other classes."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Number of classes."""
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Names can be edited."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == 0 else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, swatch and alignment."""
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return (row.name, row.pictures, row.train, row.valid)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return swatch(row.color)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.name if column == 0 else COLUMNS[column][1]
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802 (Qt's name)
        """Ask for another name; the rows change when the data has."""
        new = str(value).strip()
        old = self.rows[index.row()].name
        if role != Qt.ItemDataRole.EditRole or index.column() != 0 or not new or new == old:
            return False
        self.renamed.emit(old, new)
        return True


def swatch(color: str) -> QPixmap:
    """A round spot of a class's colour."""
    spot = QPixmap(_SWATCH_PIXELS * 2, _SWATCH_PIXELS * 2)
    spot.fill(Qt.GlobalColor.transparent)
    painter = QPainter(spot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(4, 4, _SWATCH_PIXELS * 2 - 8, _SWATCH_PIXELS * 2 - 8)
    painter.end()
    spot.setDevicePixelRatio(2)
    return spot


class ClassTable(QTableView):
    """Rename with F2 or a double click, remove with Delete; a selected class filters the pictures."""

    chosen = Signal(str)  # class that is selected; empty for none
    remove_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classTable")
        self.setAccessibleName("Classes")
        self.model_ = ClassModel(self)
        self.setModel(self.model_)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table; the arrows move in it
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PIXELS)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.rename_action = self._action("Rename…", "rename", "F2")
        self.rename_action.triggered.connect(self._rename)
        self.remove_action = self._action("Leave this class out", "remove", "Delete")
        self.remove_action.triggered.connect(self._remove)
        self.selectionModel().selectionChanged.connect(self._selected)

    def _action(self, text: str, icon: str, key: str) -> QAction:
        action = QAction(theme.icon(icon), text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.addAction(action)
        return action

    def set_rows(self, rows: list[ClassRow]) -> None:
        """Show other classes; the selection stays on a class that is still there."""
        selected = self.chosen_class()
        self.model_.set_rows(rows)
        for place, row in enumerate(rows):
            if row.name == selected:
                self.selectRow(place)
        if self.chosen_class() != selected:
            self.chosen.emit(self.chosen_class())

    def chosen_class(self) -> str:
        """The class that is selected; empty for none."""
        rows = self.selectionModel().selectedRows()
        return self.model_.rows[rows[0].row()].name if rows else ""

    @Slot()
    def _selected(self) -> None:
        self.chosen.emit(self.chosen_class())

    @Slot()
    def _rename(self) -> None:
        if self.chosen_class():
            self.edit(self.selectionModel().selectedRows()[0])

    @Slot()
    def _remove(self) -> None:
        if self.chosen_class():
            self.remove_wanted.emit(self.chosen_class())

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if index.isValid():
            self.selectRow(index.row())
            menu = QMenu(self)
            menu.addActions([self.rename_action, self.remove_action])
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.viewport().mapToGlobal(place))
