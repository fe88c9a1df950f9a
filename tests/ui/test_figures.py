"""Views as files: size, sharpness, colours, the whole content, and the view as it was afterwards."""

from __future__ import annotations

import errno
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QListView, QListWidget, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from deskclassify.core import atomic
from deskclassify.core.errors import InputError, UserError
from deskclassify.ui import figures, theme
from deskclassify.ui.figures import save_view


@pytest.fixture(autouse=True)
def light_again(qapp):
    theme.apply(qapp, "light")
    yield
    theme.apply(qapp, "light")


@pytest.fixture
def page(qtbot):
    """A label of one colour above a list of 300 rows, of which few are in sight."""
    made = QWidget()
    qtbot.addWidget(made)
    column = QVBoxLayout(made)
    made.mark = QLabel("Text that stays text")
    made.mark.setStyleSheet("background: #ff00ff;")
    column.addWidget(made.mark)
    made.rows = QListWidget()
    made.rows.addItems([f"row {at}" for at in range(60)])
    made.rows.item(59).setBackground(QColor("#00ff00"))
    column.addWidget(made.rows, 1)
    made.resize(500, 260)
    with qtbot.waitExposed(made):
        made.show()
    made.rows.doItemsLayout()
    return made


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")), image.info


def test_a_png_has_the_size_of_print(page, tmp_path):
    page.rows.hide()
    assert save_view(page, tmp_path / "a.png") == figures.Saved(tmp_path / "a.png", True)
    drawn, info = pixels(tmp_path / "a.png")
    assert drawn.shape[1] == 2000
    assert info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert (drawn[0, 0] == 255).all()
    scale = 2000 / (500 + 24)
    height = (drawn == (255, 0, 255)).all(axis=2).any(axis=1).sum()
    assert height == pytest.approx(page.mark.height() * scale, abs=3)


def test_text_is_drawn_and_not_enlarged(page, tmp_path):
    page.rows.hide()
    save_view(page, tmp_path / "a.png")
    drawn, _ = pixels(tmp_path / "a.png")
    enlarged = page.grab().toImage().scaledToWidth(2000)
    enlarged.save(str(tmp_path / "b.png"))
    blocky, _ = pixels(tmp_path / "b.png")

    def detail(picture):
        rows = np.where((picture == (255, 0, 255)).all(axis=2).any(axis=1))[0]
        text = picture[rows.min() : rows.max(), :, 1].astype(int)
        return len(np.unique(np.abs(np.diff(text, axis=1)).sum(axis=0)))

    assert detail(drawn) > 1.3 * detail(blocky)


def test_what_is_scrolled_away_is_drawn_too_and_the_view_is_as_before(qapp, page, tmp_path):
    page.rows.setVerticalScrollMode(QListView.ScrollMode.ScrollPerItem)
    page.rows.setCurrentRow(30)
    page.rows.scrollToItem(page.rows.item(30))
    before, place = page.grab().toImage(), page.rows.verticalScrollBar().value()
    assert place > 0
    assert save_view(page, tmp_path / "a.png").is_whole
    drawn, _ = pixels(tmp_path / "a.png")
    assert (drawn == (0, 255, 0)).all(axis=2).any()
    rows = np.where((drawn == (0, 255, 0)).all(axis=2).any(axis=1))[0]
    assert len(drawn) - rows.max() < 300  # no long rest below the last row
    assert page.size() == QSize(500, 260)
    assert page.rows.verticalScrollMode() == QListView.ScrollMode.ScrollPerItem
    assert page.rows.verticalScrollBar().value() == place
    assert not page.rows.verticalScrollBar().isHidden()
    qapp.processEvents()  # the screen is drawn after them
    assert page.grab().toImage() == before


def test_a_long_view_is_made_wider(page, tmp_path):
    page.rows.setViewMode(QListView.ViewMode.IconMode)
    page.rows.setResizeMode(QListView.ResizeMode.Adjust)
    page.rows.setGridSize(QSize(90, 90))
    page.rows.addItems([f"more {at}" for at in range(200)])
    assert save_view(page, tmp_path / "a.png").is_whole
    drawn, _ = pixels(tmp_path / "a.png")
    assert drawn.shape[0] < 2.2 * drawn.shape[1]
    assert page.size() == QSize(500, 260)


def test_what_is_too_long_is_cut_and_said(page, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "_LONGEST", 600)
    assert not save_view(page, tmp_path / "a.png").is_whole
    drawn, _ = pixels(tmp_path / "a.png")
    assert max(drawn.shape) <= 2000
    assert page.size() == QSize(500, 260)


def test_a_table_is_itself_a_view(qtbot, tmp_path):
    table = QTableWidget(80, 2)
    qtbot.addWidget(table)
    last = QTableWidgetItem("x")
    last.setBackground(QColor("#00ff00"))
    table.setItem(79, 1, last)
    table.resize(240, 200)
    table.show()
    assert save_view(table, tmp_path / "a.png").is_whole
    drawn, _ = pixels(tmp_path / "a.png")
    assert (drawn == (0, 255, 0)).all(axis=2).any()


def test_dark_windows_are_saved_light(qapp, page, tmp_path):
    theme.apply(qapp, "dark")
    changes: list[bool] = []
    theme.notifier().changed.connect(lambda: changes.append(theme.current().is_dark))
    before = page.grab().toImage()
    save_view(page, tmp_path / "a.png")
    drawn, _ = pixels(tmp_path / "a.png")
    assert (drawn[0, 0] == 255).all()
    assert (drawn.reshape(-1, 3).mean(axis=1) > 200).mean() > 0.5
    assert changes == [False, True]
    assert theme.current() == theme.DARK
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(theme.DARK.window)
    qapp.processEvents()
    assert page.grab().toImage() == before


def test_an_svg_has_text_title_and_description(page, tmp_path):
    assert save_view(page, tmp_path / "a.svg", "A <title>", "What & why").is_whole
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    names = {"s": "http://www.w3.org/2000/svg"}
    assert root.find("s:title", names).text == "A <title>"
    assert root.find("s:desc", names).text == "What & why"
    texts = ["".join(text.itertext()).strip() for text in root.iter(f"{{{names['s']}}}text")]
    assert "Text that stays text" in texts and "row 59" in texts
    family = next(root.iter(f"{{{names['s']}}}text")).get("font-family")
    assert family.endswith("sans-serif")
    width, height = (float(value) for value in root.get("viewBox").split()[2:])
    assert height > width > 524  # the whole list, made wider


@pytest.mark.parametrize("name", ["a.jpg", "a", ".svg"])
def test_other_kinds_are_refused(page, tmp_path, name):
    with pytest.raises(InputError, match="PNG or SVG"):
        save_view(page, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "refused"), (errno.EIO, "cannot be written")]
)
def test_what_cannot_be_written_is_a_sentence(page, tmp_path, monkeypatch, number, words):
    def fail(path, data):
        raise OSError(number, "broken", str(path))

    monkeypatch.setattr(atomic, "write_bytes", fail)
    with pytest.raises(UserError, match=words):
        save_view(page, tmp_path / "a.png")
    assert page.size() == QSize(500, 260)


def test_the_view_comes_back_after_an_error_while_drawing(qapp, page, tmp_path, monkeypatch):
    theme.apply(qapp, "dark")

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(figures, "_draw", fail)
    with pytest.raises(RuntimeError):
        save_view(page, tmp_path / "a.svg")
    assert page.size() == QSize(500, 260)
    assert theme.current().is_dark
    assert page.rows.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAsNeeded
    assert not page.rows.verticalScrollBar().isHidden()
