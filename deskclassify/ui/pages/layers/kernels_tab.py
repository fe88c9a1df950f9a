"""What a layer has learned: its kernels."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Event
from deskclassify.core.layer_events import KernelsShown
from deskclassify.core.layer_requests import KernelsRequest
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import EmptyState, muted
from deskclassify.ui.widgets.tile_grid import Tile, TileGrid


class KernelsTab(QStackedWidget):
    """The learned weights as small pictures."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._ask = Latest(looking.session, parent=self)
        self._ask.received.connect(self._show)
        self._ask.failed.connect(looking.layer_failed)
        self.grid = TileGrid()
        self.grid.setObjectName("kernelGrid")
        self.grid.setAccessibleName("Kernels of the layer")
        self.grid.tiles.set_colors("grey")
        self.note_label = muted("")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.grid, 1)
        column.addWidget(self.note_label)
        self.nothing = EmptyState(
            "layers", "No kernels here", "This kind of layer has no kernels; only convolutions have them."
        )
        self.addWidget(page)
        self.addWidget(self.nothing)
        self.setCurrentWidget(self.nothing)
        looking.layer_changed.connect(self._refresh)
        looking.epoch_changed.connect(self._refresh)
        looking.network_changed.connect(self.clear)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        self._ask.drop()
        super().hideEvent(event)

    @Slot()
    def _refresh(self) -> None:
        layer = self._looking.layer
        if self.isVisible() and layer is not None:
            self._ask.ask(KernelsRequest(self._looking.model, layer.name, self._looking.epoch))

    @Slot(object)
    def _show(self, event: Event) -> None:
        if not isinstance(event, KernelsShown):
            return
        if not event.tiles.size:
            self.nothing.text_label.setText(event.note)
            self.clear()
            return
        self.grid.set_tiles([Tile(tile, f"{at}", at, f"Kernel of channel {at}") for at, tile in enumerate(event.tiles)])
        self.note_label.setText(event.note)
        self.setCurrentIndex(0)

    @Slot()
    def clear(self) -> None:
        """Show that there are none."""
        self._ask.drop()
        self.grid.set_tiles(())
        self.setCurrentWidget(self.nothing)
