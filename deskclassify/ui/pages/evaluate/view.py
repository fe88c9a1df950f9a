"""What the Evaluate page shows, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from deskclassify.core import metrics
from deskclassify.core.data_events import Relearned
from deskclassify.core.events import Evaluated, Scored, Verdict

Origin = Literal["valid", "test", "folder"]


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        evaluated: the metrics.
        verdicts: the pictures, highest loss first.
        origin: whose pictures: the run's validation or test pictures, or another folder's.
        folder: that folder; empty for the project's own pictures.
        scored: the same pictures with all probabilities; None where an older run did not keep them.
        live: the last layer was learned anew from labels that have changed; None: the run as it was trained.
    """

    evaluated: Evaluated
    verdicts: tuple[Verdict, ...]
    origin: Origin = "valid"
    folder: str = ""
    scored: Scored | None = None
    live: Relearned | None = None

    @property
    def errors(self) -> int:
        """Number of wrong answers."""
        return self.evaluated.images - self.right

    @property
    def right(self) -> int:
        """Number of right answers."""
        return sum(row[at] for at, row in enumerate(self.evaluated.confusion))

    @cached_property
    def table(self) -> VerdictTable:
        """The verdicts as columns, for questions about all of them."""
        return VerdictTable.of(self.verdicts, self.evaluated.classes)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Path → its place in `verdicts`."""
        return {one.path: at for at, one in enumerate(self.verdicts)}

    def cell(self, actual: str, predicted: str) -> list[str]:
        """Paths of the pictures of a cell of the confusion matrix, highest loss first."""
        number = self.table.number
        if actual not in number or predicted not in number:
            return []
        held = (self.table.actual == number[actual]) & (self.table.predicted == number[predicted])
        return self.paths(np.flatnonzero(held))

    def of_class(self, name: str) -> list[str]:
        """Paths of a class's pictures: the wrong ones first, each part highest loss first."""
        if name not in self.table.number:
            return []
        held = np.flatnonzero(self.table.actual == self.table.number[name])
        return self.paths(held[np.argsort(~self.table.wrong[held], kind="stable")])

    def paths(self, places: np.ndarray) -> list[str]:
        """The paths of verdicts by their places in `verdicts`."""
        return [self.verdicts[at].path for at in places.tolist()]

    def top_k(self, k: int) -> float | None:
        """Top-k accuracy, 0 to 1; None where it says nothing: with no more than k classes, or without probabilities."""
        if self.scored is None or len(self.scored.classes) <= k or not self.verdicts:
            return None
        return float((self._places < k).mean())

    @cached_property
    def _places(self) -> np.ndarray:
        assert self.scored is not None
        number = {name: at for at, name in enumerate(self.scored.classes)}
        labels = np.array([number.get(one.label, -1) for one in self.scored.verdicts], np.int64)
        return metrics.places(self.scored.probabilities, labels)

    @cached_property
    def macro_f1(self) -> float:
        """The mean of the classes' F1, 0 to 1."""
        return metrics.macro(self.evaluated.per_class, "f1")


@dataclass(frozen=True)
class VerdictTable:
    """Verdicts as columns, each `[pictures]`.

    Attributes:
        number: class → its number.
        actual, predicted: int64, numbers of the classes.
        probability: float64, of the predicted class.
        wrong: bool.
    """

    number: dict[str, int]
    actual: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    wrong: np.ndarray

    @classmethod
    def of(cls, verdicts: Sequence[Verdict], classes: Sequence[str]) -> VerdictTable:
        """From verdicts whose labels and predictions are all among the classes."""
        number = {name: at for at, name in enumerate(classes)}
        actual = np.array([number[one.label] for one in verdicts], np.int64)
        predicted = np.array([number[one.predicted] for one in verdicts], np.int64)
        probability = np.array([one.probability for one in verdicts], np.float64)
        return cls(number, actual, predicted, probability, actual != predicted)


@dataclass(frozen=True)
class Choice:
    """Pictures that were chosen by a cell, a bar, a point or a row.

    Attributes:
        title: a few words for a button.
        paths: of the pictures.
        kind: “cell” of the confusion matrix, “map” of the Layers page, or “list” for all others.
    """

    title: str
    paths: tuple[str, ...]
    kind: Literal["cell", "map", "list"] = "list"
