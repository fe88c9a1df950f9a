"""What is looked at on the Layers page: a network, a layer, a picture, a channel, an epoch."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Layer, LayerShown, LayersListed
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session

_PAUSE_MILLISECONDS = 15  # while somebody steps quickly, only the layer where they end is computed


class Looking(QObject):
    """The state that all parts of the page share. Parts set it by its methods, and follow its signals.

    Attributes:
        model: run folder or name of an architecture; empty before one was opened.
        listed: its layers; None until they are known.
        layer: the one that is looked at; None until there is one.
        shown: what it makes of the picture; None until that is known.
        image: path of the pinned picture; empty for none.
        other: path of the picture beside it; empty for none.
        channel: its number; −1 for none.
        epoch: one of `listed.epochs`; None for the best.
        separates: whether channels are to be told by what separates the likeliest class from the runner-up.
    """

    network_changed = Signal()  # another network is wanted: self.listed is None
    listed_changed = Signal()  # self.listed is there
    layer_changed = Signal()  # self.layer, at once
    image_changed = Signal()
    other_changed = Signal()
    channel_changed = Signal()
    epoch_changed = Signal()
    shown_changed = Signal()  # self.shown, the answer for the layer that is wanted now
    busy_changed = Signal(bool)
    list_failed = Signal(object)  # Failure
    layer_failed = Signal(object)  # Failure

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.model = ""
        self.listed: LayersListed | None = None
        self.layer: Layer | None = None
        self.shown: LayerShown | None = None
        self.image = ""
        self.other = ""
        self.channel = -1
        self.epoch: int | None = None
        self.separates = False
        self._list = Latest(session, parent=self)
        self._list.received.connect(self._listed)
        self._list.failed.connect(self.list_failed)
        self._ask = Latest(session, _PAUSE_MILLISECONDS, self)
        self._ask.received.connect(self._shown)
        self._ask.failed.connect(self._layer_failed)
        for latest in (self._list, self._ask):
            latest.busy_changed.connect(self._tell_busy)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._list.is_busy or self._ask.is_busy

    @property
    def is_run(self) -> bool:
        """Whether the network is one of the user's own."""
        return self.listed is not None and bool(self.listed.classes)

    def open(self, model: str) -> None:
        """Look at another network, or read the same one again."""
        self._ask.drop()
        self.model, self.listed, self.layer, self.shown, self.epoch = model, None, None, None, None
        self.network_changed.emit()
        self._list.ask(LayersRequest(model))

    def set_layer(self, layer: Layer) -> None:
        """Look at a layer of the network."""
        if layer != self.layer:
            self.layer = layer
            self.channel = -1
            self.layer_changed.emit()
        self._refresh()

    def set_image(self, path: str) -> None:
        """Pin another picture; an empty path takes it away."""
        if path != self.image:
            self.image = path
            self.image_changed.emit()
            self._refresh()

    def set_other(self, path: str) -> None:
        """Put another picture beside the pinned one; an empty path takes it away."""
        if path != self.other:
            self.other = path
            self.other_changed.emit()

    def set_channel(self, channel: int) -> None:
        """Look at a channel of the layer."""
        if channel != self.channel:
            self.channel = channel
            self.channel_changed.emit()

    def set_epoch(self, epoch: int | None) -> None:
        """Look at the network as it was after an epoch; None: as it is."""
        if epoch != self.epoch:
            self.epoch = epoch
            self.epoch_changed.emit()
            self._refresh()

    def set_separates(self, wanted: bool) -> None:
        """Ask for what separates the likeliest class from the runner-up, from now on."""
        if wanted != self.separates:
            self.separates = wanted
            self._refresh()

    def stop(self) -> None:
        """Want nothing any more."""
        self._list.drop()
        self._ask.drop()

    def _refresh(self) -> None:
        if self.layer is not None:
            self._ask.ask(LayerRequest(self.model, self.layer.name, self.image, self.epoch, self.separates))

    @Slot(object)
    def _listed(self, event: Event) -> None:
        if isinstance(event, LayersListed):
            self.listed = event
            self.listed_changed.emit()

    @Slot(object)
    def _shown(self, event: Event) -> None:
        if isinstance(event, LayerShown):
            self.shown = event
            self.shown_changed.emit()

    @Slot(object)
    def _layer_failed(self, failure: Failure) -> None:
        self.shown = None
        self.layer_failed.emit(failure)

    @Slot()
    def _tell_busy(self) -> None:
        self.busy_changed.emit(self.is_busy)
