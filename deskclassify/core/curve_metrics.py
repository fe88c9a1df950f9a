"""ROC and precision-recall curves, one class against the rest. Plain numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


def recall_at(curve: Counted, rates: Floats) -> Floats:
    """The recall at false-alarm rates, float64 as `rates`: on the straight line between two thresholds.

    There must be positives and negatives.
    """
    return np.interp(rates, curve.false_alarm_rate, curve.recall)


def precision_at(curve: Counted, recalls: Floats) -> Floats:
    """The precision at recalls, float64 as `recalls`: of the first threshold that reaches the recall.

    There must be positives. At recall 0 it is that of the first picture found.
    """
    wanted = np.maximum(1, np.ceil(recalls * curve.positives - 1e-9))
    return curve.precision[np.searchsorted(curve.found, wanted, side="left")]


class Macro:
    """The mean of several classes' curves, each of which counts the same; they are added one by one.

    ROC curves are averaged at the same false-alarm rates (“vertical averaging”, Fawcett, 2006), precision-recall
    curves at the same recalls. Classes without pictures are left out, and so is one that all pictures belong to.

    Attributes:
        grid: float64 `[points]`, the false-alarm rates and the recalls, 0 to 1.
    """

    def __init__(self, points: int = 201) -> None:
        self.grid: Floats = np.linspace(0.0, 1.0, points)
        self._recalls, self._precisions = np.zeros(points), np.zeros(points)
        self._areas: list[tuple[float, float]] = []

    def add(self, curve: Counted) -> None:
        """Take a class into account."""
        if curve.positives and curve.negatives:
            self._recalls += recall_at(curve, self.grid)
            self._precisions += precision_at(curve, self.grid)
            self._areas.append((curve.auc, curve.average_precision))

    @property
    def classes(self) -> int:
        """Number of classes that count."""
        return len(self._areas)

    @property
    def recalls(self) -> Floats:
        """Mean recalls at the false-alarm rates of `grid`, float64 `[points]`; NaN without classes."""
        return self._mean(self._recalls)

    @property
    def precisions(self) -> Floats:
        """Mean precisions at the recalls of `grid`, float64 `[points]`; NaN without classes."""
        return self._mean(self._precisions)

    @property
    def auc(self) -> float:
        """Mean of the AUC; NaN without classes."""
        return float(np.mean([one for one, _ in self._areas])) if self._areas else float("nan")

    @property
    def average_precision(self) -> float:
        """Mean of the average precision; NaN without classes."""
        return float(np.mean([two for _, two in self._areas])) if self._areas else float("nan")

    def _mean(self, total: Floats) -> Floats:
        return total / self.classes if self._areas else np.full(len(total), np.nan)


def micro(probabilities: np.ndarray, labels: np.ndarray) -> Counted:
    """All classes in one: every pair of a picture and a class is a yes-or-no question.

    Args:
        probabilities: float `[pictures, classes]`.
        labels: integers `[pictures]`; what is none of the classes is negative.
    """
    classes = probabilities.shape[1]
    return count(probabilities.ravel(), (np.asarray(labels)[:, None] == np.arange(classes)).ravel())


def thinned(curve: Counted, most: int = 400) -> Counted:
    """The same curve with no more than `most` points, evenly along recall and false-alarm rate; both ends stay."""
    if len(curve.found) <= most:
        return curve
    steps = np.linspace(0.0, 1.0, most // 2)
    by_recall = np.searchsorted(curve.found, np.rint(steps * curve.positives))
    by_alarm = np.searchsorted(curve.alarms, np.rint(steps * curve.negatives))
    kept = np.unique(np.concatenate([[0], by_recall, by_alarm, [len(curve.found) - 1]]))
    return replace(curve, thresholds=curve.thresholds[kept], found=curve.found[kept], alarms=curve.alarms[kept])


def _share(counts: Ints, total: int) -> Floats:
    return counts / total if total else np.full(len(counts), np.nan)
