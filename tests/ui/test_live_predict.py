"""The camera, classified live, with a camera that the test plays."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from doubles import played_media
from PIL import Image
from PySide6.QtGui import QColor, QImage

from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.requests import PredictRequest, generator
from deskclassify.core.use_requests import FrameRequest
from deskclassify.ui.pages.predict import PredictPage
from deskclassify.ui.pages.predict.live_camera import LivePredict, pixels_of


class Engine:
    """Says which colour a frame has; can be held, and can fail."""

    def __init__(self):
        self.frames = []
        self.predicted = []
        self.free = threading.Event()
        self.free.set()
        self.at_once = self.most_at_once = 0
        self.error = None
        self.refused = False

    def __call__(self, request, control):
        if request.process == "here":
            yield from generator(request)(request, control)
        elif isinstance(request, FrameRequest):
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                yield from self._frame(request, control)
            finally:
                self.at_once -= 1
        elif isinstance(request, PredictRequest):
            self.predicted += request.paths
            yield Prediction(request.paths[0], "red", 0.9, (("red", 0.9),))
            yield PredictDone(1, 0, 0.1, "CPUExecutionProvider", ("red",))

    def _frame(self, request, control):
        self.frames.append(request)
        while not self.free.is_set() and not control.stopped:
            time.sleep(0.002)
        if self.error is not None:
            raise self.error
        red = float(request.pixels[0, 0, 0]) / 255
        top = sorted((("red", red), ("other", 1 - red)), key=lambda pair: -pair[1])
        yield Prediction("", top[0][0], top[0][1], tuple(top), milliseconds=5.0, refused=self.refused)

    @property
    def colors(self):
        return [tuple(int(value) for value in request.pixels[0, 0]) for request in self.frames]


@pytest.fixture(autouse=True)
def media(monkeypatch):
    made = played_media()
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", made)
    return made


@pytest.fixture
def engine():
    made = Engine()
    yield made
    made.free.set()


@pytest.fixture
def session(session_on, engine, tmp_path):
    made = session_on(engine)
    made.open_model(tmp_path / "model.onnx")
    return made


@pytest.fixture
def page(qtbot, session):
    made = PredictPage(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


@pytest.fixture
def dialog(page):
    """It closes with its page."""
    page.intake.camera_button.click()
    return page.findChild(LivePredict)


def image_of(color, size=(64, 48)):
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return image


def frame(dialog, color, size=(64, 48)):
    image = image_of(color, size)
    dialog._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: image))


def answered(qtbot, dialog):
    qtbot.waitUntil(lambda: dialog._job is None and bool(dialog.live.rows))


def test_a_frame_is_classified_and_the_answer_stands_over_the_picture(dialog, engine, qtbot, media):
    assert media.QCamera.running and not dialog.take_button.isEnabled()
    frame(dialog, "red")
    answered(qtbot, dialog)
    assert engine.colors == [(255, 0, 0)] and dialog.take_button.isEnabled()
    assert dialog.live.rows == (("red", 1.0),)
    assert "red: 100.0 %" in dialog.live.accessibleDescription()
    shown = dialog.live.grab().toImage()
    middle = shown.width() // 2
    assert shown.pixelColor(middle, shown.height() // 3) == QColor("red")
    assert shown.pixelColor(middle, dialog.live.frame_rect().bottom() - 4).red() < 120  # the band is dark


def test_one_frame_at_a_time_and_always_the_newest(dialog, engine, qtbot):
    engine.free.clear()
    frame(dialog, "#010000")
    qtbot.waitUntil(lambda: len(engine.frames) == 1)
    for number in range(2, 60):
        frame(dialog, QColor(number, 0, 0))
        qtbot.wait(2)
    assert len(engine.frames) == 1
    engine.free.set()
    qtbot.waitUntil(lambda: len(engine.frames) == 2 and dialog._job is None)
    assert engine.colors == [(1, 0, 0), (59, 0, 0)]  # none between was queued up
    assert engine.most_at_once == 1


def test_the_same_frame_is_not_classified_twice(dialog, engine, qtbot):
    frame(dialog, "red")
    answered(qtbot, dialog)
    qtbot.wait(60)
    assert len(engine.frames) == 1


def test_frames_between_two_paints_are_never_decoded(dialog, engine, qtbot):
    """What a camera sends faster than the window paints, or the network answers, costs nothing."""
    engine.free.clear()
    frame(dialog, "red")
    qtbot.waitUntil(lambda: len(engine.frames) == 1)
    decoded = []

    def decode():
        decoded.append(1)
        return image_of("blue")

    before = dialog.preview.painted
    for _ in range(200):
        dialog._sink.videoFrameChanged.emit(SimpleNamespace(toImage=decode))
    qtbot.waitUntil(lambda: dialog.preview.painted > before)
    assert 1 <= len(decoded) <= 3
    engine.free.set()


def test_the_bars_are_smoothed(dialog, engine, qtbot):
    frame(dialog, "red")
    answered(qtbot, dialog)
    frame(dialog, "black")
    qtbot.waitUntil(lambda: len(engine.frames) == 2 and dialog._job is None)
    shares = dict(dialog.live.rows)
    assert 0.0 < shares["other"] < 1.0 and sum(shares.values()) == pytest.approx(1.0)
    assert "smoothed" in dialog.facts_label.whole_text


def test_none_of_these_is_said(dialog, engine, qtbot):
    engine.refused = True
    frame(dialog, "red")
    answered(qtbot, dialog)
    assert dialog.live.is_refused and dialog.live.accessibleDescription().startswith("none of these")


def test_rate_and_time_of_the_answers_are_shown(dialog, engine, qtbot):
    def told():
        frame(dialog, QColor(int(time.monotonic() * 1000) % 255, 1, 2))
        return all(word in dialog.facts_label.whole_text for word in ("pictures a second", "answers a second", " ms"))

    qtbot.waitUntil(told, timeout=20_000)


def test_large_frames_are_made_smaller_before_they_are_sent(dialog, engine, qtbot):
    frame(dialog, "#336699", (1920, 1080))
    answered(qtbot, dialog)
    pixels = engine.frames[0].pixels
    assert pixels.shape == (480, 853, 3) and pixels.dtype == np.uint8
    assert engine.colors == [(0x33, 0x66, 0x99)]


def test_odd_sizes_keep_their_pixels():
    image = image_of("black", (7, 5))
    image.setPixelColor(6, 4, QColor(9, 8, 7))
    assert pixels_of(image).shape == (5, 7, 3) and tuple(pixels_of(image)[4, 6]) == (9, 8, 7)


def test_take_picture_keeps_one_in_the_table(dialog, page, engine, session, qtbot, media):
    frame(dialog, "lime", (640, 480))
    with qtbot.waitSignal(session.predict_done):
        dialog.take_button.click()
    (path,) = engine.predicted
    with Image.open(path) as saved:
        assert saved.size == (640, 480) and saved.convert("RGB").getpixel((5, 5)) == (0, 255, 0)
    assert "camera" in Path(path).name and dialog.isVisible()


def test_a_picture_taken_just_before_closing_is_kept(dialog, engine, session, qtbot):
    frame(dialog, "lime")
    dialog.take_button.click()
    dialog.reject()
    qtbot.waitUntil(lambda: len(engine.predicted) == 1)
    qtbot.waitUntil(lambda: not session.owner.jobs)


def test_mirror_turns_the_view_and_not_what_is_classified(dialog, engine, qtbot):
    image = image_of("white", (400, 300))
    for x in range(200):
        for y in range(300):
            image.setPixelColor(x, y, QColor("red"))
    dialog._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: image))
    answered(qtbot, dialog)
    place = dialog.live.frame_rect()
    left = dialog.live.grab().toImage().pixelColor(place.left() + 20, place.top() + 20)
    dialog.mirror_box.click()
    turned = dialog.live.grab().toImage().pixelColor(place.left() + 20, place.top() + 20)
    assert left == QColor("red") and turned == QColor("white")
    dialog.take_button.click()
    qtbot.waitUntil(lambda: len(engine.predicted) == 1)
    with Image.open(engine.predicted[0]) as saved:
        assert saved.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_several_cameras_can_be_chosen_from(page, session, qtbot, media, engine):
    first, second = (
        SimpleNamespace(isNull=lambda: False, description=lambda name=name: name) for name in ("Built in", "Desk")
    )
    media.QMediaDevices = SimpleNamespace(defaultVideoInput=lambda: second, videoInputs=lambda: [first, second])
    page.intake.camera_button.click()
    dialog = page.findChild(LivePredict)
    assert dialog.camera_box.isVisible() and dialog.camera_box.currentText() == "Desk"
    frame(dialog, "red")
    answered(qtbot, dialog)
    before = dialog._camera
    dialog.camera_box.setCurrentIndex(0)
    assert dialog._camera is not before and media.QCamera.running and dialog.live.rows == ()
    frame(dialog, "red")
    answered(qtbot, dialog)
    assert dialog.state_label.text() == "Built in"
    dialog.reject()
    assert not media.QCamera.running


def test_a_failure_is_a_sentence_and_is_tried_again_later(dialog, engine, session, qtbot, media):
    dialog._again.setInterval(30)
    engine.error = InputError("This model is damaged.")
    frame(dialog, "red")
    qtbot.waitUntil(lambda: dialog.state_label.text() == "This model is damaged.")
    for color in ("lime", "blue"):
        frame(dialog, color)
    assert len(engine.frames) == 1 and dialog.state_label.text() == "This model is damaged."
    engine.error = None
    qtbot.waitUntil(lambda: bool(dialog.live.rows))
    assert engine.colors[-1] == (0, 0, 255) and dialog.state_label.text() == "Webcam"


def test_without_a_model_the_picture_is_shown_and_the_reason(qtbot, session_on, engine, media):
    session = session_on(engine)
    page = PredictPage(session)
    qtbot.addWidget(page)
    page.show()
    page.intake.camera_button.click()
    dialog = page.findChild(LivePredict)
    frame(dialog, "red")
    assert "no model yet" in dialog.state_label.text() and not engine.frames and dialog.take_button.isEnabled()
    dialog.reject()


def test_closing_and_leaving_the_page_give_the_camera_back(page, engine, session, qtbot, media):
    engine.free.clear()
    page.intake.camera_button.click()
    dialog = page.findChild(LivePredict)
    page.intake.camera_button.click()  # the same window again
    assert page.findChildren(LivePredict) == [dialog]
    frame(dialog, "red")
    qtbot.waitUntil(lambda: len(engine.frames) == 1)
    dialog.reject()
    assert not media.QCamera.running
    qtbot.waitUntil(lambda: not session.owner.jobs)  # also the frame that was being looked at
    engine.free.set()
    page.intake.camera_button.click()
    assert media.QCamera.running
    page.hide()
    assert not media.QCamera.running
