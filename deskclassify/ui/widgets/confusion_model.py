"""The numbers of a confusion matrix, as Qt's views want them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QObject, Qt

from deskclassify.core.class_order import Order, ordered
from deskclassify.core.words import counted
from deskclassify.ui.widgets.tables import NO_INDEX, Index

SHARE_ROLE = Qt.ItemDataRole.UserRole + 1  # share of the row, 0 to 1
NO_COUNTS = np.zeros((0, 0), np.int64)


class ConfusionModel(QAbstractTableModel):
    """Counts of pictures by actual and predicted class.

    Attributes:
        classes: in the order in which they stand.
        counts: int64 `[classes, classes]` in that order; rows are actual classes. Not to be written to.
        shares: float64 of the same shape, the share of the row, 0 to 1.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given: tuple[tuple[str, ...], np.ndarray] = ((), NO_COUNTS)
        self.order: Order = "name"
        self._arrange()

    def set_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]] | np.ndarray) -> None:
        """Show other counts: `counts[actual][predicted]`."""
        self.beginResetModel()
        size = len(classes)
        self._given = tuple(classes), np.asarray(counts, np.int64).reshape(size, size)
        self._arrange()
        self.endResetModel()

    def set_order(self, order: Order) -> None:
        """Let the classes stand in another order."""
        self.beginResetModel()
        self.order = order
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        classes, counts = self._given
        at = ordered(counts, self.order)
        self.classes = tuple(classes[number] for number in at)
        self.counts = counts[np.ix_(at, at)]
        self._totals = self.counts.sum(axis=1)
        self.shares = self.counts / np.maximum(self._totals, 1)[:, None]

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
        if role == Qt.ItemDataRole.DisplayRole:
            return int(self.counts[row, column])
        if role == SHARE_ROLE:
            return float(self.shares[row, column])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.sentence(row, column)
        return None

    def sentence(self, row: int, column: int) -> str:
        """What a cell says."""
        count, total = int(self.counts[row, column]), int(self._totals[row])
        share = f" ({100 * count / total:.0f} %)" if total else ""
        head = f"{count:,} of {counted(total, 'picture')} of “{self.classes[row]}”"
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
