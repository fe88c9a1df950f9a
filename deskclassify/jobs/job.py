"""The one QThread class: it drains a stream of events and passes each to the window's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QThread, Signal

from deskclassify.core.control import Control
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.requests import Request

Stream = Callable[[Request, Control], Iterator[Event]]
_log = logging.getLogger(__name__)


class Job(QThread):
    """A running request.

    Signals arrive in the thread that made the job. After the last `received` exactly one of
    `succeeded` and `failed` comes, and then Qt's `finished`.
    """

    received = Signal(object)  # an Event
    succeeded = Signal(object)  # the last event, or None
    failed = Signal(object)  # a Failure

    def __init__(self, stream: Stream, request: Request, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"job-{type(request).__name__}")
        self.request = request
        self.control = Control()
        self._stream = stream

    def run(self) -> None:
        """Drain the stream; every error becomes a failure, for an exception here would only be printed."""
        last: Event | None = None
        try:
            for last in self._stream(self.request, self.control):
                self.received.emit(last)
        except Exception as error:
            failure = Failure.of(error)
            _log.error("%s failed: %s\n%s", type(self.request).__name__, failure.sentence, failure.details)
            self.failed.emit(failure)
        else:
            self.succeeded.emit(last)
