"""Features made comparable: short vectors in which alike pictures lie close to each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

MOST = 256  # numbers that a vector is shortened to
_PICTURES_A_NUMBER = 4  # with fewer pictures the vectors are shorter, else they describe noise
_OVERSAMPLE, _ROUNDS = 16, 2
_AT_ONCE = 512  # pictures; of 50,000 they make a block of 100 MB
_LEARNED_FROM = 10_000  # pictures; enough for the principal components


@dataclass(frozen=True)
class Alike:
    """The most alike pictures of each.

    Attributes:
        places: int64 `[pictures, count]`, most alike first; −1 where there are no more.
        cosines: float32 `[pictures, count]`, −1 to 1.
    """

    places: np.ndarray
    cosines: np.ndarray


def compact(features: np.ndarray) -> Iterator[int | np.ndarray]:
    """Square roots of the features, standardised, and of these the principal components.

    The features of a CNN are mostly small with a few large values: without the root these decide alone. The components
    come from a randomised decomposition (Halko, Martinsson & Tropp, “Finding structure with randomness”, 2011) with a
    fixed seed.

    Args:
        features: float32 `[pictures, length]`.

    Yields:
        the number of pictures done, and in the end float32 `[pictures, components]`.
    """
    pictures, length = features.shape
    wanted = max(1, min(MOST, pictures // _PICTURES_A_NUMBER, length))
    some = _roots(features[:: -(-pictures // _LEARNED_FROM)])
    middle, scale = some.mean(axis=0), some.std(axis=0) + 1e-6
    some = (some - middle) / scale
    yield 0
    columns = min(wanted + _OVERSAMPLE, pictures, length)
    basis = np.random.default_rng(0).standard_normal((length, columns)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(some.T @ (some @ basis))[0]
        yield 0
    shortened = some @ basis
    _, axes = np.linalg.eigh(shortened.T @ shortened)
    basis = basis @ axes[:, ::-1][:, :wanted]
    result = np.empty((pictures, basis.shape[1]), np.float32)
    for start in range(0, pictures, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        result[part] = (_roots(features[part]) - middle) / scale @ basis
        yield min(part.stop, pictures)
    yield result


def _roots(features: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(features) * np.sqrt(np.abs(features)))


def directions(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; a zero vector stays."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def cosines(vectors: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosines between pairs of pictures, float32 `[pairs]`; a few at a time.

    Args:
        vectors: float32 `[pictures, length]`, of length 1.
        first: numbers of pictures, int `[pairs]`.
        second: of those that they are held against, likewise.
    """
    parts = [
        np.einsum("ij,ij->i", vectors[first[at : at + _AT_ONCE]], vectors[second[at : at + _AT_ONCE]])
        for at in range(0, len(first), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def alike(vectors: np.ndarray, count: int, groups: np.ndarray) -> Iterator[int | Alike]:
    """Find the most alike pictures of each, copies of it left out.

    Args:
        vectors: float32 `[pictures, length]`, of length 1.
        count: how many.
        groups: int64 `[pictures]`; pictures of the same number are copies of each other.

    Yields:
        the number of pictures done, and in the end the answer.
    """
    pictures = len(vectors)
    count = min(count, max(0, pictures - 1))
    places = np.full((pictures, count), -1, np.int64)
    found = np.full((pictures, count), -1.0, np.float32)
    for start in range(0, pictures, _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, pictures))
        block = vectors[rows] @ vectors.T
        block[groups[rows, None] == groups[None]] = -2.0
        best = torch.topk(torch.from_numpy(block), count, dim=1)  # several times faster than NumPy's argpartition
        places[rows], found[rows] = best.indices.numpy(), best.values.numpy()
        yield rows.stop
    places[found < -1.5] = -1
    yield Alike(places, np.maximum(found, -1.0))


def pairs_above(vectors: np.ndarray, least: float) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """All pairs of pictures whose cosine is at least so much, a block at a time.

    Args:
        vectors: float32 `[pictures, length]`, of length 1 or 0.
        least: cosine.

    Yields:
        the number of pictures done, the numbers of the first and of the second pictures of the pairs, each pair once,
        and their cosines.
    """
    for start in range(0, len(vectors), _AT_ONCE):
        part = vectors[start : start + _AT_ONCE]
        block = part @ vectors[start:].T
        first, second = np.nonzero(block >= least)
        once = second > first
        first, second = first[once], second[once]
        yield start + len(part), first + start, second + start, block[first, second]
