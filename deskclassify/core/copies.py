"""Pictures that are copies of each other, as what was found says."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from deskclassify.core.data_events import DataProblem, ProblemKind

T = TypeVar("T", bound=Hashable)
COPIES: frozenset[ProblemKind] = frozenset({"duplicate", "near", "mirrored", "leak"})


def groups_of_copies(problems: Iterable[DataProblem]) -> tuple[tuple[str, ...], ...]:
    """The groups of keys that must lie on one side of the split, for `DataSpec.together`.

    Args:
        problems: of any kind; only those that tell of copies count.

    Returns:
        each key once, in sorted groups in sorted order, so that the same problems always give the same.
    """
    found = united(problem.keys for problem in problems if problem.kind in COPIES)
    return tuple(sorted(tuple(sorted(group)) for group in found if len(group) > 1))


def united(groups: Iterable[Sequence[T]]) -> list[list[T]]:
    """Groups that share a member become one (union-find); members in the order in which they came."""
    above: dict[T, T] = {}

    def top(one: T) -> T:
        while (parent := above.setdefault(one, one)) != one:
            above[one] = above[parent]  # halve the path
            one = parent
        return one

    for group in groups:
        for one in group:
            above[top(one)] = top(group[0])
    result: dict[T, list[T]] = {}
    for one in list(above):
        result.setdefault(top(one), []).append(one)
    return list(result.values())
