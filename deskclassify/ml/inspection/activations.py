"""What a layer makes of a picture."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import NOTHING, ChannelShown, LayerShown
from deskclassify.core.layer_requests import ChannelRequest, LayerRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.ml.inspection import passes
from deskclassify.ml.inspection.layers import explain
from deskclassify.ml.inspection.network import Opened, look

_EMPTY_PIXELS = np.empty((0, 0, 0), dtype=np.uint8)
_MOST_PIXELS = 112  # a side, of a channel's picture in the grid
_LARGEST = 1e30  # what a diverged network gives beyond is cut off for the eye; the exact values keep it


def show_layer(request: LayerRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """What one layer makes of a picture; of the kept pass, see `passes`.

    Raises:
        InputError: the network, the layer or the picture cannot be had.
    """
    begun = time.perf_counter()

    def show(opened: Opened) -> Iterator[Event]:
        if not should_stop():
            yield _show(opened, request, begun)

    return look(request.model, request.epoch, show, should_stop)


def _show(opened: Opened, request: LayerRequest, begun: float) -> LayerShown:
    layer, _, module = opened.find(request.layer)
    picture, activations = _EMPTY_PIXELS, _EMPTY_PIXELS
    low = high = strength = separation = values = NOTHING
    names: tuple[str, ...] = ()
    answer: passes.Answer = ()
    if request.image:
        found = passes.pass_of(opened, request.image, layer.name)
        picture, answer, output = found.picture, found.answer, found.outputs[layer.name]
        # What is below zero is a pattern that is not there: most layers cut it off next.
        strength = np.maximum(output.reshape(len(output), -1), 0).mean(axis=1)
        if output.size > len(output):
            activations, low, high = tiles(output)
        else:  # one value a channel, whether it is called a map of one place or not
            values = output.flatten()
            names = opened.classes if layer.name == opened.layers[-1].name else ()
        if request.separate:
            separation = passes.separate(opened, request.image, layer.name)
    return LayerShown(
        layer=layer,
        explanation=explain(module, layer),
        activations=activations,
        low=low,
        high=high,
        strength=strength,
        picture=picture,
        separation=separation,
        values=values,
        value_names=names,
        answer=answer,
        image=request.image,
        epoch=request.epoch,
        milliseconds=(time.perf_counter() - begun) * 1000,
    )


def tiles(output: np.ndarray) -> tuple[Pixels, np.ndarray, np.ndarray]:
    """Channels as small pictures.

    Args:
        output: float32 `[C, h, w]`.

    Returns:
        uint8 `[C, h, w]`, each channel averaged down to at most 112 pixels a side and stretched over 0 to 255; and what
        became 0 and 255, float32 `[C]` each.
    """
    # In numpy: each call of torch waits for its threads, and beside other work that takes longer than the work itself.
    shown = _averaged(output, -(-max(output.shape[1:]) // _MOST_PIXELS))
    if not np.isfinite(shown).all():
        shown = np.nan_to_num(shown).clip(-_LARGEST, _LARGEST)
    low, high = shown.min(axis=(1, 2)), shown.max(axis=(1, 2))
    scale = 255 / np.maximum(high - low, np.float32(1 / _LARGEST))
    levels = shown - low[:, None, None]
    levels *= scale[:, None, None]
    levels += np.float32(0.5)  # rounds, for no level is below zero
    return levels.astype(np.uint8), low, high


def _averaged(output: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares of `factor` values a side; those at the right and at the bottom may be narrower."""
    if factor == 1:
        return output
    means = output
    for axis in (1, 2):
        starts = np.arange(0, output.shape[axis], factor)
        counts = np.diff([*starts, output.shape[axis]]).astype(np.float32)
        means = np.add.reduceat(means, starts, axis) / (counts[:, None] if axis == 1 else counts)
    return means


def show_channel(request: ChannelRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The exact values of one channel.

    Raises:
        InputError: the network, the layer, the channel or the picture cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        layer, _, _ = opened.find(request.layer)
        if should_stop():
            return
        output = passes.pass_of(opened, request.image, layer.name).outputs[layer.name]
        if output.ndim != 3 or not 0 <= request.channel < len(output):
            raise InputError(f"“{layer.name}” has no picture of a channel {request.channel}. Choose one of the tiles.")
        yield ChannelShown(layer.name, request.channel, request.image, output[request.channel].copy())

    return look(request.model, request.epoch, show, should_stop)
