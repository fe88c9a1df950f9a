"""What all tables share: titles with explanations, a plain look on a card, and copying."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableView

from deskclassify.ui.widgets import explained

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()  # the parent of all rows of a table
_HEADER_PADDING, _ARROW = 14, 12  # pixels

ON_CARD = (  # a view that lies on a card needs no frame of its own
    "QAbstractItemView { border: none; background: transparent; }"
    "QAbstractScrollArea::corner { border: none; background: transparent; }"
)


class TitledModel(QAbstractTableModel):
    """Columns with a title and a sentence that explains it; numbers are aligned to the right.

    The glossary explains its terms by itself: a column that is named by one needs no sentence of its own.

    Args:
        columns: title and tooltip of each column; the tooltip may be empty.
        left: the columns that hold text.
    """

    def __init__(
        self, columns: Sequence[tuple[str, str]], left: Collection[int], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._left = frozenset(left)

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        """How the cells of a column and its title are aligned."""
        side = Qt.AlignmentFlag.AlignLeft if column in self._left else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter

    def columnCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """As many as there are titles."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles, explained in the tooltip."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            title, tip = self._columns[section]
            return explained.tip(tip, explained.named_terms(title))
        return self.alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None


def wanted_widths(view: QTableView) -> list[int]:
    """What each column needs for its header and the rows in sight, in pixels."""
    header = view.horizontalHeader()
    columns = range(header.count())
    names = [str(view.model().headerData(column, Qt.Orientation.Horizontal)) for column in columns]
    # sectionSizeHint would keep room for an arrow in every column that can be sorted
    padding = _HEADER_PADDING + (_ARROW if view.isSortingEnabled() else 0)
    heads = [header.fontMetrics().horizontalAdvance(name) + padding for name in names]
    return [max(head, view.sizeHintForColumn(column)) for column, head in enumerate(heads)]


def plain_table(view: QTableView) -> None:
    """Rows without a grid that are read, selected and copied, not edited."""
    view.setShowGrid(False)
    view.setStyleSheet(ON_CARD)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(30)
    view.horizontalHeader().setHighlightSections(False)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setTabKeyNavigation(False)
    copy = _CopyAction(view)
    view.addAction(copy)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)


class _CopyAction(QAction):
    """Copies the selected rows, or all, as a table that spreadsheets understand."""

    def __init__(self, view: QTableView) -> None:
        super().__init__("Copy rows", view)
        self._view = view
        self.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.triggered.connect(self.copy)

    @Slot()
    def copy(self) -> None:
        """Put the rows on the clipboard."""
        QGuiApplication.clipboard().setText(as_text(self._view))


def as_text(view: QTableView) -> str:
    """The selected rows of a table, or all of them, with tabs between and the header on top."""
    model = view.model()
    chosen = sorted({index.row() for index in view.selectionModel().selectedRows()}) or list(range(model.rowCount()))
    columns = range(model.columnCount())
    head = [str(model.headerData(column, Qt.Orientation.Horizontal)) for column in columns]
    lines = [head, *([str(model.index(row, column).data()) for column in columns] for row in chosen)]
    return "\n".join("\t".join(line) for line in lines) + "\n"
