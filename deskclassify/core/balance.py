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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from deskclassify.core.events import Verdict
from deskclassify.core.requests import Balance

_ACT_FROM = 3.0  # largest class divided by smallest
_SAMPLE_FROM = 10.0
_MOST_NAMED = 3  # classes
_HARM_FROM = 0.05  # by which the recall of small classes is lower


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


def effect(counts: Mapping[str, int], verdicts: Iterable[Verdict]) -> str:
    """What unequal classes have come to in a run, in a sentence: how often small and large ones were recognised.

    A class is small that has less than a third of the pictures of the largest. The recalls of the classes are
    averaged, each class counting alike.

    Args:
        counts: class → training pictures.
        verdicts: what the run says of its validation pictures.

    Returns:
        empty where no class is small, or one side was not measured.
    """
    most = max(counts.values(), default=0)
    small = {name for name, count in counts.items() if 0 < count * _ACT_FROM < most}
    seen: dict[str, list[int]] = {}
    for one in verdicts:
        tally = seen.setdefault(one.label, [0, 0])
        tally[0] += one.label == one.predicted
        tally[1] += 1
    recalls = {name: right / total for name, (right, total) in seen.items() if name in counts}
    few = [recalls[name] for name in recalls if name in small]
    many = [recalls[name] for name in recalls if name not in small]
    if not few or not many:
        return ""
    low, high = sum(few) / len(few), sum(many) / len(many)
    named = sorted(small & recalls.keys(), key=lambda name: (counts[name], name))
    names = ", ".join(f"“{name}”" for name in named[:_MOST_NAMED])
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    classes = f"class {names}" if len(named) == 1 else f"classes {names}{more}"
    harm = (
        " More pictures of them help most." if high - low > _HARM_FROM else " So the unequal sizes have done no harm."
    )
    return f"Recognised in this run: {low:.0%} of the small {classes}, {high:.0%} of the others.{harm}".replace(
        "%", " %"
    )


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
