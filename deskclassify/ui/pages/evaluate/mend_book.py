"""Which of the problems that were found still stand, as labels, exclusions and groups are now: no widgets here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deskclassify.core.data_events import PROBLEM_KINDS, Checked, DataProblem, ProblemKind
from deskclassify.core.sources import DataSpec, Item, Listing

GROUPED: frozenset[ProblemKind] = frozenset({"leak", "duplicate", "near", "mirrored"})


class ProblemBook:
    """Holds what a check found. Nothing is ticked off: what stands follows from the data, so undo brings it back.

    Attributes:
        checked: the last result; None before the first one.
    """

    def __init__(self) -> None:
        self.checked: Checked | None = None
        self._labels: dict[str, str] = {}  # key → class, when they were looked at
        self._known: frozenset[str] = frozenset()
        self._dismissed: set[tuple[ProblemKind, tuple[str, ...]]] = set()
        self._items: Mapping[str, Item] = {}
        self._group_of: dict[str, int] = {}

    def take(self, checked: Checked, listing: Listing, data: DataSpec) -> None:
        """Hold a new result; what was dismissed before stays dismissed.

        Args:
            checked: the result.
            listing: what was looked at.
            data: that it is a listing of.
        """
        self.checked = checked
        self._labels = {item.key: item.label for item in listing.items}
        self._known = frozenset(item.key for item in (*listing.items, *listing.unlabelled, *listing.left_out))
        self.follow(listing, data)

    def drop(self) -> None:
        """Forget what was found: these are other pictures."""
        self.checked = None
        self._dismissed.clear()

    def follow(self, listing: Listing, data: DataSpec) -> None:
        """Labels, exclusions or groups have changed."""
        self._items = {item.key: item for item in listing.items}
        self._group_of = {key: at for at, group in enumerate(data.together) for key in group}

    def new_pictures(self) -> int:
        """Number of pictures that were not there when it was looked."""
        return sum(key not in self._known for key in self._items)

    def item(self, key: str) -> Item | None:
        """The picture as it is now; None if it is left out."""
        return self._items.get(key)

    def standing(self, kind: ProblemKind) -> list[DataProblem]:
        """The problems of a kind that are left, in their order."""
        found = self.checked.problems if self.checked is not None else ()
        return [one for one in found if one.kind == kind and self._stands(one)]

    def counts(self) -> dict[ProblemKind, int]:
        """How many are left of each kind."""
        counts = dict.fromkeys(PROBLEM_KINDS, 0)
        for one in self.checked.problems if self.checked is not None else ():
            counts[one.kind] += self._stands(one)
        return counts

    def left(self, one: DataProblem) -> list[tuple[str, str]]:
        """Keys and paths of its pictures that are not left out, the best one first."""
        return [pair for pair in zip(one.keys, one.paths, strict=True) if pair[0] in self._items]

    def is_torn(self, one: DataProblem) -> bool:
        """Whether folders or a table put its copies on several sides, so that no split can keep them together."""
        fixed = {item.fixed for key in one.keys if (item := self._items.get(key)) is not None and item.fixed}
        return len(fixed) > 1

    def dismiss(self, problems: Sequence[DataProblem]) -> None:
        """These are none; they stay away as long as the window is open."""
        self._dismissed.update((one.kind, one.keys) for one in problems)

    @property
    def dismissed(self) -> int:
        """Number of those that were said to be none."""
        found = self.checked.problems if self.checked is not None else ()
        return sum((one.kind, one.keys) in self._dismissed for one in found)

    def recall(self) -> None:
        """Show again what was dismissed."""
        self._dismissed.clear()

    def _stands(self, one: DataProblem) -> bool:
        if (one.kind, one.keys) in self._dismissed:
            return False
        left = [self._items[key] for key in one.keys if key in self._items]
        if one.kind == "suspect":
            return bool(left) and left[0].label == self._labels.get(left[0].key, "")
        if one.kind not in GROUPED:
            return bool(left)
        if len(left) < 2:
            return False
        if one.kind == "leak":
            return len({item.subset for item in left}) > 1
        groups = {self._group_of.get(item.key, -1) for item in left}
        return one.kind == "duplicate" or groups == {-1} or len(groups) > 1
