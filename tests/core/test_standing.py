"""Answers by the labels and class names as they are now."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.run_folder import measure
from deskclassify.core.sources import DataSpec
from deskclassify.core.standing import judged, names_now, relabelled, renamed

CLASSES = ("ants", "bees", "wasps")
CHANCES = np.array([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]], np.float32)


def scored(labels=("ants", "bees", "wasps")):
    return judged(CLASSES, ["a", "b", "c"], labels, CHANCES)


def test_verdicts_of_probabilities() -> None:
    verdicts = scored(("ants", "bees", "hornets")).verdicts
    assert [one.predicted for one in verdicts] == ["ants", "ants", "wasps"]
    assert verdicts[0].loss == pytest.approx(-np.log(0.5))
    assert verdicts[2].loss == pytest.approx(-np.log(1e-12)), "a class that the model does not know"


def test_merged_classes_add_up_and_change_the_answer() -> None:
    found = renamed(scored(), {"bees": "insects", "wasps": "insects"})
    assert found.classes == ("ants", "insects")
    np.testing.assert_allclose(found.probabilities, [[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], rtol=1e-6)
    assert [one.label for one in found.verdicts] == ["ants", "insects", "insects"]
    assert found.verdicts[1].predicted == "insects"


@given(st.lists(st.sampled_from(["x", "y", "z"]), min_size=3, max_size=3))
def test_probabilities_still_add_up_to_one(names: list[str]) -> None:
    found = renamed(scored(), dict(zip(CLASSES, names, strict=True)))
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, rtol=1e-6)
    assert measure(list(found.verdicts), found.classes).images == 3


def test_other_labels_and_pictures_that_were_left_out() -> None:
    found = relabelled(scored(), {"a": "bees", "c": "wasps"})
    assert [(one.path, one.label) for one in found.verdicts] == [("a", "bees"), ("c", "wasps")]
    assert found.probabilities.shape == (2, 3)
    assert relabelled(scored(), {"a": "ants", "b": "bees", "c": "wasps"}).verdicts == scored().verdicts


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({}, {}, ["ants", "bees", "wasps"]),
        ({}, {"ants": "emmets"}, ["emmets", "bees", "wasps"]),
        ({}, {"ants": "bees"}, ["bees", "bees", "wasps"]),
        ({"x": "ants"}, {"x": "emmets", "ants": "emmets"}, ["emmets", "bees", "wasps"]),
        ({"x": "ants"}, {}, ["ants", "bees", "wasps"]),  # apart now: the model cannot tell them apart
    ],
)
def test_what_the_classes_of_a_model_are_called_now(then, now, expected) -> None:
    found = names_now(DataSpec(renamed=then), DataSpec(renamed=now), CLASSES)
    assert [found[name] for name in CLASSES] == expected


def test_a_renaming_that_was_taken_back_is_told_from_a_merge() -> None:
    then = DataSpec(renamed={"ants": "emmets"})
    assert names_now(then, DataSpec(), ["emmets"], {"ants"}) == {"emmets": "ants"}
    assert names_now(then, DataSpec(), ["emmets"], {"ants", "emmets"}) == {"emmets": "emmets"}, "two in one"
    assert names_now(then, DataSpec(), ["emmets"]) == {"emmets": "emmets"}
