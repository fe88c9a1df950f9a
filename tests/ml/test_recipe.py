from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.errors import InputError
from deskclassify.core.requests import PRESETS, FitRequest
from deskclassify.core.sources import DataSpec
from deskclassify.ml import recipe


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
    assert (chosen.frozen_share > 0) == (preset != "quick")
    assert (chosen.views > 0) == (preset == "partial")
    assert (chosen.deeper_epochs > 0) == (preset == "thorough")
    assert chosen.sizes(224) == ()


@given(st.integers(2, 100_000))
def test_each_preset_begins_with_the_one_before(count: int) -> None:
    quick, balanced, thorough = (
        recipe.choose(request(preset=preset), count) for preset in ("quick", "balanced", "thorough")
    )
    for one in (balanced, thorough):
        for name in ("frozen_epochs", "frozen_rate", "frozen_batch"):
            assert getattr(one, name) == getattr(quick, name)
    first_cycle = thorough.unfrozen_epochs - thorough.deeper_epochs
    assert replace(thorough, unfrozen_epochs=first_cycle, deeper_epochs=0) == balanced


def test_few_pictures_get_more_rounds_and_a_better_preset_never_fewer() -> None:
    def rounds(preset: str, count: int) -> int:
        return recipe.choose(request(preset=preset), count).unfrozen_epochs

    assert rounds("balanced", 100) > rounds("balanced", 5000)
    for count in (10, 100, 400, 2000, 50_000):
        assert rounds("quick", count) < rounds("partial", count) <= rounds("balanced", count)
        assert rounds("balanced", count) < rounds("thorough", count)


def test_few_pictures_change_the_network_less() -> None:
    few, many = (recipe.choose(request(preset="balanced"), count).rates for count in (400, 4000))
    assert all(one < other for one, other in zip(few, many, strict=True))


def test_smaller_pictures_to_begin_with_are_asked_for_and_for_pictures_only() -> None:
    assert recipe.choose(request(preset="partial", progressive=True), 500).sizes(224) == ()
    assert recipe.choose(request(preset="balanced", progressive=True), 500).sizes(96) == (64, 64, 96, 96)
    assert recipe.choose(request(preset="quick", progressive=True), 500).sizes(96) == ()


def test_epochs_that_are_given_are_one_cycle_as_deep_as_the_preset() -> None:
    assert recipe.choose(request(preset="balanced", epochs=6), 500).deeper_epochs == 0
    assert recipe.choose(request(preset="thorough", epochs=6), 500).deeper_epochs == 6


def test_what_is_given_is_taken() -> None:
    chosen = recipe.choose(request(preset="balanced", epochs=7, frozen_epochs=3, batch_size=16, learning_rate=0.01), 50)
    assert (chosen.frozen_epochs, chosen.unfrozen_epochs) == (3, 7)
    assert (chosen.frozen_batch, chosen.unfrozen_batch, chosen.frozen_rate) == (16, 16, 0.01)
    assert recipe.choose(request(preset="quick", epochs=5), 50).frozen_epochs == 5


def test_nothing_to_do_is_refused() -> None:
    with pytest.raises(InputError, match="at least one epoch"):
        recipe.choose(request(preset="quick", epochs=0), 50)
