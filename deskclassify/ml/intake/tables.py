"""The rows of a table become pictures: a field for each feature, coloured by its value.

Each field holds a bar as well, from the bottom up: colour and shape tell the same, so that a network that has learned
from photos sees both. Fields with like values lie beside each other, as convolutions look at neighbours (the idea is
DeepInsight's: Sharma et al., 2019, https://doi.org/10.1038/s41598-019-47765-6).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deskclassify.core import colormap, labels
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.data_requests import TableRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message
from deskclassify.ml.intake import columns, digests, drawing, names, places
from deskclassify.ml.intake.columns import Columns, Floats
from deskclassify.ml.intake.places import Mark
from deskclassify.ml.intake.stopping import StoppedError

SIDE = 224  # pixels
_SPREAD = 2.5  # standard deviations to each side that the colours cover
_VERSION = "1"  # of the drawing; another one draws anew
_GAP = 24  # pixels a field below which there is no line between the fields
_MOST_ORDERED = 1_000  # features; sorting takes their number squared
_MOST_TOLD = 5
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def draw(request: TableRequest, should_stop: ShouldStop = never) -> Iterator[Event]:
    """Draw a picture of each row of a CSV table, into a folder for each value of the label column.

    Raises:
        InputError: the table or the label column cannot be used.
        UserError: the pictures cannot be written.
    """
    begun = time.monotonic()
    file = Path(request.file).expanduser().absolute()
    if not request.file.strip() or not file.is_file():
        raise InputError(f"There is no table “{request.file}”. Choose a CSV file.")
    try:
        digest = yield from digests.of_file(file, ("sha256",), should_stop)
        key = hashlib.sha256(f"{_VERSION} {digest['sha256']} {request.label.strip()}".encode()).hexdigest()
        known = places.earlier(lambda mark: mark.digests == (f"sha256:{key}",))
        if known is not None:
            yield places.fetched(*known, time.monotonic() - begun)
            return
        table = columns.read(file, request.label, should_stop)
        for sentence in list(columns.words_of(table.left_out))[:_MOST_TOLD]:
            yield Message(sentence)
        title = f"{places.title_of(names.of_archive(file.name))} rows"
        mark = Mark(f"table:{file}", (f"sha256:{key}",), "", 0, "folder", table.without_label, title)
        painter, folders = Painter(table), _folders(table.labels)

        def one(target: Path, row: int) -> str:
            folder = target / folders[table.labels[row]]
            folder.mkdir(exist_ok=True)
            painter.paint(row).save(folder / f"row_{table.numbers[row]:06d}.png", "PNG", compress_level=4)
            return ""

        done, _ = yield from drawing.draw_all(range(len(table.labels)), one, mark, should_stop, begun)
    except StoppedError:
        return
    if done is not None:
        yield done


class Painter:
    """Draws rows of a table, always in the same order of fields.

    Args:
        table: the rows.
    """

    def __init__(self, table: Columns) -> None:
        self._values = table.values[:, _order(table.values)]
        count = self._values.shape[1]
        across = math.ceil(math.sqrt(count))
        down = math.ceil(count / across)
        # Which field each pixel belongs to; rows are filled in turn, there and back, so that neighbours stay so.
        xs, ys = (np.arange(SIDE) * across) // SIDE, (np.arange(SIDE) * down) // SIDE
        place = np.where(ys[:, None] % 2 == 0, xs[None, :], across - 1 - xs[None, :])
        self._field = ys[:, None] * across + place
        self._is_empty = self._field >= count
        self._field[self._is_empty] = 0
        tops, bottoms = _edges(ys)
        self._height = ((bottoms - np.arange(SIDE)) / (bottoms - tops))[:, None]  # 1 at the top of a field
        self._is_line = np.zeros((SIDE, SIDE), bool)
        if SIDE // max(across, down) >= _GAP:
            self._is_line = (np.diff(xs, prepend=-1) > 0)[None, :] | (np.diff(ys, prepend=-1) > 0)[:, None]

    def paint(self, row: int) -> Image.Image:
        """The picture of a row, RGB, 224 × 224 pixels."""
        share = np.clip(self._values[row] / (2 * _SPREAD) + 0.5, 0.0, 1.0)
        levels = np.rint(share * 255.0).astype(np.uint8)[self._field]
        pixels: Bytes = colormap.colorize(levels, "diverging").copy()
        is_bar = share[self._field] >= self._height
        pixels[~is_bar] = pixels[~is_bar] // 2 + 112  # above the bar: the same colour, paler
        pixels[self._is_line] = 60
        pixels[self._is_empty] = 127
        return Image.fromarray(pixels)


def _edges(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First pixel of the field that each pixel lies in, and the one after its last."""
    first = np.searchsorted(places, places, "left")
    return first, np.searchsorted(places, places, "right")


def _order(values: Floats) -> list[int]:
    """An order in which features that go together, or against each other, are neighbours."""
    count = values.shape[1]
    if not 2 < count <= _MOST_ORDERED:
        return list(range(count))
    from scipy.cluster import hierarchy

    with np.errstate(divide="ignore", invalid="ignore"):  # of two columns that never vary together
        likeness = np.abs(np.corrcoef(values, rowvar=False))
    distances = 1.0 - np.nan_to_num(likeness)[np.triu_indices(count, 1)]
    tree = hierarchy.linkage(np.clip(distances, 0.0, 1.0), "average")
    return [int(at) for at in hierarchy.leaves_list(tree)]


def _folders(found: tuple[str, ...]) -> dict[str, str]:
    """A folder for each class; classes that would share a name get a number."""
    taken: set[str] = set()
    folders = {}
    for label in sorted(set(found)):
        name = clean = names.one(labels.normal(label), "class").lstrip(".") or "class"
        if clean.lower() in labels.SUBSETS:
            name = clean = f"{clean}_"  # such a folder would be taken for a part of the split
        number = 1
        while name.casefold() in taken:
            number += 1
            name = names.free(clean, number)
        taken.add(name.casefold())
        folders[label] = name
    return folders
