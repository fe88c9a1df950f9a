"""Layers of a training step on the processor, with gradients, in fewer or faster passes over the memory.

`ml/fused.py` puts them into a forward pass. All take and give pictures `[N, C, H, W]` of one floating
point format; parameters are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch.nn import functional

_LARGE = 5  # pixels of a depthwise kernel from which on oneDNN's gradient by the weights is slow
_SIX = (0.0, 6.0)  # ReLU6
_EVERYTHING = slice(None)


@cache
def one_pass() -> frozenset[torch.dtype]:
    """The number formats in which oneDNN convolves and clamps in one pass here. The function is torch.compile's own."""
    functions = torch.ops.mkldnn
    if not torch.backends.mkldnn.is_available() or not hasattr(functions, "_convolution_pointwise"):  # type: ignore[no-untyped-call]
        return frozenset()
    half = [torch.bfloat16] if functions._is_mkldnn_bf16_supported() else []
    return frozenset((torch.float32, *half))


def _clamped_convolution(
    images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, *shape: Any
) -> torch.Tensor:
    if images.dtype not in one_pass():
        return functional.hardtanh_(functional.conv2d(images, weight, bias, *shape), *_SIX)
    stride, padding, dilation, groups = shape
    result: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        images, weight, bias, padding, stride, dilation, groups, "hardtanh", list(_SIX), ""
    )
    return result


class Convolution(torch.autograd.Function):
    """Convolution, with ReLU6 if wished; the faster gradients where it is depthwise."""

    @staticmethod
    def forward(
        ctx: Any,
        images: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
        groups: int,
        clamped: bool,
    ) -> torch.Tensor:
        """See `torch.autograd.Function`."""
        own = weight.to(images.dtype)
        shift = None if bias is None else bias.to(images.dtype)
        shape = stride, padding, dilation, groups
        result = (_clamped_convolution if clamped else functional.conv2d)(images, own, shift, *shape)
        ctx.save_for_backward(images, weight, *([result] if clamped else []))
        ctx.shape = shape
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See `torch.autograd.Function`."""
        images, weight, *clamped = ctx.saved_tensors
        gradient = gradients[0]
        if clamped:
            gradient = torch.ops.aten.hardtanh_backward(gradient, clamped[0], *_SIX)
        wanted = list(ctx.needs_input_grad[:3])
        if ctx.shape[-1] == len(weight) == images.shape[1]:
            found = _of_depthwise(gradient, images, weight, ctx.shape, wanted)
        else:
            found = _of_convolution(gradient, images, weight, ctx.shape, wanted)
        by_images, *by_parameters = found
        return _as(by_images, images.dtype), *(_as(one, weight.dtype) for one in by_parameters), *[None] * 5


def _of_convolution(
    gradient: torch.Tensor, images: torch.Tensor, weight: torch.Tensor, shape: Sequence[Any], wanted: list[bool]
) -> tuple[torch.Tensor | None, ...]:
    """The gradients as torch computes them: by the pictures, the weights and the bias, those that are wanted."""
    stride, padding, dilation, groups = shape
    found: tuple[torch.Tensor | None, ...] = torch.ops.aten.convolution_backward(
        gradient, images, weight.to(gradient.dtype), [len(weight)], stride, padding, dilation, False, [0, 0],
        groups, wanted,
    )  # fmt: skip
    return found


def _of_depthwise(
    gradient: torch.Tensor, images: torch.Tensor, weight: torch.Tensor, shape: Sequence[Any], wanted: list[bool]
) -> tuple[torch.Tensor | None, ...]:
    """As `_of_convolution`, for a kernel for each channel."""
    stride, _, dilation, _ = shape
    by_images = by_weight = by_bias = None
    if wanted[0]:
        strided = stride != [1, 1] or dilation != [1, 1]  # for which there are no kernels in bfloat16
        dtype = torch.promote_types(gradient.dtype, torch.float32) if strided else gradient.dtype
        of_that_shape = images if dtype == images.dtype else torch.empty_like(images, dtype=dtype)
        by_images, _, _ = _of_convolution(gradient.to(dtype), of_that_shape, weight, shape, [True, False, False])
    if weight.shape[-1] < _LARGE:
        _, by_weight, by_bias = _of_convolution(gradient, images, weight, shape, [False, *wanted[1:]])
    else:
        by_weight = _by_large_kernel(gradient, images, weight.shape, shape) if wanted[1] else None
        by_bias = gradient.sum((0, 2, 3)) if wanted[2] else None
    return by_images, by_weight, by_bias


def _by_large_kernel(
    gradient: torch.Tensor, images: torch.Tensor, kernel: torch.Size, shape: Sequence[Any]
) -> torch.Tensor:
    """Each channel of each picture, convolved with its gradient as the kernel."""
    stride, padding, dilation, _ = shape
    count, channels = images.shape[:2]
    one = images.reshape(1, count * channels, *images.shape[2:])
    kernels = gradient.reshape(count * channels, 1, *gradient.shape[2:])
    found = functional.conv2d(one, kernels, None, dilation, padding, stride, count * channels)
    return found.view(count, *kernel[:2], *found.shape[2:])[..., : kernel[2], : kernel[3]].sum(0)


class Normalisation(torch.autograd.Function):
    """BatchNorm with the statistics of the batch, and ReLU6: one pass to collect them, one to apply both.

    Scale and shift of a channel are a convolution of one pixel. For the formats of `one_pass`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        images: torch.Tensor,
        running_mean: torch.Tensor,
        running_var: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        momentum: float,
        eps: float,
    ) -> torch.Tensor:
        """See `torch.autograd.Function`."""
        mean, variance = torch.batch_norm_update_stats(images, running_mean, running_var, momentum)
        inverse = torch.rsqrt(variance + eps)
        scale = weight * inverse
        shift = (bias - mean * scale).to(images.dtype)
        kernel = scale.to(images.dtype)[:, None, None, None]
        result = _clamped_convolution(images, kernel, shift, [1, 1], [0, 0], [1, 1], len(kernel))
        ctx.save_for_backward(images, result, weight, mean, inverse)
        ctx.eps = eps
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See `torch.autograd.Function`."""
        images, result, weight, mean, inverse = ctx.saved_tensors
        gradient = torch.ops.aten.hardtanh_backward(gradients[0], result, *_SIX)
        wanted = [ctx.needs_input_grad[at] for at in (0, 3, 4)]
        by_images, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, images, weight, None, None, mean, inverse, True, ctx.eps, wanted
        )
        return by_images, None, None, by_weight, by_bias, None, None


class Clamp(torch.autograd.Function):
    """`hardtanh` that keeps what it gives, which the next layer keeps anyway, and not what it gets."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, low: float, high: float) -> torch.Tensor:
        """See `torch.autograd.Function`."""
        result = functional.hardtanh(images, low, high)
        ctx.save_for_backward(result)
        ctx.limits = low, high
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """See `torch.autograd.Function`."""
        return torch.ops.aten.hardtanh_backward(gradients[0], ctx.saved_tensors[0], *ctx.limits), None, None


class Pad(torch.autograd.Function):
    """Zeros around pictures: (left, right, top, bottom). Writes each value once, and copies no gradient."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, pad: Sequence[int]) -> torch.Tensor:
        """See `torch.autograd.Function`."""
        left, right, top, bottom = pad
        count, channels, height, width = images.shape
        last = images.is_contiguous(memory_format=torch.channels_last)
        result = torch.empty(
            (count, channels, height + top + bottom, width + left + right),
            dtype=images.dtype,
            memory_format=torch.channels_last if last else torch.contiguous_format,
        )
        below, right_of = top + height, left + width
        ctx.inner = _EVERYTHING, _EVERYTHING, slice(top, below), slice(left, right_of)
        result[ctx.inner].copy_(images)
        for border in (result[:, :, :top], result[:, :, below:], result[..., :left], result[..., right_of:]):
            border.zero_()
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """See `torch.autograd.Function`."""
        return gradients[0][ctx.inner], None


def _as(tensor: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    return None if tensor is None else tensor.to(dtype)
