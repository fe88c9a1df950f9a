"""The Train page: settings on the left, what the training does on the right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from deskclassify.core import diagnosis
from deskclassify.core.codec import to_json
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import BatchDone, EpochDone, Event, Finding, FitDone, LrFound, Message, Suggestion
from deskclassify.core.run_folder import RunFolder
from deskclassify.jobs.job import Job
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.runs_panel import RunsPanel
from deskclassify.ui.pages.train_advice import AdvicePanel
from deskclassify.ui.pages.train_charts import TrainCharts
from deskclassify.ui.pages.train_controls import TrainControls
from deskclassify.ui.pages.train_options import TrainOptionsPanel
from deskclassify.ui.run_library import RunLibrary
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.named import named

_SETTINGS_WIDTH = 280
_ROOM_FOR_ADVICE = 680  # pixels of height; a lower page keeps them for the charts


class TrainPage(QWidget):
    """Chooses how to train, trains, and shows it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainPage")
        self._session = session
        self._was_idle = True
        self._has_room = True
        self._finder_job: Job | None = None
        self.options = TrainOptionsPanel(session)
        self.controls = TrainControls(session)
        self.charts = TrainCharts()
        self.library = RunLibrary(session, self)
        runs = RunsPanel(session, self.library)
        self.charts.add_tab(runs, "Runs", runs.tools)
        self.advice = AdvicePanel()
        self._build()
        session.train_event.connect(self._on_event)
        session.train_state_changed.connect(self._on_state)
        session.run_changed.connect(self._on_run)
        session.listing_changed.connect(self._enable_finder)
        self.options.find_button.clicked.connect(self._find_rate)
        self.charts.rate_chosen.connect(self.options.set_learning_rate)
        self.charts.failed.connect(session.failed)
        self.library.overlays_changed.connect(self._show_overlays)
        self.advice.suggestion_taken.connect(self._take_suggestion)
        self.advice.data_wanted.connect(self._see_data)
        explain_all(self)
        self._enable_finder()
        self._on_run()

    def _build(self) -> None:
        settings = _scrolling(self.options)
        settings.setFixedWidth(_SETTINGS_WIDTH)
        side = QWidget()
        right = QVBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(theme.GAP * 2)
        self.controls.body.addWidget(self._make_banner())
        self.controls.body.addWidget(self.advice)
        right.addWidget(self.controls)
        right.addWidget(self.charts, 1)
        columns = QHBoxLayout()
        columns.setSpacing(theme.GAP * 2)
        columns.addWidget(settings)
        columns.addWidget(_scrolling(side), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP * 2)
        layout.addWidget(common.heading("Train"))
        layout.addLayout(columns, 1)

    def _make_banner(self) -> QWidget:
        self.banner = named(QWidget(), "resultBanner")
        self.result_label = named(QLabel(), "resultLabel")
        self.result_label.setWordWrap(True)
        errors = named(QPushButton("See the errors"), "seeErrorsButton")
        errors.setIcon(theme.icon("right"))
        errors.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        errors.setToolTip("Which pictures the network gets wrong, on the Evaluate page.")
        errors.clicked.connect(self._see_errors)
        row = QHBoxLayout(self.banner)
        row.setContentsMargins(0, 4, 0, 0)
        row.addWidget(self.result_label, 1)
        row.addWidget(errors)
        self.banner.hide()
        return self.banner

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """A low page folds the advice away, so that the charts keep their room; what the user folds stays so."""
        super().resizeEvent(event)
        has_room = self.height() >= _ROOM_FOR_ADVICE
        if has_room != self._has_room:
            self._has_room = has_room
            self.advice.fold.setChecked(has_room)

    @Slot()
    def _see_errors(self) -> None:
        self._session.page_wanted.emit("evaluate")

    @Slot()
    def _see_data(self) -> None:
        self._session.page_wanted.emit("data")

    @Slot(object)
    def _take_suggestion(self, suggestion: Suggestion) -> None:
        """Fill in what the next training should do otherwise, and show the fields."""
        values: dict[str, Any] = {name: value for name, value in vars(suggestion).items() if value is not None}
        if suggestion.preset is not None:
            values["epochs"] = None  # a number that suits one preset may take hours with another
        self._session.change_options(replace(self._session.project.options, **values))
        self.options.fill()
        if suggestion.preset is None:
            advanced = self.options.findChild(QToolButton, "advancedButton")
            assert advanced is not None
            advanced.setChecked(True)

    # -- training ---------------------------------------------------------------------

    @Slot()
    def _on_state(self) -> None:
        idle = self._session.train_state == "idle"
        if self._was_idle and not idle:
            self._begin()
        elif idle:
            self.charts.flush()
            self.options.refresh_weights()
        self._was_idle = idle
        self.options.setEnabled(idle)
        self._enable_finder()

    def _begin(self) -> None:
        self.banner.hide()
        self.advice.show_findings(())
        self.charts.clear()
        run = self.controls.take_going_on()
        if run is not None:
            common.run_guarded(self._session, self._show_history, run)
        self.charts.tabs.setCurrentIndex(0)

    def _show_history(self, run: RunFolder) -> None:
        self.charts.show_history(run.history())

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self.charts.add_epoch(event)
        elif isinstance(event, BatchDone):
            self.charts.add_batch(event)
        elif isinstance(event, Message):
            self.charts.add_message(event)
        elif isinstance(event, FitDone):
            self.charts.show_history(self.charts.rows, event.best_epoch)
            self._show_result(to_json(event), event.findings)

    def _show_result(self, result: dict[str, object], findings: tuple[Finding, ...]) -> None:
        self.advice.show_findings(findings)
        self.result_label.setText(words.result_text(result))
        self.banner.setVisible(True)

    @Slot()
    def _on_run(self) -> None:
        """Another run is shown; one that is just being trained shows itself."""
        if self._session.train_state != "idle":
            return
        run = self._session.run
        try:
            result = run.info().result if run is not None else {}
            rows = run.history() if run is not None else []
        except (InputError, OSError) as error:
            self._session.failed.emit(Failure.of(error))
            return
        self.charts.show_history(rows, int(result.get("best_epoch") or 0))
        if result and run is not None:
            self._show_result(result, _findings_of(run))
        else:
            self.banner.hide()
            self.advice.show_findings(())

    @Slot()
    def _show_overlays(self) -> None:
        self.charts.show_overlays(self.library.overlays())

    # -- learning-rate finder ---------------------------------------------------------

    @Slot()
    def _enable_finder(self) -> None:
        ready = self._session.can_train() and self._finder_job is None
        self.options.find_button.setEnabled(ready)

    @Slot()
    def _find_rate(self) -> None:
        self.options.find_button.setText("Looking…")
        self._finder_job = self._session.ask(self._session.project.lr_find_request(), self._on_finder_event)
        self._finder_job.finished.connect(self._finder_ended)
        self._enable_finder()

    @Slot(object)
    def _on_finder_event(self, event: Event) -> None:
        if isinstance(event, LrFound):
            self.charts.show_finder(event)
        elif isinstance(event, Message):
            self.charts.add_message(event)

    @Slot()
    def _finder_ended(self) -> None:
        self._finder_job = None
        self.options.find_button.setText("Find a learning rate")
        self._enable_finder()


def _findings_of(run: RunFolder) -> tuple[Finding, ...]:
    """What a run's curves tell; nothing where its files do not say enough."""
    try:
        return diagnosis.of_run(run)
    except (InputError, OSError):
        return ()


def _scrolling(content: QWidget) -> QScrollArea:
    """A column that scrolls up and down where the window is too low for it."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
