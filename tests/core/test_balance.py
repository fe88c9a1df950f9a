"""What is done about classes of unequal size, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import balance

COUNTS = st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 5000), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ({"ants": 100, "bees": 100}, "none"),
        ({"ants": 100, "bees": 299}, "none"),
        ({"ants": 100, "bees": 300}, "weights"),
        ({"ants": 100, "bees": 999}, "weights"),
        ({"ants": 100, "bees": 1000}, "sampling"),
        ({"ants": 1, "bees": 50, "wasps": 50}, "sampling"),
        ({"ants": 100, "bees": 0}, "none"),
        ({}, "none"),
    ],
)
def test_the_remedy_follows_from_the_counts(counts, kind):
    assert balance.plan(counts, "auto").kind == kind


@pytest.mark.parametrize("wanted", ["none", "sampling", "weights"])
def test_what_is_asked_for_is_done(wanted):
    assert balance.plan({"ants": 10, "bees": 2000}, wanted).kind == wanted
    assert balance.plan({"ants": 10, "bees": 11}, wanted).kind == wanted


@given(COUNTS, st.sampled_from(["sampling", "weights"]))
def test_classes_count_alike_and_the_mean_weight_is_one(counts, wanted):
    plan = balance.plan(counts, wanted)
    assert len(plan.weights) == len(counts)
    pictures = sum(counts.values())
    sums = [count * weight for count, weight in zip(counts.values(), plan.weights, strict=True) if count]
    assert sum(sums) == pytest.approx(pictures)
    if plan.kind != "none":
        assert sums == pytest.approx([sums[0]] * len(sums))


def test_the_sentence_says_how_unequal_and_what_is_done():
    assert balance.plan({"paper": 475, "trash": 110, "glass": 400}, "auto").sentence == (
        "“paper” has 4.3 times as many training pictures as “trash” (475 to 110). "
        "So that all classes count alike, rarer classes weigh more."
    )
    assert "20 times" in balance.plan({"a": 100, "b": 5}, "auto").sentence
    assert "shown more often" in balance.plan({"a": 100, "b": 5}, "auto").sentence
    assert balance.plan({"a": 100, "b": 90}, "auto").sentence == (
        "The classes are of about the same size. Each picture counts alike."
    )
    assert balance.plan({}, "auto").sentence.startswith("There are no training pictures.")
