"""The tables of a comparison: settings and measures, a column for each run."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from deskclassify.core.comparison import Comparison, Metric
from deskclassify.core.run_settings import Setting
from deskclassify.core.words import duration
from deskclassify.ui import theme
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table, wanted_widths

_WIDEST = 260  # pixels of a column at first


class SettingsModel(TitledModel):
    """One row for each setting; those that differ stand out where all are shown."""

    def __init__(self, found: Comparison, parent: QObject | None = None) -> None:
        columns = (
            ("Part", "Pictures: the data. Asked for: the options. Recipe: what they came to. Machine: where it ran."),
            ("Setting", "The name of the setting."),
            (found.first.title, found.first.path),
            (found.second.title, found.second.path),
        )
        super().__init__(columns, left=range(len(columns)), parent=parent)
        self._found = found
        self._all = False
        self.rows: tuple[Setting, ...] = found.differing

    def show_all(self, wanted: bool) -> None:
        """Show the settings that are the same too."""
        self.beginResetModel()
        self._all = wanted
        self.rows = self._found.settings if wanted else self._found.differing
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """One for each setting."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text; a cell that is too narrow for it has it as a tooltip."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return (row.group, row.name, row.first, row.second)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return QColor(theme.current().muted)
        if role == Qt.ItemDataRole.FontRole and self._all and row.differs:
            font = QFont(QGuiApplication.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None


class MetricsModel(TitledModel):
    """One row for each measure, with the change from the first run to the second."""

    def __init__(self, found: Comparison, parent: QObject | None = None) -> None:
        columns = (
            ("Measure", "Measures of a run on its own validation pictures, and on those that validate in both."),
            (found.first.title, found.first.path),
            (found.second.title, found.second.path),
            ("Change", "From the first run to the second; shares in percentage points."),
        )
        super().__init__(columns, left=(0,), parent=parent)
        self._rows = found.metrics

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """One for each measure."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text; a change for the better or the worse has its colour."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            texts = (row.name, value_text(row, row.first), value_text(row, row.second), change_text(row))
            return texts[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 3:
            gain = _gain(row)
            palette = theme.current()
            return QColor(palette.good if gain > 0 else palette.bad) if gain else None
        return None


class CompareTable(QTableView):
    """A table of a comparison whose columns share the width."""

    def __init__(self, model: TitledModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        model.setParent(self)
        self.setModel(model)
        plain_table(self)
        self.setWordWrap(False)
        model.modelReset.connect(self._spread)
        theme.notifier().changed.connect(self.viewport().update)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        widths = [min(width, _WIDEST) for width in wanted_widths(self)]
        spare = max(0, self.viewport().width() - sum(widths)) // (len(widths) - 1)
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width + (spare if column else 0))


def value_text(metric: Metric, value: float | None) -> str:
    """A measure in its unit."""
    if value is None or not math.isfinite(value):
        return "–" if value is None else "infinite"
    if metric.unit == "share":
        return f"{100 * value:.1f} %"
    if metric.unit == "loss":
        return f"{value:.4f}"
    return duration(value) if metric.unit == "seconds" else f"{value:,.0f}"


def change_text(metric: Metric) -> str:
    """From the first run to the second, with its sign; empty where it says nothing."""
    if metric.first is None or metric.second is None or metric.unit in ("count", "seconds"):
        return ""
    change = metric.second - metric.first
    if not math.isfinite(change):
        return ""
    text = f"{100 * change:+.1f}" if metric.unit == "share" else f"{change:+.4f}"
    return "=" if float(text) == 0 else text.replace("-", "−")


def _gain(metric: Metric) -> float:
    """Above 0 for better, below for worse, 0 where neither can be said."""
    if change_text(metric) in ("", "=") or metric.first is None or metric.second is None:
        return 0.0
    return (metric.second - metric.first) * (-1.0 if metric.unit == "loss" else 1.0)
