"""The seeded, stratified validation split: a pure function of keys, labels and seed.

The same seed gives the same split on any machine and in any folder order, because each picture
is ranked by a hash of the seed and its own key (its path below the data folder), never by the
order of a listing or by a random generator's state.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A picture to be put on one side: its key, its class, and its subset where that is fixed."""

    key: str
    label: str
    subset: str = ""


def rank(key: str, seed: int) -> str:
    """A number without pattern, as hexadecimal text, that only the key and the seed decide."""
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()


def assign(candidates: Iterable[Candidate], valid_pct: float, seed: int) -> dict[str, str]:
    """Give each key its subset, `train`, `valid` or `test`.

    Fixed subsets are kept. Where any picture is fixed to `valid`, nothing else is drawn for
    validation; otherwise each class gives its share, at least one picture on each side where
    it has two. The only picture of a class is for training.

    Args:
        candidates: in any order; keys are unique.
        valid_pct: share of each class for validation, 0 < valid_pct < 1.
        seed: any integer.
    """
    every = list(candidates)
    result = {one.key: one.subset for one in every if one.subset}
    fixed = "valid" in result.values()
    free: dict[str, list[str]] = defaultdict(list)
    for one in every:
        if not one.subset or (one.subset == "train" and not fixed):
            free[one.label].append(one.key)
    for keys in free.values():
        keys.sort(key=lambda key: (rank(key, seed), key))
        count = 0 if fixed or len(keys) < 2 else min(max(1, round(len(keys) * valid_pct)), len(keys) - 1)
        result.update((key, "valid" if at < count else "train") for at, key in enumerate(keys))
    return result
