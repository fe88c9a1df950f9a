"""One channel of a layer with its exact values, of one picture or of two side by side."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from deskclassify.core.events import Event
from deskclassify.core.layer_events import ChannelShown, LayerShown
from deskclassify.core.layer_requests import ChannelRequest
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.channel_view import Channel, ChannelView, channel_of
from deskclassify.ui.widgets.colormap import Colors, Span, number, span_of
from deskclassify.ui.widgets.common import muted, subheading
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.histogram import Histogram
from deskclassify.ui.widgets.named import named

_PAUSE_MILLISECONDS = 60  # of several tiles that are passed with the arrow keys, only the last is asked for
_HANDLE_PIXELS = 22
_DIGITS = 7  # all that a float32 has


class _Side:
    """One of both pictures: its view, its caption, and the question for its exact values."""

    def __init__(self, looking: Looking, parent: QWidget) -> None:
        self.view = ChannelView()
        self.caption = ElidedLabel()
        self.ask = Latest(looking.session, _PAUSE_MILLISECONDS, parent)
        self.shown: LayerShown | None = None
        self.channel: Channel | None = None

    def tell(self) -> None:
        """The picture's name, and what the network says of it."""
        if self.shown is not None:
            said = [f"{name} {percent(share)}" for name, share in self.shown.answer[:1]]
            self.caption.set_text("  ·  ".join([*said, Path(self.shown.image).name]), self.shown.image)


class ChannelPanel(QWidget):
    """The large view. What the tile has is shown at once, and replaced by the exact values when they come."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._colors: Colors = "viridis"
        self._shared: Span | None = None
        self._place = (-1, -1)  # under the cursor
        self.title_label = subheading("")
        self.facts_label, self.value_label = ElidedLabel(), ElidedLabel()
        self.histogram = Histogram()
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "overlaySlider")
        self.slider.setRange(0, 100)
        self.slider.setPageStep(25)
        self.slider.setValue(100)
        self.slider.setMinimumHeight(_HANDLE_PIXELS)
        self.slider.setAccessibleName("How much of the channel lies over the picture, per cent")
        self.slider.setToolTip("Lays the channel over your picture, to see what it reacts to")
        self._sides = (_Side(looking, self), _Side(looking, self))
        for side in self._sides:
            side.view.hovered.connect(self._hover)
            side.ask.received.connect(self._take_exact)
            side.ask.failed.connect(looking.layer_failed)
        self.slider.valueChanged.connect(self._fade)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, 0, 0)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(theme.GAP + 4)
        top.addWidget(self.title_label)
        top.addWidget(self.facts_label, 1)
        column.addLayout(top)
        self._views = grid = QGridLayout()
        grid.setSpacing(4)
        grid.setHorizontalSpacing(theme.GAP)
        for at, side in enumerate(self._sides):
            grid.addWidget(side.caption, 0, at)
            grid.addWidget(side.view, 1, at)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(1, 1)
        column.addLayout(grid, 1)
        column.addWidget(self.value_label)
        column.addWidget(self.histogram)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(muted("Picture"))
        row.addWidget(self.slider, 1)
        row.addWidget(muted("Channel"))
        column.addLayout(row)
        self._set_pair(False)

    @property
    def view(self) -> ChannelView:
        """The view of the pinned picture."""
        return self._sides[0].view

    @property
    def other_view(self) -> ChannelView:
        """The view of the picture beside it."""
        return self._sides[1].view

    @property
    def captions(self) -> tuple[ElidedLabel, ElidedLabel]:
        """Name and answer of both pictures."""
        return self._sides[0].caption, self._sides[1].caption

    def show_channel(self, shown: LayerShown, other: LayerShown | None, at: int, place: str) -> None:
        """Show a channel.

        Args:
            shown: the layer.
            other: the same layer for the picture beside; None for none.
            at: the channel's number.
            place: where it stands in the grid, in words.
        """
        self._set_pair(other is not None)
        last = self._sides[0].shown
        if last is not None and last.layer != shown.layer:
            self._place = (-1, -1)  # another layer has its values at other places
        for side, one in zip(self._sides, (shown, other), strict=True):
            same = one is side.shown and side.channel is not None and side.channel.number == at
            side.shown = one
            if one is None:
                side.ask.drop()
                side.channel = None
            elif not (same and side.channel is not None and side.channel.is_exact):
                side.channel = channel_of(at, one.activations[at], float(one.low[at]), float(one.high[at]))
                self._ask_exact(side)
            side.tell()
        self.title_label.setText(f"Channel {at}")
        self.facts_label.set_text(place)
        self._paint()

    def set_scale(self, colors: Colors, shared: Span | None) -> None:
        """Colour otherwise; `shared` is one scale for all channels, None gives this one its own."""
        if (colors, shared) != (self._colors, self._shared):
            self._colors, self._shared = colors, shared
            self._paint()

    def clear(self) -> None:
        """Show nothing."""
        self.drop()
        for side in self._sides:
            side.shown = side.channel = None
        self.title_label.clear()
        self.facts_label.set_text("")
        self._paint()

    def drop(self) -> None:
        """Want no exact values any more."""
        for side in self._sides:
            side.ask.drop()

    def ask(self) -> None:
        """Ask for exact values where there are none yet."""
        for side in self._sides:
            if side.channel is not None and not side.channel.is_exact:
                self._ask_exact(side)

    def _ask_exact(self, side: _Side) -> None:
        one, channel = side.shown, side.channel
        if self.isVisible() and one is not None and channel is not None:
            side.ask.ask(ChannelRequest(self._looking.model, one.layer.name, one.image, channel.number, one.epoch))

    @Slot(object)
    def _take_exact(self, event: Event) -> None:
        if not isinstance(event, ChannelShown):
            return
        for side in self._sides:
            if side.ask is self.sender() and side.channel is not None and side.channel.number == event.channel:
                side.channel = Channel(event.channel, event.values)
                self._paint()

    def _set_pair(self, is_pair: bool) -> None:
        self._sides[1].view.setVisible(is_pair)
        self._views.setColumnStretch(1, int(is_pair))
        for side in self._sides:
            side.caption.setVisible(is_pair)

    def span(self) -> Span:
        """What the first and the last colour stand for."""
        ranges = [side.channel.range for side in self._sides if side.channel is not None] or [(0.0, 0.0)]
        if self._shared is not None:
            ranges.append(self._shared)  # a tile is averaged: an exact value may lie outside of what all tiles span
        return span_of(min(low for low, _ in ranges), max(high for _, high in ranges), self._colors)

    def _paint(self) -> None:
        span = self.span()
        for side in self._sides:
            picture = side.shown.picture if side.shown is not None else None
            side.view.show_channel(side.channel, picture, span, self._colors)
        channels = [side.channel.values for side in self._sides if side.channel is not None]
        self.histogram.set_values(channels, span, self._colors)
        self._hover(*self._place)  # the cursor may rest while channels change beneath it

    @Slot(int)
    def _fade(self, per_cent: int) -> None:
        for side in self._sides:
            side.view.set_opacity(per_cent / 100)

    @Slot(int, int)
    def _hover(self, row: int, column: int) -> None:
        self._place = row, column
        channels = [side.channel for side in self._sides if side.channel is not None]
        values: list[float] = []
        texts: list[str] = []
        for channel in channels:
            if 0 <= row < channel.values.shape[0] and 0 <= column < channel.values.shape[1]:
                values.append(float(channel.values[row, column]))
                texts.append(exactly(values[-1]) if channel.is_exact else f"about {number(values[-1])}")
        self.histogram.set_marks(values)
        for side in self._sides:
            side.view.mark(*(self._place if values else (-1, -1)))
        told = f"Row {row}, column {column}: {' | '.join(texts)}" if texts else ""
        self.value_label.set_text(told or (self._hint() if channels else ""))

    def _hint(self) -> str:
        if self._sides[1].channel is None:
            return "Point at the picture to read its values."
        return "Bars: left, line: right. Point to read values."


def exactly(value: float) -> str:
    """All digits of a float32, with a true minus sign."""
    return f"{value:.{_DIGITS}g}".replace("-", "−")
