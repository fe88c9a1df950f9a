from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.ml import schedule


@given(st.integers(2, 5000))
def test_one_cycle_rises_then_falls_and_stays_in_bounds(steps: int) -> None:
    rates = [schedule.one_cycle(step, steps)[0] for step in range(steps)]
    assert all(0 < rate <= 1 + 1e-9 for rate in rates)
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_one_cycle_has_fast_ai_ends() -> None:
    first, last = schedule.one_cycle(0, 1001), schedule.one_cycle(1000, 1001)
    assert first == pytest.approx((1 / 25, 0.95))
    assert last == pytest.approx((1e-4, 0.95))
    assert schedule.one_cycle(250, 1001) == pytest.approx((1.0, 0.85))


def test_draws_depend_on_the_place_alone() -> None:
    assert torch.equal(schedule.order(50, 7, "frozen", 3), schedule.order(50, 7, "frozen", 3))
    assert not torch.equal(schedule.order(50, 7, "frozen", 3), schedule.order(50, 7, "frozen", 4))
    assert sorted(schedule.order(50, 1).tolist()) == list(range(50))
