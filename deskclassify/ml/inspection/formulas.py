"""What normalisations and activations do to one value, by hand: the formula, its numbers, and the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class Formula:
    """A formula with its numbers put in.

    Attributes:
        text: with the names of `terms`, and `x` for what goes in.
        terms: numbers by their names, in the order of the text.
        value: the result, in double precision.
        gain: by how much an error of what goes in is enlarged, at most.
        size: of the largest number in between; single precision rounds relative to it.
    """

    text: str
    value: float
    terms: dict[str, float] = field(default_factory=dict)
    gain: float = 1.0
    size: float = 0.0


def _sigmoid(x: float) -> float:
    return (1 + math.tanh(x / 2)) / 2  # as 1 ÷ (1 + e^(−x)), which overflows far below zero


def _gelu_by_tanh(x: float) -> float:
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


_ACTIVATIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "ReLU": ("max(0, x)", lambda x: max(0.0, x)),
    "ReLU6": ("max(0, min(6, x))", lambda x: max(0.0, min(6.0, x))),
    "Sigmoid": ("1 ÷ (1 + e^(−x))", _sigmoid),
    "Hardsigmoid": ("max(0, min(6, x + 3)) ÷ 6", lambda x: max(0.0, min(6.0, x + 3)) / 6),
    "Tanh": ("tanh(x)", math.tanh),
    "SiLU": ("x ÷ (1 + e^(−x))", lambda x: x * _sigmoid(x)),
    "Hardswish": ("x × max(0, min(6, x + 3)) ÷ 6", lambda x: x * max(0.0, min(6.0, x + 3)) / 6),
    "GELU": ("x ÷ 2 × (1 + erf(x ÷ √2))", lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2)))),
}
_GELU_BY_TANH = ("x ÷ 2 × (1 + tanh(√(2 ÷ π) × (x + 0.044715 × x³)))", _gelu_by_tanh)
_STEEPEST = 1.2  # slope of all of these, rounded up


def is_activation(module: nn.Module) -> bool:
    """Whether it is one of the activations that are known here."""
    return type(module).__name__ in _ACTIVATIONS or isinstance(module, nn.LeakyReLU)


def is_known(module: nn.Module) -> bool:
    """Whether `formula` knows the layer."""
    return is_activation(module) or isinstance(module, (nn.BatchNorm2d, nn.LayerNorm))


def formula(module: nn.Module, x: float, channel: int, row: int, column: int, before: torch.Tensor) -> Formula:
    """Do by hand what a layer does.

    Args:
        module: a layer that `is_known`.
        x: what goes in at this place.
        channel: of the place.
        row: likewise.
        column: likewise.
        before: float32 `[C, h, w]`, all that goes in; statistics that are taken from it are in double precision.

    Raises:
        ValueError: the layer is not known.
    """
    if isinstance(module, nn.BatchNorm2d):
        return _batch_norm(module, x, channel, before)
    if isinstance(module, nn.LayerNorm):
        return _layer_norm(module, x, channel, before[:, row, column])
    if isinstance(module, nn.LeakyReLU):
        slope = float(module.negative_slope)
        return Formula("max(x, slope × x)", max(x, slope * x), {"slope": slope}, size=abs(x))
    name = type(module).__name__
    if name not in _ACTIVATIONS:
        raise ValueError(f"no formula for {name}")
    by_tanh = name == "GELU" and getattr(module, "approximate", "none") == "tanh"
    text, function = _GELU_BY_TANH if by_tanh else _ACTIVATIONS[name]
    return Formula(text, function(x), gain=_STEEPEST, size=abs(x))


def _batch_norm(module: nn.BatchNorm2d, x: float, channel: int, before: torch.Tensor) -> Formula:
    """Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, with the statistics of the training."""
    if module.running_mean is None or module.running_var is None:  # then those of the picture count
        values = before[channel].double().numpy()
        mean, variance = float(values.mean()), float(values.var())
    else:
        mean, variance = float(module.running_mean[channel]), float(module.running_var[channel])
    return _normalised(
        x, mean, variance, module.eps, _one(module.weight, channel, 1.0), _one(module.bias, channel, 0.0)
    )


def _layer_norm(module: nn.LayerNorm, x: float, channel: int, here: torch.Tensor) -> Formula:
    """Ba et al. 2016, https://arxiv.org/abs/1607.06450, over all channels of a place."""
    values: np.ndarray = here.double().numpy()
    scale, shift = _one(module.weight, channel, 1.0), _one(module.bias, channel, 0.0)
    return _normalised(x, float(values.mean()), float(values.var()), module.eps, scale, shift)


def _normalised(x: float, mean: float, variance: float, epsilon: float, scale: float, shift: float) -> Formula:
    spread = math.sqrt(variance + epsilon)
    gain = abs(scale) / spread
    return Formula(
        "(x − mean) ÷ √(variance + ε) × scale + shift",
        (x - mean) / spread * scale + shift,
        {"mean": mean, "variance": variance, "ε": epsilon, "scale": scale, "shift": shift},
        gain,
        max(abs(x), abs(mean)) * gain + abs(shift),
    )


def _one(values: torch.Tensor | None, channel: int, otherwise: float) -> float:
    return otherwise if values is None else float(values[channel].detach())
