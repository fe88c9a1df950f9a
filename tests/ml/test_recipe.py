from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.errors import InputError
from deskclassify.core.requests import PRESETS, FitRequest
from deskclassify.core.sources import DataSpec
from deskclassify.ml import recipe, schedule
from deskclassify.ml.phases import FrozenPhase
from deskclassify.ml.targets import Targets
from deskclassify.ml.zoo import Head


def request(**values: object) -> FitRequest:
    return FitRequest(DataSpec(), "run", **values)  # type: ignore[arg-type]


@given(st.sampled_from(PRESETS), st.integers(2, 100_000))
def test_automatic_values_are_sane(preset: str, count: int) -> None:
    chosen = recipe.choose(request(preset=preset), count)
    assert chosen.frozen_epochs >= 10
    assert 4 <= chosen.unfrozen_batch <= chosen.frozen_batch <= 64
    assert chosen.rates[0] < chosen.rates[1] < chosen.rates[2] <= chosen.frozen_rate
    assert chosen.freeze_statistics == (count < 1000)
    assert (chosen.unfrozen_epochs == 0) == (preset == "quick")
    assert (chosen.copies == 0) == (preset == "quick")
    assert (chosen.frozen_share > 0) == (preset == "partial")
    assert chosen.sizes(224) in ((), (128, 160, 192, 224))


def test_few_pictures_get_more_rounds_and_a_better_preset_never_fewer() -> None:
    def rounds(preset: str, count: int) -> int:
        return recipe.choose(request(preset=preset), count).unfrozen_epochs

    assert rounds("balanced", 100) > rounds("balanced", 5000)
    for count in (10, 100, 400, 2000, 50_000):
        assert rounds("quick", count) < rounds("partial", count) <= rounds("balanced", count)
        assert rounds("balanced", count) < rounds("thorough", count)


def test_without_augmentation_there_are_no_copies() -> None:
    assert recipe.choose(request(preset="thorough", augment=0.0), 500).copies == 0


def test_smaller_pictures_to_begin_with_are_for_pictures_only() -> None:
    assert recipe.choose(request(preset="partial", progressive=True), 500).sizes(224) == ()
    assert recipe.choose(request(preset="balanced", progressive=True), 500).sizes(96) == (64, 64, 96, 96)


def test_what_is_given_is_taken() -> None:
    chosen = recipe.choose(request(preset="balanced", epochs=7, frozen_epochs=3, batch_size=16, learning_rate=0.01), 50)
    assert (chosen.frozen_epochs, chosen.unfrozen_epochs) == (3, 7)
    assert (chosen.frozen_batch, chosen.unfrozen_batch, chosen.frozen_rate) == (16, 16, 0.01)
    assert recipe.choose(request(preset="quick", epochs=5), 50).frozen_epochs == 5


def test_nothing_to_do_is_refused() -> None:
    with pytest.raises(InputError, match="at least one epoch"):
        recipe.choose(request(preset="quick", epochs=0), 50)


def test_every_view_is_learned_from() -> None:
    # The picture's view tells which weights get a gradient: view k has only feature k.
    features = torch.eye(3).repeat_interleave(4, dim=0).reshape(3, 4, 3) * 5
    head = Head(3, 2)
    head.norm = torch.nn.Identity()  # type: ignore[assignment]
    head.dropout.p = 0.0
    phase = FrozenPhase(head, features, Targets(torch.tensor([0, 1, 0, 1]), 2), torch.empty(0, 3), 1, 4, 0.0)
    touched = np.zeros(3, dtype=bool)
    for step in range(20):
        phase.step(torch.arange(4), schedule.generator(step), None)
        assert head.linear.weight.grad is not None
        touched |= head.linear.weight.grad.abs().sum(0).numpy() > 0
    assert touched.all()
