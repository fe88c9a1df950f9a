"""Perceptual hashes: numbers that stay the same when a picture is resized or saved anew.

As ImageHash's `phash` (https://github.com/JohannesBuchner/imagehash), from the low frequencies of a discrete cosine
transform; a test holds the two together. Here for many pictures at once, without SciPy, and with what a mirrored or
turned picture makes of them: a mirror image has the same frequencies with other signs, a turned one has rows and
columns exchanged besides.
"""

from __future__ import annotations

import numpy as np

SIDE = 32  # pixels of the small picture that is hashed
LOW = 8  # frequencies in each direction
FLAT = 3.0  # standard deviation of grey values below which a picture has nothing to compare


def _basis() -> np.ndarray:
    """The first rows of a DCT-II of `SIDE` values, not normalised, float64 `[LOW, SIDE]`."""
    frequency, place = np.arange(LOW)[:, None], np.arange(SIDE)[None]
    return np.asarray(2.0 * np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE)))


_BASIS = _basis()


def frequencies(grey: np.ndarray) -> np.ndarray:
    """The low frequencies of small pictures.

    Args:
        grey: grey values, `[N, 32, 32]` of any type.

    Returns:
        float64 `[N, 8, 8]`, rows are vertical frequencies; `[0, 0]` is the mean brightness.
    """
    return np.asarray(_BASIS @ grey.astype(np.float64) @ _BASIS.T)


def perceptual(grey: np.ndarray) -> np.ndarray:
    """Hashes of 64 bits: which of the low frequencies lie above their median.

    Args:
        grey: uint8 `[N, 32, 32]`.

    Returns:
        uint64 `[N]`.
    """
    values = frequencies(grey).reshape(-1, LOW * LOW)
    bits = np.packbits(values > np.median(values, axis=1, keepdims=True), axis=1)
    return bits.view(">u8").ravel().astype(np.uint64)
