"""The answers as a table that grows while they come, and what is done with them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTableView,
    QWidget,
)

from deskclassify.core import prediction_csv
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.requests import PredictRequest
from deskclassify.core.words import percent
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.pages.predict.table import (
    LABEL,
    NAME,
    NOTE,
    PROBABILITY,
    TIME,
    PredictionFilter,
    PredictionModel,
    PredictionRole,
)
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted, run_guarded

_BATCH_MILLISECONDS = 60  # answers come by the thousand: rows are inserted together


class ResultsPanel(Card):
    """Table, filter, progress and counts of the answers."""

    row_chosen = Signal(object)  # Prediction of the current row, or None

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._session = session
        self._new: list[Prediction] = []
        self._working = False
        self._choose_next = False
        self._last: PredictDone | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_BATCH_MILLISECONDS)
        self._timer.timeout.connect(self._insert)
        self._make_buttons()
        self._make_table()
        session.predict_started.connect(self._started)
        session.prediction.connect(self._predicted)
        session.predict_done.connect(self._done)
        session.owner.changed.connect(self._jobs_changed)
        self._show_counts()

    def _make_buttons(self) -> None:
        self.save_button = button(
            "save", "Save as CSV…", "saveCsvButton", "Saves the table for a spreadsheet program", self._choose_csv
        )
        self.clear_button = button(
            "remove", "Clear", "clearButton", "Empties the table; no file is touched", self.clear
        )
        self.cancel_button = button(
            "stop", "Cancel", "cancelPredictButton", "Stops; the answers so far stay", self._session.stop_predicting
        )

    def _make_table(self) -> None:
        self.model = PredictionModel(self)
        self.filter = PredictionFilter(self)
        self.filter.setSourceModel(self.model)
        self.table = QTableView()
        self.table.setObjectName("predictionTable")
        self.table.setAccessibleName("Answers, one row a file")
        self.table.setModel(self.filter)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(28)
        header = self.table.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as they come, until a title is clicked
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        for column, width in ((NAME, 180), (LABEL, 110), (PROBABILITY, 100), (TIME, 72)):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().currentRowChanged.connect(self._row_changed)
        self.filter_edit = QLineEdit()
        self.filter_edit.setPlaceholderText("Filter by name, class or remark")
        self.filter_edit.setAccessibleName("Filter the table")
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.textChanged.connect(self.filter.set_text)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName("Classifying")
        self.count_label = muted("")
        self.refuse_box = QCheckBox()
        self.refuse_box.setObjectName("refuseBox")
        self.refuse_box.setChecked(True)
        self.refuse_box.setToolTip(
            "This model has a threshold: a picture whose likeliest class is less probable shows none of its classes. "
            "Without the tick, each picture gets its likeliest class. The Evaluate page, tab Certainty, sets it."
        )
        self.refuse_box.toggled.connect(self._refuse)

    def lay_out(self, *beside_filter: QWidget) -> None:
        """Put the widgets in their places, with others of the page beside the filter."""
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.filter_edit, 1)
        for widget in beside_filter:
            row.addWidget(widget)
        self.body.addLayout(row)
        self.body.addWidget(self.refuse_box)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.progress)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self.count_label, 1)
        for one in (self.cancel_button, self.clear_button, self.save_button):
            below.addWidget(one)
        self.body.addLayout(below)

    def show_threshold(self, threshold: float) -> None:
        """Offer to pass over the model's threshold, where it has one."""
        self.refuse_box.setText(f"“{NO_ANSWER.capitalize()}” below {percent(threshold)}")
        self.refuse_box.setVisible(threshold > 0)

    @Slot(bool)
    def _refuse(self, refuses: bool) -> None:
        self.model.set_refusing(refuses)
        self._row_changed(self.table.currentIndex(), QModelIndex())
        self._show_counts()

    @Slot()
    def _started(self) -> None:
        self._working = True
        self._choose_next = True
        self._last = None
        self._timer.start()
        self._show_counts()

    @Slot(object)
    def _predicted(self, prediction: Prediction) -> None:
        self._new.append(prediction)
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _insert(self) -> None:
        new, self._new = self._new, []
        first = self.model.rowCount()
        self.model.append(new)
        if new and self._choose_next:
            # Only the first answer of a drop is chosen by itself: after that the user is looking.
            self._choose_next = False
            index = self.filter.mapFromSource(self.model.index(first, 0))
            self.table.setCurrentIndex(index)
        if not self._working:
            self._timer.stop()
        self._show_counts()

    @Slot(object)
    def _done(self, done: PredictDone) -> None:
        self._last = done
        self._insert()
        self.show_threshold(done.threshold)

    @Slot()
    def _jobs_changed(self) -> None:
        """A job that failed sends no last event; the owner of the jobs knows that it has ended."""
        self._working = any(isinstance(job.request, PredictRequest) for job in self._session.owner.jobs)
        if not self._working:
            self._insert()

    def _show_counts(self) -> None:
        done = None if self._working else self._last
        count = self.model.rowCount()
        failed = self.model.failed
        self.progress.setVisible(self._working)
        self.cancel_button.setVisible(self._working)
        self.save_button.setEnabled(count > 0)
        self.clear_button.setEnabled(count > 0 and not self._working)
        text = f"{count:,} file{'' if count == 1 else 's'}" if count else "No pictures yet"
        if self.model.refused:
            text += f", {self.model.refused:,} {NO_ANSWER}"
        if failed:
            text += f", {failed:,} could not be read"
        if done is not None and done.seconds > 0 and done.images > 1:
            text += f" · {done.images / done.seconds:,.0f} pictures a second"
        if done is not None and done.stopped:
            text += " · cancelled"
        self.count_label.setText(text)

    @Slot(QModelIndex, QModelIndex)
    def _row_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.row_chosen.emit(current.data(PredictionRole) if current.isValid() else None)

    @Slot()
    def clear(self) -> None:
        """Empty the table."""
        with QSignalBlocker(self.filter_edit):
            self.filter_edit.clear()
        self.filter.set_text("")
        self._new.clear()
        self.model.clear()
        self.row_chosen.emit(None)
        self._show_counts()

    @Slot()
    def _choose_csv(self) -> None:
        target = dialogs.ask_target(
            self, self._session, "Save the table", "predictions.csv", "Tables for spreadsheets (*.csv)"
        )
        if target is not None:
            run_guarded(self._session, self.save_csv, target)

    def save_csv(self, target: Path) -> None:
        """Write all answers, also those that the filter hides.

        Raises:
            InputError: there are none.
            OSError: the file cannot be written; an old one is kept.
        """
        if not self.model.rowCount():
            raise InputError("There is nothing to save yet. Drop pictures here first.")
        prediction_csv.write(target, self.model.predictions)
        self._session.status.emit(f"{self.model.rowCount():,} rows were saved in “{target.name}”.")
