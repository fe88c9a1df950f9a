"""Metrics of a classifier, from actual and predicted classes. Plain numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Counts = np.ndarray[Any, np.dtype[np.int64]]


def confusion(actual: Sequence[int], predicted: Sequence[int], classes: int) -> Counts:
    """Count pairs.

    Returns:
        int64 `[classes, classes]`; rows are actual, columns predicted.
    """
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (np.asarray(actual, dtype=np.int64), np.asarray(predicted, dtype=np.int64)), 1)
    return matrix


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
