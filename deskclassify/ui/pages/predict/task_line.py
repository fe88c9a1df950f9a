"""One line that tells of a long task: how far it is, a way to stop it, and where the result lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.requests import Request
from deskclassify.core.words import about
from deskclassify.jobs.job import Job
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.named import named

Told = Callable[
    [Event], tuple[str, Path] | None
]  # the last event → a sentence, and what to show in its folder; no text hides the line


class TaskLine(QWidget):
    """Runs one request at a time. Hidden while there is nothing to tell."""

    busy_changed = Signal(bool)
    shown = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("taskLine")
        self._session = session
        self._job: Job | None = None
        self._text = ""
        self._told: Told | None = None
        self._result: Path | None = None
        self.label = named(muted(""), "taskLabel")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.stop_button = button("stop", "Stop", "stopTaskButton", "Stops; what is whole by now stays", self.stop)
        self.show_button = button(
            "open", "Show", "showResultButton", "Opens the folder in your file manager", self._show_result
        )
        self.close_button = named(QToolButton(), "closeTaskButton")
        self.close_button.setIcon(theme.icon("close"))
        self.close_button.setToolTip("Hide this line")
        self.close_button.setAccessibleName("Hide this line")
        self.close_button.clicked.connect(self.hide)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.label)
        left.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addLayout(left, 1)
        for each in (self.stop_button, self.show_button, self.close_button):
            row.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether a task is at work."""
        return self._job is not None

    def run(self, request: Request, text: str, told: Told) -> None:
        """Do something long; nothing happens while another task is at work.

        Args:
            request: what is done.
            text: in words, for the line.
            told: turns the last event into what the line says at the end.
        """
        if self.is_busy:
            return
        self._text, self._told, self._result = text, told, None
        self.label.setText(f"{text}…")
        self.bar.setRange(0, 0)
        self._show_parts(busy=True)
        self.show()
        self._job = self._session.ask(request, self._received, self._failed, self._succeeded)
        self.busy_changed.emit(True)

    @Slot()
    def stop(self) -> None:
        """Stop the task."""
        if self._job is not None:
            self.label.setText(f"{self._text}: stopping…")
            self._job.control.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """It takes the place of another line."""
        super().showEvent(event)
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """And gives it back."""
        super().hideEvent(event)
        if not event.spontaneous() and self.isHidden():
            self.shown.emit(False)

    def _show_parts(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.close_button.setVisible(not busy)
        self.show_button.setVisible(not busy and self._result is not None)

    @Slot(object)
    def _received(self, event: Event) -> None:
        if self.sender() is not self._job or not isinstance(event, Progress) or self._job.control.stopped:
            return
        left = f" · {about(event.seconds_left)} left" if event.seconds_left and event.seconds_left >= 1 else ""
        self.label.setText(f"{self._text}: {event.done:,} of {event.total:,}{left}")
        self.bar.setRange(0, event.total)
        self.bar.setValue(event.done)

    @Slot(object)
    def _succeeded(self, event: Event | None) -> None:
        if self.sender() is not self._job:
            return
        said = self._told(event) if event is not None and self._told is not None else None
        self._end()
        if said is None:
            self.label.setText(f"{self._text}: stopped. Nothing was written.")
            self._show_parts(busy=False)
            return
        text, self._result = said
        self.label.setText(text)
        self._show_parts(busy=False)
        self.setVisible(bool(text))

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._end()
            self.hide()
            self._session.failed.emit(failure)

    def _end(self) -> None:
        self._job = self._told = None
        self.busy_changed.emit(False)

    @Slot()
    def _show_result(self) -> None:
        if self._result is not None:
            folder = self._result if self._result.is_dir() else self._result.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
