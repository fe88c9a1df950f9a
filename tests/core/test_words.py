from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 s"),
        (4.6, "5 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (110, "2 min"),
        (3600, "1 h"),
        (4700, "1 h 18 min"),
        (9030, "2 h 30 min"),
        (36_000, "10 h"),
    ],
)
def test_about(seconds: float, text: str) -> None:
    assert words.about(seconds) == text


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_seconds_never_read_as_fewer(first: float, second: float) -> None:
    def minutes(text: str) -> float:
        parts = text.split()
        return sum(
            float(n) * {"s": 1 / 60, "min": 1, "h": 60}[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True)
        )

    low, high = sorted((first, second))
    assert minutes(words.about(low)) <= minutes(words.about(high))


@pytest.mark.parametrize(("seconds", "text"), [(3.94, "3.9 s"), (125, "2 min 5 s"), (4200, "1 h 10 min")])
def test_duration(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(640e6, "640 MB"), (1.44e9, "1.4 GB")])
def test_size(count: float, text: str) -> None:
    assert words.size(count) == text
