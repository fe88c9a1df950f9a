"""Metrics of a classifier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.metrics import accuracy, confusion, per_class

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
