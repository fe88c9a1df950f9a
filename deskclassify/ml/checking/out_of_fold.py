"""What the other pictures say of each picture's class: predictions by a classifier that has not seen it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from deskclassify.core import split
from deskclassify.ml.checking.space import Alike

FOLDS = 5
NEIGHBOURS = 10
LEAST_PICTURES = 20
LEAST_OF_CLASS = 4  # with fewer nobody can say what the class looks like
_SHRINKAGE = 0.2
_TEMPERATURES = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0)
_WARMTH = 0.1  # cosine; a neighbour that is more alike by so much counts e times as much
_DOUBT = 0.02  # share of each class in a vote that nobody takes part in
_LEAST = 1e-9


def folds(keys: Sequence[str], labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Divide the pictures: each class evenly, a group of copies in one fold, by nothing but keys, groups and seed.

    Args:
        keys: of the pictures.
        labels: class numbers, int64 `[pictures]`.
        groups: int64 `[pictures]`.
        seed: of the split.

    Returns:
        int64 `[pictures]`, 0 to `FOLDS` − 1.
    """
    ranks = [split.rank(key, seed) for key in keys]
    first: dict[int, str] = {}
    for at, group in enumerate(groups.tolist()):
        first[group] = min(first.get(group, ranks[at]), ranks[at])
    order = sorted(range(len(keys)), key=lambda at: (first[int(groups[at])], ranks[at]))
    held = [[0] * FOLDS for _ in range(int(labels.max(initial=0)) + 1)]  # lists: faster than arrays, one by one
    total = [0] * FOLDS
    result = np.zeros(len(keys), np.int64)
    chosen: dict[int, int] = {}
    for at in order:
        group, label = int(groups[at]), int(labels[at])
        if group not in chosen:
            counts = held[label]
            chosen[group] = min(range(FOLDS), key=lambda fold: (counts[fold], total[fold]))
        result[at] = chosen[group]
        held[label][chosen[group]] += 1
        total[chosen[group]] += 1
    return result


def probabilities(
    vectors: np.ndarray, labels: np.ndarray, classes: int, fold: np.ndarray, near: Alike
) -> Iterator[int | np.ndarray]:
    """Class probabilities of each picture from the others.

    The mean of two judges, which err differently: a linear discriminant with one shrunk covariance for all classes,
    which wrong labels in its training hardly move (Lee et al., “Robust inference via generative classifiers for
    handling noisy labels”, 2019), softened so that its probabilities fit; and the vote of the most alike pictures.

    Args:
        vectors: float32 `[pictures, length]`, see `space.compact`.
        labels: class numbers, int64 `[pictures]`.
        classes: their number.
        fold: see `folds`.
        near: the most alike pictures of each, without copies of it.

    Yields:
        the number of folds done, then float32 `[pictures, classes]`.
    """
    scores = np.full((len(vectors), classes), -np.inf)
    for at in range(FOLDS):
        asked = fold == at
        if asked.any() and not asked.all():
            scores[asked] = _discriminant(vectors[~asked], labels[~asked], classes, vectors[asked])
        yield at + 1
    softened = min((_softmax(scores / degree) for degree in _TEMPERATURES), key=lambda one: _loss(one, labels))
    yield np.asarray((softened + _vote(near, labels, classes)) / 2, dtype=np.float32)


def classes_of(vectors: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each class, and the shrunk covariance around them, the same for all.

    Args:
        vectors: float32 `[pictures, length]`.
        labels: class numbers, int64 `[pictures]`.
        classes: their number.

    Returns:
        `[classes, length]`, 0 of an empty class, and float64 `[length, length]`.
    """
    of_class = (labels[:, None] == np.arange(classes)).astype(np.float32)
    means = of_class.T @ vectors / np.maximum(of_class.sum(axis=0), 1.0)[:, None]
    rest = vectors - means[labels]
    covariance = (rest.T @ rest / len(vectors)).astype(np.float64)
    spread = float(np.trace(covariance)) / len(covariance)
    covariance *= 1 - _SHRINKAGE
    covariance[np.diag_indices_from(covariance)] += _SHRINKAGE * spread + _LEAST
    return means, covariance


def _discriminant(known: np.ndarray, labels: np.ndarray, classes: int, asked: np.ndarray) -> np.ndarray:
    means, covariance = classes_of(known, labels, classes)
    weights = np.linalg.solve(covariance, means.T)
    counts = np.bincount(labels, minlength=classes)
    with np.errstate(divide="ignore"):
        prior = np.log(counts / counts.sum())  # a class that is not there gets −∞
    return np.asarray(asked @ weights - 0.5 * np.einsum("cd,dc->c", means, weights) + prior)


def _softmax(scores: np.ndarray) -> np.ndarray:
    highest = scores.max(axis=1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(highest), highest, 0.0))
    return np.asarray(powers / np.maximum(powers.sum(axis=1, keepdims=True), _LEAST))


def _loss(found: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(np.maximum(found[np.arange(len(labels)), labels], _LEAST)).mean())


def _vote(near: Alike, labels: np.ndarray, classes: int) -> np.ndarray:
    places, cosines = near.places[:, :NEIGHBOURS], near.cosines[:, :NEIGHBOURS]
    weights = np.where(places >= 0, np.exp(cosines / _WARMTH), 0.0)
    votes = np.zeros((len(labels), classes))
    for column in range(places.shape[1]):
        np.add.at(votes, (np.arange(len(labels)), labels[places[:, column]]), weights[:, column])
    votes /= np.maximum(votes.sum(axis=1, keepdims=True), _LEAST)
    return np.asarray((votes + _DOUBT) / (votes.sum(axis=1, keepdims=True) + _DOUBT * classes))
