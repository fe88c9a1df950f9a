"""What the Curves tab says, and which pictures lie behind a point of a curve: no widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deskclassify.core.events import Scored
from deskclassify.core.words import counted, percent
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate.words import short

HINT = "Click a point of a curve: you see which pictures are missed there, and which are false alarms."


@dataclass(frozen=True)
class Outcome:
    """What a threshold comes to, for one class.

    Attributes:
        title: a few words for a button.
        sentence: the numbers in words.
        missed: paths of the class's pictures below the threshold, the least likely first.
        alarms: paths of other pictures from the threshold on, the likeliest first.
    """

    title: str
    sentence: str
    missed: tuple[str, ...]
    alarms: tuple[str, ...]


def outcome(scored: Scored, name: str, threshold: float) -> Outcome:
    """Which pictures are missed, and which are false alarms, if a class is answered from a probability on.

    Raises:
        ValueError: the class is none of the model's.
    """
    chances = scored.probabilities[:, scored.classes.index(name)]
    of_class = np.array([one.label == name for one in scored.verdicts], bool)
    said = chances >= threshold
    order = np.argsort(chances, kind="stable")
    missed = [scored.verdicts[at].path for at in order[(of_class & ~said)[order]].tolist()]
    alarms = [scored.verdicts[at].path for at in order[(said & ~of_class)[order]][::-1].tolist()]
    total = int(of_class.sum())
    found = total - len(missed)
    if not np.isfinite(threshold):
        sentence = f"If nothing is taken for “{name}”, all {counted(total, 'picture')} of it are missed."
        return Outcome(f"{short(name)}: none", sentence, tuple(missed), ())
    sentence = (
        f"“{name}” from {percent(threshold)} on: {found:,} of {counted(total, 'picture')} found, "
        f"{len(missed):,} missed, {counted(len(alarms), 'false alarm')}."
    )
    return Outcome(f"{short(name)} from {percent(threshold)}", sentence, tuple(missed), tuple(alarms))


def legend(name: str, area: float) -> str:
    """A curve in the legend: its class and the area beneath it."""
    return f"{short(name)} {area:.3f}".replace(" ", "\N{NO-BREAK SPACE}")


def colors(classes: Sequence[str], drawn: Sequence[str]) -> dict[str, str]:
    """The colours of the curves: those of the classes, as everywhere, as long as no two of them are the same."""
    if len(classes) <= len(theme.CLASS_COLORS):
        return {name: theme.class_color(classes.index(name)) for name in drawn}
    return {name: theme.class_color(at) for at, name in enumerate(drawn)}
