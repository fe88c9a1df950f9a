"""The answers as a table: a row a file, filled in batches, sorted and filtered as the user likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QModelIndex, QObject, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPixmap

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.events import Prediction
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.columns import LABEL, NAME, NOTE, PROBABILITY, TIME, Columns, Wanted, note
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel

__all__ = ["COLUMNS", "LABEL", "NAME", "NOTE", "PROBABILITY", "TIME"]  # the columns are named here for others as well

PredictionRole = Qt.ItemDataRole.UserRole
COLUMNS = (
    ("File", "Name of the file"),
    ("Class", "The most probable class, or that it is none of these"),
    ("Probability", "How sure the model is; not how often it is right"),
    ("Time", "Time that the model took for this picture"),
    ("Remark", "Why a file could not be read, what comes nearest, or what you corrected"),
)
_FEW = 40  # rows that are inserted one by one into a sorted table: more are quicker all at once
_DOT = 10  # pixels


class PredictionModel(TitledModel):
    """All answers, in the order in which they came."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, left=(NAME, LABEL, NOTE), parent=parent)
        self.columns = Columns()
        self._colors: dict[str, str] = {}

    @property
    def predictions(self) -> Sequence[Prediction]:
        """All answers, as they are shown."""
        return [self.prediction(row) for row in range(self.rowCount())]

    @property
    def refused(self) -> int:
        """Number of pictures that are shown as none of the classes."""
        return self.columns.counts().none

    @property
    def failed(self) -> int:
        """Number of files that could not be read."""
        return self.columns.counts().unreadable

    @property
    def corrected(self) -> Mapping[str, str]:
        """The classes that the user gave instead, by path."""
        return self.columns.corrected

    def prediction(self, row: int) -> Prediction:
        """One answer, as it is shown."""
        return self.columns.shown(row)

    def color(self, row: Prediction) -> str:
        """The colour of the class that is shown, as on the card; empty for none."""
        return theme.current().muted if row.refused else self.class_color(row.label)

    def class_color(self, label: str) -> str:
        """The colour of a class; empty for one that is not known yet."""
        return self._colors.get(label, "")

    def set_classes(self, classes: Sequence[str]) -> None:
        """The classes of the model: their order decides their colours."""
        self._colors = {label: theme.class_color(place) for place, label in enumerate(sorted(classes))}
        self._changed()

    def set_refusing(self, refuses: bool) -> None:
        """Whether pictures below the model's threshold are none of the classes, or get the likeliest one."""
        self.columns.refuses = refuses
        self._changed()

    def set_corrected(self, corrected: Mapping[str, str]) -> None:
        """What was corrected by now."""
        if corrected != self.columns.corrected:
            self.columns.corrected = dict(corrected)
            self._changed()

    def _changed(self) -> None:
        if self.columns.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Add answers at the end, at once."""
        if predictions:
            first = self.rowCount()
            self.beginInsertRows(QModelIndex(), first, first + len(predictions) - 1)
            self.columns.append(predictions)
            self.endInsertRows()

    def clear(self) -> None:
        """Remove all answers."""
        self.beginResetModel()
        self.columns.clear()
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Number of answers."""
        return 0 if parent.isValid() else len(self.columns.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, the dot of a class, and red for what failed."""
        return self.cell(index.row(), index.column(), role) if index.isValid() else None

    def cell(self, number: int, column: int, role: int) -> Any:
        """What `data` says of a row and a column."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        row = self.columns.shown(number)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == PredictionRole:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == LABEL and not row.error:
            color = self.color(row)
            return dot(color) if color else None
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink(row, column)
        return None

    def _ink(self, row: Prediction, column: int) -> QColor | None:
        colors = theme.current()
        if column == NOTE and row.path in self.corrected:
            return QColor(colors.good)
        if column == NOTE and not row.refused:
            return QColor(colors.bad)
        return QColor(colors.muted) if row.refused else None

    def _text(self, row: Prediction, column: int) -> str:
        if column == NAME:
            return Path(row.path).name
        if column == LABEL:
            return NO_ANSWER if row.refused else row.label
        if column == PROBABILITY:
            return "" if row.probability is None else percent(row.probability)
        if column == TIME:
            return milliseconds_text(row.milliseconds)
        return note(row, self.corrected)

    def _tip(self, row: Prediction, column: int) -> str | None:
        if column == NOTE:
            return note(row, self.corrected) or None
        if column == LABEL and row.refused:
            return f"The likeliest class would be {row.label}, below the threshold of the model."
        return row.path if column == NAME else None


@lru_cache(maxsize=64)
def dot(color: str) -> QPixmap:
    """The spot that stands for a class."""
    made = QPixmap(2 * _DOT, 2 * _DOT)
    made.setDevicePixelRatio(2)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(QRectF(1, 1, _DOT - 2, _DOT - 2))
    painter.end()
    return made


def milliseconds_text(milliseconds: float) -> str:
    """A time as people read it; nothing for an unknown one."""
    if milliseconds <= 0:
        return ""
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


class PredictionFilter(TitledModel):
    """The rows that are wanted, sorted: the numbers of the model's rows, in one array.

    New rows are inserted, so that nothing moves under the user's hand. Where the whole order changes, the model is
    reset; the view puts the selection back (`AnswerTable`).
    """

    def __init__(self, model: PredictionModel, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, left=(NAME, LABEL, NOTE), parent=parent)
        self._model = model
        self._wish = Wanted()
        self._column, self._descending = -1, False
        self._order = np.zeros(0, np.int64)
        model.rowsInserted.connect(self._inserted)
        model.dataChanged.connect(self._data_changed)
        model.modelReset.connect(self._arrange)

    @property
    def wish(self) -> Wanted:
        """What is shown."""
        return self._wish

    @property
    def order(self) -> np.ndarray:
        """Numbers of the model's rows as they are shown, int64; not to be changed."""
        return self._order

    def set_wish(self, wish: Wanted) -> None:
        """Show other rows."""
        if wish != self._wish:
            self._wish = wish
            self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by the values of a column; −1 shows the rows as they came."""
        wanted = (column, order == Qt.SortOrder.DescendingOrder)
        if wanted != (self._column, self._descending):
            self._column, self._descending = wanted
            self._arrange()

    def _sorted(self, rows: np.ndarray) -> np.ndarray:
        return rows if self._column < 0 else self._model.columns.ordered(rows, self._column, self._descending)

    @Slot()
    def _arrange(self) -> None:
        self.beginResetModel()
        self._order = self._sorted(self._model.columns.wanted(self._wish))
        self.endResetModel()

    @Slot(QModelIndex, int, int)
    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        new = self._model.columns.wanted(self._wish, first)
        if not len(new):
            return
        before = len(self._order)
        order = np.concatenate((self._order, new))
        if self._column < 0:
            self.beginInsertRows(QModelIndex(), before, before + len(new) - 1)
            self._order = order
            self.endInsertRows()
            return
        order = self._sorted(order)
        if len(new) > _FEW:
            self.beginResetModel()
            self._order = order
            self.endResetModel()
            return
        for place in np.flatnonzero(order >= first).tolist():  # from the top: each place is that of the end
            self.beginInsertRows(QModelIndex(), place, place)
            self._order = np.insert(self._order, place, order[place])
            self.endInsertRows()

    @Slot()
    def _data_changed(self) -> None:
        """Other texts, or another class: what is shown may be others, in another order."""
        order = self._sorted(self._model.columns.wanted(self._wish))
        if not np.array_equal(order, self._order):
            self.beginResetModel()
            self._order = order
            self.endResetModel()
        elif len(order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(order) - 1, len(COLUMNS) - 1))

    def source_row(self, row: int) -> int:
        """The number of the model's row that is shown in a row."""
        return int(self._order[row])

    def prediction(self, row: int) -> Prediction:
        """The answer in a row, as it is shown."""
        return self._model.prediction(self.source_row(row))

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Number of rows that are shown."""
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As the model's."""
        if not index.isValid():
            return None
        return self._model.cell(int(self._order[index.row()]), index.column(), role)
