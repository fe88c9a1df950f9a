"""The table of answers as a CSV file: the same from the window and from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deskclassify.core import atomic
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.events import Prediction

HEADER = ("path", "label", "probability", "error")


def write(file: Path, rows: Sequence[Prediction]) -> None:
    """Write path, label, probability and error, then the classes that came next, as far as they are known.

    The label of a picture that is refused is “none of these”; a last column `likeliest` then has the class it would be.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    most = max((len(row.top) for row in rows), default=0)
    others = [f"{name}_{place}" for place in range(2, most + 1) for name in ("label", "probability")]
    refuses = any(row.refused for row in rows)
    last = ["likeliest"] if refuses else []
    cells = ([*_cells(row, most), *([row.label] if refuses else [])] for row in rows)
    atomic.write_csv(file, [*HEADER, *others, *last], cells)


def _cells(row: Prediction, most: int) -> list[str]:
    probability = "" if row.probability is None or row.error else f"{row.probability:.7f}"
    cells = [row.path, NO_ANSWER if row.refused else row.label, probability, row.error]
    for label, share in row.top[1:]:
        cells += [label, f"{share:.7f}"]
    return cells + [""] * (2 + 2 * max(1, most) - len(cells))
