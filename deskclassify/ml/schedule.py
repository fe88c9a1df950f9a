"""One-cycle schedule and all random draws of a training, as pure functions of where it is.

Nothing here keeps state, so a training that is resumed in the middle of an epoch sees the same
rates, the same order of pictures and the same augmentation as one that never stopped.
"""

from __future__ import annotations

import hashlib
import math

import torch

_WARM_UP = 0.25
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4
_MOMENTUM_HIGH, _MOMENTUM_LOW = 0.95, 0.85


def _cosine(start: float, end: float, at: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * at))


def one_cycle(step: int, steps: int) -> tuple[float, float]:
    """Factor of the highest learning rate, and the momentum (Adam's beta 1), at a step.

    Smith and Topin 2017, https://arxiv.org/abs/1708.07120, with fast.ai's values: up by a
    cosine over a quarter of the steps, then down to almost nothing; momentum the other way.

    Args:
        step: from 0.
        steps: of the whole cycle.
    """
    at = step / max(1, steps - 1)
    if at < _WARM_UP:
        part = at / _WARM_UP
        return _cosine(1 / _START_DIVISOR, 1.0, part), _cosine(_MOMENTUM_HIGH, _MOMENTUM_LOW, part)
    part = (at - _WARM_UP) / (1 - _WARM_UP)
    return _cosine(1.0, 1 / _END_DIVISOR, part), _cosine(_MOMENTUM_LOW, _MOMENTUM_HIGH, part)


def seed_of(*parts: object) -> int:
    """A 63-bit seed that depends on all parts and on nothing else."""
    text = "\0".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def generator(*parts: object) -> torch.Generator:
    """A random generator of its own for the given place in a training."""
    return torch.Generator().manual_seed(seed_of(*parts))


def order(count: int, *parts: object) -> torch.Tensor:
    """A permutation of `count` pictures, int64."""
    return torch.randperm(count, generator=generator("order", *parts))
