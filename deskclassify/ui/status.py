"""The status bar: which device computes, and what is being done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWhatsThis, QWidget

from deskclassify.core.events import BatchDone, EpochDone, Event, Exported, PredictDone, Progress
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import set_role


class DeviceBadge(QLabel):
    """What computes, in a word or two; the whole story under the mouse, and at a click.

    It is amber where a graphics card is there, or was asked for, and is not used.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Looking for a GPU…", parent)
        self.setObjectName("deviceBadge")
        self.setCursor(Qt.CursorShape.WhatsThisCursor)
        set_role(self, "badge")
        self.setToolTip("Which part of this computer trains and predicts; it is being examined.")

    def say(self, text: str, story: str, is_warning: bool = False) -> None:
        """Show what computes; `story` says why."""
        self.setText(f"{text} · GPU not used" if is_warning else text)
        self.setToolTip(story)
        self.setAccessibleDescription(story)
        set_role(self, "badgeWarn" if is_warning else "badge")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Tell the whole story, as long as it is to be read."""
        QWhatsThis.showText(event.globalPosition().toPoint(), self.toolTip(), self)


class StatusBar(QStatusBar):
    """Follows the session; holds `jobStatus` on the left and `deviceBadge` on the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.job = QLabel("Ready")
        self.job.setObjectName("jobStatus")
        self.job.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.device = DeviceBadge()
        self._warning = ""  # of the last prediction: what happened counts for more than what was expected
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
        if done.provider_note != self._warning:
            self._warning = done.provider_note
            self._examined()

    @Slot()
    def _examined(self) -> None:
        found = self._session.examined
        if found is not None:
            predicts = f"Predictions run on: {found.provider}. {found.provider_reason}".strip()
            warning = self._warning or found.warning
            story = "\n".join(dict.fromkeys(part for part in (warning, found.device_reason, predicts) if part))
            self.device.say(found.device, story, bool(warning))
        elif self._warning:
            self.device.say("Processor", self._warning, True)

    @Slot()
    def _failed(self) -> None:
        if self._session.train_state == "idle":
            self.say("Ready")
        if self._session.examined is None and not self._session.owner.jobs:
            self.device.say("Device unknown", "This computer could not be examined; the log says why.")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f", {minutes} min {rest:02d} s left" if minutes else f", {rest} s left"
