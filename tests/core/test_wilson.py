import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.metrics import wilson


def test_known_values():
    # R: prop.test(81, 263, correct = FALSE) gives 0.2553 to 0.3662 (Newcombe 1998, method 3)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(8, 8) == pytest.approx((0.6756, 1.0), abs=1e-4)


def test_without_pictures_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 100_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_holds_the_share_and_is_symmetric(pair):
    right, total = pair
    low, high = wilson(right, total)
    assert 0.0 <= low <= right / total + 1e-12 and right / total - 1e-12 <= high <= 1.0
    mirrored = wilson(total - right, total)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high))
