"""The confusion matrix as a heat-coloured table: rows are actual classes, columns predicted ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import text_on
from deskclassify.ui.widgets.tables import NO_INDEX, ON_CARD, Index

_SMALLEST_CELL, _LARGEST_CELL = 22, 84  # pixels
_LONGEST_NAME = 130  # pixels of a class name in a header
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1  # share of the row, 0 to 1


class ConfusionModel(QAbstractTableModel):
    """Counts of pictures by actual and predicted class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self._totals: list[int] = []

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show other counts: `counts[actual][predicted]`."""
        self.beginResetModel()
        self.classes = tuple(classes)
        self._counts = tuple(tuple(row) for row in counts)
        self._totals = [sum(row) for row in self._counts]
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802
        """One for each class."""
        return 0 if parent.isValid() else len(self.classes)

    def columnCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802
        """One for each class."""
        return 0 if parent.isValid() else len(self.classes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The count, its share of the row, or a sentence."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        count, total = self._counts[row][column], self._totals[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return count
        if role == SHARE_ROLE:
            return count / total if total else 0.0
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._sentence(row, column, count, total)
        return None

    def _sentence(self, row: int, column: int, count: int, total: int) -> str:
        share = f" ({100 * count / total:.0f} %)" if total else ""
        head = f"{count} of {total} {'picture' if total == 1 else 'pictures'} of “{self.classes[row]}”"
        if row == column:
            return f"{head} were recognised{share}."
        return f"{head} were taken for “{self.classes[column]}”{share}."

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Class names."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.classes[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            kind = "predicted" if orientation == Qt.Orientation.Horizontal else "actual"
            return f"{self.classes[section]} ({kind})"
        return None


def heat(base: str, hue: str, share: float) -> QColor:
    """A colour between the surface and a hue; small shares are lifted, so that one error is seen."""
    strength = 0.0 if share <= 0 else 0.12 + 0.78 * share**0.7
    low, high = QColor(base), QColor(hue)
    mixed = [a + (b - a) * strength for a, b in zip(low.getRgbF()[:3], high.getRgbF()[:3], strict=True)]  # type: ignore[index]
    return QColor.fromRgbF(*mixed)


class _HeatDelegate(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Fill by share, number in the middle, ring around the chosen cell."""
        palette = theme.current()
        share, right = float(index.data(SHARE_ROLE)), index.row() == index.column()
        rect: QRect = option.rect.adjusted(1, 1, -1, -1)
        color = heat(palette.raised, palette.good if right else palette.bad, share)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(rect, 4, 4)
        count = int(index.data())
        if count or right:
            font = QFont(option.font)
            if rect.width() >= 40:
                font.setBold(right)
            elif count > 9:  # small cells: the font gives way, not the cell
                font.setPointSizeF(font.pointSizeF() * (0.8 if count < 100 else 0.65))
            painter.setFont(font)
            painter.setPen(text_on(color))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(count))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            pen = painter.pen()
            pen.setColor(QColor(palette.text))
            pen.setWidth(2)
            painter.setPen(pen)
            painter.drawRoundedRect(rect, 4, 4)
        painter.restore()


class _NameHeader(QHeaderView):
    """Class names, elided; upright columns turn them by 90 degrees where they do not fit."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self._table = parent
        self.setSectionsClickable(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(_SMALLEST_CELL)

    def _turned(self) -> bool:
        if self.orientation() == Qt.Orientation.Vertical or not self.count():
            return False
        return self._longest() + 8 > self.sectionSize(0)

    def _longest(self) -> int:
        metrics, model = self.fontMetrics(), self.model()
        names = [str(model.headerData(at, self.orientation())) for at in range(self.count())]
        most = min(_LONGEST_NAME, max(60, self._table.height() // 3))
        return min(most, max((metrics.horizontalAdvance(name) for name in names), default=0))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the longest name."""
        line = self.fontMetrics().height() + 10
        if self.orientation() == Qt.Orientation.Vertical:
            return QSize(self._longest() + 18, line)
        return QSize(line, self._longest() + 14 if self._turned() else line)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:  # noqa: N802
        """Draw one name."""
        palette = theme.current()
        painter.save()
        painter.fillRect(rect, QColor(palette.surface))
        painter.setPen(QColor(palette.muted))
        name = str(self.model().headerData(logical, self.orientation()))
        turned = self._turned()
        room = (rect.height() if turned else rect.width()) - 4
        text = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        if turned:
            painter.translate(rect.left(), rect.bottom())
            painter.rotate(-90)
            box = QRect(6, 0, rect.height() - 6, rect.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        else:
            upright = self.orientation() == Qt.Orientation.Horizontal
            side = Qt.AlignmentFlag.AlignHCenter if upright else Qt.AlignmentFlag.AlignRight
            painter.drawText(rect.adjusted(2, 0, -2 if upright else -6, 0), Qt.AlignmentFlag.AlignVCenter | side, text)
        painter.restore()


class ConfusionMatrix(QTableView):
    """A confusion matrix of any number of classes; a click, Enter or Space chooses a cell."""

    cell_chosen = Signal(str, str)  # actual and predicted class

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ConfusionModel(self)
        self.setHorizontalHeader(_NameHeader(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(_NameHeader(Qt.Orientation.Vertical, self))
        self.setModel(self._model)
        self.setItemDelegate(_HeatDelegate(self))
        self.setShowGrid(False)
        self.setStyleSheet(ON_CARD)
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Confusion matrix: rows are actual classes, columns predicted classes")
        self.clicked.connect(self._choose)
        theme.notifier().changed.connect(self._repaint)

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show counts: `counts[actual][predicted]`."""
        self._model.set_matrix(classes, counts)
        self._fit()

    def choose(self, actual: str, predicted: str) -> None:
        """Select a cell, as a click does."""
        names = self._model.classes
        index = self._model.index(names.index(actual), names.index(predicted))
        self.setCurrentIndex(index)
        self._choose(index)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.cell_chosen.emit(self._model.classes[index.row()], self._model.classes[index.column()])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter and Space choose the cell; the arrows move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Use the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Cells as large as fit, within limits; scroll bars where the smallest do not."""
        count = len(self._model.classes)
        if not count:
            return
        across, down = self.horizontalHeader(), self.verticalHeader()
        wide = (self.width() - down.sizeHint().width() - 4) // count
        width = max(_SMALLEST_CELL, min(_LARGEST_CELL, wide))
        across.setDefaultSectionSize(width)
        tall = (self.height() - across.sizeHint().height() - 4) // count
        height = max(_SMALLEST_CELL, min(width, tall))
        down.setDefaultSectionSize(height)
        self.updateGeometries()

    @Slot()
    def _repaint(self) -> None:
        self.viewport().update()
        self.horizontalHeader().viewport().update()
        self.verticalHeader().viewport().update()
