"""Predictions, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.events import Event
from deskclassify.core.requests import PredictRequest
from deskclassify.jobs.job import Job


class PredictQueue(QObject):
    """Holds what was dropped while a prediction runs: first come, first served.

    The predictor does one thing at a time, and two threads that wait for it would not keep their order. Stopping the
    one that runs, as Cancel and closing the window do, gives up what waits as well.

    Args:
        start: starts the job of a request, and returns it; calls `ended` when it has ended.
    """

    changed = Signal()  # `waiting`
    idle = Signal()  # the last one has ended, by itself
    stopped = Signal()  # one was stopped, and what waited was given up

    def __init__(self, start: Callable[[PredictRequest], Job], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._start = start
        self._job: Job | None = None
        self._waiting: deque[PredictRequest] = deque()

    @property
    def waiting(self) -> tuple[PredictRequest, ...]:
        """What comes after the one that runs."""
        return tuple(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a prediction runs."""
        return self._job is not None

    def put(self, request: PredictRequest) -> bool:
        """Run a request, now or when its turn comes.

        Returns:
            whether it has to wait.
        """
        if self.is_busy:
            self._waiting.append(request)
            self.changed.emit()
            return True
        self._begin(request)
        return False

    def stop(self) -> None:
        """End the one that runs, and give up the others."""
        self._give_up()
        if self._job is not None:
            self._job.control.stop()

    def _give_up(self) -> None:
        if self._waiting:
            self._waiting.clear()
            self.changed.emit()

    def _begin(self, request: PredictRequest) -> None:
        self._job = self._start(request)

    @Slot(object)
    def ended(self, event: Event | None = None) -> None:
        """The job that was started has ended, well or not; who starts it says so, exactly once.

        Not Qt's `finished`: a short job may send that before anything could be connected to it.
        """
        job, self._job = self._job, None
        if job is None:
            return
        if job.control.stopped:
            self._give_up()
            self.stopped.emit()
        elif self._waiting:
            self._begin(self._waiting.popleft())
            self.changed.emit()
        else:
            self.idle.emit()
