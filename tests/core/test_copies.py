from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.copies import groups_of_copies, united
from deskclassify.core.data_events import DataProblem, ProblemKind


def problem(kind: ProblemKind, *keys: str) -> DataProblem:
    return DataProblem(kind, keys, keys, 0.5, "Because.")


def test_groups_that_share_a_picture_are_one() -> None:
    found = [problem("near", "b", "a"), problem("mirrored", "b", "c"), problem("duplicate", "y", "x")]
    assert groups_of_copies(found) == (("a", "b", "c"), ("x", "y"))


def test_other_problems_tie_nothing_together() -> None:
    assert groups_of_copies([problem("suspect", "a"), problem("outlier", "b"), problem("blurred", "a", "b")]) == ()


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=4), max_size=15))
def test_every_member_is_in_one_group_with_all_it_is_tied_to(groups: list[list[int]]) -> None:
    result = united(groups)
    assert sorted(one for group in result for one in group) == sorted({one for group in groups for one in group})
    number = {one: at for at, group in enumerate(result) for one in group}
    assert all(len({number[one] for one in group}) == 1 for group in groups)
