"""Colours for the values of a network: one scale for amounts, one for signed numbers.

Both can be told apart by colour-blind people and printed in grey: viridis rises evenly in
lightness (https://bids.github.io/colormap/), and blue to orange avoids the pair red and green.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np

Colors = Literal["viridis", "grey", "diverging"]
Table = np.ndarray[Any, np.dtype[np.uint8]]

NEGATIVE, ZERO, POSITIVE = (33, 102, 172), (247, 247, 247), (224, 130, 20)
"""ends and middle of the scale for signed numbers"""
_ANCHORS: dict[Colors, tuple[tuple[int, ...], ...]] = {
    "viridis": tuple(
        tuple(bytes.fromhex(text))
        for text in "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725".split()
    ),
    "grey": ((0, 0, 0), (255, 255, 255)),
    "diverging": (NEGATIVE, ZERO, POSITIVE),
}


@cache
def table(name: Colors) -> Table:
    """The colour of each level.

    Returns:
        uint8 array `[256, 3]`, RGB; do not write to it.
    """
    anchors = np.array(_ANCHORS[name], dtype=float)
    places = np.linspace(0, 255, len(anchors))
    levels = np.arange(256)
    return np.stack([np.rint(np.interp(levels, places, anchors[:, at])) for at in range(3)], axis=1).astype(np.uint8)


def colorize(levels: np.ndarray, name: Colors) -> Table:
    """Turn levels, uint8 `[…]`, into RGB, uint8 `[…, 3]`."""
    colored: Table = table(name)[levels]
    return colored
