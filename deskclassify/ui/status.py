"""The status bar: which device computes, and what is being done."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from deskclassify.core.events import BatchDone, EpochDone, Event, Exported, PredictDone, Progress
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.session import Session


class StatusBar(QStatusBar):
    """Follows the session; holds `jobStatus` on the left and `deviceBadge` on the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.job = QLabel("Ready")
        self.job.setObjectName("jobStatus")
        self.job.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.device = QLabel("Looking for a GPU…")
        self.device.setObjectName("deviceBadge")
        self.device.setProperty("role", "badge")
        self.device.setToolTip("Which part of this computer trains and predicts; it is being examined.")
        self.addWidget(self.job, 1)
        self.addPermanentWidget(self.device)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(theme.GAP, 2, theme.GAP, 2)
        session.status.connect(self.say)
        session.scan_progress.connect(self._scanning)
        session.scan_changed.connect(self._scan_changed)
        session.train_event.connect(self._training)
        session.train_state_changed.connect(self._train_state)
        session.export_done.connect(self._exported)
        session.examined_changed.connect(self._examined)
        session.predict_started.connect(self._predicting)
        session.predict_done.connect(self._predicted)
        session.failed.connect(self._failed)

    @Slot(str)
    def say(self, text: str) -> None:
        """Show what is being done."""
        self.job.setText(text)

    @Slot(object)
    def _scanning(self, progress: Progress) -> None:
        if self._session.train_state == "idle":
            self.say(f"Checking pictures … {progress.done:,} of {progress.total:,}")

    @Slot()
    def _scan_changed(self) -> None:
        result = self._session.scan_result
        if result is not None and self._session.train_state == "idle":
            unread = len(result.unreadable)
            rest = "all can be read" if not unread else f"{unread:,} cannot be read"
            self.say(f"{counted(result.images, 'picture')} checked: {rest}")

    @Slot(object)
    def _training(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.say(f"{event.stage[:1].upper()}{event.stage[1:]} … {event.done:,} of {event.total:,}")
        elif isinstance(event, BatchDone) and event.steps:
            self.say(f"Training … {round(100 * event.step / event.steps)} %{_left(event.seconds_left)}")
        elif isinstance(event, EpochDone) and event.accuracy is not None:
            of = f" of {event.epochs}" if event.epochs else ""
            self.say(f"Training … epoch {event.epoch}{of}, accuracy {100 * event.accuracy:.1f} %")

    @Slot()
    def _train_state(self) -> None:
        state = self._session.train_state
        texts = {"running": "Training …", "paused": "Training is paused", "stopping": "Stopping …"}
        self.say(texts.get(state, "Training has ended"))

    @Slot(object)
    def _exported(self, event: Event | None) -> None:
        if isinstance(event, Exported):
            agrees = f"it agrees with training on {counted(event.images, 'picture')}"
            self.say(f"{event.model} was written ({event.bytes / 1e6:.1f} MB); {agrees}")

    @Slot()
    def _predicting(self) -> None:
        if self._session.train_state == "idle":
            self.say("Classifying pictures …")

    @Slot(object)
    def _predicted(self, done: PredictDone) -> None:
        if self._session.train_state == "idle":
            failed = f", {done.failed:,} could not be read" if done.failed else ""
            self.say(f"{counted(done.images, 'picture')} classified{failed}")

    @Slot()
    def _examined(self) -> None:
        found = self._session.examined
        if found is not None:
            self.device.setText(found.device)
            predicts = f"Predictions run on: {found.provider}. {found.provider_reason}".strip()
            self.device.setToolTip(f"{found.device_reason}\n{predicts}")

    @Slot()
    def _failed(self) -> None:
        if self._session.train_state == "idle":
            self.say("Ready")
        if self._session.examined is None and not self._session.owner.jobs:
            self.device.setText("Device unknown")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f", {minutes} min {rest:02d} s left" if minutes else f", {rest} s left"
