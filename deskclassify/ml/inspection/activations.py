"""What a layer makes of a picture."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event
from deskclassify.core.layer_events import ChannelShown, LayerShown
from deskclassify.core.layer_requests import ChannelRequest, LayerRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection.layers import explain
from deskclassify.ml.inspection.network import Opened, look

_EMPTY_PIXELS = np.empty((0, 0, 0), dtype=np.uint8)
_NO_VALUES = np.empty(0, dtype=np.float32)
_MOST_PIXELS = 112  # of a channel's picture in the grid


def show_layer(request: LayerRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """What one layer makes of a picture.

    Raises:
        InputError: the network, the layer or the picture cannot be had.
    """
    begun = time.perf_counter()

    def show(opened: Opened) -> Iterator[Event]:
        yield _show(opened, request, begun)

    return look(request.model, request.epoch, show, should_stop)


def _show(opened: Opened, request: LayerRequest, begun: float) -> LayerShown:
    layer, path, module = opened.find(request.layer)
    picture, activations = _EMPTY_PIXELS, _EMPTY_PIXELS
    low = high = strength = values = _NO_VALUES
    names: tuple[str, ...] = ()
    if request.image:
        picture, tensor = opened.input_of(request.image)
        with capture(opened.model, [path]) as found:
            opened.model(tensor)
        output = found[path][0].float()
        if output.ndim == 3:
            strength = output.abs().mean(dim=(1, 2)).numpy()
            activations, low, high = _tiles(output)
        else:
            values = output.numpy().ravel()
            names = opened.classes if len(values) == len(opened.classes) else ()
    return LayerShown(
        layer=layer,
        explanation=explain(module),
        activations=activations,
        low=low,
        high=high,
        strength=strength,
        picture=picture,
        values=values,
        value_names=names,
        image=request.image,
        epoch=request.epoch,
        milliseconds=(time.perf_counter() - begun) * 1000,
    )


def _tiles(output: torch.Tensor) -> tuple[Pixels, np.ndarray, np.ndarray]:
    """The channels of `[C, h, w]`, each stretched over 0 to 255."""
    if max(output.shape[1:]) > _MOST_PIXELS:
        factor = -(-max(output.shape[1:]) // _MOST_PIXELS)
        output = torch.nn.functional.avg_pool2d(output[None], factor, ceil_mode=True)[0]
    shown = output.numpy()
    low, high = shown.min(axis=(1, 2)), shown.max(axis=(1, 2))
    spread = np.where(high > low, high - low, 1)[:, None, None]
    pixels = np.rint((shown - low[:, None, None]) / spread * 255).astype(np.uint8)
    return pixels, low.astype(np.float32), high.astype(np.float32)


def show_channel(request: ChannelRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The exact values of one channel.

    Raises:
        InputError: the network, the layer or the picture cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        _, path, _ = opened.find(request.layer)
        _, tensor = opened.input_of(request.image)
        with capture(opened.model, [path]) as found:
            opened.model(tensor)
        values = found[path][0, request.channel].float().numpy()
        yield ChannelShown(request.layer, request.channel, request.image, values)

    return look(request.model, request.epoch, show, should_stop)
