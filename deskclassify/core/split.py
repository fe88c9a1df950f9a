"""The seeded, stratified split: a pure function of keys, labels, groups and seed.

The same seed gives the same split on any machine and in any folder order, because each picture
is ranked by a hash of the seed and its own key (its path below the data folder), never by the
order of a listing or by a random generator's state.

Pictures of one group (of one patient, of one burst, copies of each other) stay on one side, for a picture that was
learned by heart tells nothing of new ones: Kapoor and Narayanan 2023, https://doi.org/10.1016/j.patter.2023.100804,
count such leaks in 17 fields. Where there are no groups, every picture is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# The test pictures do not depend on the seed: another seed must not train on those that were kept from the first.
TEST_SEED = -1


@dataclass(frozen=True)
class Candidate:
    """A picture to be put on one side: its key, its class, and its subset where that is fixed."""

    key: str
    label: str
    subset: str = ""


@dataclass(eq=False, slots=True)
class _Block:
    """Pictures that stay together: class → how many; `fixed` are the subsets that some of them must have."""

    name: str
    keys: list[str] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)


def rank(key: str, seed: int) -> str:
    """A number without pattern, as hexadecimal text, that only the key and the seed decide."""
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()


def assign(
    candidates: Iterable[Candidate],
    valid_pct: float,
    seed: int,
    test_pct: float = 0.0,
    groups: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Give each key its subset, `train`, `valid` or `test`.

    Fixed subsets are kept. Where any picture is fixed to `valid`, nothing else is drawn for
    validation, and likewise for `test`; otherwise each class gives its share, at least one picture
    to each side where it has two (three with a test). The only picture, or group, of a class is
    for training. The test pictures are drawn first, and depend neither on `seed` nor on `valid_pct`.

    Groups are drawn in the order of their ranks as far as they fit into the shares of all their
    classes; then come those that bring the shares nearer though they go beyond. So a share is missed
    by half a group at most, unless a class would be without a picture on one side. A group with
    fixed pictures goes where they are; one that is fixed to several sides cannot be kept together,
    and the rest of its pictures are for training.

    Args:
        candidates: in any order; keys are unique.
        valid_pct: share of each class for validation, 0 < valid_pct < 1.
        seed: any integer.
        test_pct: share of each class for the test, 0 for none.
        groups: key → name of its group; a key that is missing is alone.
    """
    every = list(candidates)
    if not groups:
        return _alone(every, valid_pct, seed, test_pct)
    result = {one.key: one.subset for one in every if one.subset}
    fixed = frozenset(result.values())
    free = []
    for block in _blocks(every, groups):
        if block.fixed <= {"train"}:
            free.append(block)
        elif len(block.fixed) == 1:
            _put(result, [block], *block.fixed)
    sizes = _sizes(free)
    if test_pct > 0 and "test" not in fixed:
        drawn = _draw(free, sizes, test_pct, TEST_SEED, 1 if "valid" in fixed else 2)
        _put(result, drawn, "test")
        taken = {block.name for block in drawn}
        free = [block for block in free if block.name not in taken]
    if "valid" not in fixed:
        _put(result, _draw(free, sizes, valid_pct, seed, 1), "valid")
    return {one.key: result.get(one.key, "train") for one in every}


def _alone(every: Sequence[Candidate], valid_pct: float, seed: int, test_pct: float) -> dict[str, str]:
    """The same where every picture is alone, as is usual: four times as fast, for it is done anew at each change."""
    result = {one.key: one.subset for one in every if one.subset}
    fixed = frozenset(result.values())
    free: dict[str, list[str]] = {}
    for one in every:
        if one.subset in ("", "train"):
            result[one.key] = "train"
            free.setdefault(one.label, []).append(one.key)
    draws_valid = "valid" not in fixed
    for keys in free.values():
        size = len(keys)
        if test_pct > 0 and "test" not in fixed:
            keys, drawn = _first(keys, TEST_SEED, _goal(size, size, test_pct, 2 if draws_valid else 1))
            result.update((key, "test") for key in drawn)
        if draws_valid:
            _, drawn = _first(keys, seed, _goal(size, len(keys), valid_pct, 1))
            result.update((key, "valid") for key in drawn)
    return result


def _first(keys: list[str], seed: int, count: int) -> tuple[list[str], list[str]]:
    """The keys that stay, and the `count` first ones by rank."""
    if not count:
        return keys, []
    order = sorted(keys, key=lambda key: (rank(key, seed), key))
    return order[count:], order[:count]


def _goal(size: int, there: int, share: float, keep: int) -> int:
    """How many pictures of a class to draw: its share of all `size`, of those that are `there`, but `keep` of them."""
    return 0 if there <= keep else min(max(1, round(size * share)), there - keep)


def _blocks(every: Sequence[Candidate], groups: Mapping[str, str]) -> list[_Block]:
    """The groups, each named after the first of its keys, so that it does not matter what they are called."""
    blocks: dict[tuple[bool, str], _Block] = {}
    for one in sorted(every, key=lambda one: one.key):
        name = groups.get(one.key)
        place = (False, one.key) if name is None else (True, name)
        block = blocks.get(place)
        if block is None:
            block = blocks[place] = _Block(one.key)
        block.keys.append(one.key)
        block.labels[one.label] = block.labels.get(one.label, 0) + 1
        if one.subset:
            block.fixed.add(one.subset)
    return list(blocks.values())


def _sizes(blocks: Iterable[_Block]) -> dict[str, int]:
    """Class → number of pictures."""
    sizes: dict[str, int] = {}
    for block in blocks:
        for label, count in block.labels.items():
            sizes[label] = sizes.get(label, 0) + count
    return sizes


def _put(result: dict[str, str], blocks: Iterable[_Block], subset: str) -> None:
    result.update((key, subset) for block in blocks for key in block.keys)


def _draw(blocks: Sequence[_Block], sizes: Mapping[str, int], share: float, seed: int, keep: int) -> list[_Block]:
    """Draw a share of each class.

    Args:
        blocks: to draw from.
        sizes: class → number of pictures that the share is of.
        share: 0 to 1.
        seed: decides the order.
        keep: number of blocks of each class that must not be drawn.
    """
    wanted = _Wanted(blocks, sizes, share, keep)
    order = sorted(blocks, key=lambda block: (rank(block.name, seed), block.name))
    drawn = [block for block in order if wanted.take_if(block, wanted.fits(block))]
    taken = {block.name for block in drawn}
    rest = [block for block in order if block.name not in taken]
    rest.sort(key=wanted.change)  # stable: of equals the one that comes first by rank
    more = [block for block in rest if wanted.take_if(block, wanted.change(block) < 0)]
    for label in sorted(wanted.missing()):
        # A class without a picture on this side could not be measured: it gives the block that does least harm.
        able = [block for block in rest if label in block.labels and wanted.may_go(block)]
        if label in wanted.missing() and able:
            more.append(min(able, key=wanted.change))
            wanted.take_if(more[-1], True)
    return [*drawn, *more]


class _Wanted:
    """How many pictures of each class are still wanted, and how many blocks of each are left to give."""

    def __init__(self, blocks: Sequence[_Block], sizes: Mapping[str, int], share: float, keep: int) -> None:
        self._keep = keep
        self._left: dict[str, int] = {}
        for block in blocks:
            for label in block.labels:
                self._left[label] = self._left.get(label, 0) + 1
        there = _sizes(blocks)
        self._goal = {
            label: _goal(sizes[label], there[label], share, keep) if self._left[label] > keep else 0 for label in there
        }
        self._short = dict(self._goal)
        self._taken: set[str] = set()

    def fits(self, block: _Block) -> bool:
        """Whether a block goes beyond no share."""
        return all(count <= self._short[label] for label, count in block.labels.items())

    def change(self, block: _Block) -> int:
        """By how much the shares would be missed more, in pictures; below zero: less."""
        return sum(abs(self._short[label] - n) - abs(self._short[label]) for label, n in block.labels.items())

    def may_go(self, block: _Block) -> bool:
        """Whether it is not taken yet and enough of each of its classes stays."""
        return block.name not in self._taken and all(self._left[label] > self._keep for label in block.labels)

    def take_if(self, block: _Block, wish: bool) -> bool:
        """Take a block that is wished for, if it may go."""
        if not wish or not self.may_go(block):
            return False
        self._taken.add(block.name)
        for label, count in block.labels.items():
            self._short[label] -= count
            self._left[label] -= 1
        return True

    def missing(self) -> frozenset[str]:
        """The classes that should give something and have given nothing."""
        return frozenset(label for label, goal in self._goal.items() if goal and self._short[label] == goal)
