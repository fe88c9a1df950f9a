"""The weights of a layer as pictures, and what training has changed in them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from torch import nn

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import NOTHING, KernelKind, KernelShown, KernelsShown
from deskclassify.core.layer_requests import KernelRequest, KernelsRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.ml.inspection.network import Opened, look

_DEAD = 1e-3  # of the middle norm


def show_kernels(request: KernelsRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """All kernels of a layer.

    Raises:
        InputError: the network or the layer cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        _, _, module = opened.find(request.layer)
        array = weights_of(module)
        if array is None:
            note = "This layer has no kernels: it has no pattern to look for."
            none = np.empty((0, 0, 0, 3), dtype=np.uint8)
            yield KernelsShown(request.layer, "none", none, NOTHING, NOTHING, (), 0.0, 0.0, note, "", request.epoch)
            return
        norms = np.linalg.norm(array.reshape(len(array), -1), axis=1)
        dead = tuple(int(at) for at in np.flatnonzero(norms < _DEAD * np.median(norms)))
        tiles, note = kernel_tiles(array)
        yield KernelsShown(
            request.layer,
            kind_of_kernels(array),
            tiles,
            norms,
            NOTHING,
            dead,
            float(array.mean()),
            float(array.std()),
            note,
            "",
            request.epoch,
        )

    return look(request.model, request.epoch, show, should_stop)


def show_kernel(request: KernelRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """One kernel.

    Raises:
        InputError: the network or the kernel cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        _, _, module = opened.find(request.layer)
        array = weights_of(module)
        if array is None or not 0 <= request.channel < len(array):
            raise InputError(f"“{request.layer}” has no kernel {request.channel}.")
        kernel = array[request.channel]
        bias = getattr(module, "bias", None)
        yield KernelShown(
            request.layer,
            request.channel,
            kind_of_kernels(array),
            kernel,
            NOTHING,
            tuple(range(len(kernel))),
            None if bias is None else float(bias[request.channel]),
            request.epoch,
        )

    return look(request.model, request.epoch, show, should_stop)


def weights_of(module: nn.Module) -> np.ndarray | None:
    """The weights of a convolution or a linear layer, float32 `[out, in, kh, kw]`; None where there are none."""
    if not isinstance(module, nn.Conv2d | nn.Linear):
        return None
    array: np.ndarray = module.weight.detach().float().numpy()
    return array if array.ndim == 4 else array[:, :, None, None]


def kind_of_kernels(array: np.ndarray) -> KernelKind:
    """How kernels `[out, in, kh, kw]` are best shown."""
    if array.shape[2:] == (1, 1):
        return "mix"
    if array.shape[1] == 3:
        return "colour"
    return "depthwise" if array.shape[1] == 1 else "per input"


def kernel_tiles(array: np.ndarray) -> tuple[Pixels, str]:
    """Pictures of kernels.

    Args:
        array: float32 `[out, in, kh, kw]`.

    Returns:
        uint8 `[out, h, w, 3]`, and a sentence that says what is seen.
    """
    kind = kind_of_kernels(array)
    if kind == "colour":
        tiles = array.transpose(0, 2, 3, 1)
        note = "Each tile is one kernel in colour: the pattern of red, green and blue that it answers to."
    elif kind != "mix":
        norms = np.linalg.norm(array.reshape(*array.shape[:2], -1), axis=2)
        tiles = array[np.arange(len(array)), norms.argmax(axis=1)][..., None]
        one = "its only input channel" if kind == "depthwise" else "the input channel that it weighs most"
        note = f"Each tile is one kernel for {one}: bright adds, dark subtracts, middle grey is zero."
    else:
        flat = array.reshape(len(array), -1)
        side = math.ceil(math.sqrt(flat.shape[1]))
        tiles = np.zeros((len(flat), side * side, 1), dtype=np.float32)
        tiles[:, : flat.shape[1], 0] = flat
        tiles = tiles.reshape(len(flat), side, side, 1)
        note = (
            f"Each tile is one mix of {flat.shape[1]} channels, a square for each: "
            "bright adds, dark subtracts, middle grey is zero."
        )
    largest = np.abs(tiles).reshape(len(tiles), -1).max(axis=1).clip(1e-12)[:, None, None, None]
    pixels = np.rint(127.5 + tiles / largest * 127.5).astype(np.uint8)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3)).copy(), note
