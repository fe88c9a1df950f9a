"""Faster gradients of depthwise convolutions on the processor.

oneDNN has no bfloat16 kernels for some gradients of depthwise convolutions and falls back to plain
loops, which took more than half of a training step of EfficientNet-Lite0. Milliseconds a picture for
all sixteen depthwise layers, on two cores that multiply bfloat16:

| gradient            | bfloat16 | float32, with the conversion |
| ------------------- | -------: | ---------------------------: |
| by the pictures     |       15 |                            2 |
| by the weights      |       20 |                            5 |
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_NATIVE = (3, 1)  # kernel and stride for which the bfloat16 kernels are as fast, and need no conversion


class _Depthwise(torch.autograd.Function):
    """The forward pass as ever; gradients in float32 where that is faster."""

    @staticmethod
    def forward(
        ctx: Any, images: torch.Tensor, weight: torch.Tensor, stride: int, padding: list[int], dilation: int
    ) -> torch.Tensor:
        ctx.save_for_backward(images, weight)
        ctx.shape = stride, padding, dilation
        return functional.conv2d(images, weight.to(images.dtype), None, stride, padding, dilation, images.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.shape
        wanted = [*ctx.needs_input_grad[:2], False]
        dtype = gradients[0].dtype if (weight.shape[-1], stride) == _NATIVE else torch.float32
        by_images, by_weight, _ = torch.ops.aten.convolution_backward(
            gradients[0].to(dtype), images.to(dtype), weight.to(dtype), None, [stride] * 2, padding, [dilation] * 2,
            False, [0, 0], images.shape[1], wanted,
        )  # fmt: skip
        return _as(by_images, images.dtype), _as(by_weight, weight.dtype), None, None, None


def _as(tensor: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    return None if tensor is None else tensor.to(dtype)


@contextlib.contextmanager
def autocast(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """A forward pass in a number format; with float32 nothing is changed. The backward pass may come later."""
    enabled = dtype != torch.float32
    faster = FastDepthwise() if enabled and device.type == "cpu" else contextlib.nullcontext()
    with torch.autocast(device.type, dtype, enabled=enabled), faster:
        yield


class FastDepthwise(TorchFunctionMode):
    """Within it, depthwise convolutions on the processor have the faster gradients under bfloat16 autocast.

    Everything else is left as it is. To be put around a forward pass; the backward pass may come later.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Called by torch for each of its functions."""
        if func is torch.conv2d and not kwargs and torch.is_autocast_enabled("cpu") and _fits(*args):
            images, weight, _, stride, padding, dilation, _ = args
            images = images.to(torch.get_autocast_dtype("cpu"))
            return _Depthwise.apply(images, weight, stride[0], list(padding), dilation[0])
        return func(*args, **(kwargs or {}))


def _fits(
    images: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether these arguments of `conv2d` describe a square depthwise convolution without bias on the processor."""
    return (
        groups == images.shape[1] == len(weight) > 1
        and bias is None
        and images.device.type == "cpu"
        and all(isinstance(value, tuple) and len(set(value)) == 1 for value in (stride, dilation))
        and isinstance(padding, tuple)
        and weight.shape[2] == weight.shape[3]
    )
