"""Metrics of a classifier, from actual and predicted classes. Plain numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Counts = np.ndarray[Any, np.dtype[np.int64]]
BINS = 15
"""of a reliability diagram, as in Guo et al., 2017"""
_CHUNK = 2048  # pictures


def confusion(actual: Sequence[int], predicted: Sequence[int], classes: int) -> Counts:
    """Count pairs.

    Returns:
        int64 `[classes, classes]`; rows are actual, columns predicted.
    """
    cells = np.asarray(actual, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=classes * classes).astype(np.int64).reshape(classes, classes)


def accuracy(matrix: Counts) -> float:
    """Share of right answers, 0 to 1; 0 where there are none at all."""
    total = int(matrix.sum())
    return float(np.trace(matrix)) / total if total else 0.0


def per_class(matrix: Counts, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 (each 0 to 1, 0 where undefined) and support of each class."""
    right = np.diag(matrix).astype(float)
    actual, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    table: dict[str, dict[str, float]] = {}
    for at, name in enumerate(names):
        precision = right[at] / predicted[at] if predicted[at] else 0.0
        recall = right[at] / actual[at] if actual[at] else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        table[name] = {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(actual[at]),
        }
    return table


def macro(table: Mapping[str, Mapping[str, float]], key: str) -> float:
    """The mean of a measure over the classes that have pictures: small classes count as much as large ones.

    A class without pictures has no recall, and is left out; scikit-learn would count it as 0.

    Args:
        table: as `per_class` gives it.
        key: `precision`, `recall` or `f1`.

    Returns:
        0 to 1; 0 where no class has pictures.
    """
    values = [row[key] for row in table.values() if row["support"]]
    return math.fsum(values) / len(values) if values else 0.0


def places(probabilities: np.ndarray, labels: np.ndarray) -> Counts:
    """At which place of the network's list the right class stands: 0 for a right answer.

    Of equal probabilities the class that comes first is the likelier one, as for `argmax`.

    Args:
        probabilities: float `[pictures, classes]`.
        labels: integers `[pictures]`; what is none of the classes is negative.

    Returns:
        int64 `[pictures]`, 0 to the number of classes; that number for a label that is none of them.
    """
    pictures, classes = probabilities.shape
    labels = np.asarray(labels, dtype=np.int64)
    found = np.full(pictures, classes, dtype=np.int64)
    for begin in range(0, pictures, _CHUNK):  # of large tables, parts that fit into the processor's cache
        rows, of = probabilities[begin : begin + _CHUNK], labels[begin : begin + _CHUNK]
        own = rows[np.arange(len(rows)), of][:, None]  # of an unknown label the last one, which is not used
        ahead = np.count_nonzero(rows > own, axis=1)
        tied = np.flatnonzero(np.count_nonzero(rows == own, axis=1) > 1)
        ahead[tied] += ((rows[tied] == own[tied]) & (np.arange(classes) < of[tied, None])).sum(axis=1)
        found[begin : begin + _CHUNK] = np.where(of >= 0, ahead, classes)
    return found


def top_k_accuracy(probabilities: np.ndarray, labels: np.ndarray, k: int) -> float:
    """The share of pictures whose class is among the `k` likeliest, 0 to 1; 0 where there are no pictures.

    With k = 1 it is the accuracy. Russakovsky et al., “ImageNet large scale visual recognition challenge”, 2015.

    Args:
        probabilities: float `[pictures, classes]`.
        labels: integers `[pictures]`; what is none of the classes is negative, and never found.
        k: 1 or more.
    """
    return float((places(probabilities, labels) < k).mean()) if len(labels) else 0.0


@dataclass(frozen=True)
class ConfidenceBin:
    """The answers that the network is about equally sure of.

    Attributes:
        low, high: borders of the bin, probabilities 0 to 1; an answer belongs to it if low < confidence ≤ high
            (the first bin of equal width also holds 0).
        count: number of answers.
        confidence: their mean probability; the middle of the bin where it is empty.
        accuracy: the share of them that is right; 0 where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidence: np.ndarray, right: np.ndarray, bins: int = BINS, equal_count: bool = False
) -> tuple[ConfidenceBin, ...]:
    """How often answers of a certain confidence are right: the bars of a reliability diagram.

    DeGroot & Fienberg, “The comparison and evaluation of forecasters”, 1983; Guo et al., “On calibration of modern
    neural networks”, 2017, from where the 15 bins of equal width are. Bins with equally many answers (Nixon et al.,
    “Measuring calibration in deep learning”, 2019) say more where nearly all answers are sure.

    Args:
        confidence: float `[pictures]`, the probability of the class that was answered.
        right: bool `[pictures]`.
        bins: how many; fewer where several borders of `equal_count` fall together.
        equal_count: bins of equally many answers instead of equal width; answers of one confidence stay together.

    Returns:
        The bins from unsure to sure; of equal width also the empty ones. Empty without answers.
    """
    sure, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    if not len(sure):
        return ()
    borders = np.linspace(0.0, 1.0, bins + 1)
    if equal_count:
        borders = np.unique(np.concatenate([[0.0], np.quantile(sure, borders[1:-1], method="higher"), [1.0]]))
    at = np.clip(np.searchsorted(borders, sure, side="left") - 1, 0, len(borders) - 2)
    made = []
    for number, (low, high) in enumerate(pairwise(borders)):
        held = at == number
        count = int(held.sum())
        if count or not equal_count:
            mean = float(sure[held].mean()) if count else float(low + high) / 2
            share = float(hit[held].mean()) if count else 0.0
            made.append(ConfidenceBin(float(low), float(high), count, mean, share))
    return tuple(made)


def expected_calibration_error(bins: Sequence[ConfidenceBin]) -> float:
    """How far confidence and accuracy are apart on average, 0 to 1, weighted by the number of answers.

    Naeini, Cooper & Hauskrecht, “Obtaining well calibrated probabilities using Bayesian binning”, 2015.

    Args:
        bins: as `reliability` gives them.
    """
    total = sum(one.count for one in bins)
    return math.fsum(one.count * abs(one.accuracy - one.confidence) for one in bins) / total if total else 0.0


def largest_calibration_error(bins: Sequence[ConfidenceBin]) -> float:
    """How far confidence and accuracy are apart in the worst bin that has answers, 0 to 1 (Naeini et al., 2015)."""
    return max((abs(one.accuracy - one.confidence) for one in bins if one.count), default=0.0)


def wilson(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval that holds the true share of right answers with 95 % confidence (z = 1.96).

    Wilson, “Probable inference, the law of succession, and statistical inference”, 1927: unlike
    the usual “± 2 standard errors” it stays inside 0 to 1 and is right for a handful of pictures.

    Args:
        right: number of right answers, 0 to `total`.
        total: number of answers; with 0 nothing is known, and the interval is everything.
        z: quantile of the normal distribution.
    """
    if total <= 0:
        return 0.0, 1.0
    share = right / total
    scale = 1.0 + z * z / total
    centre = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1.0 - share) / total + z * z / (4 * total * total)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


def mcnemar(fixed: int, broken: int) -> float:
    """The chance that two equally good classifiers differ at least this much on the same pictures.

    McNemar, “Note on the sampling error of the difference between correlated proportions”, 1947,
    in its exact form: of the pictures on which one is right and the other wrong, either is as
    likely to be the one that is right (binomial with 1/2, two-sided).

    Args:
        fixed: number of pictures that only the second gets right.
        broken: number of pictures that only the first gets right.

    Returns:
        p-value, 0 to 1; 1 where nothing differs.
    """
    total = fixed + broken
    # By logarithms: the binomial coefficients of thousands of pictures have thousands of digits.
    log_ways = [
        math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)
        for some in range(min(fixed, broken) + 1)
    ]
    return min(1.0, 2.0 * math.fsum(math.exp(ways - total * math.log(2.0)) for ways in log_ways))
