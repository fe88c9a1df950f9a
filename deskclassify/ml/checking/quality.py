"""Pictures on which there is little to see: blurred, dark, bright, empty or tiny."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deskclassify.core.data_events import DataProblem, ProblemKind
from deskclassify.core.sources import Item
from deskclassify.ml.checking.hashing import FLAT
from deskclassify.ml.checking.sharpness import GREY_SIDE

# Chosen by looking at photos; see docs/mending.md.
TINY_SIDE = 64  # pixels
DARK_HIGH = 60.0  # grey value, 0 to 255; 98 % of the picture are darker
BRIGHT_LOW = 225.0  # grey value; 98 % of the picture are brighter
BLURRED = 0.24  # see `sharpness`; what a Gaussian of 1.5 pixels leaves of a sharp edge, where the picture has 256


def find(items: Sequence[Item], rows: np.ndarray) -> list[DataProblem]:
    """What is wrong with single pictures; at most one problem of each, and one more if it is tiny.

    Args:
        items: the pictures.
        rows: `looks.ROW` `[pictures]`.
    """
    found = []
    for item, row in zip(items, rows, strict=True):
        found += [DataProblem(kind, (item.key,), (item.path,), score, text) for kind, score, text in _problems(row)]
    return sorted(found, key=lambda problem: -problem.score)


def _problems(row: np.void) -> list[tuple[ProblemKind, float, str]]:
    found: list[tuple[ProblemKind, float, str]] = []
    shorter = int(min(row["width"], row["height"]))
    if shorter < TINY_SIDE:
        text = f"Only {row['width']} × {row['height']} pixels: it has to be enlarged, and shows no detail."
        found.append(("tiny", _beyond(shorter, TINY_SIDE), text))
    spread, high, low, sharp = (float(row[name]) for name in ("spread", "high", "low", "sharp"))
    if spread < FLAT:
        text = f"There is nothing on it: all of it has nearly one brightness ({float(row['mean']) / 2.55:.0f} %)."
        found.append(("flat", _beyond(spread, FLAT), text))
    elif high < DARK_HIGH:
        text = f"Very dark: 98 % of it are below {high / 2.55:.0f} % brightness."
        found.append(("dark", _beyond(high, DARK_HIGH), text))
    elif low > BRIGHT_LOW:
        text = f"Very bright: 98 % of it are above {low / 2.55:.0f} % brightness."
        found.append(("bright", _beyond(255 - low, 255 - BRIGHT_LOW), text))
    elif 0 <= sharp < BLURRED:
        text = (
            f"Blurred: of its strongest edges {sharp * 100:.0f} % lie between two neighbouring pixels, at a size of "
            f"{GREY_SIDE}; in a sharp picture it is more than 40 %."
        )
        found.append(("blurred", _beyond(sharp, BLURRED), text))
    return found


def _beyond(value: float, limit: float) -> float:
    """0.5 at the limit, 1 at zero."""
    return float(np.clip(1.0 - 0.5 * value / limit, 0.0, 1.0))
