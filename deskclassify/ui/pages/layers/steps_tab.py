"""The arithmetic of a convolution on the pinned picture, step by step."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Layer, Stepped
from deskclassify.core.layer_requests import StepRequest
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import EmptyState
from deskclassify.ui.widgets.convolution_stepper import ConvolutionStepper

_PAUSE_MILLISECONDS = 15  # of several arrow keys, only the place where they end is computed


class StepsTab(QStackedWidget):
    """The stepper, or that there is nothing to calculate."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._layer: tuple[str, Layer] | None = None  # the network's name, and what the stepper is set to
        self._is_stale = True  # what is shown is not, or no longer, what is looked at
        self._ask = Latest(looking.session, _PAUSE_MILLISECONDS, self)
        self._ask.received.connect(self._show)
        self._ask.failed.connect(self._failed)
        self.stepper = ConvolutionStepper()
        self.stepper.setObjectName("convolutionStepper")
        self.stepper.wanted.connect(self._wanted)
        self.stepper.channel_spin.valueChanged.connect(self._channel_chosen)
        self.nothing = EmptyState(
            "layers",
            "Nothing to calculate here",
            "The step-by-step view shows convolutions. Choose a layer of that kind in the list.",
        )
        self.no_picture = EmptyState(
            "image",
            "No picture yet",
            "Choose a picture, or drop one here, to see how the layer calculates with it, number by number.",
        )
        for page in (self.stepper, self.nothing, self.no_picture):
            self.addWidget(page)
        looking.layer_changed.connect(self._prepare)
        looking.image_changed.connect(self._prepare)
        looking.epoch_changed.connect(self._prepare)
        looking.network_changed.connect(self._prepare)
        looking.channel_changed.connect(self._channel_changed)
        self._prepare()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        if self._is_stale:
            self.stepper.ask()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        self._is_stale = self._is_stale or self._ask.is_busy
        self._ask.drop()
        super().hideEvent(event)

    @Slot()
    def _prepare(self) -> None:
        """Something else is looked at. In the same layer the place stays: only the numbers change."""
        self._ask.drop()
        self._is_stale = True
        looking, layer = self._looking, self._looking.layer
        if layer is None or not looking.image or not is_convolution(layer):
            self._layer = None
            self.stepper.set_layer(0, 0, 0)
            no_picture = layer is not None and not looking.image and is_convolution(layer)
            self.setCurrentWidget(self.no_picture if no_picture else self.nothing)
            return
        if self._layer != (looking.model, layer):
            self._layer = (looking.model, layer)
            channels, rows, columns = layer.shape
            self.stepper.set_layer(channels, rows, columns, max(0, looking.channel))
        self.setCurrentWidget(self.stepper)
        if self.isVisible():
            self.stepper.ask()

    @Slot()
    def _channel_changed(self) -> None:
        if self.stepper.isEnabled() and self._looking.channel >= 0:
            self.stepper.set_channel(self._looking.channel)

    @Slot(int)
    def _channel_chosen(self, channel: int) -> None:
        self._looking.set_channel(channel)

    @Slot(int, int, int)
    def _wanted(self, channel: int, row: int, column: int) -> None:
        looking = self._looking
        self._is_stale = True
        if looking.layer is not None and self.isVisible():
            self._is_stale = False
            place = (channel, row, column)
            self._ask.ask(StepRequest(looking.model, looking.layer.name, looking.image, *place, looking.epoch))

    @Slot(object)
    def _show(self, event: Event) -> None:
        if isinstance(event, Stepped):
            self.stepper.show_step(event)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.stepper.give_up()
        self._looking.layer_failed.emit(failure)


def is_convolution(layer: Layer) -> bool:
    """Whether the layer slides kernels over a picture; depthwise convolutions do so as well."""
    return "conv" in layer.kind.casefold() and len(layer.shape) == 3
