"""The weights of a layer as pictures, and what training has changed in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import nn

from deskclassify.core.colormap import NEGATIVE, POSITIVE, ZERO, colorize
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import NOTHING, KernelKind, KernelShown, KernelsShown
from deskclassify.core.layer_requests import KernelRequest, KernelsRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.core.words import counted
from deskclassify.ml.inspection.network import Opened, look

_DEAD = 1e-3  # of the middle norm of the kernels that are not all zero
_NEAR_ZERO = 0.01  # of the largest weight
_FAINTEST = 0.02  # of the middle kernel's largest weight: fainter ones are not stretched to the full scale
_MOST_NAMED = 6
_BARS = 10  # of a mix's picture
_BAR, _GAP, _HALF = 3, 1, 20  # pixels: width of a bar, space beside it, height of the largest weight
_NO_KERNELS = (
    "This layer has no kernels: it has nothing of its own to look for. "
    "Convolutions and linear layers have them; choose one of these."
)


def show_kernels(request: KernelsRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """All kernels of a layer.

    Raises:
        InputError: the network or the layer cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        _, path, module = opened.find(request.layer)
        array = weights_of(module)
        if array is None:
            none = np.empty((0, 0, 0, 3), dtype=np.uint8)
            yield KernelsShown(
                request.layer, "none", none, NOTHING, NOTHING, (), 0.0, 0.0, _NO_KERNELS, "", request.epoch
            )
            return
        kind, norms = kind_of_kernels(array), norms_of(array)
        dead = dead_kernels(norms)
        yield KernelsShown(
            request.layer,
            kind,
            kernel_tiles(array),
            norms,
            changes_of(array, weights_of(opened.before(path))),
            dead,
            float(array.mean()),
            float(array.std()),
            _note(kind, array.shape[1], isinstance(module, nn.Linear)),
            _summary(array, dead),
            request.epoch,
        )

    return look(request.model, request.epoch, show, should_stop)


def show_kernel(request: KernelRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """One kernel.

    Raises:
        InputError: the network or the kernel cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        _, path, module = opened.find(request.layer)
        array, before = weights_of(module), weights_of(opened.before(path))
        if array is None or not 0 <= request.channel < len(array):
            raise InputError(f"“{request.layer}” has no kernel {request.channel}. Choose one that is shown.")
        bias = getattr(module, "bias", None)
        yield KernelShown(
            request.layer,
            request.channel,
            kind_of_kernels(array),
            array[request.channel],
            NOTHING if before is None else before[request.channel],
            inputs_of(module, request.channel),
            None if bias is None else float(bias[request.channel].detach()),
            request.epoch,
        )

    return look(request.model, request.epoch, show, should_stop)


def weights_of(module: nn.Module | None) -> np.ndarray | None:
    """The weights of a convolution or a linear layer, float32 `[out, in, kh, kw]`; None where there are none."""
    if not isinstance(module, nn.Conv2d | nn.Linear):
        return None
    array: np.ndarray = module.weight.detach().float().numpy()
    return array if array.ndim == 4 else array[:, :, None, None]


def inputs_of(module: nn.Module, channel: int) -> tuple[int, ...]:
    """Numbers of the input channels that a kernel sees: with groups, those of its group alone."""
    if isinstance(module, nn.Conv2d):
        size = module.in_channels // module.groups
        first = channel // (module.out_channels // module.groups) * size
        return tuple(range(first, first + size))
    return tuple(range(module.in_features)) if isinstance(module, nn.Linear) else ()


def kind_of_kernels(array: np.ndarray) -> KernelKind:
    """How kernels `[out, in, kh, kw]` are best shown."""
    if array.shape[2:] == (1, 1):
        return "mix"
    if array.shape[1] == 3:
        return "colour"
    return "depthwise" if array.shape[1] == 1 else "per input"


def norms_of(array: np.ndarray) -> np.ndarray:
    """The Euclidean norm of each kernel, float32 `[out]`."""
    norms: np.ndarray = np.linalg.norm(array.reshape(len(array), -1), axis=1).astype(np.float32)
    return norms


def dead_kernels(norms: np.ndarray) -> tuple[int, ...]:
    """Numbers of the kernels that have faded beside the others; none where all are zero, as before training."""
    alive = norms[norms > 0]
    return tuple(int(at) for at in np.flatnonzero(norms < _DEAD * np.median(alive))) if alive.size else ()


def changes_of(array: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """How much training changed each kernel, in parts of what it was.

    Args:
        array: float32 `[out, in, kh, kw]`.
        before: the same before training; None where that is not known.

    Returns:
        float32 `[out]`: norm of the difference over the norm before, a dead kernel's norm counting as that with which
        it would be alive; empty where that is not known.
    """
    if before is None:
        return NOTHING.copy()
    norms = norms_of(before)
    alive = norms[norms > 0]
    least = _DEAD * float(np.median(alive)) if alive.size else 1.0
    changes: np.ndarray = norms_of(array - before) / np.maximum(norms, least)
    return changes


def kernel_tiles(array: np.ndarray) -> Pixels:
    """Pictures of kernels, each stretched to its own largest weight.

    Args:
        array: float32 `[out, in, kh, kw]`.

    Returns:
        uint8 `[out, h, w, 3]`.
    """
    kind, places = kind_of_kernels(array), np.arange(len(array))
    if kind == "mix":
        return _bars(array.reshape(len(array), -1))
    if kind == "colour":
        return _levels(array.transpose(0, 2, 3, 1))
    strongest = np.linalg.norm(array.reshape(*array.shape[:2], -1), axis=2).argmax(axis=1)
    return colorize(_levels(array[places, strongest]), "diverging")


def _scaled(values: np.ndarray) -> np.ndarray:
    """Each row `[out, …]` from −1 to 1; what is faint beside the other rows stays faint."""
    largest = np.abs(values).reshape(len(values), -1).max(axis=1)
    scale = np.maximum(largest, max(_FAINTEST * float(np.median(largest)), 1e-12))
    scaled: np.ndarray = values / scale.reshape(-1, *[1] * (values.ndim - 1))
    return scaled


def _levels(values: np.ndarray) -> Pixels:
    levels: Pixels = np.rint(127.5 + 127.5 * _scaled(values)).astype(np.uint8)
    return levels


def _bars(weights: np.ndarray) -> Pixels:
    """The largest weights `[out, in]` as bars from a middle line, upwards what adds, downwards what subtracts."""
    count = min(_BARS, weights.shape[1])
    order = np.argsort(-np.abs(weights), axis=1)[:, :count]
    heights = np.rint(_scaled(np.take_along_axis(weights, order, axis=1)) * _HALF).astype(int)
    edge = 2 * _HALF + 2  # pixels: two of them are the middle line
    tiles = np.full((len(weights), edge, edge, 3), ZERO, dtype=np.uint8)
    rows = np.arange(edge)
    for bar in range(count):
        height = heights[:, bar, None]
        up = (rows < _HALF) & (rows >= _HALF - height)
        down = (rows > _HALF + 1) & (rows <= _HALF + 1 - height)
        left = 1 + bar * (_BAR + _GAP)
        column = tiles[:, :, left : left + _BAR]
        column[up] = POSITIVE
        column[down] = NEGATIVE
    tiles[:, _HALF : _HALF + 2, :] = 190  # the middle line
    return tiles


def _note(kind: KernelKind, inputs: int, is_linear: bool) -> str:
    """What the pictures show."""
    colours = "Orange adds, blue subtracts, white is zero."
    if kind == "colour":
        return "Each picture is one kernel: the red, green and blue that it looks for. Middle grey is zero."
    if kind == "depthwise":
        return f"Each kernel looks at one channel alone. {colours}"
    if kind == "per input":
        return f"Each picture is one kernel, for the strongest of its {inputs} input channels. {colours}"
    mixes = f"mixes {counted(inputs, 'channel')}, pixel by pixel"
    what = f"weighs {counted(inputs, 'feature')}" if is_linear else mixes
    return f"Each kernel {what}: its largest weights as bars. Orange adds, blue subtracts."


def _summary(array: np.ndarray, dead: tuple[int, ...]) -> str:
    """What the statistics say, in words."""
    largest = float(np.abs(array).max())
    if not largest:
        return "All weights are still zero: this layer begins to learn in the first epoch."
    near = float((np.abs(array) < _NEAR_ZERO * largest).mean())
    each = counted(int(array[0].size), "weight")
    mean, deviation = float(array.mean()), float(array.std())
    mean = mean if abs(mean) > deviation / 100 else 0.0
    text = (
        f"{counted(len(array), 'kernel')} of {each}: {_number(mean)} on average, "
        f"± {_number(deviation)} (standard deviation), {100 * near:.0f}\u00a0% near zero. "
    )
    if not dead:
        return text + "No kernel is dead."
    named = ", ".join(map(str, dead[:_MOST_NAMED])) + (", …" if len(dead) > _MOST_NAMED else "")
    if len(dead) == 1:
        return text + f"One is dead ({named}): its weights are all but zero, so its channel tells nothing."
    return text + f"{len(dead):,} are dead ({named}): their weights are all but zero, so their channels tell nothing."


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")
