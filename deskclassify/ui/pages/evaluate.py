"""The Evaluate page: how good the network is, where it errs, and on which pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Evaluated, Event, Progress, Verdict
from deskclassify.core.requests import EvaluateRequest
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.core.sources import DataSpec, Source
from deskclassify.jobs.job import Job
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages import evaluate_words as words
from deskclassify.ui.pages.evaluate_words import Filter, View
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.confusion_matrix import ConfusionMatrix
from deskclassify.ui.widgets.explained import explain, explain_all
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.per_class_table import PerClassTable
from deskclassify.ui.widgets.tables import ON_CARD

_THUMBNAIL_PIXELS = 104


class EvaluatePage(QWidget):
    """Shows `session.run` on its validation pictures, or on another folder."""

    layers_wanted = Signal(str)  # path of a picture to look at on the Layers page

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluatePage")
        self._session = session
        self._view: View | None = None
        self._runs: list[RunFolder] = []
        self._filter: Filter = "losses"
        self._cell: tuple[str, str] | None = None
        self._picked: frozenset[str] = frozenset()
        self._shown: list[Verdict] = []
        self._job: Job | None = None
        self._folder = ""
        self._build()
        explain_all(self)
        session.run_changed.connect(self.show_run)
        session.project_changed.connect(self._list_runs)
        session.runs_changed.connect(self._list_runs)
        session.train_state_changed.connect(self._name_empty)
        self.show_run()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        content = QSplitter(Qt.Orientation.Vertical)
        content.setChildrenCollapsible(False)
        content.setHandleWidth(theme.GAP * 2)
        content.addWidget(self._make_top())
        content.addWidget(self._make_pictures())
        content.setSizes([610, 390])
        to_train = common.primary(QPushButton("Go to Train"))
        to_train.clicked.connect(self._go_to_train)
        self._empty = common.EmptyState("evaluate", "No trained network yet", "", to_train)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP * 2)
        layout.addLayout(self._make_head())
        layout.addWidget(self._make_notice())
        layout.addLayout(self._stack, 1)

    def _make_head(self) -> QHBoxLayout:
        self.run_box = named(QComboBox(), "runBox")
        self.run_box.setAccessibleName("Training to evaluate")
        self.run_box.setToolTip("All finished trainings of this project; the latest is on top.")
        self.run_box.setMinimumWidth(240)
        self.run_box.activated.connect(self._choose_run)
        self.folder_button = named(QPushButton("Evaluate on another folder…"), "evaluateFolderButton")
        self.folder_button.setIcon(theme.icon("folder"))
        self.folder_button.setToolTip("Measures this network on a folder of class folders that it has never seen.")
        self.folder_button.clicked.connect(self._ask_folder)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(common.heading("Evaluate"))
        head.addStretch(1)
        head.addWidget(self.run_box)
        head.addWidget(self.folder_button)
        return head

    def _make_notice(self) -> QWidget:
        self.notice = common.Card()
        self.notice_label = named(QLabel(), "folderLabel")
        self.notice_label.setWordWrap(True)
        self.back_button = named(QPushButton("Back to the validation pictures"), "backButton")
        self.back_button.clicked.connect(self._leave_folder)
        row = QHBoxLayout()
        row.addWidget(self.notice_label, 1)
        row.addWidget(self.back_button)
        self.notice.body.addLayout(row)
        self.notice.hide()
        return self.notice

    def _make_top(self) -> QWidget:
        top = QWidget()
        numbers = common.Card()
        self.accuracy_label = named(QLabel(), "accuracyLabel")
        font = self.accuracy_label.font()
        font.setPointSizeF(font.pointSizeF() * 3)
        font.setWeight(font.Weight.DemiBold)
        self.accuracy_label.setFont(font)
        self.count_label = named(QLabel(), "countLabel")
        self.count_label.setWordWrap(True)
        self.interval_label = common.muted("")
        self.interval_label.setToolTip("Wilson's interval: a handful of pictures says little, hundreds say a lot.")
        self.skipped_label = common.muted("")
        for label in (self.accuracy_label, self.count_label):
            explain(label, "accuracy", "error rate", "validation set")
        self.per_class = named(PerClassTable(), "perClassTable")
        for part in (self.accuracy_label, self.count_label, self.interval_label, self.skipped_label):
            numbers.body.addWidget(part)
        numbers.body.addSpacing(theme.GAP)
        numbers.body.addWidget(self.per_class, 1)
        matrix_card = common.Card("Confusion matrix")
        self.matrix = named(ConfusionMatrix(), "confusionMatrix")
        self.matrix.setToolTip("Choose a cell to see its pictures below.")
        self.matrix.cell_chosen.connect(self._choose_cell)
        matrix_card.body.addWidget(common.muted("Rows: the actual class. Columns: what the network says."))
        matrix_card.body.addWidget(self.matrix, 1)
        columns = QHBoxLayout(top)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(theme.GAP * 2)
        columns.addWidget(numbers, 4)
        columns.addWidget(matrix_card, 5)
        return top

    def _make_pictures(self) -> QWidget:
        card = common.Card()
        self._buttons: dict[Filter, QPushButton] = {
            "losses": named(QPushButton("Highest loss"), "highestLossButton"),
            "errors": named(QPushButton("All errors"), "allErrorsButton"),
            "cell": named(QPushButton(), "cellButton"),
            "picked": named(QPushButton(), "pickedButton"),
        }
        self._buttons["losses"].setToolTip("The pictures whose answer surprises most, right or wrong.")
        self._buttons["errors"].setToolTip("All pictures that get the wrong class.")
        self._buttons["cell"].setToolTip("The pictures of the cell that was chosen in the confusion matrix.")
        self._buttons["picked"].setToolTip("The pictures that were drawn around on the map of the Layers page.")
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for button in self._buttons.values():
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        group.buttonClicked.connect(self._choose_filter)
        self.legend_label = common.muted("Below each: predicted / actual class")
        self.legend_label.setWordWrap(False)
        row.addSpacing(theme.GAP)
        row.addWidget(self.legend_label)
        self.shown_label = named(common.muted(""), "shownLabel")
        self.shown_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.shown_label, 1)
        self.grid = named(ImageGrid(edge=_THUMBNAIL_PIXELS, lines=2), "topLossesGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.setMinimumHeight(150)
        self.grid.activated_entry.connect(self._open_picture)
        card.body.addLayout(row)
        card.body.addWidget(self.grid, 1)
        return card

    # -- runs -------------------------------------------------------------------------

    @Slot()
    def show_run(self) -> None:
        """Show the session's run, or that there is none."""
        self._stop_job()
        self._list_runs()
        run = self._session.run
        if run is None:
            self._show(None)
            return
        try:
            verdicts = run.predictions()
            evaluated = measure(verdicts, run.info().classes)
        except (InputError, OSError, ValueError, KeyError) as error:
            self._session.failed.emit(Failure.of(error))
            self._show(None)
            return
        self._show(View(evaluated, words.by_loss(verdicts)))

    @Slot()
    def _list_runs(self) -> None:
        project, shown = self._session.project, self._session.run
        runs = [run for run in project.runs() if run.is_finished()] if self._session.has_project else []
        if shown is not None and shown.path not in [run.path for run in runs]:
            runs.append(shown)
        self._runs = runs[::-1]
        with QSignalBlocker(self.run_box):
            self.run_box.clear()
            for run in self._runs:
                self.run_box.addItem(words.run_text(run), str(run.path))
            if shown is not None:
                self.run_box.setCurrentIndex([run.path for run in self._runs].index(shown.path))
        self.run_box.setVisible(bool(self._runs))
        self.folder_button.setVisible(shown is not None)

    @Slot(int)
    def _choose_run(self, at: int) -> None:
        common.run_guarded(self._session, self._session.show_run, self._runs[at])

    @Slot()
    def _name_empty(self) -> None:
        self._empty.text_label.setText(words.empty_text(self._session.train_state != "idle"))

    @Slot()
    def _go_to_train(self) -> None:
        self._session.page_wanted.emit("train")

    def _show(self, view: View | None) -> None:
        self._view = view
        self._stack.setCurrentIndex(0 if view is None else 1)
        self.notice.setVisible(view is not None and bool(view.folder))
        self._name_empty()
        if view is None:
            self._show_pictures("losses")
            self.matrix.set_matrix((), ())
            self.per_class.set_values((), {})
            return
        self.accuracy_label.setText(words.accuracy_text(view))
        self.count_label.setText(words.count_text(view))
        self.interval_label.setText(words.interval_text(view))
        self.skipped_label.setText(words.skipped_text(view))
        self.skipped_label.setVisible(bool(view.evaluated.skipped_images))
        self.per_class.set_values(view.evaluated.classes, view.evaluated.per_class)
        self.matrix.set_matrix(view.evaluated.classes, view.evaluated.confusion)
        self.notice_label.setText(words.folder_text(view))
        self.back_button.setVisible(True)
        self._cell = None
        self._picked = frozenset()
        self._show_pictures("losses")

    # -- pictures ---------------------------------------------------------------------

    @Slot(str, str)
    def _choose_cell(self, actual: str, predicted: str) -> None:
        self._cell = (actual, predicted)
        self._show_pictures("cell")

    @Slot(list)
    def show_chosen(self, paths: list[str]) -> None:
        """Show those of the run's validation pictures that were chosen on the map of the Layers page."""
        if self._view is not None and self._view.folder:
            self._leave_folder()
        if self._view is not None and (picked := frozenset(paths)) & {one.path for one in self._view.verdicts}:
            self._picked = picked
            self._show_pictures("picked")

    @Slot(object)
    def _choose_filter(self, button: QPushButton) -> None:
        self._show_pictures(next(which for which, known in self._buttons.items() if known is button))

    def _show_pictures(self, which: Filter) -> None:
        view, self._filter = self._view, which
        self._buttons[which].setChecked(True)
        self._buttons["cell"].setVisible(self._cell is not None and view is not None)
        self._buttons["picked"].setVisible(bool(self._picked) and view is not None)
        self.legend_label.setVisible(self._cell is None or not self._picked)  # four buttons need its room
        self._shown = view.chosen(which, self._cell, self._picked) if view is not None else []
        classes = view.evaluated.classes if view is not None else ()
        self.grid.set_entries([words.entry(one, classes) for one in self._shown])
        if view is not None:
            self._buttons["errors"].setText(f"All errors ({view.errors():,})")
            if which == "picked":
                self.shown_label.setText(words.picked_text(self._shown))
                self._buttons["picked"].setText(f"Chosen on the map ({len(self._shown):,})")
            else:
                self.shown_label.setText(words.shown_text(view, which, self._cell, len(self._shown)))
            if self._cell is not None:
                self._buttons["cell"].setText(words.cell_text(self._cell))

    @Slot(object)
    def _open_picture(self, entry: GridEntry) -> None:
        at = next((at for at, one in enumerate(self._shown) if one.path == entry.path), None)
        if at is not None:
            model = "" if self._session.run is None else str(self._session.run.path)
            dialog = PictureDialog(self._shown, at, self, session=self._session, model=model)
            dialog.look_inside.connect(self.layers_wanted)
            dialog.open()

    # -- another folder ---------------------------------------------------------------

    @Slot()
    def _ask_folder(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose a folder that holds one folder for each class")
        if chosen is not None:
            self.evaluate_folder(chosen)

    def evaluate_folder(self, folder: Path) -> None:
        """Measure the run's network on other labelled pictures."""
        run = self._session.run
        if run is None:
            return
        self._stop_job()
        self._folder = str(folder)
        request = EvaluateRequest(
            model=str(run.path),
            data=DataSpec((Source(str(folder)),), rule=self._session.project.data.rule),
            device=self._session.settings.device,
        )
        self._job = self._session.ask(request, self._on_event, self._on_failure)
        self.folder_button.setEnabled(False)
        self.notice.show()
        self.notice_label.setText(f"Measuring on “{folder.name}”…")

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        if isinstance(event, Progress):
            self.notice_label.setText(f"Measuring on “{Path(self._folder).name}”: {event.done:,} of {event.total:,}…")
        elif isinstance(event, Evaluated):
            self._end_job()
            self._show(View(event, words.by_loss(event.top_losses), self._folder))

    @Slot(object)
    def _on_failure(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._end_job()
            self.notice.setVisible(self._view is not None and bool(self._view.folder))
            if self._view is not None:
                self.notice_label.setText(words.folder_text(self._view))
        self._session.failed.emit(failure)

    def _end_job(self) -> None:
        self._job = None
        self.folder_button.setEnabled(True)

    def _stop_job(self) -> None:
        if self._job is not None:
            self._job.control.stop()
            self._end_job()

    @Slot()
    def _leave_folder(self) -> None:
        self.show_run()
