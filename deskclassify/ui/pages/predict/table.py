"""The answers as a table: a row a file, filled in batches, sorted and filtered as the user likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt, Slot
from PySide6.QtGui import QColor

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.events import Prediction
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel

PredictionRole = Qt.ItemDataRole.UserRole
SortRole = Qt.ItemDataRole.UserRole + 1
NAME, LABEL, PROBABILITY, TIME, NOTE = range(5)
COLUMNS = (
    ("File", "Name of the file"),
    ("Class", "The most probable class, or that it is none of these"),
    ("Probability", "How sure the model is; not how often it is right"),
    ("Time", "Time that the model took for this picture"),
    ("Remark", "Why a file could not be read, or what comes nearest"),
)


class PredictionModel(TitledModel):
    """Answers in the order in which they came."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, left=(NAME, LABEL, NOTE), parent=parent)
        self._rows: list[Prediction] = []
        self._refuses = True
        self.failed = 0  # files that could not be read

    @property
    def predictions(self) -> Sequence[Prediction]:
        """All answers, as they are shown."""
        return self._rows if self._refuses else [_answered(row) for row in self._rows]

    @property
    def refused(self) -> int:
        """Number of pictures that are shown as none of the classes."""
        return sum(row.refused for row in self._rows) if self._refuses else 0

    def set_refusing(self, refuses: bool) -> None:
        """Whether pictures below the model's threshold are none of the classes, or get the likeliest one."""
        self._refuses = refuses
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(COLUMNS) - 1))

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Add answers at the end, at once."""
        if predictions:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(predictions) - 1)
            self._rows.extend(predictions)
            self.failed += sum(1 for row in predictions if row.error)
            self.endInsertRows()

    def clear(self) -> None:
        """Remove all answers."""
        self.beginResetModel()
        self._rows.clear()
        self.failed = 0
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Number of answers."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, numbers to sort by, and red for what failed."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if row.refused and not self._refuses:
            row = _answered(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == PredictionRole:
            return row
        if role == SortRole:
            return _sort_key(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        if role == Qt.ItemDataRole.ForegroundRole and column == NOTE:
            return QColor(theme.current().muted if row.refused else theme.current().bad)
        if role == Qt.ItemDataRole.ForegroundRole and row.refused:
            return QColor(theme.current().muted)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        return None

    def _tip(self, row: Prediction, column: int) -> str | None:
        if column == NOTE and row.error:
            return row.error
        if column == LABEL and row.refused:
            return f"The likeliest class would be {row.label}, below the threshold of the model."
        return row.path if column == NAME else None


def _answered(row: Prediction) -> Prediction:
    return replace(row, refused=False)


def _text(row: Prediction, column: int) -> str:
    if column == NAME:
        return Path(row.path).name
    if column == LABEL:
        return NO_ANSWER if row.refused else row.label
    if column == PROBABILITY:
        return "" if row.probability is None else percent(row.probability)
    if column == TIME:
        return milliseconds_text(row.milliseconds)
    return f"likeliest: {row.label}" if row.refused else row.error


def milliseconds_text(milliseconds: float) -> str:
    """A time as people read it; nothing for an unknown one."""
    if milliseconds <= 0:
        return ""
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


def _sort_key(row: Prediction, column: int) -> str | float:
    if column == PROBABILITY:
        return -1.0 if row.probability is None else row.probability
    if column == TIME:
        return row.milliseconds
    return _text(row, column).casefold()


class PredictionFilter(QSortFilterProxyModel):
    """Sorts by value, and leaves the rows whose path, class or remark holds the text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSortRole(SortRole)

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Filter by another text; capital letters do not matter."""
        self._text = text.strip().casefold()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802
        """Whether a row is left."""
        if not self._text:
            return True
        source = self.sourceModel()
        row: Prediction = source.data(source.index(source_row, 0, source_parent), PredictionRole)
        shown = f"{NO_ANSWER} {row.label}" if row.refused else row.label
        return self._text in f"{row.path}\n{shown}\n{row.error}".casefold()
