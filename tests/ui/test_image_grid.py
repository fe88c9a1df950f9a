"""The grid: right pictures, right order, only what is in sight, and no thread that stays."""

import time

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.images import to_qimage


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for name, color in (("red", (255, 0, 0)), ("green", (0, 255, 0)), ("blue", (0, 0, 255))):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (60, 30), color).save(path)
        paths.append(str(path))
    return paths


@pytest.fixture
def grid(qtbot):
    made = ImageGrid()
    qtbot.addWidget(made)
    made.resize(640, 480)
    return made


def settled(grid):
    keys = [(grid.model_.entry(row).path, grid._pixels) for row in grid.visible_rows()]
    return all(thumbnails.shared().get(key) is not None for key in keys)


def test_pictures_appear_in_their_colours(grid, qtbot, pictures):
    grid.set_entries([GridEntry(path, "title") for path in pictures])
    with qtbot.waitExposed(grid):
        grid.show()
    qtbot.waitUntil(lambda: settled(grid))
    shown = grid.viewport().grab().toImage()
    for row, color in enumerate(("#ff0000", "#00ff00", "#0000ff")):
        centre = grid.visualRect(grid.model().index(row, 0)).center()
        assert shown.pixelColor(centre) == QColor(color)


def test_an_unreadable_picture_says_why(grid, qtbot, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    grid.set_entries([GridEntry(str(bad), "bad"), GridEntry(str(tmp_path / "gone.jpg"))])
    with qtbot.waitExposed(grid):
        grid.show()
    qtbot.waitUntil(lambda: settled(grid))
    tip = grid.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "not a picture in a format" in tip and str(bad) in tip
    assert "not there any more" in grid.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_only_what_is_in_sight_is_decoded(grid, qtbot, tmp_path, monkeypatch):
    asked = []

    def decode(path, edge):
        asked.append(path)
        return to_qimage(np.zeros((4, 4), np.uint8))

    monkeypatch.setattr(thumbnails, "_decode", decode)
    entries = [GridEntry(f"/{number}.png") for number in range(100_000)]
    grid.set_entries(entries)
    with qtbot.waitExposed(grid):
        grid.show()
    qtbot.waitUntil(lambda: settled(grid))
    assert 0 < len(set(asked)) < 100
    grid.scrollToBottom()
    qtbot.waitUntil(lambda: "/99999.png" in asked)
    qtbot.waitUntil(lambda: settled(grid))
    assert len(set(asked)) < 200
    assert len(asked) == len(set(asked)), "a picture was decoded twice"


def test_the_latest_wish_comes_first_and_old_ones_are_forgotten(qapp, qtbot, monkeypatch):
    asked = []

    def decode(path, edge):
        asked.append(path)
        time.sleep(0.02)
        return to_qimage(np.zeros((4, 4), np.uint8))

    monkeypatch.setattr(thumbnails, "_decode", decode)
    monkeypatch.setattr(thumbnails, "THREADS", 1)  # two that begin at the same moment have no order
    made = thumbnails.Thumbnails()
    made.want(1, [(f"old{number}", 8) for number in range(50)])
    qtbot.waitUntil(lambda: len(asked) >= 2)
    made.want(1, [(f"new{number}", 8) for number in range(4)])
    qtbot.waitUntil(lambda: made.get(("new3", 8)) is not None)
    made.finish()
    news = [asked.index(f"new{number}") for number in range(4)]
    assert news == sorted(news), "not in the order of the wish"
    assert sum(path.startswith("old") for path in asked) < 10


def test_the_memory_of_pictures_is_limited(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(thumbnails, "_decode", lambda path, edge: to_qimage(np.zeros((2, 2), np.uint8)))
    monkeypatch.setattr(thumbnails, "_KEPT", 10)
    made = thumbnails.Thumbnails()
    made.want(1, [(str(number), 2) for number in range(30)])
    qtbot.waitUntil(lambda: made.get(("29", 2)) is not None)
    made.finish()
    assert len(made._kept) <= 10


def test_closing_in_the_middle_of_decoding_leaves_nothing(qtbot, monkeypatch):
    def decode(path, edge):
        time.sleep(0.1)
        return to_qimage(np.zeros((4, 4), np.uint8))

    monkeypatch.setattr(thumbnails, "_decode", decode)
    grid = ImageGrid()
    qtbot.addWidget(grid)
    grid.set_entries([GridEntry(f"/{number}.png") for number in range(500)])
    with qtbot.waitExposed(grid):
        grid.show()
    qtbot.wait(50)
    grid.close()
    started = time.monotonic()
    thumbnails.finish()
    assert time.monotonic() - started < 1.0


def test_enter_activates_an_entry(grid, qtbot, pictures):
    grid.set_entries([GridEntry(path) for path in pictures])
    with qtbot.waitExposed(grid):
        grid.show()
    grid.setCurrentIndex(grid.model().index(1, 0))
    with qtbot.waitSignal(grid.activated_entry) as heard:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert heard.args[0].path == pictures[1]
    assert grid.entry_at(grid.model().index(2, 0)).path == pictures[2]


@pytest.mark.parametrize("width", [200, 333, 640, 701, 1024])
def test_columns_fill_the_width(grid, qtbot, width):
    grid.resize(width, 400)
    grid.set_entries([GridEntry(f"/{number}.png") for number in range(1000)])
    with qtbot.waitExposed(grid):
        grid.show()
    qtbot.wait(10)
    tops = [grid.visualRect(grid.model().index(row, 0)).top() for row in range(12)]
    columns = tops.count(tops[0])
    used = columns * grid.gridSize().width()
    assert columns == grid._layout_width() // grid.gridSize().width(), "the grid and QListView count differently"
    assert used > 0.7 * width


def test_arrays_become_pictures_that_own_their_pixels():
    array = np.zeros((3, 5, 3), np.uint8)
    array[1, 2] = (10, 20, 30)
    image = to_qimage(array[:, ::-1])
    array[:] = 0
    assert (image.width(), image.height()) == (5, 3)
    assert image.pixelColor(2, 1).getRgb()[:3] == (10, 20, 30)
    assert to_qimage(np.full((4, 3), 7, np.uint8)).pixelColor(0, 0).red() == 7
    assert to_qimage(np.full((4, 3, 4), 9, np.uint8)).pixelColor(0, 0).getRgb() == (9, 9, 9, 9)
    for wrong in (np.zeros((3, 3), np.float32), np.zeros((3, 3, 2), np.uint8), np.zeros(3, np.uint8)):
        with pytest.raises(ValueError):
            to_qimage(wrong)


def test_a_grid_without_any_room_does_no_harm(qtbot):
    grid = ImageGrid()
    qtbot.addWidget(grid)
    grid.show()
    grid.resize(0, 0)
    grid.set_entries([GridEntry("/a.png"), GridEntry("/b.png")])
    assert grid.visible_rows() and grid.gridSize().width() > 0
