"""The grid of tiles fills its width, and makes only the pictures that are seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from deskclassify.ui.widgets.histogram import Histogram, counts_in
from deskclassify.ui.widgets.tile_grid import Tile, TileGrid


def tiles(count, beside=False):
    pixels = np.zeros((8, 8), dtype=np.uint8)
    other = Tile(pixels, "", 0) if beside else None
    return [Tile(pixels, str(at), at, beside=other) for at in range(count)]


@pytest.fixture
def grid(qtbot):
    made = TileGrid()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    return made


def row_of_first(grid, count):
    """The tiles that stand in the first row."""
    rects = [grid.visualRect(grid.model().index(at, 0)) for at in range(count)]
    return [rect for rect in rects if rect.top() == rects[0].top()]


@pytest.mark.parametrize("width", [208, 300, 333, 417, 500, 641, 900])
@pytest.mark.parametrize("count", [3, 64, 2048])
@pytest.mark.parametrize("beside", [False, True])
def test_columns_fill_the_width(grid, qtbot, width, count, beside):
    grid.set_tiles(tiles(count, beside))
    grid.resize(width, 400)
    qtbot.wait(1)
    first = row_of_first(grid, min(count, 20))
    room = grid.viewport().width()
    columns = room // grid.gridSize().width()
    assert len(first) == min(columns, count)
    assert 0 <= room - columns * grid.gridSize().width() <= columns
    assert grid.horizontalScrollBar().maximum() == 0
    shows_all = -(-count // columns) * grid.gridSize().height() <= grid.viewport().height()
    assert grid.verticalScrollBar().isVisible() != shows_all


def test_only_seen_tiles_are_made(grid, qtbot):
    asked = set()

    class Counting(Sequence):
        def __len__(self):
            return 2048

        def __getitem__(self, row):
            asked.add(row)
            return Tile(np.zeros((4, 4), dtype=np.uint8), str(row), row)

    grid.set_tiles(Counting(), 0)
    grid.grab()
    assert 0 < len(asked) < 60


def test_a_histogram_counts_what_is_finite_and_both_ends():
    counts = counts_in(np.array([0, 1, 1, np.nan, np.inf, 0.5]), (0, 1))
    assert counts.sum() == 4 and counts[0] == 1 and counts[-1] == 2 and len(counts) == 64
    assert counts_in(np.full(5, 7.0), (7, 7)).sum() == 5


def test_a_histogram_marks_values_on_its_scale(qtbot):
    view = Histogram()
    qtbot.addWidget(view)
    view.resize(214, 74)
    view.set_values([np.linspace(-1, 3, 100), np.linspace(0, 1, 10)], (-1, 3), "diverging")
    assert view.x_of(-1) == 7 and view.x_of(3) == 207 and view.x_of(0) == 57 and view.x_of(99) == 207
    before = view.grab().toImage()
    view.set_marks([1.0])
    after = view.grab().toImage()
    changed = [x for x in range(214) if before.pixel(x, 20) != after.pixel(x, 20)]
    assert changed and max(abs(x - 107) for x in changed) <= 2
    assert view.accessibleName() == "Values from −1.00 to 3.00"
    view.set_values([np.full(3, 2.0)], (2, 2), "grey")
    assert view.marks == () and not view.grab().isNull()
