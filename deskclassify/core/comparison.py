"""Two runs side by side: settings, measures, and the pictures whose verdict flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from deskclassify.core import runs
from deskclassify.core.errors import InputError
from deskclassify.core.events import Verdict
from deskclassify.core.metrics import mcnemar
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.run_settings import Setting, compare_settings
from deskclassify.core.runs import RunSummary
from deskclassify.core.words import counted

FlipKind = Literal["fixed", "broken", "changed"]
KINDS: tuple[FlipKind, ...] = ("fixed", "broken", "changed")
Unit = Literal["share", "loss", "count", "seconds"]
_HARDLY_CHANCE = 0.05  # the customary level


@dataclass(frozen=True)
class Metric:
    """A measure of both runs; None where it is not known. Shares are 0 to 1, losses in nats."""

    name: str
    unit: Unit
    first: float | None
    second: float | None


@dataclass(frozen=True)
class Flip:
    """A validation picture of both runs that they judge differently.

    `fixed`: wrong in the first run, right in the second. `broken`: the reverse. `changed`: wrong
    in both, in different ways. Right and wrong are by the label that the run itself was given.
    """

    kind: FlipKind
    path: str
    first: Verdict
    second: Verdict


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    Attributes:
        first, second: the runs.
        settings: all settings; `differing` are those that differ.
        metrics: measures.
        in_both: number of pictures that validate in both runs; only these are compared.
        only_first, only_second: number of validation pictures of one run alone.
        right_first, right_second: right answers on the pictures in both.
        relabelled: number of pictures in both whose label differs.
        flips: fixed ones first, then broken, then changed.
        p_value: chance of a difference in right answers at least this large between equally good networks.
        remarks: sentences about what could not be compared.
    """

    first: RunSummary
    second: RunSummary
    settings: tuple[Setting, ...]
    metrics: tuple[Metric, ...]
    in_both: int = 0
    only_first: int = 0
    only_second: int = 0
    right_first: int = 0
    right_second: int = 0
    relabelled: int = 0
    flips: tuple[Flip, ...] = ()
    p_value: float = 1.0
    remarks: tuple[str, ...] = ()

    @property
    def differing(self) -> tuple[Setting, ...]:
        """The settings that differ."""
        return tuple(one for one in self.settings if one.differs)

    def count(self, kind: FlipKind) -> int:
        """Number of flips of a kind."""
        return sum(one.kind == kind for one in self.flips)


def compare(first: RunFolder, second: RunFolder) -> Comparison:
    """Compare two runs; what only one of them has is left out, and `remarks` say so.

    Raises:
        InputError: it is one and the same run, or one is no run folder or damaged.
    """
    if first.path.resolve() == second.path.resolve():
        raise InputError("This is one and the same run. Choose two different ones.")
    settings = compare_settings(first.info().raw, second.info().raw)
    remarks: list[str] = []
    left, right = _verdicts(first, remarks), _verdicts(second, remarks)
    pairs = [(left[path], right[path]) for path in left if path in right]
    flips = sorted(filter(None, map(_flip, pairs)), key=lambda one: (KINDS.index(one.kind), one.path))
    count = {kind: sum(one.kind == kind for one in flips) for kind in KINDS}
    lines = runs.summarise(first), runs.summarise(second)
    return Comparison(
        first=lines[0],
        second=lines[1],
        settings=settings,
        metrics=(
            *_measured("", list(left.values()), list(right.values())),
            *_measured(", pictures in both", [one for one, _ in pairs], [one for _, one in pairs]),
            *_recalls(pairs),
            *_costs(*lines),
        ),
        in_both=len(pairs),
        only_first=len(left) - len(pairs),
        only_second=len(right) - len(pairs),
        right_first=sum(_is_right(one) for one, _ in pairs),
        right_second=sum(_is_right(one) for _, one in pairs),
        relabelled=sum(one.label != other.label for one, other in pairs),
        flips=tuple(flips),
        p_value=mcnemar(count["fixed"], count["broken"]),
        remarks=tuple(remarks),
    )


def _verdicts(run: RunFolder, remarks: list[str]) -> dict[str, Verdict]:
    """Path → verdict; a sentence is added to the remarks if there are none."""
    try:
        return {one.path: one for one in run.predictions()}
    except InputError as error:
        remarks.append(error.sentence)
        return {}


def _is_right(one: Verdict) -> bool:
    return one.label == one.predicted


def _flip(pair: tuple[Verdict, Verdict]) -> Flip | None:
    first, second = pair
    before, after = _is_right(first), _is_right(second)
    if before != after:
        return Flip("fixed" if after else "broken", first.path, first, second)
    if not before and first.predicted != second.predicted:
        return Flip("changed", first.path, first, second)
    return None


# -- measures -------------------------------------------------------------------------------------


def _measured(where: str, first: Sequence[Verdict], second: Sequence[Verdict]) -> tuple[Metric, ...]:
    return (
        Metric(f"Accuracy{where}", "share", _accuracy(first), _accuracy(second)),
        Metric(f"Mean loss{where}", "loss", _loss(first), _loss(second)),
    )


def _accuracy(verdicts: Sequence[Verdict]) -> float | None:
    return fmean(map(_is_right, verdicts)) if verdicts else None


def _loss(verdicts: Sequence[Verdict]) -> float | None:
    return fmean(one.loss for one in verdicts) if verdicts else None


def _recalls(pairs: Sequence[tuple[Verdict, Verdict]]) -> list[Metric]:
    """The share of each class that is found, among the pictures in both."""
    found: dict[str, tuple[list[Verdict], list[Verdict]]] = {}
    for pair in pairs:
        for side, one in enumerate(pair):
            found.setdefault(one.label, ([], []))[side].append(one)
    return [
        Metric(f"Recall of “{label}”, pictures in both", "share", _accuracy(first), _accuracy(second))
        for label, (first, second) in sorted(found.items())
    ]


def _costs(first: RunSummary, second: RunSummary) -> tuple[Metric, ...]:
    return (
        Metric("Pictures to learn from", "count", first.train_images, second.train_images),
        Metric("Pictures to check with", "count", first.valid_images, second.valid_images),
        Metric("Best epoch", "count", first.best_epoch, second.best_epoch),
        Metric("Duration", "seconds", first.seconds, second.seconds),
    )


# -- in words -------------------------------------------------------------------------------------


def in_words(found: Comparison) -> str:
    """What came of it, in a few sentences."""
    if not found.in_both:
        reason = " ".join(found.remarks) or "No picture validates in both runs, so that no verdicts can be compared."
        return f"{reason} The settings are compared below."
    parts = [_gain(found)]
    if found.only_first or found.only_second:
        parts.append(
            f"The runs were split differently: {counted(found.only_first, 'picture')} of the first and "
            f"{counted(found.only_second, 'picture')} of the second validate in one of them only and are left out."
        )
    if found.relabelled:
        parts.append(f"{counted(found.relabelled, 'picture')} had another class in the second run.")
    return " ".join(parts)


def _gain(found: Comparison) -> str:
    fixed, broken = found.count("fixed"), found.count("broken")
    gain = found.right_second - found.right_first
    where = f"of the {counted(found.in_both, 'picture')} that validate in both"
    if not fixed and not broken:
        return f"Both are right on the same {found.right_first:,} {where}."
    changes = f"{fixed:,} fixed, {broken:,} broken"
    if not gain:
        return f"Both are right on {found.right_first:,} {where}, but not on the same ones: {changes}."
    more = f"“{found.second.title}” is right on {abs(gain):,} {'more' if gain > 0 else 'fewer'} {where}: {changes}."
    if found.p_value < _HARDLY_CHANCE:
        return f"{more} A difference of this size is hardly chance (p = {found.p_value:.2g})."
    return f"{more} That may well be chance (p = {found.p_value:.2f}); more validation pictures would tell."
