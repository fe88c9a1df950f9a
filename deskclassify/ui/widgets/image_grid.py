"""A grid of pictures that scrolls smoothly, however many there are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QDrag, QHideEvent, QKeyEvent, QPainter, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets import dragged, thumbnails
from deskclassify.ui.widgets.grid_painter import GridPainter

_REQUEST_MILLISECONDS = 15
_ROWS_AHEAD = 2
_LARGEST_GROWTH = 1.25
_NEARBY_ROWS = 100  # how far pictures in sight may have moved, for a list to be the one of before

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class GridEntry:
    """One picture of a grid.

    Attributes:
        path: of the picture file.
        title, subtitle: the lines below it; may be empty.
        color: `#rrggbb` of the dot before the title; empty for none.
        bad: whether it is framed as wrong.
        badge: short text on the picture's corner.
    """

    path: str
    title: str = ""
    subtitle: str = ""
    color: str = ""
    bad: bool = False
    badge: str = ""


class LazyEntries(Sequence[GridEntry]):
    """Very many entries, each made when it is looked at.

    Args:
        paths: of the pictures.
        make: the entry of a row.
    """

    def __init__(self, paths: Sequence[str], make: Callable[[int], GridEntry]) -> None:
        self.paths = list(paths)
        self._make = make

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, row: int) -> GridEntry: ...
    @overload
    def __getitem__(self, row: slice) -> list[GridEntry]: ...
    def __getitem__(self, row: int | slice) -> GridEntry | list[GridEntry]:
        if isinstance(row, slice):
            return [self._make(each) for each in range(*row.indices(len(self.paths)))]
        return self._make(range(len(self.paths))[row])


def _paths(entries: Sequence[GridEntry]) -> list[str]:
    return entries.paths if isinstance(entries, LazyEntries) else [entry.path for entry in entries]


class GridModel(QAbstractListModel):
    """The entries; `entry` gives them without a detour through Qt's variants."""

    def __init__(self, edge: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edge = edge
        self._entries: Sequence[GridEntry] = ()

    def retitle(self, entries: Sequence[GridEntry]) -> bool:
        """Show the same pictures with other texts: no selection is lost. False if they are others."""
        if _paths(entries) != _paths(self._entries):
            return False
        self._entries = entries
        return True

    def set_entries(self, entries: Sequence[GridEntry]) -> None:
        """Show other pictures. The sequence is not copied and must not change."""
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def paths(self) -> list[str]:
        """The paths of all pictures."""
        return _paths(self._entries)

    def entry(self, row: int) -> GridEntry:
        """The entry of a row."""
        return self._entries[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Number of pictures."""
        return 0 if parent.isValid() else len(self._entries)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Pictures can be dragged, where the grid lets them."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:  # noqa: N802 (Qt's name)
        """Pictures of this window."""
        return [dragged.PICTURES]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802 (Qt's name)
        """The paths of the pictures that are dragged, in their order."""
        return dragged.as_mime(self._entries[row].path for row in sorted({index.row() for index in indexes}))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tooltip and what a screen reader says."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            known = thumbnails.shared().get((entry.path, self._edge))
            lines = [entry.title, entry.subtitle, entry.path, known if isinstance(known, str) else ""]
            return "\n".join(line for line in lines if line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " ".join(part for part in (entry.title, entry.subtitle, entry.badge, entry.path) if part)
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, grid: ImageGrid, painter: GridPainter) -> None:
        super().__init__(grid)
        self._grid = grid
        self._painter = painter

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = self._grid.model_.entry(index.row())
        self._painter.paint(painter, option, entry, self._grid.thumbnail(entry))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return self._grid.gridSize()


class ImageGrid(QListView):
    """Pictures with a title each, only those in sight decoded.

    Args:
        edge: pixels of a picture on the screen.
        lines: lines of text below each: 0, 1 (title) or 2 (title and subtitle).
    """

    activated_entry = Signal(object)  # GridEntry: double-clicked, or Enter
    digit_pressed = Signal(int)  # 0 to 9, of either block of keys

    def __init__(self, parent: QWidget | None = None, edge: int = 112, lines: int = 1) -> None:
        super().__init__(parent)
        # Cells grow until they fill the row, so pictures are decoded somewhat larger than asked for.
        self._pixels = round(edge * _LARGEST_GROWTH * self.devicePixelRatioF())
        self._painter = GridPainter(self, edge, lines)
        self.model_ = GridModel(self._pixels, self)
        self.setModel(self.model_)
        self.setItemDelegate(_Delegate(self, self._painter))
        # ListMode with wrapping lays 100,000 entries out in a few milliseconds; IconMode keeps a tree of them.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(self._painter.cell)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName("Pictures")
        self.verticalScrollBar().setSingleStep(self._painter.cell.height() // 3)
        self._request = QTimer(self)
        self._request.setSingleShot(True)
        self._request.setInterval(_REQUEST_MILLISECONDS)
        self._request.timeout.connect(self._ask)
        self.activated.connect(self._activate)
        self.verticalScrollBar().valueChanged.connect(self._ask_soon)
        thumbnails.shared().ready.connect(self._arrived)
        theme.notifier().changed.connect(self.viewport().update)

    def set_entries(self, entries: Sequence[GridEntry]) -> None:
        """Show these pictures.

        If they are those of before but for some that went, came or moved a little, the grid does not scroll, and
        what was selected stays so. If all of that is gone, the picture that came after it is selected.
        """
        if self.model_.retitle(entries):
            self.viewport().update()
            return
        place = self._place(entries)
        self.model_.set_entries(entries)
        if place is None:
            self.scrollToTop()
        else:
            scrolled, rows, current = place
            self._select(rows, current)
            self.executeDelayedItemsLayout()  # the bar must know how far it can go
            self.verticalScrollBar().setValue(scrolled)
        self._ask_soon()

    def _place(self, entries: Sequence[GridEntry]) -> tuple[int, list[int], int] | None:
        """Where the grid is scrolled to, and which rows of the new pictures are to be selected; the last is current.

        None if these are other pictures.
        """
        before, now = self.model_.paths(), _paths(entries)
        visible = self.visible_rows()
        seen = before[visible.start : visible.stop]
        nearby = frozenset(now[max(0, visible.start - _NEARBY_ROWS) : visible.stop + _NEARBY_ROWS])
        if not seen or 2 * sum(path in nearby for path in seen) < len(seen):
            return None
        selected, scrolled = self.selected_rows(), self.verticalScrollBar().value()
        if not selected:
            return scrolled, [], -1
        row_of = {path: row for row, path in enumerate(now)}
        rows_now = [row_of[before[row]] for row in selected if before[row] in row_of]
        at = max(0, self.currentIndex().row())
        after = itertools.chain(range(at, len(before)), range(at - 1, -1, -1))
        current = next((row_of[before[row]] for row in after if before[row] in row_of), -1)
        if rows_now and current not in rows_now:
            current = rows_now[0]
        return scrolled, rows_now or [current], current

    def _select(self, rows: Sequence[int], current: int) -> None:
        if current < 0:
            return
        chosen, model = QItemSelection(), self.model()
        for row in rows:
            chosen.select(model.index(row, 0), model.index(row, 0))
        self.selectionModel().setCurrentIndex(model.index(current, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selected_rows(self) -> list[int]:
        """The rows that are selected, in their order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def selected_paths(self) -> list[str]:
        """The paths of the pictures that are selected, in their order."""
        return [self.model_.entry(row).path for row in self.selected_rows()]

    def go_on(self) -> None:
        """Select the picture after those that are selected; at the end, the last of them stays."""
        rows = self.selected_rows()
        if rows:
            self.setCurrentIndex(self.model().index(min(rows[-1] + 1, self.model_.rowCount() - 1), 0))

    def entry_at(self, index: Index) -> GridEntry:
        """The entry of a model index."""
        return self.model_.entry(index.row())

    def thumbnail(self, entry: GridEntry) -> QPixmap | str | None:
        """The picture, the reason why there is none, or None as long as it is being made."""
        return thumbnails.shared().get((entry.path, self._pixels))

    def visible_rows(self) -> range:
        """The rows in sight."""
        count, cell = self.model_.rowCount(), self.gridSize()
        columns = max(1, self._layout_width() // cell.width())
        first = self.verticalScrollBar().value() // cell.height() * columns
        rows = self.viewport().height() // cell.height() + _ROWS_AHEAD
        return range(min(first, count), min(first + rows * columns, count))

    def _layout_width(self) -> int:
        """The pixels that QListView spreads cells over: it always leaves room for the scroll bar."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self.verticalScrollBar())
        return self.maximumViewportSize().width() - bar - 2 * self.frameWidth() - 1

    @Slot()
    def _ask_soon(self) -> None:
        if not self._request.isActive():
            self._request.start()

    @Slot()
    def _ask(self) -> None:
        paths = [self.model_.entry(row).path for row in self.visible_rows()] if self.isVisible() else []
        thumbnails.shared().want(id(self), [(path, self._pixels) for path in paths])

    @Slot(object)
    def _arrived(self, key: thumbnails.Key) -> None:
        if key[1] == self._pixels and self.isVisible():
            for row in self.visible_rows():
                if self.model_.entry(row).path == key[0]:
                    self.viewport().update(self.visualRect(self.model_.index(row)))

    @Slot(QModelIndex)
    def _activate(self, index: QModelIndex) -> None:
        self.activated_entry.emit(self.entry_at(index))

    def startDrag(self, actions: Qt.DropAction) -> None:  # noqa: N802 (Qt's name)
        """A pile of the pictures hangs on the pointer; they are only ever copied."""
        rows = self.selected_rows()
        if not rows:
            return
        known = [self.thumbnail(self.model_.entry(row)) for row in rows[:3]]
        pictures = [picture if isinstance(picture, QPixmap) else QPixmap() for picture in known]
        drag = QDrag(self)
        drag.setMimeData(self.model_.mimeData([self.model_.index(row, 0) for row in rows]))
        drag.setPixmap(dragged.pile(pictures, len(rows), self.devicePixelRatioF()))
        drag.exec(Qt.DropAction.CopyAction)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Digits are told of; Qt would look for an entry that begins with one."""
        digit = event.key() - Qt.Key.Key_0
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and 0 <= digit <= 9:
            self.digit_pressed.emit(digit)
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """The columns share the width; more or other pictures may be in sight."""
        cell = self._painter.fitted(self._layout_width(), _LARGEST_GROWTH)
        if cell != self.gridSize():
            self.setGridSize(cell)
        super().resizeEvent(event)
        self._ask_soon()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin to load."""
        super().showEvent(event)
        self._ask_soon()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is wanted any more."""
        super().hideEvent(event)
        thumbnails.shared().want(id(self), [])
