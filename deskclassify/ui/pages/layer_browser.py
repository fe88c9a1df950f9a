"""Asks for layers, and passes on only the answers that are still wanted."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, LayerShown, LayersListed, Stepped
from deskclassify.core.requests import LayerRequest, LayersRequest, StepRequest
from deskclassify.jobs.job import Job
from deskclassify.ui.session import Session

_PAUSE_MILLISECONDS = 30  # while somebody steps quickly, only the layer where they end is computed


class LayerBrowser(QObject):
    """What is looked at: a model, a layer, a picture, one place of a convolution.

    Each question replaces the one before it: the older job is told to stop, and what it still
    sends is dropped, be it an answer or a failure.
    """

    listed = Signal(object)  # LayersListed
    shown = Signal(object)  # LayerShown
    stepped = Signal(object)  # Stepped
    busy_changed = Signal(bool)
    list_failed = Signal(object)  # Failure
    layer_failed = Signal(object)  # Failure, of a layer or of a step

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = ""
        self.layer = ""
        self.image = ""
        self._place = (0, 0, 0)
        self._list_job: Job | None = None
        self._layer_job: Job | None = None
        self._step_job: Job | None = None
        self._layer_timer = self._timer(self._ask_layer)
        self._step_timer = self._timer(self._ask_step)

    def _timer(self, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(_PAUSE_MILLISECONDS)
        timer.timeout.connect(slot)
        return timer

    def open(self, model: str) -> None:
        """List the layers of a run folder or an architecture."""
        self.stop()
        self.model, self.layer = model, ""
        self.busy_changed.emit(True)
        self._list_job = self._session.ask(LayersRequest(model), self._listed, self._failed)

    def show_layer(self, name: str) -> None:
        """Look at a layer."""
        self.layer = name
        self._drop(self._layer_job, self._step_job)
        self._layer_job = self._step_job = None
        self._step_timer.stop()
        if name:
            self.busy_changed.emit(True)
            self._layer_timer.start()

    def show_image(self, path: str) -> None:
        """Look at the same layer with another picture; an empty path takes the picture away."""
        if path != self.image:
            self.image = path
            self.show_layer(self.layer)

    def show_step(self, channel: int, row: int, column: int) -> None:
        """Look at one place of the layer's output."""
        self._place = (channel, row, column)
        self._drop(self._step_job)
        self._step_job = None
        self._step_timer.start()

    def stop(self) -> None:
        """Want nothing any more."""
        self._layer_timer.stop()
        self._step_timer.stop()
        self._drop(self._list_job, self._layer_job, self._step_job)
        self._list_job = self._layer_job = self._step_job = None
        self.busy_changed.emit(False)

    def _drop(self, *jobs: Job | None) -> None:
        for job in jobs:
            if job is not None:
                job.control.stop()

    @Slot()
    def _ask_layer(self) -> None:
        request = LayerRequest(self.model, self.layer, self.image)
        self._layer_job = self._session.ask(request, self._shown, self._failed)

    @Slot()
    def _ask_step(self) -> None:
        if self.image and self.layer:
            request = StepRequest(self.model, self.layer, self.image, *self._place)
            self._step_job = self._session.ask(request, self._stepped, self._failed)

    @Slot(object)
    def _listed(self, event: Event) -> None:
        if self.sender() is self._list_job and isinstance(event, LayersListed):
            self._list_job = None
            self.busy_changed.emit(False)
            self.listed.emit(event)

    @Slot(object)
    def _shown(self, event: Event) -> None:
        current = self.sender() is self._layer_job
        if current and isinstance(event, LayerShown) and event.layer.name == self.layer:
            self._layer_job = None
            self.busy_changed.emit(False)
            self.shown.emit(event)

    @Slot(object)
    def _stepped(self, event: Event) -> None:
        current = self.sender() is self._step_job
        if current and isinstance(event, Stepped) and event.layer == self.layer:
            self._step_job = None
            self.stepped.emit(event)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        job = self.sender()
        if job is self._list_job:
            self._list_job = None
            self.busy_changed.emit(False)
            self.list_failed.emit(failure)
        elif job is self._layer_job:
            self._layer_job = None
            self.busy_changed.emit(False)
            self.layer_failed.emit(failure)
        elif job is self._step_job:
            self._step_job = None
            self.layer_failed.emit(failure)
