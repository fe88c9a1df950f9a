"""The table of classes: colour, key, name (to be edited) and numbers of pictures; pictures can be dropped on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from deskclassify.core.sources import Listing
from deskclassify.ui import theme
from deskclassify.ui.widgets import dragged
from deskclassify.ui.widgets.class_keys import key_of, sign
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel

_SWATCH_PIXELS = 14
_ROW_PIXELS = 30
_SIGN = QSize(34, 18)  # pixels: colour and key
_WHOLE_ROW = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
COLUMNS = (
    (
        "Class",
        "Double-click a name to change it; two classes of one name become one. "
        "The digit beside it is the key that gives this class to the chosen pictures. "
        "You can also drag pictures onto a class.",
    ),
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
    key: str = ""


def class_names(listing: Listing | None, created: Iterable[str] = ()) -> list[str]:
    """All classes in alphabetical order, which decides colours and keys; those in `created` may have no pictures."""
    return sorted({*listing.classes(), *created}) if listing is not None else []


def class_rows(listing: Listing | None, created: Iterable[str] = ()) -> list[ClassRow]:
    """A row for each class: see `class_names`."""
    if listing is None:
        return []
    counts = listing.classes()
    return [
        ClassRow(
            name,
            counts.get(name, 0),
            listing.pictures(name, "train"),
            listing.pictures(name, "valid"),
            theme.class_color(place),
            key_of(place),
        )
        for place, name in enumerate(class_names(listing, created))
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
            return sign(row.color, row.key)
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
    """Rename with F2 or a double click, remove with Delete; a selected class filters the pictures.

    Several classes can be selected, to be merged. Pictures can be dropped on a class.
    """

    chosen = Signal(str)  # class that is selected; empty for none or several
    remove_wanted = Signal(list)  # names
    merge_wanted = Signal(list)  # names
    dropped = Signal(object, str)  # list of paths, name of the class

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classTable")
        self.setAccessibleName("Classes")
        self.model_ = ClassModel(self)
        self.setModel(self.model_)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setIconSize(_SIGN)
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
        self.merge_action = self._action("Merge…", "stage-down", "Ctrl+M")
        self.merge_action.triggered.connect(self._merge)
        self._over = -1  # row that pictures are held over
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.selectionModel().selectionChanged.connect(self._selected)

    def _action(self, text: str, icon: str, key: str) -> QAction:
        action = QAction(theme.icon(icon), text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.addAction(action)
        return action

    def set_rows(self, rows: list[ClassRow]) -> None:
        """Show other classes; the selection stays on classes that are still there."""
        if rows == self.model_.rows:
            return
        selected, before = self.chosen_classes(), self.chosen_class()
        scrolled = self.verticalScrollBar().value()
        self.model_.set_rows(rows)
        self.blockSignals(True)  # the pictures are told of what is selected in the end
        for place, row in enumerate(rows):
            if row.name in selected:
                self.selectionModel().select(self.model_.index(place, 0), _WHOLE_ROW)
        self.blockSignals(False)
        self.verticalScrollBar().setValue(scrolled)
        if self.chosen_class() != before:
            self.chosen.emit(self.chosen_class())

    def chosen_class(self) -> str:
        """The class that is selected; empty for none or several."""
        names = self.chosen_classes()
        return names[0] if len(names) == 1 else ""

    def chosen_classes(self) -> list[str]:
        """The classes that are selected."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.model_.rows[row].name for row in rows]

    @Slot()
    def _selected(self) -> None:
        self.chosen.emit(self.chosen_class())

    @Slot()
    def _rename(self) -> None:
        if self.chosen_class():
            self.edit(self.selectionModel().selectedRows()[0])

    @Slot()
    def _remove(self) -> None:
        if self.chosen_classes():
            self.remove_wanted.emit(self.chosen_classes())

    @Slot()
    def _merge(self) -> None:
        if len(self.chosen_classes()) > 1:
            self.merge_wanted.emit(self.chosen_classes())

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if index.isValid():
            if not self.selectionModel().isRowSelected(index.row()):
                self.selectRow(index.row())
            count = len(self.chosen_classes())
            menu = QMenu(self)
            if count > 1:
                self.merge_action.setText(f"Merge {count} classes into one…")
                self.remove_action.setText("Leave these classes out")
                menu.addActions([self.merge_action, self.remove_action])
            else:
                self.remove_action.setText("Leave this class out")
                menu.addActions([self.rename_action, self.remove_action])
                menu.addSeparator()
                hint = menu.addAction("To merge: choose several with Ctrl or Shift")
                hint.setEnabled(False)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.viewport().mapToGlobal(place))

    # -- pictures that are dropped on a class ---------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Pictures of this window are welcome."""
        if event.mimeData().hasFormat(dragged.PICTURES):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 (Qt's name)
        """On a class."""
        self._hold_over(self.indexAt(event.position().toPoint()).row())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.setAccepted(self._over >= 0 and event.mimeData().hasFormat(dragged.PICTURES))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        """They went elsewhere."""
        self._hold_over(-1)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """The pictures get the class."""
        row = self.indexAt(event.position().toPoint()).row()
        self._hold_over(-1)
        if row >= 0:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(dragged.paths_of(event.mimeData()), self.model_.rows[row].name)

    def _hold_over(self, row: int) -> None:
        if row != self._over:
            self._over = row
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """The class that pictures are held over has a frame."""
        super().paintEvent(event)
        if 0 <= self._over < len(self.model_.rows):
            last = self.model_.columnCount() - 1
            row = self.visualRect(self.model_.index(self._over, 0))
            row = row.united(self.visualRect(self.model_.index(self._over, last)))
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), 6, 6)
