"""Archives and pictures of the web that are on their way to the Predict page."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.jobs.job import Job
from deskclassify.ui.pages.bring_in.pace import Pace
from deskclassify.ui.session import Session


class Fetching(QObject):
    """Brings them in one after the other; one that fails is told of, and the next one follows."""

    come = Signal(object)  # Path of a folder with pictures
    changed = Signal()  # `is_busy`, `text` and `share`

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: deque[str] = deque()
        self._job: Job | None = None
        self._pace = Pace()
        self.text = ""
        self.share: float | None = None  # of the one at hand, 0 to 1; None where that cannot be said

    @property
    def is_busy(self) -> bool:
        """Whether something is on its way."""
        return self._job is not None

    def fetch(self, sources: Sequence[str]) -> None:
        """Bring in archives, by path or address, and pictures, by address."""
        self._waiting.extend(sources)
        if self._job is None:
            self._next()
        else:
            self._show()

    @Slot()
    def cancel(self) -> None:
        """Give up what is on its way, and what waits."""
        self._waiting.clear()
        if self._job is not None:
            self._job.control.stop()

    def _next(self) -> None:
        if not self._waiting:
            self._job, self.text = None, ""
            self.changed.emit()
            return
        self._pace, self._now, self.share = Pace(), self._waiting.popleft(), None
        self._line = "…"
        self._job = self._session.ask(
            FetchRequest(self._now, picture=True), self._received, self._failed, self._succeeded
        )
        self._show()

    def _show(self) -> None:
        name = self._now.rstrip("/\\").replace("\\", "/").rpartition("/")[2].partition("?")[0] or self._now
        more = f" · {len(self._waiting):,} more" if self._waiting else ""
        self.text = f"{name}: {self._line}{more}"
        self.changed.emit()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        if isinstance(event, Progress):
            self._line = self._pace.line(event)
            self.share = event.done / event.total if event.total else None
            self._show()
        elif isinstance(event, Fetched):
            self.come.emit(Path(event.folder))

    @Slot(object)
    def _succeeded(self, event: Event | None) -> None:
        if self.sender() is self._job:
            self._next()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._session.failed.emit(failure)
            self._next()
