"""How sharp a picture is, whatever it shows and however plain its background is."""

from __future__ import annotations

import numpy as np

GREY_SIDE = 256  # pixels; the shorter side of the picture that is looked at, for “sharp” depends on the scale
_WINDOW = 9  # pixels; over which an edge is followed
_STRONGEST = 97.0  # percentile; edges are judged from here on
_LEAST_CONTRAST = 24  # grey values; a weaker edge may be noise


def sharpness(grey: np.ndarray) -> float:
    """How much of the contrast of the strongest edges lies between two neighbouring pixels.

    The variance of the Laplacian, which is used often (Pech-Pacheco et al., “Diatom autofocusing in brightfield
    microscopy”, 2000), is low also for a sharp thing on a plain background, and high for a blurred picture with
    noise. So only the strongest edges are looked at, and their steepest step is held against their height, as
    measures of the width of edges do (Marziliano et al., “A no-reference perceptual blur metric”, 2002).

    Args:
        grey: uint8 `[height, width]`, the shorter side at most `GREY_SIDE` pixels.

    Returns:
        0 to 1; a sharp edge has 0.4 to 1, one that was blurred with a Gaussian of σ pixels at most 0.4 / σ. −1 where
        no edge has enough contrast, or the picture is too small to tell.
    """
    if min(grey.shape) <= 2 * _WINDOW:
        return -1.0
    calm = _median(_median(grey).T).T  # single noisy pixels are no edges
    step = np.zeros_like(calm)
    step[:, 1:] = _apart(calm[:, 1:], calm[:, :-1])
    step[1:] = np.maximum(step[1:], _apart(calm[1:], calm[:-1]))
    height = _highest(calm) - (255 - _highest(255 - calm))
    steepest = _highest(step)
    edges = height >= max(_LEAST_CONTRAST, float(np.percentile(height, _STRONGEST)))
    if not edges.any():
        return -1.0
    return float(np.median(steepest[edges] / height[edges]))


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(one, other) - np.minimum(one, other))


def _median(values: np.ndarray) -> np.ndarray:
    """Of each value and its neighbours to the left and to the right."""
    left, middle, right = values[:, :-2], values[:, 1:-1], values[:, 2:]
    low, high = np.minimum(left, right), np.maximum(left, right)
    return np.asarray(np.maximum(low, np.minimum(high, middle)))


def _highest(values: np.ndarray) -> np.ndarray:
    """The highest value of each window of 9 × 9, by windows of 2, 4 and 8; smaller by 8 in both directions."""
    for _ in range(2):
        for apart in (1, 2, 4, 1):
            values = np.maximum(values[apart:], values[:-apart])
        values = values.T
    return values
