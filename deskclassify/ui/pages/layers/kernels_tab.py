"""What a layer has learned: its kernels, all of them small and one of them large."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Event
from deskclassify.core.layer_events import KernelShown, KernelsShown
from deskclassify.core.layer_requests import KernelRequest, KernelsRequest
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.kernel_detail import KernelDetail, kernel_facts
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import EmptyState, muted
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tile_grid import Tile, TileGrid

_ORDERS = (("Strongest first", "norm"), ("By number", "number"), ("Most changed first", "change"))
_CHANGE_ROW = 2
_NO_WEIGHTS = "What they were before training is not known: the pretrained weights are not on this computer."
_NEW = "This layer is new: before training all its weights were zero."
_LOW = 290  # pixels of the tab


class KernelsTab(QStackedWidget):
    """The learned weights as small pictures, with the chosen kernel large."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._shown: KernelsShown | None = None
        self._order: list[int] = []
        self._ask = Latest(looking.session, parent=self)
        self._ask.received.connect(self._show)
        self._ask.failed.connect(looking.layer_failed)
        self._ask_one = Latest(looking.session, parent=self)
        self._ask_one.received.connect(self._show_one)
        self._ask_one.failed.connect(looking.layer_failed)
        self.order_box = named(QComboBox(), "kernelOrderBox")
        self.order_box.setAccessibleName("Order of the kernels")
        self.order_box.setToolTip("Strength is a kernel's norm: the root of the sum of its squared weights")
        for title, key in _ORDERS:
            self.order_box.addItem(title, key)
        self.order_box.currentIndexChanged.connect(self._reorder)
        self.grid = named(TileGrid(), "kernelGrid")
        self.grid.setAccessibleName("Kernels of the layer")
        self.grid.chosen.connect(self._choose)
        self.detail = KernelDetail()
        self.summary_label = muted("")
        self.note_label = muted("")
        self.nothing = EmptyState("layers", "No kernels here", "Choose a convolution or a linear layer.")
        self.addWidget(self._build())
        self.addWidget(self.nothing)
        self.setCurrentWidget(self.nothing)
        looking.layer_changed.connect(self._refresh)
        looking.epoch_changed.connect(self._refresh)
        looking.network_changed.connect(self.clear)

    def _build(self) -> QWidget:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.grid)
        splitter.addWidget(self.detail)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([360, 440])
        top = QHBoxLayout()
        top.setSpacing(theme.GAP + 4)
        top.addWidget(self.order_box, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.note_label, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(top)
        column.addWidget(splitter, 1)
        column.addWidget(self.summary_label)
        return page

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where there is little room, the kernels themselves get it."""
        super().resizeEvent(event)
        self.summary_label.setVisible(self.height() >= _LOW)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        self._ask.drop()
        self._ask_one.drop()
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
        before, self._shown = self._shown, event
        # Over the epochs each kernel keeps its place, so that one can follow it.
        is_same = before is not None and (before.layer, len(before.tiles)) == (event.layer, len(event.tiles))
        self._offer_changes(bool(event.changes.any()))
        if not is_same or len(self._order) != len(event.tiles):
            self._sort(event)
        self._fill(event, self.grid.verticalScrollBar().value() if is_same else None)
        self.note_label.setText(" ".join(text for text in (event.note, self._comparison(event)) if text))
        self.summary_label.setText(event.summary)
        self.note_label.setToolTip(event.summary)
        self.setCurrentIndex(0)

    def _offer_changes(self, offered: bool) -> None:
        item = self.order_box.model().item(_CHANGE_ROW)  # type: ignore[attr-defined]
        item.setEnabled(offered)

    def _sort(self, shown: KernelsShown) -> None:
        key = self.order_box.currentData()
        if key == "number" or not shown.norms.size:
            self._order = list(range(len(shown.tiles)))
        else:
            by = shown.changes if key == "change" and shown.changes.any() else shown.norms
            self._order = [int(at) for at in np.argsort(-by, kind="stable")]

    def _fill(self, shown: KernelsShown, scrolled: int | None = None) -> None:
        dead = frozenset(shown.dead)
        tiles = [Tile(shown.tiles[at], self._name(at, at in dead), at, self._facts(at)) for at in self._order]
        wanted = self._looking.channel
        self.grid.set_tiles(tiles, self._order.index(wanted) if wanted in self._order else 0)
        if scrolled is not None:
            self.grid.verticalScrollBar().setValue(scrolled)

    def _name(self, at: int, is_dead: bool = False) -> str:
        """A class where the kernel gives the score of one, else its number."""
        listed, layer = self._looking.listed, self._looking.layer
        if listed is not None and layer is not None and self._shown is not None:
            is_last = layer == listed.layers[-1] and len(self._shown.tiles) == len(listed.classes)
            if is_last:
                return listed.classes[at]
        return f"{at} · dead" if is_dead else f"{at}"

    def _facts(self, at: int) -> str:
        shown = self._shown
        if shown is None:
            return ""
        place = int((shown.norms > shown.norms[at]).sum()) + 1
        change = float(shown.changes[at]) if shown.changes.size and shown.epoch != 0 else None
        return kernel_facts(float(shown.norms[at]), place, len(shown.norms), change, at in shown.dead)

    def _comparison(self, shown: KernelsShown) -> str:
        """Why before and after are not compared; empty where they are, or there is nothing to compare."""
        listed = self._looking.listed
        if not self._looking.is_run or listed is None or shown.changes.size:
            return ""
        return _NEW if listed.has_pretrained else _NO_WEIGHTS

    @Slot()
    def _reorder(self) -> None:
        if self._shown is not None:
            self._sort(self._shown)
            self._fill(self._shown)

    @Slot(int)
    def _choose(self, row: int) -> None:
        looking, shown = self._looking, self._shown
        if shown is None or row >= len(self._order) or not self.isVisible():
            return
        at = self._order[row]
        looking.set_channel(at)
        self._ask_one.ask(KernelRequest(looking.model, shown.layer, at, shown.epoch))

    @Slot(object)
    def _show_one(self, event: Event) -> None:
        shown = self._shown
        if isinstance(event, KernelShown) and shown is not None and event.layer == shown.layer:
            name = self._name(event.channel)
            title = f"Kernel {event.channel}" + ("" if name == str(event.channel) else f": {name}")
            bias = f" Bias {event.bias:+.3g}.".replace("-", "−") if event.bias is not None else ""
            self.detail.show_kernel(event, title, self._facts(event.channel) + bias)

    @Slot()
    def clear(self) -> None:
        """Show that there are none."""
        self._ask.drop()
        self._ask_one.drop()
        self._shown = None
        self._order = []
        self.grid.set_tiles(())
        self.detail.clear()
        self.setCurrentWidget(self.nothing)
