"""A part of the pictures that stands for all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence


def balanced(labels: Sequence[str], most: int, seed: int = 42) -> list[int]:
    """Choose pictures at random, of each class as many as of any other, as far as there are.

    Args:
        labels: the class of each picture.
        most: how many to choose.
        seed: the same choice each time.

    Returns:
        places in `labels`, rising; all of them where there are no more than `most`.
    """
    if len(labels) <= most:
        return list(range(len(labels)))
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    rounds: dict[str, int] = {}
    ranked = []
    for at in order:
        turn = rounds[labels[at]] = rounds.get(labels[at], 0) + 1
        ranked.append((turn, at))
    # The first of each class, then the second of each class, and so on; the sort keeps the shuffled order.
    ranked.sort(key=lambda pair: pair[0])
    return sorted(at for _, at in ranked[:most])
