"""The camera's pictures through the network, with a camera that the test plays."""

from __future__ import annotations

import sys
import threading
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from doubles import played_media
from layers_double import LAYERS
from PIL import Image
from PySide6.QtGui import QColor, QImage

from deskclassify.core import paths
from deskclassify.core.layer_requests import LayerRequest
from deskclassify.ui.pages.layers.live_camera import LiveCamera
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.picture_chooser import PictureButton


@pytest.fixture(autouse=True)
def media(monkeypatch):
    """QtMultimedia with one camera."""
    made = played_media()
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", made)
    return made


@pytest.fixture
def looking(session, qtbot, picture):
    made = Looking(session)
    made.set_image(str(picture))
    made.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: made.listed is not None)
    made.set_layer(LAYERS[0])
    qtbot.waitUntil(lambda: made.shown is not None and not made.is_busy)
    return made


@pytest.fixture
def button(session, looking, qtbot):
    made = PictureButton(session, looking)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def dialog(button, looking, qtbot):
    button.camera_action.trigger()
    made = button.findChild(LiveCamera)
    yield made
    qtbot.waitUntil(lambda: not looking.is_busy)


def frame(dialog, color):
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    dialog._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: image))


def looked_at(engine):
    return [request.image for request in engine.of(LayerRequest)]


def color_of(path):
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((5, 5))


def near(color, wanted):
    return all(abs(one - other) < 12 for one, other in zip(color, wanted, strict=True))


def test_a_frame_goes_through_the_network_as_a_file(dialog, looking, engine, qtbot, media):
    assert media.QCamera.running
    frame(dialog, "lime")
    assert near(color_of(looking.image), (0, 255, 0))
    assert Path(looking.image).is_relative_to(paths.cache_dir()) and Path(looking.image).suffix == ".jpg"
    qtbot.waitUntil(lambda: looking.shown is not None and looking.shown.image == looking.image)
    assert looked_at(engine)[-1] == looking.image
    assert dialog.state_label.text() == "bees 90 %"
    frame(dialog, "lime")
    assert dialog.state_label.text() == "bees 90 %"  # and not the camera's name again


def test_no_frame_is_sent_before_the_answer_and_the_newest_wins(dialog, looking, engine, qtbot):
    engine.held[LAYERS[0].name] = threading.Event()
    frame(dialog, "red")
    first = looking.image
    qtbot.waitUntil(lambda: looked_at(engine)[-1] == first)
    for color in ("lime", "yellow", "blue"):
        frame(dialog, color)
        qtbot.wait(90)
    assert looking.image == first and near(color_of(first), (255, 0, 0))
    engine.held[LAYERS[0].name].set()
    qtbot.waitUntil(lambda: looking.image != first)
    assert near(color_of(looking.image), (0, 0, 255))
    assert near(color_of(first), (255, 0, 0))  # what may still be read is left as it is
    qtbot.waitUntil(lambda: not looking.is_busy)
    assert len(set(looked_at(engine)[1:])) == 2


def test_at_most_five_frames_a_second_and_two_files(dialog, looking, engine, qtbot):
    before = len(looked_at(engine))
    for at in range(70):
        frame(dialog, QColor(at, 200, 90))
        qtbot.wait(10)
    sent = looked_at(engine)[before:]
    assert 2 <= len(sent) <= 6  # 0.7 s and what the waiting itself took
    assert all(one != other for one, other in pairwise(sent)) and len(set(sent)) == 2
    assert {file.name for file in Path(looking.image).parent.iterdir()} == {"live-a.jpg", "live-b.jpg"}


def test_closing_restores_the_picture_and_deletes_the_files(dialog, button, looking, picture, qtbot, media):
    frame(dialog, "lime")
    folder = Path(looking.image).parent
    qtbot.waitUntil(lambda: not looking.is_busy)
    dialog.reject()
    assert looking.image == str(picture) and not folder.exists() and not media.QCamera.running
    frame(dialog, "red")  # one more that was on its way
    assert looking.image == str(picture)
    qtbot.waitUntil(lambda: looking.shown is not None and looking.shown.image == str(picture))
    button.camera_action.trigger()  # and again
    assert media.QCamera.running
    button.hide()  # the page is left: the camera goes
    assert not media.QCamera.running


def test_a_kept_picture_stays(dialog, button, looking, qtbot, media):
    frame(dialog, "lime")
    with qtbot.waitSignal(button.chosen) as chosen:
        dialog.take_button.click()
    assert looking.image == chosen.args[0] and near(color_of(looking.image), (0, 255, 0))
    assert not dialog.isVisible() and not media.QCamera.running


def test_another_picture_chosen_meanwhile_ends_it_and_stays(dialog, looking, tmp_path, qtbot, media):
    frame(dialog, "lime")
    Image.new("RGB", (8, 8)).save(tmp_path / "other.png")
    looking.set_image(str(tmp_path / "other.png"))
    assert not media.QCamera.running and looking.image == str(tmp_path / "other.png")


def test_a_full_disk_is_a_sentence_and_the_next_frame_is_tried(dialog, looking, picture, monkeypatch, qtbot):
    with monkeypatch.context() as patch:
        patch.setattr(QImage, "save", lambda *_, **__: False)
        frame(dialog, "lime")
    assert "Is the disk full?" in dialog.state_label.text() and looking.image == str(picture)
    frame(dialog, "lime")
    assert looking.image != str(picture)


def test_a_second_press_brings_the_same_window(dialog, button):
    button.camera_action.trigger()
    assert button.findChildren(LiveCamera) == [dialog]
