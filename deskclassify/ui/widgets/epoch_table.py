"""The table of epochs, one row each as fast.ai prints them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from deskclassify.core.events import EpochDone
from deskclassify.ui import theme
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table, wanted_widths

COLUMNS = (
    ("Epoch", ""),
    ("Phase", ""),
    ("Train loss", ""),
    ("Valid loss", ""),
    ("Error rate", ""),
    ("Accuracy", ""),
    ("Time", "How long the epoch took, with its validation."),
)


def best_of(rows: Sequence[EpochDone]) -> int:
    """The number of the best epoch so far: highest accuracy, then lowest validation loss; 0 without any."""
    measured = [row for row in rows if row.accuracy is not None]
    if not measured:
        return 0
    infinity = float("inf")
    best = max(
        measured, key=lambda row: (row.accuracy, -(infinity if row.valid_loss is None else row.valid_loss), -row.epoch)
    )
    return best.epoch


def time_text(seconds: float) -> str:
    """A duration as short as its size allows: “0.24 s”, “12.3 s”, “4:05”, “1:02:30”."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


class EpochModel(TitledModel):
    """The history's rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, left=(1,), parent=parent)
        self._rows: list[EpochDone] = []
        self._best = 0

    def set_rows(self, rows: Sequence[EpochDone], best: int = 0) -> None:
        """Show these rows; rows that only grow are appended, so that selection and scrolling stay.

        Args:
            rows: the history.
            best: number of the best epoch; 0 to work it out.
        """
        known = len(self._rows)
        if 0 < known <= len(rows) and self._rows == list(rows[:known]):
            if len(rows) > known:
                self.beginInsertRows(QModelIndex(), known, len(rows) - 1)
                self._rows = list(rows)
                self.endInsertRows()
        else:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
        best = best or best_of(rows)
        if best != self._best and self._rows:
            self._best = best
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(COLUMNS) - 1))
        self._best = best

    @property
    def best(self) -> int:
        """Number of the best epoch; 0 without any."""
        return self._best

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802
        """One for each epoch."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text; the best epoch is bold on a tinted ground."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(row)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if row.epoch != self._best:
            return None
        if role == Qt.ItemDataRole.FontRole:
            font = QFont(QGuiApplication.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.BackgroundRole:
            return QColor(theme.current().accent_soft)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "The best epoch: its network is the one that is kept."
        return None

    @staticmethod
    def _texts(row: EpochDone) -> tuple[str, ...]:
        return (
            str(row.epoch),
            row.phase,
            f"{row.train_loss:.4f}",
            "–" if row.valid_loss is None else f"{row.valid_loss:.4f}",
            "–" if row.error_rate is None else f"{100 * row.error_rate:.1f} %",
            "–" if row.accuracy is None else f"{100 * row.accuracy:.1f} %",
            time_text(row.seconds),
        )


class EpochTable(QTableView):
    """Shows the history; the newest row is scrolled into view, Ctrl+C copies."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = EpochModel(self)
        self.setModel(self._model)
        plain_table(self)
        self.setAccessibleName("Epochs")
        theme.notifier().changed.connect(self.viewport().update)

    def set_rows(self, rows: Sequence[EpochDone], best: int = 0) -> None:
        """Show these rows; see `EpochModel.set_rows`."""
        before = self._model.rowCount()
        self._model.set_rows(rows, best)
        if self._model.rowCount() != before:
            self.scrollToBottom()
            self._spread()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        wanted = wanted_widths(self)
        spare = max(0, self.viewport().width() - sum(wanted)) // len(wanted)
        for column, width in enumerate(wanted):
            self.setColumnWidth(column, width + spare)
