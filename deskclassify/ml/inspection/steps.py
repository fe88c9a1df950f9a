"""The arithmetic of a convolution and of what follows it, one value at a time."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Following, Layer, Stepped
from deskclassify.core.layer_requests import StepRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.ml.inspection.flow import Behind, Flow, follow
from deskclassify.ml.inspection.formulas import formula, is_activation, is_known
from deskclassify.ml.inspection.kernels import inputs_of
from deskclassify.ml.inspection.layers import kind_of, shown_name
from deskclassify.ml.inspection.network import Opened, look
from deskclassify.ml.inspection.passes import lock
from deskclassify.ml.inspection.receptive import Field, fields
from deskclassify.ml.tracing import same_padding

ALLOWED = 1e-4
"""how far the sum by hand, in double precision, may be from the network's, in single precision"""
_ROUNDING = 1e-6  # and where large products cancel out: of the sum of their absolute values (16 times float32's step)
_PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
_OUTSIDE = -1


@dataclass(frozen=True)
class _Kept:
    """The last question's pass: while a window moves over the same picture, nothing is computed anew."""

    question: tuple[str, str, int, int]
    picture: Pixels
    flow: Flow
    field: Field


# One pass for each network that is open, and let go of with it. The most is 64 MB (224 × 224 × 64, five times, VGG).
_kept: weakref.WeakKeyDictionary[nn.Module, _Kept] = weakref.WeakKeyDictionary()


def step(request: StepRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The arithmetic of one output value of a convolution, and of the layers up to the next activation.

    Raises:
        InputError: the layer is no convolution, or the place lies outside its output.
        PictureError: the file is no picture that can be read.
    """

    def show(opened: Opened) -> Iterator[Event]:
        if not should_stop():
            yield _step(opened, request)

    return look(request.model, request.epoch, show, should_stop)


def _step(opened: Opened, request: StepRequest) -> Stepped:
    layer, path, module = opened.find(request.layer)
    if not isinstance(module, nn.Conv2d):
        raise InputError(f"“{layer.name}” is no convolution: there is no window to follow. Choose one that is.")
    kept = _pass(opened, request.image, path)
    _check_place(layer, kept.flow.output, request)
    stepped = convolution_step(kept.flow, request)
    return replace(stepped, picture=kept.picture, window=kept.field.window(request.row, request.column))


def _pass(opened: Opened, image: str, path: str) -> _Kept:
    """The picture's way through this layer; the file is looked at each time, for it may have been changed."""
    try:
        status = Path(image).stat()
    except OSError:
        opened.input_of(image)  # tells what is wrong
        raise
    question = (path, image, status.st_mtime_ns, status.st_size)
    with lock:
        kept = _kept.get(opened.model)
        if kept is None or kept.question != question:
            picture, tensor = opened.input_of(image)
            flow = follow(opened.model, path, tensor, is_known, is_activation)
            kept = _Kept(question, picture, flow, fields(opened.model, opened.how.size)[path])
            _kept[opened.model] = kept
        return kept


def _check_place(layer: Layer, output: torch.Tensor, request: StepRequest) -> None:
    channels, height, width = output.shape
    if not (0 <= request.channel < channels and 0 <= request.row < height and 0 <= request.column < width):
        raise InputError(f"“{layer.name}” has {channels} channels of {height} × {width} values; choose one of these.")


def convolution_step(flow: Flow, request: StepRequest) -> Stepped:
    """Repeat one value by hand; `picture` and `window` are left out.

    Args:
        flow: the convolution on the picture.
        request: which value.
    """
    module, output = flow.convolution, flow.output
    kernel = module.weight[request.channel].detach().float().numpy()
    before, _ = padding = _padding(module, flow.source.shape[1:])
    rows, columns = (
        _places(module, flow.source.shape[1:], padding, axis, start)
        for axis, start in enumerate((request.row, request.column))
    )
    inputs = inputs_of(module, request.channel)
    part = flow.source[inputs[0] : inputs[-1] + 1].numpy()
    patch = np.where(np.outer(rows >= 0, columns >= 0), part[:, rows][:, :, columns], np.float32(0))
    stride, dilation = _pair(module.stride), _pair(module.dilation)
    corner = (request.row * stride[0] - before[0], request.column * stride[1] - before[1])
    reach = [
        _within(corner[axis], kernel.shape[1 + axis], dilation[axis], flow.source.shape[1 + axis]) for axis in (0, 1)
    ]
    bias = 0.0 if module.bias is None else float(module.bias[request.channel].detach())
    products = patch.astype(np.float64) * kernel
    value, size = float(products.sum() + bias), float(np.abs(products).sum() + abs(bias))
    return Stepped(
        layer=request.layer,
        channel=request.channel,
        row=request.row,
        column=request.column,
        patch=patch,
        kernel=kernel,
        bias=bias,
        value=value,
        network_value=float(output[request.channel, request.row, request.column]),
        output=output[request.channel].numpy(),
        corner=corner,
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=module.groups,
        inside=np.outer(*reach).astype(np.uint8),
        first_input=inputs[0],
        following=tuple(_following(flow, request, value, _ROUNDING * size)),
        tolerance=max(ALLOWED, _ROUNDING * size),
    )


def _following(flow: Flow, request: StepRequest, x: float, slack: float) -> Iterator[Following]:
    """The layers behind, each on the value of the one before as it was computed by hand.

    Args:
        flow: the convolution on the picture.
        request: which value.
        x: the convolution's.
        slack: by how much rounding may have moved it.
    """
    place = (request.channel, request.row, request.column)
    before = flow.output
    for layer in flow.behind:
        done = formula(layer.module, x, *place, before)
        x, slack = done.value, slack * done.gain + _ROUNDING * done.size
        yield Following(
            _kind(layer),
            shown_name(layer.path),
            done.terms,
            done.text,
            x,
            float(layer.output[place]),
            max(ALLOWED, slack),
        )
        before = layer.output


def _kind(layer: Behind) -> str:
    """A normalisation with its activation inside is two steps: this is the first."""
    return kind_of(layer.module).partition(" + ")[0]


def _places(
    module: nn.Conv2d, size: torch.Size, padding: tuple[tuple[int, int], tuple[int, int]], axis: int, start: int
) -> np.ndarray:
    """Which rows (axis 0) or columns (1) of the input the window reads, int `[kernel]`; −1 for zeros beside it."""
    sides = (padding[0][axis], padding[1][axis])
    if module.padding_mode == "zeros":
        padded = np.pad(np.arange(size[axis]), sides, constant_values=_OUTSIDE)
    else:
        padded = np.pad(np.arange(size[axis]), sides, mode=_PAD_MODES[module.padding_mode])  # type: ignore[call-overload]
    stride, dilation, kernel = (_pair(of)[axis] for of in (module.stride, module.dilation, module.kernel_size))
    found: np.ndarray = padded[start * stride + np.arange(kernel) * dilation]
    return found


def _within(corner: int, kernel: int, dilation: int, size: int) -> np.ndarray:
    places = corner + np.arange(kernel) * dilation
    within: np.ndarray = (places >= 0) & (places < size)
    return within


def _pair(of: tuple[int, ...]) -> tuple[int, int]:
    return int(of[0]), int(of[1])


def _padding(module: nn.Conv2d, size: torch.Size) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns that are put before and behind the input; TensorFlow's SAME padding depends on its size."""
    if type(module).__name__ == "Conv2dSame":
        top, left, bottom, right = same_padding(module, size)
        return (top, left), (bottom, right)
    if module.padding == "same":
        total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        before = (total[0] // 2, total[1] // 2)
        return before, (total[0] - before[0], total[1] - before[1])
    both = (0, 0) if isinstance(module.padding, str) else _pair(module.padding)
    return both, both
