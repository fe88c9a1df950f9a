"""The channels of a layer in an order, as tiles, and that order in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np

from deskclassify.core.layer_events import LayerShown
from deskclassify.core.words import counted
from deskclassify.ui.widgets.colormap import Colors, Span, number, span_of
from deskclassify.ui.widgets.tile_grid import Tile

Order = Literal["strength", "separation", "number"]
Scale = Literal["own", "shared"]
_ENDS: dict[Colors, str] = {
    "viridis": "dark is low, yellow is high",
    "grey": "black is low, white is high",
    "diverging": "blue is below zero, orange above",
}


def separates(shown: LayerShown) -> bool:
    """Whether it is known what separates the likeliest class from the runner-up."""
    return bool(shown.separation.size) and len(shown.answer) > 1


def order_of(shown: LayerShown, order: Order) -> list[int]:
    """Numbers of the channels (or of single values) in an order; by strength while separations are not known."""
    if order == "number":
        return list(range(len(shown.strength)))
    size = np.abs(shown.separation) if order == "separation" and separates(shown) else shown.strength
    if order == "strength" and shown.values.size:
        size = shown.values  # of scores the highest comes first, not the largest amount
    return [int(at) for at in np.argsort(-size, kind="stable")]


def shared_span(shown: LayerShown, other: LayerShown | None, colors: Colors) -> Span:
    """One scale for all channels, of both pictures."""
    both = [shown] if other is None else [shown, other]
    return span_of(min(float(one.low.min()) for one in both), max(float(one.high.max()) for one in both), colors)


def signed(value: float) -> str:
    """A contribution with its sign."""
    return f"+{number(value)}" if value > 0 else number(value)


class ChannelTiles(Sequence[Tile]):
    """The tiles, each made when it is looked at: a layer may have two thousand.

    Args:
        shown: the layer.
        other: the same layer for the picture beside; None for none.
        order: numbers of the channels.
        tells_separation: whether each tile says how much it separates.
    """

    def __init__(
        self, shown: LayerShown, other: LayerShown | None, order: Sequence[int], tells_separation: bool
    ) -> None:
        self._shown, self._other, self._order = shown, other, order
        self._largest = float(np.abs(shown.separation).max()) if tells_separation else 0.0
        self._tells = tells_separation

    def __len__(self) -> int:
        """Number of channels."""
        return len(self._order)

    @overload
    def __getitem__(self, row: int) -> Tile: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Tile]: ...
    def __getitem__(self, row: int | slice) -> Tile | Sequence[Tile]:
        """The tile of a row."""
        if isinstance(row, slice):
            return [self._tile(at) for at in self._order[row]]
        return self._tile(self._order[row])

    def _tile(self, at: int) -> Tile:
        shown, other = self._shown, self._other
        low, high = float(shown.low[at]), float(shown.high[at])
        caption, weight = f"{at}", None
        tip = f"Channel {at}: values from {number(low)} to {number(high)}"
        if self._tells:
            value = float(shown.separation[at])
            caption, weight = f"{at}  ·  {signed(value)}", value / self._largest if self._largest else 0.0
        beside = None
        if other is not None:
            there = float(other.low[at]), float(other.high[at])
            beside = Tile(other.activations[at], caption, at, "", *there)
            tip += f"; in the picture on the right from {number(there[0])} to {number(there[1])}"
        return Tile(shown.activations[at], caption, at, tip, low, high, beside, weight)


def order_text(shown: LayerShown, order: Order) -> str:
    """What is shown, and how it is ordered, in a sentence."""
    count = counted(len(shown.strength), "channel")
    if order == "number":
        return f"{count} in the order of their numbers."
    if order == "strength":
        return f"{count}, strongest first: by what is above zero, on average."
    if not separates(shown):
        return f"{count}, the strongest first, until it is known what separates the classes."
    (first, _), (second, _) = shown.answer[:2]
    return f"{count}, most decisive first: + speaks for “{first}”, − for “{second}”."


def place_text(shown: LayerShown, at: int, row: int, order: Order) -> str:
    """Where a channel stands in an order, in a few words."""
    if order == "separation" and separates(shown):
        value = float(shown.separation[at])
        speaks = f" for “{shown.answer[0 if value > 0 else 1][0]}”" if value else ""
        return f"No. {row + 1}  ·  {signed(value)}{speaks}"
    rank = f"No. {row + 1}  ·  " if order != "number" else ""
    return f"{rank}{number(float(shown.strength[at]))} above zero on average"


def scale_text(scale: Scale, colors: Colors, span: Span | None, is_pair: bool) -> str:
    """What the colours mean, in a sentence."""
    if scale == "shared" and span is not None:
        return f"All on one scale, {number(span[0])} to {number(span[1])}: {_ENDS[colors]}."
    return f"Each {'pair ' if is_pair else ''}on its own scale: {_ENDS[colors]}."
