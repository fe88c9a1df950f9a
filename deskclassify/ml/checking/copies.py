"""Copies of pictures: the same bytes, the same pixels, resized, saved anew, mirrored or turned; and near copies.

Three sieves, each finer and dearer than the one before. First the low frequencies without their signs, which do not
change when a picture is mirrored or turned: one number for each pair. Then the features of the network: many different
things on a plain background have the same low frequencies. Last the small pictures themselves, in all eight positions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deskclassify.core.copies import united
from deskclassify.core.data_events import DataProblem, ProblemKind
from deskclassify.core.sources import Item
from deskclassify.core.words import counted
from deskclassify.ml.checking.hashing import FLAT, LOW, frequencies
from deskclassify.ml.checking.space import cosines, directions, pairs_above

# Chosen between planted copies and different pictures of TrashNet; see docs/mending.md and benchmarks/duplicates.py.
_LIKE_FREQUENCIES = 0.97  # cosine
_SAME_FREQUENCIES = 0.998  # cosine; from here on the features are hardly asked: small copies have lost much of theirs
_RULES = ((0.992, 0.25), (0.95, 0.85))  # least correlation of the pixels, least cosine of the features
_LEAST_FEATURES = _RULES[1][1]
_GREY = np.array((0.299, 0.587, 0.114), np.float32)
_AT_ONCE, _COSINES_AT_ONCE = 512, 1 << 15  # pairs
_SMALL_AT_ONCE = 2048  # pictures
_SIDES = {"train": "training", "valid": "validation", "test": "the last test"}
_POSITIONS = ("", "turned by 90°", "upside down", "turned by 270°")


@dataclass(frozen=True)
class Pair:
    """Two pictures that are copies.

    Attributes:
        first, second: their numbers.
        likeness: correlation of the pixels, up to 1.
        mirrored: whether one is a mirror image of the other.
        quarter_turns: by which one is turned, 0 to 3.
    """

    first: int
    second: int
    likeness: float
    mirrored: bool = False
    quarter_turns: int = 0

    @property
    def upright(self) -> bool:
        """Whether both show the same the same way round."""
        return not self.mirrored and not self.quarter_turns


def exact(digests: Sequence[str], same: np.ndarray) -> np.ndarray:
    """Which pictures are the same: in their bytes, or in their pixels and size.

    Args:
        digests: of the bytes.
        same: digests of the pixels, uint64 `[pictures]`.

    Returns:
        int64 `[pictures]`: the number of the first picture of each group.
    """
    first_of: dict[str | int, int] = {}
    result = np.arange(len(digests))
    for at, (digest, pixels) in enumerate(zip(digests, same.tolist(), strict=True)):
        first = min(first_of.setdefault(digest, at), first_of.setdefault(pixels, at))
        result[at] = result[first]
    return result


def find(rows: np.ndarray, groups: np.ndarray, vectors: np.ndarray) -> Iterator[int | list[Pair]]:
    """Find the pairs of different files that show the same.

    Args:
        rows: `looks.ROW` `[pictures]`.
        groups: see `exact`; only the first of each group is compared.
        vectors: features, float32 `[pictures, length]`, of length 1.

    Yields:
        the number of pictures done, and in the end the pairs.
    """
    places = np.flatnonzero(groups == np.arange(len(groups)))
    small = rows["small"][places]
    told = np.empty((len(small), 2 * LOW * LOW), np.float32)
    for start in range(0, len(small), _SMALL_AT_ONCE):
        part = slice(start, start + _SMALL_AT_ONCE)
        told[part] = _signless(small[part], rows["spread"][places[part]])
        yield 0
    found: list[Pair] = []
    for done, first, second, likeness in pairs_above(told, _LIKE_FREQUENCIES):
        for start in range(0, len(first), _COSINES_AT_ONCE):
            part = slice(start, start + _COSINES_AT_ONCE)
            features = cosines(vectors, places[first[part]], places[second[part]])
            kept = np.flatnonzero((features >= _LEAST_FEATURES) | (likeness[part] >= _SAME_FREQUENCIES))
            for at in range(0, len(kept), _AT_ONCE):
                chosen = kept[at : at + _AT_ONCE]
                found += _compared(small, first[part][chosen], second[part][chosen], features[chosen], places)
                yield done
        yield done
    yield found


def _signless(small: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Directions that are the same for a picture, its mirror images and what a turn makes of it; 0 of flat ones."""
    values = np.abs(frequencies(small @ _GREY))
    values[:, 0, 0] = 0.0
    turned = values.transpose(0, 2, 1)
    told = np.concatenate((values + turned, np.abs(values - turned)), axis=1).reshape(-1, 2 * LOW * LOW)
    told[spread < FLAT] = 0.0
    return directions(told)


def _compared(
    small: np.ndarray, first: np.ndarray, second: np.ndarray, features: np.ndarray, places: np.ndarray
) -> list[Pair]:
    left, right = _centred(small[first]), _centred(small[second])
    likeness = np.stack([np.einsum("nhwc,nhwc->n", left, turned) for turned in _positions(right)])
    best, best_at = likeness.max(axis=0), likeness.argmax(axis=0)
    agree = [(best >= pixels) & (features >= least) for pixels, least in _RULES]
    kept = np.flatnonzero(np.any(agree, axis=0))
    numbers = zip(places[first[kept]].tolist(), places[second[kept]].tolist(), strict=True)
    ways = zip(best[kept].tolist(), best_at[kept].tolist(), strict=True)
    return [Pair(*pair, likeness, bool(way % 2), way // 2) for pair, (likeness, way) in zip(numbers, ways, strict=True)]


def _positions(pictures: np.ndarray) -> Iterator[np.ndarray]:
    """All eight ways in which a picture can lie, mirrored ones second."""
    for turns in range(4):
        turned = np.rot90(pictures, turns, axes=(1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _centred(pictures: np.ndarray) -> np.ndarray:
    values = pictures.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nhwc,nhwc->n", values, values))
    return np.asarray(values / np.maximum(length, 1e-6)[:, None, None, None])


class Copies:
    """Groups of copies, and what is told of them.

    Args:
        items: all pictures.
        rows: `looks.ROW` `[pictures]`.
        groups: see `exact`.
        pairs: see `find`.
    """

    def __init__(self, items: Sequence[Item], rows: np.ndarray, groups: np.ndarray, pairs: Sequence[Pair]) -> None:
        self._items = items
        self._rows = rows
        members: dict[int, list[int]] = defaultdict(list)
        for at, first in enumerate(groups.tolist()):
            members[first].append(at)
        self._equal = [self._best_first(group) for group in members.values() if len(group) > 1]
        self._pairs = defaultdict(list)
        tied = [*members.values(), *((pair.first, pair.second) for pair in pairs)]
        self.together = [self._best_first(group) for group in united(tied) if len(group) > 1]
        number = {at: n for n, group in enumerate(self.together) for at in group}
        for pair in pairs:
            self._pairs[number[pair.first]].append(pair)

    def numbers(self) -> np.ndarray:
        """The number of the best picture of each one's group of copies, int64 `[pictures]`."""
        result = np.arange(len(self._items))
        for group in self.together:
            result[group] = group[0]
        return result

    def problems(self) -> list[DataProblem]:
        """Duplicates, near and mirrored ones; those with different labels first."""
        found = [self._problem("duplicate", group, 0.999, self._equal_text(group)) for group in self._equal]
        for number, pairs in self._pairs.items():
            kind: ProblemKind = "near" if all(pair.upright for pair in pairs) else "mirrored"
            likeness = sum(pair.likeness for pair in pairs) / len(pairs)
            group = self.together[number]
            found.append(self._problem(kind, group, min(0.999, likeness), self._near_text(group, pairs)))
        return sorted(found, key=lambda problem: -problem.score)

    def paths_of_leaks(self, subset_of: Callable[[Item], str]) -> frozenset[str]:
        """The pictures outside training that have a copy in it.

        Args:
            subset_of: says where a picture is; empty for nowhere.
        """
        groups = ([self._items[at] for at in group] for group in self._torn(subset_of))
        leaking = (item for group in groups if any(subset_of(one) == "train" for one in group) for item in group)
        return frozenset(item.path for item in leaking if subset_of(item) not in ("", "train"))

    def leak_problems(self) -> list[DataProblem]:
        """Leaks of the split as it is now."""
        found = []
        for group in self._torn(lambda item: item.subset):
            subsets = [self._items[at].subset for at in group]
            told = [(name, subsets.count(subset)) for subset, name in _SIDES.items()]
            text = " and ".join(f"{count:,} for {name}" for name, count in told if count)
            reason = (
                f"Copies on both sides of the split, {text}: they are answered from memory, and the accuracy looks "
                "better than it is."
            )
            found.append(self._problem("leak", group, 0.98, reason))
        return sorted(found, key=lambda problem: -problem.score)

    def _torn(self, subset_of: Callable[[Item], str]) -> list[list[int]]:
        """The groups that lie in more than one subset."""
        subsets = [{subset_of(self._items[at]) for at in group} - {""} for group in self.together]
        return [group for group, found in zip(self.together, subsets, strict=True) if len(found) > 1]

    def _problem(self, kind: ProblemKind, group: Sequence[int], score: float, reason: str) -> DataProblem:
        labels = sorted({self._items[at].label for at in group} - {""})
        if len(labels) > 1:
            score, reason = 1.0, f"{reason} They are labelled {' and '.join(labels)}: not all of that can be right."
        keys, paths = (tuple(getattr(self._items[at], name) for at in group) for name in ("key", "path"))
        return DataProblem(kind, keys, paths, score, reason)

    def _equal_text(self, group: Sequence[int]) -> str:
        one = self._rows[group[0]]
        return f"The same picture in {counted(len(group), 'file')}, {one['width']} × {one['height']} pixels."

    def _near_text(self, group: Sequence[int], pairs: Sequence[Pair]) -> str:
        least = min(pair.likeness for pair in pairs)
        ways = sorted({_way(pair) for pair in pairs if not pair.upright})
        seen = "Nearly the same picture" if not ways else f"The same picture, {' or '.join(ways)}"
        sizes = sorted({(int(self._rows[at]["width"]), int(self._rows[at]["height"])) for at in group}, reverse=True)
        shown = " and ".join(f"{width} × {height}" for width, height in sizes[:3])
        likeness = "over 99.9" if least > 0.999 else f"{least * 100:.1f}"
        return f"{seen}: the pixels agree to {likeness} %; {counted(len(group), 'file')} of {shown} pixels."

    def _best_first(self, group: Sequence[int]) -> list[int]:
        def worth(at: int) -> tuple[int, int, int, str]:
            row, item = self._rows[at], self._items[at]
            # A picture with a class before one without; then the largest.
            return -bool(item.label), -int(row["width"]) * int(row["height"]), -int(row["bytes"]), item.key

        return sorted(group, key=worth)


def _way(pair: Pair) -> str:
    turned = _POSITIONS[pair.quarter_turns]
    if not pair.mirrored:
        return turned
    return f"mirrored and {turned}" if turned else "mirrored"
