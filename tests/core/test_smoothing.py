"""Answers about a live picture are calmed by their age, not by their number."""

from __future__ import annotations

import pytest

from deskclassify.core.events import Prediction
from deskclassify.core.smoothing import Smoothed


def answer(refused=False, **shares):
    top = tuple(sorted(shares.items(), key=lambda pair: -pair[1]))
    return Prediction("", top[0][0], top[0][1], top, refused=refused)


def test_the_first_answer_counts_whole_and_a_new_thing_half_after_the_half_time():
    smoothed = Smoothed(0.2)
    smoothed.add(answer(cat=0.9, dog=0.1), 10.0)
    assert smoothed.best(2) == (("cat", 0.9), ("dog", 0.1))
    smoothed.add(answer(dog=1.0), 10.2)
    assert dict(smoothed.best(2)) == pytest.approx({"dog": 0.55, "cat": 0.45})


def test_many_answers_in_a_short_time_change_no_more_than_few():
    often, seldom = Smoothed(), Smoothed()
    for one in (often, seldom):
        one.add(answer(cat=1.0), 0.0)
    for number in range(1, 31):
        often.add(answer(dog=1.0), number / 100)
    for number in range(1, 4):
        seldom.add(answer(dog=1.0), number / 10)
    assert dict(often.best(2))["dog"] == pytest.approx(dict(seldom.best(2))["dog"])


def test_one_odd_frame_does_not_flicker_and_shares_stay_shares():
    smoothed = Smoothed()
    for number in range(20):
        smoothed.add(answer(cat=0.8, dog=0.2) if number != 10 else answer(fox=1.0), number / 30)
        assert smoothed.best(1)[0][0] == "cat"
        assert sum(share for _, share in smoothed.best(9)) == pytest.approx(1.0, abs=1e-3)


def test_none_of_these_needs_most_of_what_counts():
    smoothed = Smoothed(0.2)
    smoothed.add(answer(cat=0.4), 0.0)
    smoothed.add(answer(refused=True, cat=0.3), 0.05)
    assert not smoothed.is_refused
    smoothed.add(answer(refused=True, cat=0.3), 1.0)
    assert smoothed.is_refused
