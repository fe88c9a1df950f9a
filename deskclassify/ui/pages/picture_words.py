"""What the window with one picture says: no widgets here."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from deskclassify.core.events import Verdict
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.widgets.probability_bars import Bar

if TYPE_CHECKING:
    # The page that shows the dialog imports this module.
    from deskclassify.ui.pages.evaluate.view import View

_SAME = 0.0005  # accuracies that look the same with one decimal place


class Answers:
    """What a network says of pictures, found by their paths.

    Args:
        view: of the Evaluate page; None for nothing.
    """

    def __init__(self, view: View | None) -> None:
        self.view = view

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """By path."""
        return {one.path: one for one in self.view.verdicts} if self.view is not None else {}

    @cached_property
    def _rows(self) -> dict[str, int]:
        scored = self.view.scored if self.view is not None else None
        return {one.path: row for row, one in enumerate(scored.verdicts)} if scored is not None else {}

    def likely(self, path: str) -> list[str]:
        """All classes, the likeliest first; none where the probabilities are not known."""
        scored = self.view.scored if self.view is not None else None
        if scored is None or path not in self._rows:
            return []
        row = scored.probabilities[self._rows[path]]
        return [scored.classes[at] for at in np.argsort(-row, kind="stable")]

    def bars(self, path: str, label: str, most: int) -> tuple[Bar, ...]:
        """The likeliest classes with their probabilities; the label is among them, if the network knows it."""
        scored = self.view.scored if self.view is not None else None
        names = self.likely(path)
        if scored is None or not names:
            return ()
        shown = names[:most]
        if label in names and label not in shown:
            shown[-1] = label
        row = scored.probabilities[self._rows[path]]
        values = [float(row[scored.classes.index(name)]) for name in shown]
        return tuple(
            Bar(name, value, percent(value), self.color(name), strong=name == names[0])
            for name, value in zip(shown, values, strict=True)
        )

    def color(self, name: str) -> str:
        """The colour of a class; empty where it has none."""
        classes = self.view.evaluated.classes if self.view is not None else ()
        return theme.class_color(classes.index(name)) if name in classes else ""


def answer(verdict: Verdict | None, label: str, is_out: bool) -> tuple[str, str]:
    """What the network has made of a picture, and the palette's name of the colour to say it in."""
    if is_out:
        return f"Left out; it was labelled “{label}”", "warn"
    if verdict is None:
        return f"Labelled “{label}”" if label else "Without a class", "text"
    if label == verdict.predicted:
        return f"Recognised as “{label}”", "good"
    return f"Taken for “{verdict.predicted}”, but labelled “{label}”", "bad"


def numbers(verdict: Verdict | None, is_learned: bool) -> str:
    """How sure the network is, of a picture that it has not learned from."""
    if verdict is None:
        if not is_learned:
            return ""
        return "The network has learned from this picture, so that what it says of it would tell nothing."
    chance = f"The network gives “{verdict.predicted}” a probability of {percent(verdict.probability)}."
    return f"{chance} Loss: {verdict.loss:.3f}"


def accuracy(view: View | None) -> float | None:
    """0 to 1; None where nothing was measured."""
    return view.evaluated.accuracy if view is not None and view.evaluated.images else None


def moved(before: float | None, after: float | None) -> tuple[str, str]:
    """How the accuracy has moved since the window was opened, and the role of that."""
    if after is None:
        return "", "muted"
    if before is None or abs(after - before) < _SAME:
        return f"Accuracy {100 * after:.1f} %", "muted"
    return f"Accuracy {100 * before:.1f} → {100 * after:.1f} %", "good" if after > before else "bad"
