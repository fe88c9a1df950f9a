"""Classes of unequal size: what is done about them in training, chosen from the counts and said.

A network that sees one class ten times as often as another learns to guess the frequent one.
Two remedies are offered, both so strong that all classes count alike in sum:

* sampling: an epoch has as many pictures as before, but those of rare classes come up more often
  and those of frequent ones less often;
* weights: every picture comes up once, and the loss of those of rare classes is multiplied.

In the comparison of Buda, Maki and Mazurowski 2018, https://arxiv.org/abs/1710.05381, showing rare
classes more often was the best or as good as the best remedy at every imbalance, and did not lead
convolutional networks to overfit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from deskclassify.core.requests import Balance

_ACT_FROM = 3.0  # largest class divided by smallest
_SAMPLE_FROM = 10.0


@dataclass(frozen=True)
class BalancePlan:
    """What is done about unequal classes.

    Attributes:
        kind: what, with `auto` resolved.
        sentence: why, for the user.
        weights: of a picture of each class, in the order of the counts; their mean over all pictures is 1.
            For `sampling` how often it comes up in an epoch, for `weights` the factor of its loss.
    """

    kind: Literal["none", "sampling", "weights"]
    sentence: str
    weights: tuple[float, ...]


def plan(counts: Mapping[str, int], wanted: Balance) -> BalancePlan:
    """Choose a remedy for the sizes of the classes.

    `auto` leaves classes alone whose sizes differ by less than a factor of 3; up to 10 it weighs,
    which uses every picture in each epoch; beyond, weights would make single pictures of the
    rarest class drown the rest of their batch, and it samples.

    Args:
        counts: class → training pictures.
        wanted: what the user has chosen.
    """
    present = {name: count for name, count in counts.items() if count > 0}
    kind = wanted if wanted != "auto" else _remedy(present)
    if kind == "none" or len(present) < 2:
        return BalancePlan("none", _sizes(present) + " Each picture counts alike.", (1.0,) * len(counts))
    share = sum(present.values()) / len(present)
    weights = tuple(share / count if count else 1.0 for count in counts.values())
    done = {"sampling": "pictures of rarer classes are shown more often", "weights": "rarer classes weigh more"}
    return BalancePlan(kind, f"{_sizes(present)} So that all classes count alike, {done[kind]}.", weights)


def _remedy(present: Mapping[str, int]) -> Literal["none", "sampling", "weights"]:
    ratio = max(present.values()) / min(present.values()) if present else 1.0
    if ratio < _ACT_FROM:
        return "none"
    return "weights" if ratio < _SAMPLE_FROM else "sampling"


def _sizes(present: Mapping[str, int]) -> str:
    if not present:
        return "There are no training pictures."
    small, large = min(present, key=present.__getitem__), max(present, key=present.__getitem__)
    fewest, most = present[small], present[large]
    if most < 1.5 * fewest:
        return "The classes are of about the same size."
    factor = f"{most / fewest:.1f}" if most < 10 * fewest else f"{most / fewest:,.0f}"
    return f"“{large}” has {factor} times as many training pictures as “{small}” ({most:,} to {fewest:,})."
