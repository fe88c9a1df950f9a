"""The one owner of all jobs: starts them, keeps them alive until they have finished, and ends them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.requests import Request
from deskclassify.jobs.job import Job, Stream


class JobOwner(QObject):
    """Starts jobs and holds their references until Qt says that the thread has finished.

    Args:
        stream: where requests are run; the engine pool's, or in-process for tests.
        close_stream: ends what `stream` needs, after the last job.
    """

    changed = Signal()  # a job began or ended

    def __init__(
        self, stream: Stream, close_stream: Callable[[], None] | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._stream = stream
        self._close_stream = close_stream
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that have not finished."""
        return tuple(self._jobs)

    def start(
        self,
        request: Request,
        on_event: Callable[[Event], None] | None = None,
        on_success: Callable[[Event | None], None] | None = None,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> Job:
        """Start a job. The callbacks run in the window's thread.

        They must be methods of objects that live there, or functions that need no object:
        the job itself was made there, so its signals are delivered there.
        """
        job = Job(self._stream, request, self)
        if on_event is not None:
            job.received.connect(on_event)
        if on_success is not None:
            job.succeeded.connect(on_success)
        if on_failure is not None:
            job.failed.connect(on_failure)
        job.finished.connect(self._forget)
        self._jobs.append(job)
        job.start()
        self.changed.emit()
        return job

    @Slot()
    def _forget(self) -> None:
        for job in [job for job in self._jobs if job.isFinished()]:
            self._jobs.remove(job)
            job.deleteLater()
        self.changed.emit()

    def stop_all(self) -> None:
        """Ask every job to stop; does not wait."""
        for job in self._jobs:
            job.control.stop()

    def close(self, milliseconds: int = 30_000) -> bool:
        """Stop every job, wait for it, then end the processes.

        Returns:
            whether all threads have finished in time.
        """
        self.stop_all()
        done = all(job.wait(milliseconds) for job in self._jobs)
        if self._close_stream is not None:
            self._close_stream()
        if not done:
            done = all(job.wait(5_000) for job in self._jobs)
        self._forget()
        return done
