"""What excites a channel: the nine places in the user's pictures that it answers most to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.layer_events import Layer, LayersListed, Patch, PatchesShown
from deskclassify.core.layer_requests import PatchesRequest, SearchRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.core.subset import balanced
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers import excitation_texts as texts
from deskclassify.ui.pages.layers.excitation_search import SearchOffer
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.boxed_picture import BoxedPicture
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import EmptyState, muted, pad_spin_boxes, subheading
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.images import to_pixmap
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.patch_grid import Pair, PatchGrid

MOST = 1000
"""pictures that are searched unless all are wanted"""
_PAUSE_MILLISECONDS = 40  # while somebody holds an arrow, only the channel where they end is looked up
_LEAST_SIDE, _MOST_SIDE = 140, 260  # pixels, of the part that shows the whole picture


@dataclass(frozen=True)
class _Pictures:
    """Paths and classes of what is searched, and how many there are."""

    files: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    total: int = 0


class ExcitationTab(QStackedWidget):
    """The offer to search, the search, and then nine pairs for the channel that is looked at."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._shown: PatchesShown | None = None
        self._pictures: _Pictures | None = None  # None: to be found out
        self._takes_all = False
        self._ask = Latest(looking.session, _PAUSE_MILLISECONDS, self)
        self._ask.received.connect(self._receive)
        self._ask.failed.connect(self._fail)
        self._search = Latest(looking.session, parent=self)
        self._search.received.connect(self._receive_search)
        self._search.failed.connect(self._fail_search)
        self._search.busy_changed.connect(self._search_changed)
        self._make_widgets()
        self.nothing = EmptyState("image", "No pictures yet", "")
        for page in (self._build_result(), self.offer, self.nothing):
            self.addWidget(page)
        self.setCurrentWidget(self.nothing)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._refresh)
        looking.layer_changed.connect(self._refresh)
        looking.shown_changed.connect(self._picture_answered)
        looking.layer_failed.connect(self._picture_answered)
        looking.channel_changed.connect(self._refresh)
        looking.epoch_changed.connect(self._say)
        looking.session.listing_changed.connect(self._listing_changed)

    def _make_widgets(self) -> None:
        self.offer = SearchOffer()
        self.offer.wanted.connect(self.search)
        self.offer.stopped.connect(self._search.drop)
        self.previous_button = _step_button("left", "Previous channel")
        self.previous_button.clicked.connect(self._previous)
        self.next_button = _step_button("right", "Next channel")
        self.next_button.clicked.connect(self._next)
        self.channel_spin = QSpinBox()
        self.channel_spin.setWrapping(True)
        self.channel_spin.setKeyboardTracking(False)
        self.channel_spin.setAccessibleName("Channel of the layer")
        self.channel_spin.valueChanged.connect(self._choose_channel)
        self.sentence_label = QLabel()
        self.sentence_label.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence_label.setWordWrap(True)
        self.grid = named(PatchGrid(), "excitationGrid")
        self.grid.setAccessibleName("Places that excite the channel most, the strongest first")
        self.grid.current_changed.connect(self._point_at)
        self.grid.chosen.connect(self._pin)
        self.picture = BoxedPicture()
        self.picture.setAccessibleName("Where in the picture the place lies")
        self.where_label = subheading("")
        self.name_label = ElidedLabel()
        self.sees_label = muted("")
        self.note_label = muted("")

    def _build_result(self) -> QWidget:
        top = QHBoxLayout()
        top.setSpacing(4)
        for part in (self.previous_button, self.channel_spin, self.next_button):
            top.addWidget(part)
        top.addSpacing(theme.GAP)
        top.addWidget(self.sentence_label, 1)
        side = QVBoxLayout()
        side.setSpacing(6)
        side.setContentsMargins(0, 4, 0, 0)
        for label in (self.picture, self.where_label, self.name_label, self.sees_label):
            side.addWidget(label)
        side.addStretch(1)
        holder = QWidget()
        holder.setLayout(side)
        holder.setMinimumWidth(_LEAST_SIDE)
        holder.setMaximumWidth(_MOST_SIDE)
        middle = QHBoxLayout()
        middle.setSpacing(theme.GAP + 8)
        middle.addWidget(self.grid, 7)
        middle.addWidget(holder, 2)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(top)
        column.addLayout(middle, 1)
        column.addWidget(self.note_label)
        pad_spin_boxes(page)
        return page

    # -- which pictures ---------------------------------------------------------------

    def _items(self) -> tuple[Item, ...]:
        """The run's own pictures; for a network that is only pretrained, those of the project."""
        looking = self._looking
        if looking.is_run:
            return tuple(RunFolder(Path(looking.model)).split())
        listing = looking.session.listing
        return listing.items if listing is not None else ()

    def pictures(self) -> _Pictures:
        """What is searched."""
        if self._pictures is None:
            try:
                items = self._items()
            except (OSError, KeyError, ValueError):
                items = ()  # the run's list of pictures is gone or damaged
            order = range(len(items)) if self._takes_all else balanced([item.label for item in items], MOST)
            chosen = [items[at] for at in order]
            self._pictures = _Pictures(
                tuple(item.path for item in chosen), tuple(item.label for item in chosen), len(items)
            )
        return self._pictures

    @Slot()
    def _listing_changed(self) -> None:
        if not self._looking.is_run:
            self._pictures = None
            self._refresh()

    # -- asking -----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """No channel is wanted any more. A search goes on: the user has asked for it and may look elsewhere."""
        self._ask.drop()
        super().hideEvent(event)

    @Slot()
    def _forget(self) -> None:
        self._ask.drop()
        self._search.drop()
        self._shown, self._pictures, self._takes_all = None, None, False
        self.grid.set_pairs(())

    def _channel(self) -> int:
        """The one looked at; without one, the one that answers most to the pinned picture; −1 while that is awaited."""
        looking = self._looking
        if looking.channel >= 0 or looking.layer is None:
            return looking.channel
        shown = looking.shown
        if shown is not None and shown.layer == looking.layer and shown.strength.size:
            return int(np.argmax(shown.strength))
        return -1 if looking.image and looking.is_busy else 0

    @Slot()
    def _picture_answered(self) -> None:
        if self._looking.channel < 0:
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        looking = self._looking
        if not self.isVisible() or looking.listed is None or looking.layer is None:
            return
        if self._search.is_busy:
            self.setCurrentWidget(self.offer)
            return
        pictures = self.pictures()
        if not pictures.files:
            self.nothing.text_label.setText(
                "Add pictures on the Data page: what a channel has learned shows in the places that it answers most to."
            )
            self.setCurrentWidget(self.nothing)
            return
        channel = min(self._channel(), looking.layer.shape[0] - 1)
        if channel < 0:
            return
        self._show_channel(looking.listed, looking.layer, channel)
        self.grid.set_waiting(True)
        request = PatchesRequest(looking.model, looking.layer.name, channel, pictures.files, pictures.labels)
        self._ask.ask(request)

    def _show_channel(self, listed: LayersListed, layer: Layer, channel: int) -> None:
        spin, last = self.channel_spin, layer.shape[0] - 1
        what = "Class" if texts.gives_scores(listed, layer) else "Channel"
        with QSignalBlocker(spin):
            spin.setRange(0, last)
            spin.setValue(channel)
        spin.setPrefix(f"{what} ")
        spin.setSuffix(f" / {last:,}")
        spin.setToolTip(f"{what} 0 to {last:,} of this layer")

    @Slot(int)
    def _choose_channel(self, channel: int) -> None:
        self._looking.set_channel(channel)

    @Slot()
    def _previous(self) -> None:
        self.channel_spin.stepBy(-1)

    @Slot()
    def _next(self) -> None:
        self.channel_spin.stepBy(1)

    # -- searching --------------------------------------------------------------------

    @Slot(bool)
    def search(self, takes_all: bool = False) -> None:
        """Search the pictures; what was found before is there at once."""
        if takes_all != self._takes_all:
            self._takes_all, self._pictures = takes_all, None
        pictures = self.pictures()
        self._search.ask(SearchRequest(self._looking.model, pictures.files, pictures.labels))

    @Slot(bool)
    def _search_changed(self, busy: bool) -> None:
        if busy:
            self.offer.begin()
        elif self.offer.is_running:
            self.offer.end()
        self._refresh()

    @Slot(object)
    def _receive_search(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.offer.show_progress(event)

    @Slot(object)
    def _fail_search(self, failure: Failure) -> None:
        self.offer.end(failure.sentence)
        self.setCurrentWidget(self.offer)

    # -- showing ----------------------------------------------------------------------

    @Slot(object)
    def _receive(self, event: Event) -> None:
        if not isinstance(event, PatchesShown):
            return
        listed, pictures = self._looking.listed, self.pictures()
        if not event.is_searched and listed is not None:
            self._shown = None
            text = texts.offer(listed, len(pictures.files), pictures.total)
            self.offer.set_offer(text, len(pictures.files), pictures.total)
            self.setCurrentWidget(self.offer)
            return
        self._shown = event
        names = sorted(set(pictures.labels))
        self.grid.set_pairs([_pair(patch, names) for patch in event.patches])
        self._say()
        self.setCurrentIndex(0)

    @Slot()
    def _say(self) -> None:
        listed, layer, shown = self._looking.listed, self._looking.layer, self._shown
        if listed is None or layer is None or shown is None:
            return
        text = texts.sentence(listed, layer, shown)
        if self._looking.epoch is not None:
            text += " This is the finished network, not the epoch that is chosen."
        self.sentence_label.setText(text)
        self.note_label.setText(texts.note(shown))

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self.grid.set_waiting(False)
        self.nothing.text_label.setText(failure.sentence)
        self.setCurrentWidget(self.nothing)

    @Slot(int)
    def _point_at(self, at: int) -> None:
        shown = self._shown
        if shown is None or not 0 <= at < len(shown.patches):
            self.picture.show_box(None)
            for label in (self.where_label, self.sees_label):
                label.clear()
            self.name_label.set_text("")
            return
        patch = shown.patches[at]
        self.picture.show_box(to_pixmap(patch.picture), patch.box)
        self.where_label.setText(f"Place {at + 1}: {number(patch.value)}")
        self.name_label.set_text(Path(patch.path).name, patch.path)
        self.sees_label.setText(texts.sees(patch))

    @Slot(int)
    def _pin(self, at: int) -> None:
        if self._shown is not None and 0 <= at < len(self._shown.patches):
            self._looking.set_image(self._shown.patches[at].path)


def _step_button(icon: str, text: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon))
    button.setToolTip(text)
    button.setAccessibleName(text)
    button.setAutoRepeat(True)
    return button


def _pair(patch: Patch, names: list[str]) -> Pair:
    """A place as it is shown; the class's colour is that of the other pages."""
    return Pair(
        to_pixmap(patch.pixels),
        to_pixmap(patch.gradients),
        patch.label,
        number(patch.value),
        theme.class_color(names.index(patch.label)) if patch.label in names else "",
        f"{Path(patch.path).name}\nA click sends this picture through the network",
    )
