"""One-cycle schedule and all random draws of a training, as pure functions of where it is.

Nothing here keeps state, so a training that is resumed in the middle of an epoch sees the same
rates, the same order of pictures and the same augmentation as one that never stopped.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

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


class Cycle(NamedTuple):
    """A cycle of the learning rate: its epochs, and its height as a share of the highest rate."""

    epochs: int
    height: float = 1.0


def in_cycles(step: int, steps: int, cycles: Sequence[Cycle]) -> tuple[float, float]:
    """Several cycles in a row, each as in `one_cycle`; later ones do not change what earlier ones were.

    Args:
        step: from 0.
        steps: of all of them; an epoch has the same number of steps throughout.
        cycles: at least one.
    """
    epoch = steps // sum(cycle.epochs for cycle in cycles)
    at = 0
    while at < len(cycles) - 1 and step >= cycles[at].epochs * epoch:
        step -= cycles[at].epochs * epoch
        at += 1
    factor, momentum = one_cycle(step, cycles[at].epochs * epoch)
    return cycles[at].height * factor, momentum


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


def balanced_order(labels: torch.Tensor, weights: Sequence[float], *parts: object) -> torch.Tensor:
    """As many pictures as there are, each class as often as its weight says; see `core.balance`.

    A class that comes up more often than it has pictures repeats them all before any comes up again.

    Args:
        labels: class numbers, int64 `[count]`.
        weights: how often a picture of each class comes up, on average over all pictures once.
        parts: the place in the training; another place has another order, and other pictures of frequent classes.

    Returns:
        int64 `[count]`: numbers of pictures; with equal weights a permutation.
    """
    random = generator("balanced", *parts)
    picked = []
    for number, wanted in enumerate(_whole_shares(torch.bincount(labels, minlength=len(weights)), weights)):
        own = torch.nonzero(labels == number).flatten()
        rounds = -(-wanted // max(1, len(own)))
        shuffled = [own[torch.randperm(len(own), generator=random)] for _ in range(rounds)]
        picked += [torch.cat(shuffled)[:wanted]] if shuffled else []
    every = torch.cat(picked)
    return every[torch.randperm(len(every), generator=random)]


def _whole_shares(counts: torch.Tensor, weights: Sequence[float]) -> list[int]:
    """`counts * weights` in whole numbers of the same sum, by the largest remainders."""
    exact = counts.double() * torch.tensor(weights, dtype=torch.float64)
    whole = exact.floor().long()
    missing = int(counts.sum() - whole.sum())
    largest = torch.argsort(whole - exact, stable=True)[:missing]
    whole[largest] += 1
    return [int(one) for one in whole]
