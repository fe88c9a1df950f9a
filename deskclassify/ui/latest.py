"""Asking where only the last question counts."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.requests import Request
from deskclassify.jobs.job import Job
from deskclassify.ui.session import Session


class Latest(QObject):
    """One question at a time: a new one replaces the one before.

    The older job is told to stop, and what it still sends is dropped, be it an answer or a failure.

    Args:
        session: runs the jobs.
        pause_milliseconds: how long to wait before a question is sent; of several in that time, only the last is.
    """

    received = Signal(object)  # each Event of the job, also its progress
    failed = Signal(object)  # Failure
    busy_changed = Signal(bool)

    def __init__(self, session: Session, pause_milliseconds: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._request: Request | None = None
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(pause_milliseconds)
        self._timer.timeout.connect(self._send)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._request is not None

    def ask(self, request: Request) -> None:
        """Ask; what was asked before is no longer wanted."""
        self._let_go()
        was_busy, self._request = self.is_busy, request
        self._timer.start()
        if not was_busy:
            self.busy_changed.emit(True)

    def drop(self) -> None:
        """Want nothing any more."""
        self._let_go()
        self._end()

    def _let_go(self) -> None:
        self._timer.stop()
        job, self._job = self._job, None
        if job is not None:
            job.control.stop()

    def _end(self) -> None:
        self._job = None
        if self.is_busy:
            self._request = None
            self.busy_changed.emit(False)

    @Slot()
    def _send(self) -> None:
        if self._request is not None:
            self._job = self._session.ask(self._request, self._received, self._failed, self._succeeded)

    @Slot(object)
    def _received(self, event: Event) -> None:
        if self.sender() is self._job:
            self.received.emit(event)

    @Slot(object)
    def _succeeded(self, event: Event | None) -> None:
        if self.sender() is self._job:
            self._end()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._end()
            self.failed.emit(failure)
