"""The Predict page: drop pictures, see their classes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import prediction_csv
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Exported, PredictDone, Prediction
from deskclassify.core.requests import ExportRequest, PredictRequest
from deskclassify.core.words import percent
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.answer_card import AnswerCard
from deskclassify.ui.pages.camera import CameraDialog, find_camera
from deskclassify.ui.pages.model_line import ModelLine, exported_text
from deskclassify.ui.pages.prediction_table import (
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
from deskclassify.ui.widgets.common import Card, heading, muted, run_guarded
from deskclassify.ui.widgets.drop_area import DropArea

_BATCH_MILLISECONDS = 60  # answers come by the thousand: rows are inserted together
_TOP = 5


class PredictPage(QWidget):
    """Drop area and table on the left, the chosen answer on the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("predictPage")
        self._session = session
        self._new: list[Prediction] = []
        self._working = False
        self._choose_next = False
        self._last: PredictDone | None = None
        self._is_exporting = False
        self._export_result = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_BATCH_MILLISECONDS)
        self._timer.timeout.connect(self._insert)
        self._make_buttons()
        self._make_table()
        self._lay_out()
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)
        session.model_changed.connect(self._show_model)
        session.run_changed.connect(self._show_model)
        session.predict_started.connect(self._started)
        session.prediction.connect(self._predicted)
        session.predict_done.connect(self._done)
        session.export_done.connect(self._exported)
        session.owner.changed.connect(self._jobs_changed)
        self._show_model()
        self._show_counts()

    # -- widgets ----------------------------------------------------------------------

    def _button(self, icon: str, text: str, name: str, tip: str, slot: object) -> QPushButton:
        button = QPushButton(theme.icon(icon), text)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.clicked.connect(slot)
        return button

    def _make_buttons(self) -> None:
        make = self._button
        self.open_model_button = make(
            "open",
            "Open model…",
            "openModelButton",
            "Use an .onnx file that deskclassify wrote",
            self._open_model,
        )
        self.export_button = make(
            "export",
            "Export model…",
            "exportButton",
            "Writes the trained network as one .onnx file, after checking that it gives the same answers",
            self._export,
        )
        self.camera_button = make(
            "camera", "Camera…", "cameraButton", "Take a picture with the camera and classify it", self._open_camera
        )
        self.folder_button = make(
            "folder", "Choose folder…", "chooseFolderButton", "Classify every picture in a folder", self._choose_folder
        )
        self.save_button = make(
            "save", "Save as CSV…", "saveCsvButton", "Saves the table for a spreadsheet program", self._choose_csv
        )
        self.clear_button = make("remove", "Clear", "clearButton", "Empties the table; no file is touched", self.clear)
        self.cancel_button = make(
            "stop", "Cancel", "cancelPredictButton", "Stops; the answers so far stay", self._session.stop_predicting
        )
        self.drop_area = DropArea("Drop pictures or folders here", "or click to choose, or paste with Ctrl+V")
        self.drop_area.setObjectName("dropArea")
        self.drop_area.clicked.connect(self._choose_files)
        self.drop_area.dropped.connect(self._predict)
        self.drop_area.failed.connect(self._session.failed)

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
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
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
        self.answer = AnswerCard()
        self.answer.setMinimumWidth(280)
        self.model_line = ModelLine()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(heading("Predict"))
        top.addStretch(1)
        for button in (self.camera_button, self.open_model_button, self.export_button):
            top.addWidget(button)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP + 4)
        self.drop_area.setMaximumHeight(170)
        left.addWidget(self.drop_area, 2)
        left.addWidget(self._build_results(), 5)
        columns = QHBoxLayout()
        columns.setSpacing(theme.GAP + 4)
        columns.addLayout(left, 3)
        columns.addWidget(self.answer, 2)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        page.setSpacing(theme.GAP + 4)
        page.addLayout(top)
        page.addWidget(self.model_line)
        page.addLayout(columns, 1)

    def _build_results(self) -> Card:
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.filter_edit, 1)
        row.addWidget(self.folder_button)
        card.body.addLayout(row)
        card.body.addWidget(self.refuse_box)
        card.body.addWidget(self.table, 1)
        card.body.addWidget(self.progress)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self.count_label, 1)
        for button in (self.cancel_button, self.clear_button, self.save_button):
            below.addWidget(button)
        card.body.addLayout(below)
        return card

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """The run's model is made anew if its classes or its certainty have changed since."""
        super().showEvent(event)
        self._session.refresh_model()

    # -- model ------------------------------------------------------------------------

    @Slot()
    def _show_model(self) -> None:
        session = self._session
        self.model_line.show_model(session.model, session.run, session.model_is_coming)
        self.answer.set_model(self.model_line.classes, "")
        self._show_threshold(0.0)
        self.export_button.setEnabled(self._session.run is not None)

    @Slot()
    def _open_model(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Open a model", dialogs.MODELS)
        if chosen is not None:
            run_guarded(self._session, self._session.open_model, chosen)

    @Slot()
    def _export(self) -> None:
        target = dialogs.ask_model_target(self, self._session)
        if target is not None:
            self._is_exporting, self._export_result = True, ""
            self.model_line.say("The model is being written and checked…")
            run_guarded(self._session, self._session.export, target)

    @Slot(object)
    def _exported(self, exported: Exported | None) -> None:
        if isinstance(exported, Exported):
            self._export_result = exported_text(exported)
            self.model_line.say(self._export_result)

    # -- pictures ---------------------------------------------------------------------

    @Slot(object)
    def _predict(self, paths: list[Path]) -> None:
        models = [path for path in paths if path.suffix.lower() == ".onnx" and path.is_file()]
        pictures = [path for path in paths if path not in models]
        for model in models[:1]:
            run_guarded(self._session, self._session.open_model, model)
        if pictures:
            run_guarded(self._session, self._session.predict, pictures, _TOP)

    @Slot()
    def _choose_files(self) -> None:
        self._predict(dialogs.ask_pictures(self, self._session))

    @Slot()
    def _choose_folder(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose a folder of pictures")
        if chosen is not None:
            self._predict([chosen])

    @Slot()
    def paste(self) -> None:
        """Classify the files or the picture on the clipboard."""
        if not self.drop_area.take(QGuiApplication.clipboard().mimeData()):
            self._session.status.emit("There is no picture on the clipboard. Copy one, then paste it here.")

    @Slot()
    def _open_camera(self) -> None:
        try:
            dialog = CameraDialog(*find_camera(), self)
        except Exception as error:
            self._session.failed.emit(Failure.of(error))
            return
        dialog.taken.connect(self._picture_taken)
        dialog.failed.connect(self._session.failed)
        dialog.open()

    @Slot(object)
    def _picture_taken(self, path: Path) -> None:
        self._predict([path])

    def _show_threshold(self, threshold: float) -> None:
        """A model tells its threshold with its first answer."""
        self.refuse_box.setText(f"“{NO_ANSWER.capitalize()}” below {percent(threshold)}")
        self.refuse_box.setVisible(threshold > 0)

    @Slot(bool)
    def _refuse(self, refuses: bool) -> None:
        self.model.set_refusing(refuses)
        current = self.table.currentIndex()
        self.answer.show_prediction(current.data(PredictionRole) if current.isValid() else None)
        self._show_counts()

    # -- answers ----------------------------------------------------------------------

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
        self.model_line.show_done(done)
        self.answer.set_model(done.classes, done.provider, done.threshold)
        self._show_threshold(done.threshold)

    @Slot()
    def _jobs_changed(self) -> None:
        """A job that failed sends no last event; the owner of the jobs knows that it has ended."""
        requests = [job.request for job in self._session.owner.jobs]
        self._working = any(isinstance(request, PredictRequest) for request in requests)
        exports = any(isinstance(request, ExportRequest) for request in requests)
        if self._is_exporting and not exports:
            self._is_exporting = False
            self.model_line.say(self._export_result)
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
    def _row_chosen(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.answer.show_prediction(current.data(PredictionRole) if current.isValid() else None)

    @Slot()
    def clear(self) -> None:
        """Empty the table."""
        with QSignalBlocker(self.filter_edit):
            self.filter_edit.clear()
        self.filter.set_text("")
        self._new.clear()
        self.model.clear()
        self.answer.show_prediction(None)
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
