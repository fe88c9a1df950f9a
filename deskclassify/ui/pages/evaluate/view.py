"""What the Evaluate page shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

    def cell(self, actual: str, predicted: str) -> list[str]:
        """Paths of the pictures of a cell of the confusion matrix."""
        return [one.path for one in self.verdicts if (one.label, one.predicted) == (actual, predicted)]


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
