from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from deskclassify.core.events import LrFound
from deskclassify.core.requests import LrFindRequest, WarmRequest
from deskclassify.core.sources import DataSpec
from deskclassify.ml.lr_finder import ramp, steepest, valley


def test_it_suggests_a_rate_and_leaves_the_generator_alone(sample_spec: DataSpec, drain: Any) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = drain(LrFindRequest(sample_spec))[-1]
    assert isinstance(found, LrFound)
    assert torch.equal(torch.get_rng_state(), before)
    assert len(found.rates) == len(found.losses) > 20
    assert 1e-6 < found.suggestion < 1
    assert found.steepest is None or 1e-6 < found.steepest < 10


def test_it_stops_where_the_loss_diverges() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(40, 8)).astype(np.float32)
    targets = generator.integers(0, 2, 40)
    rates, losses = ramp(features, targets, 2, 8, 0)
    assert len(rates) < 100
    assert losses[-1] > 4 * min(losses)


def test_the_valley_lies_in_the_longest_fall() -> None:
    rates = tuple(10.0**power for power in np.linspace(-6, 1, 71))
    losses = tuple(2.0 if n < 20 else max(0.5, 2.0 - 0.05 * (n - 20)) if n < 55 else 9.0 for n in range(71))
    assert rates[20] < valley(rates, losses) < rates[50]
    assert steepest(rates, losses) == pytest.approx(rates[30], rel=1e3)


def test_a_loss_that_never_falls_has_no_steepest() -> None:
    assert steepest((0.1, 0.2, 0.3), (1.0, 1.1, 1.3)) is None


def test_warming_up_imports_what_a_training_needs(drain: Any) -> None:
    import sys

    assert drain(WarmRequest()) == []
    assert {"torch", "timm", "deskclassify.ml.training"} <= sys.modules.keys()
