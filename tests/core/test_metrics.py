"""Metrics of a classifier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as sk

from deskclassify.core.metrics import (
    accuracy,
    confusion,
    expected_calibration_error,
    largest_calibration_error,
    macro,
    per_class,
    reliability,
    top_k_accuracy,
)

TENTHS = [at / 10 for at in range(11)]  # few values, so that ties are common
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)))


def test_a_worked_example():
    matrix = confusion([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2], 4)
    assert matrix.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(matrix) == pytest.approx(4 / 6)
    table = per_class(matrix, ["a", "b", "c", "d"])
    assert table["a"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "support": 3})
    assert table["c"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert table["d"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


@given(PAIRS)
def test_against_plain_counting(pairs):
    actual, predicted = [one for one, _ in pairs], [two for _, two in pairs]
    matrix = confusion(actual, predicted, 4)
    assert matrix.sum() == len(pairs)
    right = sum(one == two for one, two in pairs)
    assert accuracy(matrix) == pytest.approx(right / len(pairs) if pairs else 0.0)
    for at, row in enumerate(per_class(matrix, "abcd").values()):
        assert row["support"] == actual.count(at)
        both = sum(one == two == at for one, two in pairs)
        assert row["recall"] == pytest.approx(both / max(1, actual.count(at)))
        assert row["precision"] == pytest.approx(both / max(1, predicted.count(at)))
    assert np.array_equal(confusion(predicted, actual, 4), matrix.T)


PICTURES = st.integers(2, 5).flatmap(
    lambda classes: st.tuples(
        arrays.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(classes)), elements=st.sampled_from(TENTHS)),
        st.randoms(use_true_random=False),
    )
)


@given(PICTURES)
def test_top_k_is_that_of_sorted_lists(drawn):
    probabilities, chance = drawn
    classes = probabilities.shape[1]
    labels = np.array([chance.randrange(-1, classes) for _ in probabilities])
    for k in range(1, classes + 1):
        lists = [sorted(range(classes), key=lambda at: (-row[at], at))[:k] for row in probabilities]
        right = [label in answers for label, answers in zip(labels, lists, strict=True)]
        assert top_k_accuracy(probabilities, labels, k) == pytest.approx(np.mean(right))
    assert top_k_accuracy(probabilities, labels, 1) == pytest.approx(np.mean(probabilities.argmax(axis=1) == labels))


def test_top_k_is_that_of_scikit_learn_without_ties():
    rng = np.random.default_rng(2)
    probabilities, labels = rng.dirichlet(np.ones(6), 200), rng.integers(0, 6, 200)
    for k in (1, 3, 5):
        assert top_k_accuracy(probabilities, labels, k) == pytest.approx(
            sk.top_k_accuracy_score(labels, probabilities, k=k)
        )
    assert top_k_accuracy(np.empty((0, 6)), np.empty(0), 3) == 0.0


@given(PAIRS.filter(bool))
def test_macro_is_that_of_scikit_learn_over_the_classes_with_pictures(pairs):
    actual, predicted = [one for one, _ in pairs], [two for _, two in pairs]
    table = per_class(confusion(actual, predicted, 4), "abcd")
    every = sk.precision_recall_fscore_support(
        actual, predicted, labels=sorted(set(actual)), average="macro", zero_division=0
    )
    assert [macro(table, key) for key in ("precision", "recall", "f1")] == pytest.approx(every[:3])
    assert macro({}, "f1") == 0.0


ANSWERS = st.lists(st.tuples(st.sampled_from(TENTHS), st.booleans()), min_size=1, max_size=60)


@pytest.mark.parametrize("equal_count", [False, True])
@given(ANSWERS, st.integers(1, 20))
def test_bins_hold_every_answer_once(equal_count, answers, bins):
    confidence = np.array([sure for sure, _ in answers])
    right = np.array([hit for _, hit in answers])
    made = reliability(confidence, right, bins, equal_count)
    assert sum(one.count for one in made) == len(answers)
    assert equal_count or (len(made) == bins and made[0].low == 0.0 and made[-1].high == 1.0)
    assert sum(one.count * one.accuracy for one in made) == pytest.approx(right.sum())
    assert sum(one.count * one.confidence for one in made) == pytest.approx(confidence.sum())
    for one in made:
        held = (confidence > one.low) & (confidence <= one.high) | ((one.low == 0) & (confidence == 0))
        assert one.count == held.sum()
    gap = expected_calibration_error(made)
    assert abs(confidence.mean() - right.mean()) - 1e-9 <= gap <= largest_calibration_error(made) + 1e-9


def test_a_worked_example_of_calibration():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False, True, False])
    bins = reliability(confidence, right, 10)
    assert len(bins) == 10 and [one.count for one in bins if one.count] == [2, 4]
    assert expected_calibration_error(bins) == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)
    assert largest_calibration_error(bins) == pytest.approx(0.2)
    assert reliability(np.empty(0), np.empty(0)) == () and expected_calibration_error(()) == 0.0


def test_bins_of_equal_count_share_the_answers_evenly():
    confidence = np.random.default_rng(4).random(300) ** 0.2  # nearly all are sure
    bins = reliability(confidence, confidence > 0.5, 15, equal_count=True)
    assert len(bins) == 15 and all(18 <= one.count <= 22 for one in bins)
