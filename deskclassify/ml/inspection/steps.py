"""The arithmetic of a convolution, one value at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Stepped
from deskclassify.core.layer_requests import StepRequest
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection.network import Opened, look
from deskclassify.ml.tracing import same_padding


def step(request: StepRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The arithmetic of one output value of a convolution.

    Raises:
        InputError: the layer is no convolution, or the place lies outside its output.
    """

    def show(opened: Opened) -> Iterator[Event]:
        yield _step(opened, request)

    return look(request.model, request.epoch, show, should_stop)


def _step(opened: Opened, request: StepRequest) -> Stepped:
    layer, path, module = opened.find(request.layer)
    if not isinstance(module, nn.Conv2d):
        raise InputError(f"“{layer.name}” is no convolution: there is no window to follow. Choose one that is.")
    _, tensor = opened.input_of(request.image)
    with capture(opened.model, [path], inputs=True) as before:
        opened.model(tensor)
    source = before[path]
    with torch.inference_mode():
        output = module(source)[0].float().numpy()
    channels, height, width = output.shape
    if not (0 <= request.channel < channels and 0 <= request.row < height and 0 <= request.column < width):
        raise InputError(f"“{layer.name}” has {channels} channels of {height} × {width} values; choose one of these.")
    return convolution_step(module, source[0], output, request)


def convolution_step(module: nn.Conv2d, source: torch.Tensor, output: np.ndarray, request: StepRequest) -> Stepped:
    """Repeat one value of a convolution by hand.

    Args:
        module: the convolution.
        source: its input, float `[in_channels, H, W]`.
        output: its output, float32 `[out_channels, h, w]`.
        request: which value.
    """
    stride = (int(module.stride[0]), int(module.stride[1]))
    dilation = (int(module.dilation[0]), int(module.dilation[1]))
    kernel = module.weight[request.channel].detach().float().numpy()
    before = _padding(module, source.shape[1:])
    corner = (request.row * stride[0] - before[0], request.column * stride[1] - before[1])
    group_size = module.in_channels // module.groups
    group = request.channel // (module.out_channels // module.groups)
    part = source[group * group_size : (group + 1) * group_size].float().numpy()
    rows = corner[0] + np.arange(kernel.shape[1]) * dilation[0]
    columns = corner[1] + np.arange(kernel.shape[2]) * dilation[1]
    patch = np.zeros_like(kernel)
    in_rows, in_columns = (rows >= 0) & (rows < part.shape[1]), (columns >= 0) & (columns < part.shape[2])
    patch[np.ix_(np.arange(group_size), in_rows, in_columns)] = part[
        np.ix_(np.arange(group_size), rows[in_rows], columns[in_columns])
    ]
    bias = 0.0 if module.bias is None else float(module.bias[request.channel].detach())
    return Stepped(
        layer=request.layer,
        channel=request.channel,
        row=request.row,
        column=request.column,
        patch=patch,
        kernel=kernel,
        bias=bias,
        value=float((patch.astype(np.float64) * kernel).sum() + bias),
        network_value=float(output[request.channel, request.row, request.column]),
        output=output[request.channel],
        corner=corner,
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=module.groups,
        inside=np.outer(in_rows, in_columns).astype(np.uint8),
        first_input=group * group_size,
    )


def _padding(module: nn.Conv2d, size: torch.Size) -> tuple[int, int]:
    """Rows and columns of zeros before the input; TensorFlow's SAME padding depends on its size."""
    if type(module).__name__ == "Conv2dSame":
        top, left, _, _ = same_padding(module, size)
        return top, left
    if isinstance(module.padding, str):
        total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return (total[0] // 2, total[1] // 2) if module.padding == "same" else (0, 0)
    return int(module.padding[0]), int(module.padding[1])
