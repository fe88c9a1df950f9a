"""The learning-rate range test (Smith 2015, https://arxiv.org/abs/1506.01186), as in fast.ai.

It runs on the features of the frozen trunk, so it takes seconds, and on a head of its own,
so it leaves no trace.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from deskclassify.core import architectures
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, LrFound, Started
from deskclassify.core.requests import FitRequest, LrFindRequest
from deskclassify.core.sources import list_data
from deskclassify.ml import device, recipe, schedule
from deskclassify.ml.dataset import Dataset, prepare
from deskclassify.ml.features import recipe_of
from deskclassify.ml.phases import WEIGHT_DECAY
from deskclassify.ml.zoo import Head, Pretrained, load_pretrained

_LOWEST, _HIGHEST = 1e-6, 10.0
_STEPS = 100
_SMOOTH = 0.9
_DIVERGED = 4.0  # times the lowest loss


def find(request: LrFindRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Raise the rate from 1e-6 to 10 in 100 steps and watch the loss.

    Raises:
        InputError: the request or the data make no sense.
    """
    before = torch.get_rng_state()
    try:
        yield from _find(request, should_stop)
    finally:
        torch.set_rng_state(before)


def _find(request: LrFindRequest, should_stop: ShouldStop) -> Iterator[Event]:
    begun = time.monotonic()
    architecture = architectures.get(request.architecture)
    where = device.choose(request.device)
    yield Started("lr-find", f"{architecture.title} on {where.title}")
    how = architecture.preprocess(request.resize, request.image_size)
    pretrained: Pretrained | None = None
    for loaded in load_pretrained(architecture, 2, request.weights, should_stop):
        if isinstance(loaded, Pretrained):
            pretrained = loaded
        else:
            yield loaded
    if pretrained is None:
        return
    features = recipe_of(pretrained, architecture, how, where)
    for step in prepare(list_data(request.data, should_stop), features, should_stop, request.data):
        if not isinstance(step, Dataset):
            yield step
            continue
        count = len(step.files("train"))
        batch = recipe.choose(FitRequest(request.data, "", batch_size=request.batch_size), count).frozen_batch
        rates, losses = ramp(step.matrix("train"), step.targets("train"), len(step.classes), batch, request.data.seed)
        yield LrFound(valley(rates, losses), rates, losses, steepest(rates, losses), time.monotonic() - begun)


def ramp(
    features: np.ndarray, targets: np.ndarray, classes: int, batch: int, seed: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Train a fresh head with a rising rate.

    Args:
        features: float32 `[n, length]`.
        targets: int64 `[n]`.
        classes: number of classes.
        batch: pictures in a step.
        seed: of the order of pictures and the dropout.

    Returns:
        the rates, and the smoothed loss at each, up to where it diverges.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(schedule.seed_of(seed, "lr-find"))
        head = Head(features.shape[1], classes).train()
        optimizer = torch.optim.AdamW(head.parameters(), _LOWEST, weight_decay=WEIGHT_DECAY)
        inputs, labels = torch.from_numpy(features), torch.from_numpy(targets)
        average, lowest = 0.0, math.inf
        rates: list[float] = []
        losses: list[float] = []
        for step in range(_STEPS):
            rate = _LOWEST * (_HIGHEST / _LOWEST) ** (step / (_STEPS - 1))
            optimizer.param_groups[0]["lr"] = rate
            picked = torch.randint(len(labels), (max(2, min(batch, len(labels))),))
            loss = nn.functional.cross_entropy(head(inputs[picked]), labels[picked])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            average = _SMOOTH * average + (1 - _SMOOTH) * float(loss.detach())
            smooth = average / (1 - _SMOOTH ** (step + 1))
            rates.append(rate)
            losses.append(smooth)
            lowest = min(lowest, smooth)
            if not math.isfinite(smooth) or smooth > _DIVERGED * lowest:
                break
    return tuple(rates), tuple(losses)


def valley(rates: tuple[float, ...], losses: tuple[float, ...]) -> float:
    """The rate in the middle of the longest fall of the loss: fast.ai's default suggestion.

    The longest falling subsequence is cut in three; the middle of its last two thirds is taken.
    """
    length, before = _falls(losses)
    end = int(length.argmax())
    start = end
    while before[start] >= 0:
        start = int(before[start])
    third = (end - start) / 3
    return rates[min(end, start + round(third + third / 2))]


def _falls(losses: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of each step: the length of the longest falling subsequence that ends there, and its step before."""
    values = np.array(losses)
    length = np.ones(len(values), dtype=np.int64)
    before = np.full(len(values), -1, dtype=np.int64)
    for at in range(1, len(values)):
        higher = np.flatnonzero(values[:at] > values[at])
        if len(higher):
            best = higher[length[higher].argmax()]
            length[at], before[at] = length[best] + 1, best
    return length, before


def steepest(rates: tuple[float, ...], losses: tuple[float, ...]) -> float | None:
    """The rate at which the loss falls fastest; None where it never falls."""
    if len(losses) < 3:
        return None
    slopes = np.gradient(np.array(losses), np.log(np.array(rates)))
    at = int(slopes.argmin())
    return rates[at] if slopes[at] < 0 else None
