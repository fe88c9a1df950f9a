from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deskclassify.core import balance
from deskclassify.ml import schedule


@settings(deadline=None)
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


def test_cycles_follow_each_other_and_the_first_does_not_know_of_the_second() -> None:
    first, second = schedule.Cycle(2), schedule.Cycle(3, 0.25)
    both = [schedule.in_cycles(step, 50, (first, second)) for step in range(50)]
    assert both[:20] == [schedule.one_cycle(step, 20) for step in range(20)]
    assert both[20:] == [
        (0.25 * factor, momentum) for factor, momentum in map(schedule.one_cycle, range(30), [30] * 30)
    ]
    assert [schedule.in_cycles(step, 20, (first,)) for step in range(20)] == both[:20]


def test_draws_depend_on_the_place_alone() -> None:
    assert torch.equal(schedule.order(50, 7, "frozen", 3), schedule.order(50, 7, "frozen", 3))
    assert not torch.equal(schedule.order(50, 7, "frozen", 3), schedule.order(50, 7, "frozen", 4))
    assert sorted(schedule.order(50, 1).tolist()) == list(range(50))


COUNTS = st.lists(st.integers(1, 60), min_size=2, max_size=6)


def labels_of(counts: list[int]) -> torch.Tensor:
    return torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))


@settings(deadline=None)
@given(COUNTS)
def test_a_balanced_epoch_shows_all_classes_alike(counts: list[int]) -> None:
    plan = balance.plan({str(at): count for at, count in enumerate(counts)}, "sampling")
    labels = labels_of(counts)
    order = schedule.balanced_order(labels, plan.weights, 7, 3)
    assert len(order) == sum(counts)
    shown = torch.bincount(labels[order], minlength=len(counts))
    assert int(shown.max() - shown.min()) <= 1
    # Within a class no picture comes up twice more than another.
    times = torch.bincount(order, minlength=len(labels))
    for number in range(len(counts)):
        own = times[labels == number]
        assert int(own.max() - own.min()) <= 1


def test_a_balanced_order_depends_on_the_place_alone() -> None:
    labels, weights = labels_of([90, 10]), (100 / 180, 5.0)
    first = schedule.balanced_order(labels, weights, 7, "frozen", 3)
    assert torch.equal(first, schedule.balanced_order(labels, weights, 7, "frozen", 3))
    other = schedule.balanced_order(labels, weights, 7, "frozen", 4)
    assert not torch.equal(first, other)
    assert set(first.tolist()) != set(other.tolist())  # other pictures of the frequent class have their turn


def test_with_equal_weights_every_picture_comes_up_once() -> None:
    order = schedule.balanced_order(labels_of([5, 30, 1]), (1.0, 1.0, 1.0), 1)
    assert sorted(order.tolist()) == list(range(36))


def test_a_class_without_pictures_is_passed_over() -> None:
    plan = balance.plan({"a": 4, "b": 0, "c": 12}, "sampling")
    labels = torch.tensor([0] * 4 + [2] * 12)
    shown = torch.bincount(labels[schedule.balanced_order(labels, plan.weights, 1)], minlength=3)
    assert shown.tolist() == [8, 0, 8]
