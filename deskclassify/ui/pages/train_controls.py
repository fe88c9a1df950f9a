"""Train, Pause, Stop, and how far it is."""

from __future__ import annotations

import time

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from deskclassify.core.errors import UserError
from deskclassify.core.events import BatchDone, Event, Held, Progress, Started
from deskclassify.core.run_folder import RunFolder
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.train_forecast import ForecastLine
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

_PARTS = 1000  # of the progress bar
_PHASES = {"frozen": "New layers", "unfrozen": "Deeper layers"}


class TrainControls(common.Card):
    """The buttons and the progress of the training."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._session = session
        self._time_left = words.TimeLeft()
        self._paused_at: float | None = None
        self._resumable: RunFolder | None = None
        self._going_on: RunFolder | None = None
        self._make_buttons()
        self.progress = named(QProgressBar(), "progressBar")
        self.progress.setRange(0, _PARTS)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName("Progress of the training")
        self.stage = named(QLabel(), "stageLabel")
        self.eta = common.muted("")
        self.eta.setWordWrap(False)
        self.eta.setObjectName("etaLabel")
        self.stage.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.stage.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        for button in (self.train, self.pause, self.stop, self.resume):
            buttons.addWidget(button)
        buttons.addSpacing(theme.GAP)
        buttons.addWidget(self.stage, 1)
        buttons.addWidget(self.eta)
        self.body.addLayout(buttons)
        self.body.addWidget(self.progress)
        self.forecast = ForecastLine(session)
        self.body.addWidget(self.forecast)
        session.train_event.connect(self._on_event)
        session.train_state_changed.connect(self._on_state)
        for signal in (session.listing_changed, session.run_changed, session.runs_changed, session.project_changed):
            signal.connect(self.refresh)
        self.refresh()

    def _make_buttons(self) -> None:
        self.train = common.primary(named(QPushButton(theme.icon("play"), "Train"), "trainButton"))
        self.pause = named(QPushButton("Pause"), "pauseButton")
        self.stop = named(QPushButton("Stop"), "stopButton")
        self.resume = named(QPushButton("Go on"), "resumeButton")
        self.stop.setIcon(theme.icon("stop"))
        self.stop.setToolTip("Ends after the batch at hand; the best epoch so far is kept.")
        self.resume.setToolTip("Goes on with the training that was stopped, from where it was.")
        self.train.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause)
        self.stop.clicked.connect(self._session.stop_training)
        self.resume.clicked.connect(self._resume)

    # -- commands ---------------------------------------------------------------------

    @Slot()
    def _start(self) -> None:
        self._going_on = None
        common.run_guarded(self._session, self._session.start_training)

    @Slot()
    def _pause(self) -> None:
        self._session.pause_training(self._session.train_state == "running")

    @Slot()
    def _resume(self) -> None:
        self._going_on = self._resumable
        if self._resumable is not None:
            common.run_guarded(self._session, self._session.start_training, self._resumable)

    def take_going_on(self) -> RunFolder | None:
        """The run that the training just begun goes on with, if it does; answered once."""
        run, self._going_on = self._going_on, None
        return run

    # -- state ------------------------------------------------------------------------

    @Slot()
    def _on_state(self) -> None:
        state, now = self._session.train_state, time.monotonic()
        if state == "paused":
            self._paused_at = now
        elif self._paused_at is not None:
            self._time_left.shift(now - self._paused_at)
            self._paused_at = None
        elif state == "running":
            self._time_left = words.TimeLeft()
            self.progress.setRange(0, 0)  # busy, until the first progress comes
            self.stage.setText("Starting…")
            self.eta.setText("")
        if state == "idle":
            self.progress.setRange(0, _PARTS)
            self.progress.setValue(0)
            self.eta.setText("")
        elif state in ("paused", "stopping"):
            self.eta.setText("Paused" if state == "paused" else "Stopping after this batch…")
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Enable what can be done now, and say why the rest cannot."""
        session, state = self._session, self._session.train_state
        can_train, busy = session.can_train(), state != "idle"
        self.train.setEnabled(can_train)
        if busy:
            self.train.setToolTip("A training is running.")
        elif can_train:
            self.train.setToolTip("Teaches the network your classes (Ctrl+T).")
        else:
            self.train.setToolTip(words.data_text(session.listing))
        self.pause.setEnabled(state in ("running", "paused"))
        self.pause.setText("Resume" if state == "paused" else "Pause")
        self.pause.setIcon(theme.icon("play" if state == "paused" else "pause"))
        self.pause.setToolTip("Goes on." if state == "paused" else "Holds the training after the batch at hand.")
        self.stop.setEnabled(state in ("running", "paused"))
        if not busy:
            self.stage.setText(words.data_text(session.listing))
            self._resumable = self._find_resumable()
        self.resume.setVisible(not busy and can_train and self._resumable is not None)

    def _find_resumable(self) -> RunFolder | None:
        runs = self._session.project.runs() if self._session.has_project else []
        if not runs or not runs[-1].last.is_dir():
            return None
        try:
            result = runs[-1].info().result
        except (UserError, OSError):
            return None  # a damaged run cannot go on; the Evaluate page says so when it is chosen
        return runs[-1] if not result or result.get("stopped") else None

    # -- progress ---------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._show(event.stage[:1].upper() + event.stage[1:], event.done, event.total)
            self._show_eta(event.seconds_left, event.images_per_second)
        elif isinstance(event, BatchDone):
            phase = _PHASES.get(event.phase, event.phase)
            self._show(f"{phase}, epoch {event.epoch}", event.step, event.steps)
            self._show_eta(event.seconds_left, event.images_per_second)
        elif isinstance(event, Started) and event.detail:
            self.stage.setText(event.detail)
        elif isinstance(event, Held):
            self.stage.setText(f"{event.text} Then press Resume.")

    def _show(self, stage: str, done: int, total: int) -> None:
        self.stage.setText(stage)
        self.progress.setRange(0, _PARTS if total > 0 else 0)
        if total > 0:
            self.progress.setValue(min(_PARTS, round(_PARTS * done / total)))

    def _show_eta(self, seconds_left: float | None, images_per_second: float | None) -> None:
        if self._session.train_state != "running":
            return
        parts: list[str] = []
        if seconds_left is not None:
            parts.append(words.time_left_text(self._time_left.update(seconds_left, time.monotonic())))
        if speed := words.speed_text(images_per_second):
            parts.append(speed)
        self.eta.setText(" · ".join(parts))
