"""Watching a folder from the Predict page: its new pictures are classified as they appear."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, Message
from deskclassify.core.use_events import Appeared
from deskclassify.core.use_requests import WatchRequest
from deskclassify.core.words import counted
from deskclassify.jobs.job import Job
from deskclassify.ui.session import Session

_MOST_AT_ONCE = 500  # pictures in one prediction, so that Cancel and new ones need not wait long


class Watching(QObject):
    """One folder at a time. What appears while a prediction runs is collected, and goes together after it."""

    changed = Signal()  # `is_on` and `text`

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._folder = Path()
        self._new: list[Path] = []
        self._count = 0
        self._trouble = ""
        session.predictions.idle.connect(self._send)
        session.predictions.stopped.connect(self._give_up)

    @property
    def is_on(self) -> bool:
        """Whether a folder is being watched."""
        return self._job is not None

    @property
    def folder(self) -> Path:
        """Which one."""
        return self._folder

    @property
    def has_trouble(self) -> bool:
        """Whether the folder cannot be read just now."""
        return bool(self._trouble)

    @property
    def text(self) -> str:
        """What is to be said of it; empty while no folder is watched."""
        if not self.is_on:
            return ""
        name = self._folder.name or str(self._folder)
        waiting = f" · {len(self._new):,} waiting" if self._new else ""
        return self._trouble or f"Watching “{name}” · {self._count:,} new so far{waiting}"

    def start(self, folder: Path) -> None:
        """Watch a folder from now on, instead of another one.

        Raises:
            InputError: there is no model that could classify what comes.
        """
        if self._session.model is None and not self._session.model_is_coming:
            raise InputError("There is no model yet. Train one, or open an .onnx file, then watch a folder.")
        self.stop()
        self._folder, self._count, self._trouble = folder, 0, ""
        self._job = self._session.ask(WatchRequest(str(folder)), self._received, self._failed, self._succeeded)
        self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Watch no more; what has appeared already is still classified."""
        job, self._job = self._job, None
        if job is not None:
            job.control.stop()
            self._session.status.emit(
                f"“{self._folder.name}” is watched no more: {counted(self._count, 'new picture')}."
            )
            self.changed.emit()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        if isinstance(event, Appeared):
            self._count += len(event.files)
            self._new += map(Path, event.files)
            self._send()
        elif isinstance(event, Message):
            self._trouble = event.text if event.level == "warning" else ""
            self._session.status.emit(event.text)
        self.changed.emit()

    @Slot()
    def _send(self) -> None:
        """Classify what has come, as soon as the predictor is free."""
        if not self._new or self._session.predictions.is_busy:
            return
        files, self._new = self._new[:_MOST_AT_ONCE], self._new[_MOST_AT_ONCE:]
        try:
            self._session.predict(files)
        except InputError as error:  # the model was taken away meanwhile
            self._new.clear()
            self._session.failed.emit(Failure.of(error))
            self.stop()
        self.changed.emit()

    @Slot()
    def _give_up(self) -> None:
        """Cancel is for all that waits; what appears later is classified again."""
        self._new.clear()
        self.changed.emit()

    @Slot(object)
    def _succeeded(self, event: Event | None) -> None:
        """It was stopped from elsewhere, as when the window closes."""
        if self.sender() is self._job:
            self._job = None
            self.changed.emit()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._job = None
            self._session.failed.emit(failure)
            self.changed.emit()
