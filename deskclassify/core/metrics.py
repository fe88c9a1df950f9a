"""Metrics of a classifier, from actual and predicted classes. Plain numpy."""

from __future__ import annotations

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
