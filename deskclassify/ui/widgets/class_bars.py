"""The classes of an answer with their probabilities as bars, one of which can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.core.words import percent
from deskclassify.ui import theme

_Index = QModelIndex | QPersistentModelIndex
_ROW = 24  # pixels
_BAR = 8
_PAD = 8
_MOST_ROWS = 6  # seen at once


class ClassModel(QAbstractListModel):
    """Classes with their probabilities, in the given order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answer: tuple[tuple[str, float], ...] = ()

    @property
    def answer(self) -> tuple[tuple[str, float], ...]:
        """What is shown."""
        return self._answer

    def set_answer(self, answer: Sequence[tuple[str, float]]) -> None:
        """Show another answer."""
        self.beginResetModel()
        self._answer = tuple(answer)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's own signature)
        """Number of classes."""
        return 0 if parent.isValid() else len(self._answer)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, probability and both in words."""
        if not index.isValid():
            return None
        name, chance = self._answer[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return name
        if role == Qt.ItemDataRole.UserRole:
            return chance
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{name}, {percent(chance)}"
        return None


class _BarDelegate(QStyledItemDelegate):
    """Name, bar and number in one line."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return QSize(160, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view: Any = option
        area: QRect = view.rect
        state: QStyle.StateFlag = view.state
        colors = theme.current()
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(colors.accent_soft if chosen else colors.raised))
            painter.drawRoundedRect(area, 5, 5)
        font = QFont(view.font)
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        numbers = metrics.horizontalAdvance("> 99.9 %") + 4
        names = int(area.width() * 0.36)
        line = area.adjusted(_PAD, 0, -_PAD, 0)
        track = QRectF(line.left() + names + _PAD, 0, max(10, line.width() - names - numbers - 2 * _PAD), _BAR)
        track.moveTop(area.top() + (_ROW - _BAR) / 2)
        painter.setBrush(QColor(colors.border))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        track.setWidth(track.width() * float(index.data(Qt.ItemDataRole.UserRole)))
        if track.width() > 0.5:
            radius = min(_BAR, track.width()) / 2
            painter.setBrush(QColor(colors.accent))
            painter.drawRoundedRect(track, radius, radius)
        painter.setPen(QColor(colors.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, names)
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, name)
        number = percent(float(index.data(Qt.ItemDataRole.UserRole)))
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, number)
        painter.restore()


class ClassBars(QListView):
    """Mouse and keyboard choose a class; `chosen` tells its name, and only what the user does."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.class_model = ClassModel(self)
        self.setModel(self.class_model)
        self.setItemDelegate(_BarDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setStyleSheet("QListView { background: transparent; border: none; }")
        self.selectionModel().currentChanged.connect(self._tell)
        theme.notifier().changed.connect(self.viewport().update)

    @property
    def current(self) -> str:
        """The chosen class; empty without one."""
        index = self.currentIndex()
        return str(index.data()) if index.isValid() else ""

    def show_answer(self, answer: Sequence[tuple[str, float]], current: str = "") -> None:
        """Show an answer, with one of its classes chosen. Nothing is told."""
        self.selectionModel().currentChanged.disconnect(self._tell)
        if tuple(answer) != self.class_model.answer:
            self.class_model.set_answer(answer)
            self.setFixedHeight(_ROW * max(1, min(_MOST_ROWS, len(self.class_model.answer))) + 2)
        names = [name for name, _ in self.class_model.answer]
        if current in names:
            index = self.class_model.index(names.index(current))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        else:
            self.selectionModel().clear()
        self.selectionModel().currentChanged.connect(self._tell)

    @Slot(QModelIndex)
    def _tell(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(str(index.data()))
