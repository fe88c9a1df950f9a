"""A faster training step on the processor: convolution, BatchNorm and activation in fewer passes.

A step of a network with depthwise convolutions is bound by memory: every layer reads and writes
activations that no cache holds. `FasterStep` gives torch's functions another body while a forward
pass runs; the network, its parameters and its files stay as they are.

| what                         | becomes                                                                |
| ---------------------------- | ---------------------------------------------------------------------- |
| BatchNorm that keeps its     | a scale of the weights and a bias of the convolution before it, which   |
| statistics, ReLU6            | also clamps: one pass instead of three, and so for the gradients.       |
|                              | What is learned is the same, for the scale is part of what is derived   |
| BatchNorm with those of the  | one pass for the statistics, one for scale, shift and clamp             |
| batch, ReLU6                 |                                                                         |
| activations in place         | not in place: on the processors that we measured, writing to where one  |
|                              | reads takes two to four times as long                                   |
| gradients of depthwise       | float32 by the pictures where oneDNN has no kernels for bfloat16 and    |
| convolutions                 | falls back to plain loops; by large kernels a convolution of the        |
|                              | pictures with the gradients. Four to seven times faster                 |
| padding with zeros           | each value written once, no copy of the gradient                        |

`benchmarks/step.py` measures all of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from deskclassify.ml.fused_functions import Clamp, Convolution, Normalisation, Pad, one_pass

Norms = dict[int, nn.BatchNorm2d]
"""The normalisation after a convolution, by the identity of the convolution's weights."""


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
        norms: see `norms_of`; what they compute becomes part of other layers.
    """
    faster = FasterStep(norms or {}) if device.type == "cpu" else contextlib.nullcontext()
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32), faster:
        yield


class FasterStep(TorchFunctionMode):
    """Within it, layers on the processor are computed as this file says. To be put around a forward pass."""

    def __init__(self, norms: Norms) -> None:
        super().__init__()
        self._norms = norms
        self._clamped = {id(norm.weight) for norm in norms.values() if _is_clamped(norm)}
        self._done: dict[Callable[..., Any], torch.Tensor] = {}
        """What need not be computed any more, for it is part of what came before: function → its argument."""
        self._bodies: dict[Callable[..., Any], Callable[..., Any]] = {
            torch.conv2d: self._convolution,
            functional.batch_norm: self._normalisation,
            functional.hardtanh: lambda images, min_val, max_val, inplace: Clamp.apply(images, min_val, max_val),
            functional.relu: lambda images, inplace=False: functional.relu(images),
            functional.pad: _padding,
        }

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Called by torch for each of its functions."""
        kwargs = kwargs or {}
        if func not in self._bodies or not args:
            return func(*args, **kwargs)
        if args[0] is self._done.get(func):
            return args[0]
        result = self._bodies[func](*args, **kwargs)
        return func(*args, **kwargs) if result is NotImplemented else result

    def _convolution(
        self,
        images: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        norm = self._norms.get(id(weight))
        folds = norm is not None and not norm.training
        shape = stride, padding, dilation
        depthwise = torch.is_autocast_enabled("cpu") and _is_depthwise(images, weight, bias, *shape, groups)
        if isinstance(padding, str) or not (folds or depthwise):
            return NotImplemented
        clamped = False
        if norm is not None and folds:
            assert norm.running_mean is not None and norm.running_var is not None
            scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            bias = norm.bias + ((0 if bias is None else bias) - norm.running_mean) * scale
            weight = weight * scale[:, None, None, None]
            clamped = _is_clamped(norm)
        if torch.is_autocast_enabled("cpu"):
            images = images.to(torch.get_autocast_dtype("cpu"))
        result: torch.Tensor = Convolution.apply(images, weight, bias, *map(_pair, shape), groups, clamped)
        self._done = {functional.batch_norm: result} if folds else {}
        if clamped:
            self._done[functional.hardtanh] = result
        return result

    def _normalisation(
        self,
        images: torch.Tensor,
        running_mean: torch.Tensor | None,
        running_var: torch.Tensor | None,
        weight: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Any:
        if not training or id(weight) not in self._clamped or images.dtype not in one_pass():
            return NotImplemented
        result: torch.Tensor = Normalisation.apply(images, running_mean, running_var, weight, bias, momentum, eps)
        self._done = {functional.hardtanh: result}
        return result


def _padding(images: torch.Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    if mode != "constant" or value or len(pad) != 4 or images.dim() != 4 or min(pad) < 0:
        return NotImplemented
    return Pad.apply(images, pad)


def _is_clamped(norm: nn.BatchNorm2d) -> bool:
    """Whether ReLU6 follows: timm's BatchNorm has its activation inside."""
    return isinstance(getattr(norm, "act", None), nn.ReLU6)


def _is_depthwise(images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, *shape: Any) -> bool:
    """Whether a convolution is square and depthwise, and has no bias."""
    *sides, groups = shape
    return (
        groups == images.shape[1] == len(weight) > 1
        and bias is None
        and all(isinstance(side, tuple) and len(set(side)) == 1 for side in (sides[0], sides[2]))
        and weight.shape[2] == weight.shape[3]
    )


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
