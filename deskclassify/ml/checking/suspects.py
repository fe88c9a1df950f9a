"""Pictures whose label is probably wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deskclassify.core.data_events import DataProblem
from deskclassify.core.sources import Item
from deskclassify.ml.checking.out_of_fold import LEAST_OF_CLASS
from deskclassify.ml.checking.space import Alike

_SHOWN_NEIGHBOURS = 5


def order(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Pictures in the order in which their labels should be looked at: the least probable label first.

    “Self-confidence” of confident learning (Northcutt, Jiang & Chuang, “Confident learning: estimating uncertainty in
    dataset labels”, 2021).

    Args:
        probabilities: out-of-fold, float32 `[pictures, classes]`.
        labels: class numbers, int64 `[pictures]`.

    Returns:
        int64 `[pictures]`.
    """
    return np.argsort(probabilities[np.arange(len(labels)), labels], kind="stable")


def find(
    items: Sequence[Item], probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str], near: Alike
) -> list[DataProblem]:
    """The pictures that look like another class than their label, the surest first.

    Args:
        items: the pictures.
        probabilities: out-of-fold, float32 `[pictures, classes]`.
        labels: class numbers, int64 `[pictures]`.
        classes: their names.
        near: the most alike pictures of each.
    """
    enough = np.bincount(labels, minlength=len(classes)) >= LEAST_OF_CLASS
    found = []
    for at in order(probabilities, labels).tolist():
        label, likeliest = int(labels[at]), int(probabilities[at].argmax())
        if likeliest == label or not enough[label]:
            continue
        item = items[at]
        looks, sure = classes[likeliest], float(probabilities[at, likeliest])
        neighbours = _neighbours(near.places[at], labels, likeliest, classes)
        reason = f"Labelled {item.label}, but looks like {looks} ({sure * 100:.0f} %){neighbours}."
        score = 1.0 - float(probabilities[at, label])
        found.append(DataProblem("suspect", (item.key,), (item.path,), score, reason, looks, sure))
    return found


def _neighbours(places: np.ndarray, labels: np.ndarray, likeliest: int, classes: Sequence[str]) -> str:
    shown = places[:_SHOWN_NEIGHBOURS]
    shown = shown[shown >= 0]
    if not len(shown):
        return ""
    agree = int((labels[shown] == likeliest).sum())
    return f"; {agree} of its {len(shown)} most alike pictures {'is' if agree == 1 else 'are'} {classes[likeliest]}"
