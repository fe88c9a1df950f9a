"""ROC and precision-recall curves, one class against the rest. Plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Counted:
    """How many answers “yes, it is this class” are right and wrong, for each threshold.

    Attributes:
        thresholds: float64 `[n]`, falling; the answer is yes from this probability on. The first is above all.
        found: int64 `[n]`, yes and right (true positives).
        alarms: int64 `[n]`, yes and wrong (false positives).
        positives: number of pictures of the class; negatives: of all others.
    """

    thresholds: Floats
    found: Ints
    alarms: Ints
    positives: int
    negatives: int

    @property
    def recall(self) -> Floats:
        """The share of the class's pictures that is found, float64 `[n]`; NaN where it has none."""
        return _share(self.found, self.positives)

    @property
    def false_alarm_rate(self) -> Floats:
        """The share of the other pictures that is taken for the class, float64 `[n]`; NaN where there are none."""
        return _share(self.alarms, self.negatives)

    @property
    def precision(self) -> Floats:
        """The share of the yes-answers that is right, float64 `[n]`; 1 at the first point, where there are none."""
        yes = self.found + self.alarms
        return np.where(yes > 0, self.found / np.maximum(yes, 1), 1.0)

    @property
    def auc(self) -> float:
        """Area under the ROC curve, 0 to 1; NaN where there are only positives or only negatives.

        The chance that a picture of the class gets a higher probability than another picture, ties counting half
        (Hanley & McNeil, 1982; Fawcett, “An introduction to ROC analysis”, 2006). Exact, by the trapezoidal rule.
        """
        if not self.positives or not self.negatives:
            return float("nan")
        steps = np.diff(self.alarms) * (self.found[1:] + self.found[:-1])
        return float(steps.sum()) / (2.0 * self.positives * self.negatives)

    @property
    def average_precision(self) -> float:
        """Mean of the precision over the found pictures, 0 to 1; NaN where the class has no pictures.

        Σ (recallₙ − recallₙ₋₁) · precisionₙ, without interpolation, which would flatter the curve
        (Davis & Goadrich, “The relationship between precision-recall and ROC curves”, 2006).
        """
        if not self.positives:
            return float("nan")
        return float((np.diff(self.found) * self.precision[1:]).sum()) / self.positives


def count(scores: np.ndarray, positive: np.ndarray) -> Counted:
    """Count for every threshold that makes a difference; pictures of one score come together.

    Args:
        scores: float `[pictures]`, the probability of the class.
        positive: bool `[pictures]`, whether the picture is of the class.
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], np.asarray(positive, dtype=bool)[order]
    last = np.flatnonzero(np.diff(sorted_scores, append=-np.inf) != 0) if len(order) else np.empty(0, np.int64)
    found = np.cumsum(hits, dtype=np.int64)[last]
    begin = np.zeros(1, np.int64)
    return Counted(
        thresholds=np.concatenate([[np.inf], sorted_scores[last].astype(np.float64)]),
        found=np.concatenate([begin, found]),
        alarms=np.concatenate([begin, last + 1 - found]),
        positives=int(hits.sum()),
        negatives=int(len(hits) - hits.sum()),
    )


def macro_roc(curves: list[Counted], points: int = 201) -> tuple[Floats, Floats]:
    """The mean of several ROC curves: at each false-alarm rate, the mean of the recalls.

    The macro average of Fawcett, 2006 (“vertical averaging”): small classes count as much as large ones.

    Returns:
        false-alarm rates and recalls, float64 `[points]` each; empty where no curve can be drawn.
    """
    grid = np.linspace(0.0, 1.0, points)
    usable = [one for one in curves if one.positives and one.negatives]
    if not usable:
        return np.empty(0), np.empty(0)
    mean = np.mean([np.interp(grid, one.false_alarm_rate, one.recall) for one in usable], axis=0)
    return np.concatenate([[0.0], grid]), np.concatenate([[0.0], mean])


def macro_precision_recall(curves: list[Counted], points: int = 201) -> tuple[Floats, Floats]:
    """The mean of several precision-recall curves: at each recall, the mean of the precisions.

    A curve's precision at a recall is that of the first threshold which reaches the recall.

    Returns:
        recalls and precisions, float64 `[points]` each; empty where no curve can be drawn.
    """
    grid = np.linspace(0.0, 1.0, points)
    usable = [one for one in curves if one.positives]
    if not usable:
        return np.empty(0), np.empty(0)
    rows = []
    for one in usable:
        # The smallest recall above 0 belongs to a threshold; at 0 itself nothing was said yet.
        first = np.searchsorted(one.found, np.maximum(1, np.ceil(grid * one.positives - 1e-9)), side="left")
        rows.append(one.precision[first])
    return grid, np.mean(rows, axis=0)


def micro(probabilities: np.ndarray, labels: np.ndarray) -> Counted:
    """All classes in one: every pair of a picture and a class is a yes-or-no question.

    Args:
        probabilities: float `[pictures, classes]`.
        labels: integers `[pictures]`; what is none of the classes is negative.
    """
    classes = probabilities.shape[1]
    return count(probabilities.ravel(), (np.asarray(labels)[:, None] == np.arange(classes)).ravel())


def thinned(curve: Counted, most: int = 400) -> Ints:
    """Numbers of the points that draw a curve well enough, int64, rising: corners first, both ends always.

    Points on a straight stretch of the ROC curve are left out; of more than `most` corners, evenly many.
    """
    rises, runs = np.diff(curve.found), np.diff(curve.alarms)
    turns = rises[1:] * runs[:-1] != rises[:-1] * runs[1:]
    kept = np.concatenate([[True], turns, [True]]) if len(rises) else np.ones(len(curve.found), bool)
    numbers = np.flatnonzero(kept)
    if len(numbers) > most:
        numbers = numbers[np.unique(np.rint(np.linspace(0, len(numbers) - 1, most)).astype(np.int64))]
    return numbers.astype(np.int64)


def _share(counts: Ints, total: int) -> Floats:
    return counts / total if total else np.full(len(counts), np.nan)
