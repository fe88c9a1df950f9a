"""Pictures that look like none of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from deskclassify.core.data_events import DataProblem
from deskclassify.core.sources import Item
from deskclassify.ml.checking.out_of_fold import classes_of
from deskclassify.ml.checking.space import Alike, alike, directions

NEIGHBOURS = 5
LEAST_OF_CLASS = 10  # with fewer nobody can say how far apart its pictures lie
LEAST_Z = 2.5
_NORMAL = 1.4826  # the standard deviation of a normal distribution is so many median deviations


def distances(
    vectors: np.ndarray, labels: np.ndarray, classes: int, groups: np.ndarray
) -> Iterator[int | tuple[np.ndarray, np.ndarray]]:
    """How strange each picture is, by two measures that err differently.

    The one is the mean cosine with the most alike pictures of its class, copies of it left out. The other is the
    distance to the nearest of all classes in units of their spread (Lee et al., “A simple unified framework for
    detecting out-of-distribution samples”, 2018). Each is counted in robust standard deviations above its median
    (Iglewicz & Hoaglin, “How to detect and handle outliers”, 1993), and the mean of the two is taken.

    Args:
        vectors: float32 `[pictures, length]`, see `space.compact`.
        labels: class numbers, int64 `[pictures]`.
        classes: their number.
        groups: int64 `[pictures]`; pictures of the same number are copies of each other.

    Yields:
        the number of pictures done; then the mean cosines, and the robust standard deviations, both float32
        `[pictures]`. In classes that are too small all of that is 0.
    """
    likeness, z = np.zeros(len(labels), np.float32), np.zeros(len(labels), np.float32)
    away = directions(vectors)
    strange = _beyond(_from_classes(vectors, labels, classes))
    done = 0
    for label in range(classes):
        places = np.flatnonzero(labels == label)
        if len(places) >= LEAST_OF_CLASS:
            for step in alike(away[places], NEIGHBOURS, groups[places]):
                if isinstance(step, Alike):
                    likeness[places] = step.cosines.mean(axis=1)
                else:
                    yield done + step
            z[places] = (_beyond(-likeness[places]) + strange[places]) / 2
        done += len(places)
        yield done
    yield likeness, z


def _from_classes(vectors: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mahalanobis distance to the nearest class, `[pictures]`."""
    means, covariance = classes_of(vectors, labels, classes)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    placed, middles = vectors @ whitening, means @ whitening
    squares = np.einsum("ij,ij->i", placed, placed)[:, None] + np.einsum("ij,ij->i", middles, middles)
    return np.asarray(np.sqrt(np.maximum(squares - 2 * placed @ middles.T, 0.0).min(axis=1)))


def _beyond(values: np.ndarray) -> np.ndarray:
    """Robust standard deviations above the median."""
    middle = np.median(values)
    deviation = _NORMAL * float(np.median(np.abs(values - middle)))
    return np.asarray((values - middle) / max(deviation, 1e-6))


def find(items: Sequence[Item], likeness: np.ndarray, z: np.ndarray) -> list[DataProblem]:
    """The pictures that are strange, the strangest first.

    Args:
        items: the pictures.
        likeness: see `distances`.
        z: likewise.
    """
    of_class: dict[str, list[float]] = {}
    for item, value in zip(items, likeness.tolist(), strict=True):
        of_class.setdefault(item.label, []).append(value)
    usual = {label: float(np.median(values)) for label, values in of_class.items()}
    found = []
    for at in np.argsort(-z, kind="stable").tolist():
        if z[at] < LEAST_Z:
            break
        item = items[at]
        reason = (
            f"Unlike the others: the {NEIGHBOURS} most alike pictures of {item.label} are only "
            f"{max(0.0, likeness[at]) * 100:.0f} % alike, {usual[item.label] * 100:.0f} % is usual in this class; "
            f"{z[at]:.1f} standard deviations from what is usual."
        )
        found.append(DataProblem("outlier", (item.key,), (item.path,), float(z[at] / (z[at] + LEAST_Z)), reason))
    return found
