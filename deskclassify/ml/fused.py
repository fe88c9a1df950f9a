"""A faster training step on the processor: convolution, BatchNorm and activation in one pass.

Where BatchNorm keeps its statistics it is a scale and a shift for each channel. They are folded into
the weights and the bias of the convolution before it, and a ReLU6 after it is applied by the
convolution: three passes over the activations become one, and so do three over their gradients.
Scale, shift and weights learn as before, for the folding is part of what is differentiated.

Where BatchNorm uses the statistics of the batch, activations are not computed in place: on the
processors that we measured, writing to where one reads takes two to four times as long.

oneDNN has no bfloat16 kernels for some gradients of depthwise convolutions and falls back to plain
loops; here those are computed in float32, or, for the weights of large kernels, as a convolution of the
pictures with the gradients; four to seven times faster.

`benchmarks/step.py` measures both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Norms = dict[int, nn.BatchNorm2d]
"""The normalisation after a convolution, by the identity of the convolution's weights."""

_LARGE = 5  # pixels of a depthwise kernel from which on oneDNN's gradient by the weights is slow


def norms_of(model: nn.Module) -> Norms:
    """The BatchNorms of a network that directly follow a convolution."""
    layers = [part for part in model.modules() if isinstance(part, nn.Conv2d | nn.BatchNorm2d)]
    return {
        id(before.weight): after
        for before, after in pairwise(layers)
        if isinstance(before, nn.Conv2d)
        and isinstance(after, nn.BatchNorm2d)
        and before.out_channels == after.num_features
        and after.affine
        and after.track_running_stats
    }


def keep_statistics(model: nn.Module) -> None:
    """Let BatchNorms use the statistics that they have, and not change them, in a network that is in training mode."""
    for part in model.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()


@contextlib.contextmanager
def autocast(device: torch.device, dtype: torch.dtype, norms: Norms | None = None) -> Iterator[None]:
    """A forward pass in a number format, on the processor the faster one; the backward pass may come later.

    Args:
        device: where.
        dtype: number format of the activations.
        norms: see `norms_of`; those that keep their statistics (in eval mode) are folded.
    """
    faster = FasterStep(norms or {}) if device.type == "cpu" else contextlib.nullcontext()
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32), faster:
        yield


class FasterStep(TorchFunctionMode):
    """Within it, convolutions on the processor are computed as this file says. To be put around a forward pass."""

    def __init__(self, norms: Norms) -> None:
        super().__init__()
        self._norms = norms
        self._done: dict[Callable[..., Any], torch.Tensor] = {}
        """What need not be computed any more, for it is part of the convolution: function → its argument."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Called by torch for each of its functions."""
        if func is torch.conv2d and not kwargs and args[0].device.type == "cpu":
            norm = self._norms.get(id(args[1]))
            if norm is not None and not norm.training:
                return self._folded(norm, *args)
            if torch.is_autocast_enabled("cpu") and _is_depthwise(*args):
                return _convolution(args[0], args[1], None, *args[3:])
        elif func in self._done and args[0] is self._done[func]:
            return args[0]
        elif func is functional.relu:
            return functional.relu(*args)
        elif func is functional.hardtanh and kwargs:
            return _Clamp.apply(*args, kwargs["min_val"], kwargs["max_val"])
        return func(*args, **(kwargs or {}))

    def _folded(
        self, norm: nn.BatchNorm2d, images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, *rest: Any
    ) -> torch.Tensor:
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias + ((0 if bias is None else bias) - norm.running_mean) * scale
        clamped = isinstance(getattr(norm, "act", None), nn.ReLU6)  # timm's BatchNorm has its activation inside
        result = _convolution(images, weight * scale[:, None, None, None], shift, *rest, clamped=clamped)
        self._done = {functional.batch_norm: result}
        if clamped:
            self._done[functional.hardtanh] = result
        return result


def _convolution(
    images: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    clamped: bool = False,
) -> torch.Tensor:
    if torch.is_autocast_enabled("cpu"):
        images = images.to(torch.get_autocast_dtype("cpu"))
    shape = [list(_pair(value)) for value in (stride, padding, dilation)]
    result: torch.Tensor = _Convolution.apply(images, weight, bias, *shape, groups, clamped)
    return result


def _is_depthwise(
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


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _clamped(images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, *shape: Any) -> torch.Tensor:
    """The convolution, and ReLU6 in the same pass over the memory where oneDNN does the convolution."""
    if images.dtype not in _one_pass():
        return functional.hardtanh_(functional.conv2d(images, weight, bias, *shape), 0.0, 6.0)
    stride, padding, dilation, groups = shape
    result: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        images, weight, bias, padding, stride, dilation, groups, "hardtanh", [0.0, 6.0], ""
    )
    return result


@cache
def _one_pass() -> frozenset[torch.dtype]:
    """The number formats in which oneDNN convolves and clamps in one pass here. The function is torch.compile's own."""
    functions = torch.ops.mkldnn
    if not torch.backends.mkldnn.is_available() or not hasattr(functions, "_convolution_pointwise"):  # type: ignore[no-untyped-call]
        return frozenset()
    half = [torch.bfloat16] if functions._is_mkldnn_bf16_supported() else []
    return frozenset((torch.float32, *half))


class _Clamp(torch.autograd.Function):
    """`hardtanh` that keeps what it gives, which the next layer keeps anyway, and not what it gets."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, low: float, high: float) -> torch.Tensor:
        result = functional.hardtanh(images, low, high)
        ctx.save_for_backward(result)
        ctx.limits = low, high
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return torch.ops.aten.hardtanh_backward(gradients[0], ctx.saved_tensors[0], *ctx.limits), None, None


class _Convolution(torch.autograd.Function):
    """Convolution with bias, clamped to 0 to 6 if wished; gradients in float32 where that is faster."""

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
        own = weight.to(images.dtype)
        shift = None if bias is None else bias.to(images.dtype)
        shape = stride, padding, dilation, groups
        result = (_clamped if clamped else functional.conv2d)(images, own, shift, *shape)
        ctx.save_for_backward(images, weight, *([result] if clamped else []))
        ctx.shape = shape
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        images, weight, *clamped = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.shape
        gradient = gradients[0]
        if clamped:
            gradient = torch.ops.aten.hardtanh_backward(gradient, clamped[0], 0.0, 6.0)
        images_wanted, weight_wanted, bias_wanted = ctx.needs_input_grad[:3]

        def native(dtype: torch.dtype, *wanted: bool) -> tuple[torch.Tensor | None, ...]:
            found: tuple[torch.Tensor | None, ...] = torch.ops.aten.convolution_backward(
                gradient.to(dtype), images.to(dtype), weight.to(dtype), [len(weight)], stride, padding, dilation,
                False, [0, 0], groups, list(wanted),
            )  # fmt: skip
            return found

        if not groups == len(weight) == images.shape[1]:
            by_images, by_weight, by_bias = native(gradient.dtype, images_wanted, weight_wanted, bias_wanted)
        else:
            slow = stride != [1, 1] or dilation != [1, 1]
            dtype = torch.promote_types(gradient.dtype, torch.float32) if slow else gradient.dtype
            by_images, _, _ = native(dtype, images_wanted, False, False)
            if weight.shape[-1] < _LARGE:
                _, by_weight, by_bias = native(gradient.dtype, False, weight_wanted, bias_wanted)
            else:
                by_weight = _by_weight(images, gradient, weight.shape, ctx.shape) if weight_wanted else None
                by_bias = gradient.sum((0, 2, 3)) if bias_wanted else None
        return _as(by_images, images.dtype), _as(by_weight, weight.dtype), _as(by_bias, weight.dtype), *[None] * 5


def _by_weight(images: torch.Tensor, gradient: torch.Tensor, shape: torch.Size, how: Sequence[Any]) -> torch.Tensor:
    """The gradient by a depthwise kernel: each channel of each picture convolved with its gradient as the kernel."""
    stride, padding, dilation, _ = how
    count, channels = images.shape[:2]
    one = images.reshape(1, count * channels, *images.shape[2:])
    kernels = gradient.reshape(count * channels, 1, *gradient.shape[2:])
    found = functional.conv2d(one, kernels, None, dilation, padding, stride, count * channels)
    found = found.view(count, *shape[:2], *found.shape[2:])[..., : shape[2], : shape[3]]
    return found.sum(0)


def _as(tensor: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    return None if tensor is None else tensor.to(dtype)
