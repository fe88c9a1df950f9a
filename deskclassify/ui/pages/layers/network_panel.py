"""The map of the network that is looked at: where the chosen layer is, and the way to any other."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.network_map import NetworkMap


class NetworkPanel(QWidget):
    """The network from picture to answer; a click looks at a layer."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self.map = named(NetworkMap(), "networkMap")
        self.map.chosen.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.map)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_network)
        looking.layer_changed.connect(self._show_layer)
        looking.shown_changed.connect(self._show_answer)

    @Slot(object)
    def _choose(self, layer: Layer) -> None:
        self._looking.set_layer(layer)

    @Slot()
    def _forget(self) -> None:
        self.map.set_network((), 1)
        self.map.set_answer(())

    @Slot()
    def _show_network(self) -> None:
        listed = self._looking.listed
        if listed is not None:
            self.map.set_network(listed.layers, listed.input_size)
            self._show_layer()

    @Slot()
    def _show_layer(self) -> None:
        if self._looking.layer is not None:
            self.map.set_layer(self._looking.layer.name)

    @Slot()
    def _show_answer(self) -> None:
        shown = self._looking.shown
        if shown is not None:
            self.map.set_picture(shown.picture)
            self.map.set_answer(shown.answer)
