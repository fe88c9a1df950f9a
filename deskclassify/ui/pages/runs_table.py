"""The table of runs: tick to draw one in the charts, edit a name to rename it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QObject, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from deskclassify.core import architectures
from deskclassify.core.runs import RunSummary
from deskclassify.core.words import duration
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.run_library import RunLibrary
from deskclassify.ui.widgets.class_table import swatch
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table, wanted_widths

SORT_ROLE = Qt.ItemDataRole.UserRole + 1
CHART, NAME, ACCURACY, STATE, PRESET, NETWORK, DATE, DURATION = range(8)
COLUMNS = (
    ("Chart", "Ticked runs are drawn in the charts above, beside the current one."),
    ("Name", "Double-click a name to change it. An empty one gives the folder's name again."),
    ("Accuracy", "Share of validation pictures that get the right class."),
    ("State", "Whether the training came to its end."),
    ("Preset", "How thoroughly it was to be trained."),
    ("Network", "The pretrained network that was taught."),
    ("Date", "When the training was begun."),
    ("Duration", "How long the training took."),
)
_TICK_ROLES = (
    Qt.ItemDataRole.CheckStateRole,
    Qt.ItemDataRole.DecorationRole,
    Qt.ItemDataRole.AccessibleTextRole,
)
_NARROWEST_NAME = 90  # pixels
_STATES = {"finished": "finished", "stopped": "stopped", "running": "not ended", "damaged": "damaged"}


class RunsModel(TitledModel):
    """One row for each run of a library, the newest first."""

    renamed = Signal(object, str)  # RunSummary, the name wanted
    ticked = Signal(str, bool)  # path, whether it is to be drawn

    def __init__(self, library: RunLibrary, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, left=(CHART, NAME, STATE, PRESET, NETWORK, DATE), parent=parent)
        self._library = library
        self.runs: tuple[RunSummary, ...] = ()

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show these runs; as long as they are the same ones, an editor stays open with what was typed."""
        before = self.runs
        if not runs or [one.path for one in before] != [one.path for one in runs]:
            self.beginResetModel()
            self.runs = tuple(runs)
            self.endResetModel()
            return
        self.runs = tuple(runs)
        for row, (old, new) in enumerate(zip(before, runs, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        for column in (CHART, STATE):  # what they say depends on more than the run
            self.dataChanged.emit(self.index(0, column), self.index(len(runs) - 1, column))

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """One for each run."""
        return 0 if parent.isValid() else len(self.runs)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Names can be edited, runs with a history be ticked."""
        flags = super().flags(index)
        if index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        if index.column() == CHART and self.runs[index.row()].status != "damaged":
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tick and colour; the run that the other pages show is bold on a tinted ground."""
        if not index.isValid():
            return None
        run, column = self.runs[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(run, column)
        if role == SORT_ROLE:
            return self._sort_value(run, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(run, column)
        return self._tick(run, role) if column == CHART and role in _TICK_ROLES else self._look(run, column, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Ask for another name or a tick; the row changes when the run has."""
        run = self.runs[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == CHART:
            self.ticked.emit(run.path, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and index.column() == NAME and str(value).strip() != run.title:
            self.renamed.emit(run, str(value))
            return True
        return False

    def _text(self, run: RunSummary, column: int) -> str:
        if column == CHART:
            return ""
        preset = next((texts[0] for name, texts in words.PRESETS.items() if name == run.preset), run.preset)
        network = architectures.ARCHITECTURES.get(run.architecture)
        texts = {
            NAME: run.title,
            ACCURACY: "" if run.accuracy is None else f"{100 * run.accuracy:.1f} %",
            STATE: "training" if run.path == self._library.trained() else _STATES[run.status],
            PRESET: preset,
            NETWORK: network.title if network else run.architecture,
            DATE: date_text(run.created),
            DURATION: "" if run.seconds is None else duration(run.seconds),
        }
        return texts[column] or "–"

    def _sort_value(self, run: RunSummary, column: int) -> Any:
        if column == ACCURACY:
            return -1.0 if run.accuracy is None else run.accuracy
        if column == DURATION:
            return -1.0 if run.seconds is None else run.seconds
        if column == DATE:
            return run.created
        if column == CHART:
            return bool(self._library.color(run.path))
        return self._text(run, column).casefold()

    def _tip(self, run: RunSummary, column: int) -> str:
        if run.problem:
            return run.problem
        if column == CHART and run.path == self._library.in_charts():
            return "The charts show this run already; ticked, it stays there when they show another."
        if column == NAME:
            shown = "\nThe other pages show this run." if run.path == self._library.shown() else ""
            return f"{run.title}\n{run.path}{shown}"
        if column == STATE and run.status == "running" and run.path != self._library.trained():
            return "This training has not come to its end: it was broken off, or it runs in another program."
        return COLUMNS[column][1]

    def _tick(self, run: RunSummary, role: int) -> Any:
        color = self._library.color(run.path)
        if role == Qt.ItemDataRole.CheckStateRole and run.status != "damaged":
            return Qt.CheckState.Checked if color else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and color:
            return swatch(color)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{run.title}: {'drawn' if color else 'not drawn'} in the charts"
        return None

    def _look(self, run: RunSummary, column: int, role: int) -> Any:
        palette = theme.current()
        is_shown = run.path == self._library.shown()
        if role == Qt.ItemDataRole.FontRole and is_shown:
            font = QFont(QGuiApplication.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.BackgroundRole and is_shown:
            return QColor(palette.raised)
        if role == Qt.ItemDataRole.ForegroundRole and column == STATE and run.status != "finished":
            return QColor(palette.bad if run.status == "damaged" else palette.warn)
        return None


class RunsTable(QTableView):
    """Sortable by every column; F2 or a double click on a name renames."""

    def __init__(self, library: RunLibrary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs_model = RunsModel(library, self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.runs_model)
        self._proxy.setSortRole(SORT_ROLE)
        self.setModel(self._proxy)
        plain_table(self)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setWordWrap(False)
        self.setSortingEnabled(True)
        self.sortByColumn(DATE, Qt.SortOrder.DescendingOrder)
        self.horizontalHeader().setMinimumSectionSize(40)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setAccessibleName("Runs")
        theme.notifier().changed.connect(self.viewport().update)

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show these runs; those that were selected stay so."""
        before = {run.path for run in self.selected()}
        self.runs_model.set_runs(runs)
        self.viewport().update()  # another run may be the one that is shown
        for row, run in enumerate(self.runs_model.runs):
            if run.path in before:
                index = self._proxy.mapFromSource(self.runs_model.index(row, NAME))
                flag = QItemSelectionModel.SelectionFlag
                self.selectionModel().select(index, flag.Select | flag.Rows)
        self._spread()

    def selected(self) -> list[RunSummary]:
        """The runs that are selected, in the order of the table."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._run(row) for row in rows]

    def _run(self, row: int) -> RunSummary:
        return self.runs_model.runs[self._proxy.mapToSource(self._proxy.index(row, 0)).row()]

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        """The names get what the other columns leave."""
        widths = wanted_widths(self)
        widths[NAME] = max(_NARROWEST_NAME, self.viewport().width() - sum(widths) + widths[NAME])
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)


def date_text(created: str) -> str:
    """When a run was begun, in local time: “2 Jan 2026, 03:04”; what is no time stays as it is."""
    try:
        moment = datetime.datetime.fromisoformat(created).astimezone()
    except (ValueError, OSError, OverflowError):
        return created
    return f"{moment.day} {moment:%b %Y, %H:%M}"
