"""Pictures that look like none of their class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from deskclassify.core.data_events import DataProblem
from deskclassify.core.sources import Item
from deskclassify.ml.checking.space import Alike, alike

NEIGHBOURS = 5
LEAST_OF_CLASS = 10  # with fewer nobody can say how far apart its pictures lie
LEAST_Z = 3.5
_NORMAL = 1.4826  # the standard deviation of a normal distribution is so many median deviations


def distances(
    vectors: np.ndarray, labels: np.ndarray, classes: int, groups: np.ndarray
) -> Iterator[int | tuple[np.ndarray, np.ndarray]]:
    """How far each picture lies from the most alike ones of its class, copies of it left out.

    Args:
        vectors: float32 `[pictures, length]`, of length 1.
        labels: class numbers, int64 `[pictures]`.
        classes: their number.
        groups: int64 `[pictures]`; pictures of the same number are copies of each other.

    Yields:
        the number of pictures done; then distances (1 − mean cosine), and how many robust standard deviations they lie
        above the median of the class (Iglewicz & Hoaglin, “How to detect and handle outliers”, 1993). Both are float32
        `[pictures]`, and 0 in classes that are too small.
    """
    far, z = np.zeros(len(labels), np.float32), np.zeros(len(labels), np.float32)
    done = 0
    for label in range(classes):
        places = np.flatnonzero(labels == label)
        if len(places) >= LEAST_OF_CLASS:
            for step in alike(vectors[places], NEIGHBOURS, groups[places]):
                if isinstance(step, Alike):
                    far[places] = 1.0 - step.cosines.mean(axis=1)
                else:
                    yield done + step
            middle = np.median(far[places])
            deviation = _NORMAL * np.median(np.abs(far[places] - middle))
            z[places] = (far[places] - middle) / max(float(deviation), 1e-6)
        done += len(places)
        yield done
    yield far, z


def find(items: Sequence[Item], far: np.ndarray, z: np.ndarray) -> list[DataProblem]:
    """The pictures that lie far from their class, the farthest first.

    Args:
        items: the pictures.
        far: see `distances`.
        z: likewise.
    """
    found = []
    for at in np.argsort(-z, kind="stable").tolist():
        if z[at] < LEAST_Z:
            break
        item = items[at]
        reason = (
            f"Unlike the other pictures of {item.label}: even the {NEIGHBOURS} most alike of them are only "
            f"{max(0.0, 1 - far[at]) * 100:.0f} % alike ({z[at]:.1f} robust standard deviations from the usual)."
        )
        found.append(DataProblem("outlier", (item.key,), (item.path,), float(z[at] / (z[at] + LEAST_Z)), reason))
    return found
