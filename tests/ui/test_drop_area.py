"""The drop area takes files, folders and bare pictures, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles import drop, enter
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDragLeaveEvent, QImage
from PySide6.QtWidgets import QApplication

from deskclassify.core import paths
from deskclassify.ui.widgets.drop_area import DropArea


@pytest.fixture
def area(qtbot):
    made = DropArea("Drop pictures", "or click")
    qtbot.addWidget(made)
    made.resize(400, 160)
    made.show()
    return made


def test_drop_of_files_and_folders_with_any_name(area, qtbot, tmp_path):
    wanted = [tmp_path / "Übung 1 % #.png", tmp_path / "Ordner ☃"]
    with qtbot.waitSignal(area.dropped) as dropped:
        assert drop(area, wanted)
    assert dropped.args == [wanted]


def test_lights_up_while_something_usable_is_over_it(area, tmp_path):
    middle = QPoint(20, 80)
    before = area.grab().toImage().pixelColor(middle)
    assert enter(area, [tmp_path / "a.jpg"])
    assert area.is_highlighted
    assert area.grab().toImage().pixelColor(middle) != before
    QApplication.sendEvent(area, QDragLeaveEvent())
    assert not area.is_highlighted
    assert area.grab().toImage().pixelColor(middle) == before


def test_text_and_web_addresses_are_refused(area, qtbot):
    text = QMimeData()
    text.setText("hello")
    web = QMimeData()
    web.setUrls([QUrl("https://example.org/a.jpg")])
    with qtbot.assertNotEmitted(area.dropped):
        for mime in (text, web):
            assert not enter(area, mime)
            assert not area.take(mime)


def test_a_bare_picture_is_kept_as_png_in_the_cache(area, qtbot):
    image = QImage(7, 5, QImage.Format.Format_RGB32)
    image.fill(QColor(10, 200, 30))
    mime = QMimeData()
    mime.setImageData(image)
    with qtbot.waitSignal(area.dropped) as dropped:
        drop(area, mime)
    (path,) = dropped.args[0]
    assert isinstance(path, Path) and path.parent == paths.cache_dir() / "pasted"
    with Image.open(path) as saved:
        assert saved.size == (7, 5) and saved.convert("RGB").getpixel((3, 3)) == (10, 200, 30)


def test_a_picture_that_cannot_be_kept_is_a_sentence(area, qtbot, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setattr(paths, "cache_dir", lambda: blocked)
    mime = QMimeData()
    image = QImage(2, 2, QImage.Format.Format_RGB32)
    image.fill(0)
    mime.setImageData(image)
    with qtbot.waitSignal(area.failed) as failed:
        drop(area, mime)
    assert failed.args[0].sentence


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_keyboard_clicks_it(area, qtbot, key):
    with qtbot.waitSignal(area.clicked):
        qtbot.keyClick(area, key)
