"""Pictures that belong together, a row each, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.grid_painter import GridPainter
from deskclassify.ui.widgets.image_grid import GridEntry

_EDGE = 96  # pixels of a picture
_PAD = 6
_TEXT_PIXELS = 210  # room for the reason, beside the pictures
_LEAST_PICTURES = 2
_REQUEST_MILLISECONDS = 15

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Group:
    """One row: pictures, and why they are together."""

    pictures: tuple[GridEntry, ...]
    text: str


class _Model(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.groups: Sequence[Group] = ()

    def set_groups(self, groups: Sequence[Group]) -> None:
        self.beginResetModel()
        self.groups = groups
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self.groups)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        group = self.groups[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{', '.join(one.title for one in group.pictures)}. {group.text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join([group.text, *(one.path for one in group.pictures)])
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, view: GroupList) -> None:
        super().__init__(view)
        self._view = view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self._view.paint_row(painter, option, index.row())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, self._view.row_height)


class GroupList(QListView):
    """Rows of pictures; only those in sight are decoded."""

    acted = Signal()  # Enter
    delete_pressed = Signal()
    opened = Signal(int, int)  # row and place of a picture that was double-clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels = round(_EDGE * 1.25 * self.devicePixelRatioF())  # as a grid has them, so that they are shared
        self._painter = GridPainter(self, _EDGE, 1)
        self._cell = self._painter.cell
        self.row_height = self._cell.height() + 2 * _PAD
        self.model_ = _Model(self)
        self.setModel(self.model_)
        self.setItemDelegate(_Delegate(self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName("Groups of copies")
        self.verticalScrollBar().setSingleStep(self.row_height // 3)
        self._request = QTimer(self)
        self._request.setSingleShot(True)
        self._request.setInterval(_REQUEST_MILLISECONDS)
        self._request.timeout.connect(self._ask)
        self.verticalScrollBar().valueChanged.connect(self._ask_soon)
        thumbnails.shared().ready.connect(self._arrived)
        theme.notifier().changed.connect(self.viewport().update)

    def set_groups(self, groups: Sequence[Group]) -> None:
        """Show these; the list stays where it is, and what comes after a row that went is selected."""
        scrolled, row = self.verticalScrollBar().value(), self.currentIndex().row()
        first = self.selected_rows()[:1]
        self.model_.set_groups(groups)
        row = first[0] if first else row
        if groups:
            self.setCurrentIndex(self.model_.index(min(max(0, row), len(groups) - 1), 0))
            self.executeDelayedItemsLayout()  # the bar must know how far it can go
            self.verticalScrollBar().setValue(scrolled)
        self._ask_soon()

    def start(self) -> None:
        """Select the first row, and show it."""
        self.scrollToTop()
        index = self.model_.index(0, 0)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selected_rows(self) -> list[int]:
        """The rows that are selected, in their order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    # -- painting -----------------------------------------------------------------------

    def _fit(self, count: int) -> int:
        """How many pictures of a row have room beside its text."""
        room = (self.viewport().width() - 2 * _PAD - _TEXT_PIXELS) // self._cell.width()
        return min(count, max(_LEAST_PICTURES, room))

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: int) -> None:
        """Draw a row: its pictures, how many more there are, and why."""
        colors, area, group = theme.current(), QRect(option.rect), self.model_.groups[row]
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(
                QPen(QColor(colors.accent), 2) if state & QStyle.StateFlag.State_HasFocus else Qt.PenStyle.NoPen
            )
            painter.setBrush(QColor(colors.accent_soft if selected else colors.raised))
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), theme.RADIUS, theme.RADIUS)
        shown = self._fit(len(group.pictures))
        cell = QStyleOptionViewItem(option)
        cell.state = QStyle.StateFlag.State_Enabled
        for at, entry in enumerate(group.pictures[:shown]):
            cell.rect = QRect(
                area.left() + _PAD + at * self._cell.width(), area.top() + _PAD, self._cell.width(), self._cell.height()
            )
            self._painter.paint(painter, cell, entry, thumbnails.shared().get((entry.path, self._pixels)))
        left = area.left() + 2 * _PAD + shown * self._cell.width()
        place = QRect(left, area.top() + _PAD, area.right() - left - 2 * _PAD, area.height() - 2 * _PAD)
        more = len(group.pictures) - shown
        text = f"… and {more} more. {group.text}" if more else group.text
        painter.setFont(self.font())
        painter.setPen(QColor(colors.text))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap, text)
        painter.restore()

    # -- thumbnails ---------------------------------------------------------------------

    def _visible(self) -> list[GridEntry]:
        groups = self.model_.groups
        first = max(0, self.verticalScrollBar().value() // self.row_height)
        rows = groups[first : first + self.viewport().height() // self.row_height + 2]
        return [entry for group in rows for entry in group.pictures[: self._fit(len(group.pictures))]]

    @Slot()
    def _ask_soon(self) -> None:
        if not self._request.isActive():
            self._request.start()

    @Slot()
    def _ask(self) -> None:
        keys = [(entry.path, self._pixels) for entry in self._visible()] if self.isVisible() else []
        thumbnails.shared().want(id(self), keys)

    @Slot(object)
    def _arrived(self, key: thumbnails.Key) -> None:
        if key[1] == self._pixels and self.isVisible() and any(one.path == key[0] for one in self._visible()):
            self.viewport().update()

    # -- hands --------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter acts, Delete leaves out."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.acted.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the picture under the pointer, or the first one."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            count = self._fit(len(self.model_.groups[index.row()].pictures))
            at = (int(event.position().x()) - _PAD) // self._cell.width()
            self.opened.emit(index.row(), at if 0 <= at < count else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """More or other pictures may be in sight."""
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
