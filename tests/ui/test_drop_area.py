"""The drop area takes files, folders, bare pictures and pictures of the web, and nothing else."""

from __future__ import annotations

import pytest
from doubles import drop, enter
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDragLeaveEvent, QImage
from PySide6.QtWidgets import QApplication

from deskclassify.core.browser_drops import Given
from deskclassify.ui import theme
from deskclassify.ui.widgets.drop_area import DropArea


@pytest.fixture
def area(qtbot):
    made = DropArea("Drop pictures", "or click")
    qtbot.addWidget(made)
    made.resize(400, 160)
    made.show()
    return made


def test_drop_of_files_and_folders_with_any_name(area, qtbot, tmp_path):
    wanted = [tmp_path / "Übung 1 % #.png", tmp_path / "Ordner ☃", tmp_path / ("x" * 251 + ".png")]
    with qtbot.waitSignal(area.brought) as brought:
        assert drop(area, wanted)
    assert brought.args[0].given == Given(files=tuple(map(str, wanted))) and brought.args[0].picture.isNull()


def test_a_share_of_the_network_is_passed_on_untouched(area, qtbot):
    mime = QMimeData()
    mime.setUrls([QUrl("file://server/share/K%C3%A4fer.png")])
    with qtbot.waitSignal(area.brought) as brought:
        drop(area, mime)
    assert brought.args[0].given.files == ("//server/share/Käfer.png",)


def test_lights_up_while_something_usable_is_over_it(area, tmp_path):
    middle = QPoint(20, 80)
    before = area.grab().toImage().pixelColor(middle)
    assert enter(area, [tmp_path / "a.jpg"])
    assert area.is_highlighted
    assert area.grab().toImage().pixelColor(middle) != before
    QApplication.sendEvent(area, QDragLeaveEvent())
    assert not area.is_highlighted
    assert area.grab().toImage().pixelColor(middle) == before


def test_text_is_refused(area, qtbot):
    text, page = QMimeData(), QMimeData()
    text.setText("hello")
    page.setHtml("<p>hello</p>")
    with qtbot.assertNotEmitted(area.brought):
        for mime in (text, page):
            assert not enter(area, mime)
            assert not area.take(mime)


def test_the_address_of_a_picture_is_taken_from_the_html_of_a_browser(area, qtbot):
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/article")])
    mime.setHtml('<a href="https://example.org/article"><img src="https://example.org/a%20b.jpg"></a>')
    with qtbot.waitSignal(area.brought) as brought:
        assert drop(area, mime)
    assert brought.args[0].given == Given(addresses=("https://example.org/a%20b.jpg",))


def test_mozilla_s_own_kind_is_understood(area, qtbot):
    mime = QMimeData()
    mime.setData("text/x-moz-url", "https://example.org/käfer.jpg\nA beetle".encode("utf-16-le"))
    with qtbot.waitSignal(area.brought) as brought:
        assert drop(area, mime)
    assert brought.args[0].given.addresses == ("https://example.org/käfer.jpg",)


def test_a_bare_picture_comes_decoded(area, qtbot):
    image = QImage(7, 5, QImage.Format.Format_RGB32)
    image.fill(QColor(10, 200, 30))
    mime = QMimeData()
    mime.setImageData(image)
    with qtbot.waitSignal(area.brought) as brought:
        drop(area, mime)
    assert brought.args[0].given == Given(picture=True)
    assert brought.args[0].picture.pixelColor(3, 3) == QColor(10, 200, 30)


def test_a_picture_that_cannot_be_decoded_is_none(area, qtbot):
    mime = QMimeData()
    mime.setData("image/png", b"no picture")
    with qtbot.assertNotEmitted(area.brought):
        assert not area.take(mime)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_keyboard_clicks_it(area, qtbot, key):
    with qtbot.waitSignal(area.clicked):
        qtbot.keyClick(area, key)


@pytest.mark.parametrize("height", [64, 90, 160])
def test_it_is_readable_at_any_height(area, height, qtbot):
    """Icon, title and hint are all there, and none is cut off by the frame."""
    area.resize(400, height)
    image = area.grab().toImage()
    surface = QColor(theme.current().surface)
    rows = [y for y in range(6, image.height() - 6) if any(_differs(image, x, y, surface) for x in range(8, 392))]
    assert rows[0] > 8 and rows[-1] < image.height() - 8
    assert len(rows) > 20


def _differs(image, x, y, color):
    there = image.pixelColor(x, y)
    return abs(there.lightness() - color.lightness()) > 24
