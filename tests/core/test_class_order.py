"""The order of classes in a confusion matrix, and the pairs that are confused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deskclassify.core.class_order import ConfusedPair, by_errors, by_similarity, confused_pairs, ordered

MATRICES = st.integers(0, 7).flatmap(lambda size: arrays.arrays(np.int64, (size, size), elements=st.integers(0, 5)))


def test_confused_pairs_come_by_count_then_by_share():
    counts = [[8, 2, 0], [2, 2, 0], [0, 3, 7]]
    assert confused_pairs(np.array(counts)) == (
        ConfusedPair(2, 1, 3, 0.3),
        ConfusedPair(1, 0, 2, 0.5),
        ConfusedPair(0, 1, 2, 0.2),
    )
    assert len(confused_pairs(np.array(counts), 1)) == 1 and confused_pairs(np.zeros((0, 0))) == ()


@given(MATRICES)
def test_pairs_hold_all_errors(counts):
    assert sum(one.count for one in confused_pairs(counts)) == counts.sum() - np.trace(counts)


@pytest.mark.parametrize("how", ["name", "similarity", "errors"])
@given(MATRICES)
def test_every_class_stands_once(how, counts):
    assert sorted(ordered(counts, how)) == list(range(len(counts)))


def test_the_order_by_name_changes_nothing():
    assert ordered(np.ones((4, 4)), "name") == [0, 1, 2, 3]


def test_the_worst_classes_come_first():
    assert by_errors(np.array([[5, 0, 0], [0, 5, 3], [1, 0, 5]])) == [2, 1, 0]


def test_similar_classes_stand_together():
    groups = [(0, 5, 9), (1, 4), (2, 7, 8)]  # 3 and 6 are never mistaken
    counts = np.eye(10, dtype=np.int64) * 20
    for group in groups:
        for one in group:
            for other in group:
                counts[one, other] += 4 * (one != other)
    order = by_similarity(counts)
    for group in groups:
        places = sorted(order.index(at) for at in group)
        assert places == list(range(places[0], places[0] + len(group))), order
    assert order[-2:] == [3, 6]


def test_ends_of_a_chain_are_turned_so_that_neighbours_touch():
    """Of ages that are mistaken for the next one only, the order of age comes out, or its reverse."""
    shuffled = [3, 0, 5, 1, 4, 2]
    counts = np.zeros((6, 6), np.int64)
    for one in range(6):
        for other in range(6):
            counts[shuffled[one], shuffled[other]] = {0: 50, 1: 10 + min(one, other)}.get(abs(one - other), 0)
    order = [shuffled.index(at) for at in by_similarity(counts)]
    assert order in (list(range(6)), list(range(6))[::-1])


def test_two_hundred_classes_are_ordered_at_once():
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.5, (200, 200)) + 200 * np.eye(200, dtype=np.int64)
    best = min(_seconds(counts) for _ in range(3))
    assert best < 0.25, "50 ms on a machine that does nothing else"


def _seconds(counts):
    began = time.perf_counter()
    assert len(set(by_similarity(counts))) == 200
    return time.perf_counter() - began
