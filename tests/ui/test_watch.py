"""Watching a folder: its new pictures are classified as they appear."""

from __future__ import annotations

import threading
import time

import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.requests import PredictRequest, generator
from deskclassify.core.use_requests import WatchRequest
from deskclassify.ui.pages.predict.intake import Intake


class Engine:
    """The real watcher, with quick looks; a played predictor that can be held."""

    def __init__(self):
        self.asked = []
        self.looked = threading.Event()  # once at least
        self.free = threading.Event()
        self.free.set()

    def __call__(self, request, control):
        if isinstance(request, WatchRequest):
            for event in generator(request)(WatchRequest(request.folder, 0.02, request.present), control):
                yield event
                self.looked.set()
        elif isinstance(request, PredictRequest):
            self.asked.append(request)
            while not self.free.is_set() and not control.stopped:
                time.sleep(0.005)
            for path in request.paths:
                yield Prediction(path, "cat", 0.9, (("cat", 0.9),))
            yield PredictDone(len(request.paths), 0, 0.1, "CPUExecutionProvider", ("cat",))

    @property
    def files(self):
        return [path.rpartition("/")[2] for request in self.asked for path in request.paths]


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
def folder(tmp_path):
    made = tmp_path / "Eingang ü"
    made.mkdir()
    save(made, "old.png")
    return made


@pytest.fixture
def intake(qtbot, session, folder, monkeypatch):
    made = alone(qtbot, session)
    made.resize(700, 260)
    made.show()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    return made


def alone(qtbot, session):
    """Without the page, which gives the buttons their places."""
    made = Intake(session)
    qtbot.addWidget(made)
    for button in (made.camera_button, made.folder_button, made.watch_button):
        button.setParent(made)
    return made


def save(folder, name):
    Image.new("RGB", (8, 8), "gold").save(folder / name)


def begin(engine, intake):
    """Press the button, and wait until what is there already is known."""
    engine.looked.clear()
    intake.watch_button.click()
    assert engine.looked.wait(5)


def watches(session):
    return [job for job in session.owner.jobs if isinstance(job.request, WatchRequest)]


def test_new_pictures_are_classified_and_counted_until_stop(intake, session, engine, folder, qtbot):
    begin(engine, intake)
    assert intake.watch_line.isVisible()
    assert intake.watch_line.label.whole_text == "Watching “Eingang ü” · 0 new so far"
    assert intake.watch_line.label.toolTip() == str(folder)
    save(folder, "one.png")
    qtbot.waitUntil(lambda: engine.files == ["one.png"])
    save(folder, "two.png")
    (folder / "below").mkdir()
    save(folder / "below", "three.png")
    qtbot.waitUntil(lambda: sorted(engine.files) == ["one.png", "three.png", "two.png"])
    qtbot.waitUntil(lambda: "3 new so far" in intake.watch_line.label.whole_text)
    with qtbot.waitSignal(session.status) as said:
        intake.watch_line.button.click()
    assert "3 new pictures" in said.args[0] and not intake.watch_line.isVisible()
    qtbot.waitUntil(lambda: not watches(session))
    save(folder, "late.png")
    qtbot.wait(120)
    assert "late.png" not in engine.files


def test_what_appears_during_a_prediction_goes_together_after_it(intake, session, engine, folder, qtbot):
    begin(engine, intake)
    engine.free.clear()
    save(folder, "a.png")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    for name in ("b.png", "c.png", "d.png"):
        save(folder, name)
        qtbot.waitUntil(lambda name=name: any(name in str(path) for path in intake.watching._new))
    assert "3 waiting" in intake.watch_line.label.whole_text and len(engine.asked) == 1
    engine.free.set()
    qtbot.waitUntil(lambda: len(engine.files) == 4)
    assert len(engine.asked) == 2
    intake.watching.stop()


def test_cancel_gives_up_what_waits_and_watching_goes_on(intake, session, engine, folder, qtbot):
    begin(engine, intake)
    engine.free.clear()
    save(folder, "a.png")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    save(folder, "b.png")
    qtbot.waitUntil(lambda: "1 waiting" in intake.watch_line.label.whole_text)
    session.stop_predicting()
    qtbot.waitUntil(lambda: not session.predictions.is_busy)
    assert intake.watching.is_on and "waiting" not in intake.watch_line.label.whole_text
    engine.free.set()
    save(folder, "c.png")
    qtbot.waitUntil(lambda: engine.files == ["a.png", "c.png"])
    intake.watching.stop()


def test_a_folder_that_goes_away_is_said_and_comes_back(intake, session, engine, folder, qtbot, tmp_path):
    begin(engine, intake)
    folder.rename(tmp_path / "away")
    qtbot.waitUntil(lambda: "cannot be read any more" in intake.watch_line.label.whole_text)
    assert intake.watching.has_trouble
    (tmp_path / "away").rename(folder)
    qtbot.waitUntil(lambda: intake.watch_line.label.whole_text == "Watching “Eingang ü” · 0 new so far")
    save(folder, "new.png")
    qtbot.waitUntil(lambda: engine.files == ["new.png"])
    intake.watching.stop()


def test_another_folder_takes_its_place(intake, session, engine, folder, qtbot, tmp_path):
    begin(engine, intake)
    other = tmp_path / "other"
    other.mkdir()
    intake.watching.start(other)
    qtbot.waitUntil(lambda: [job.request.folder for job in watches(session)] == [str(other)])
    assert "“other”" in intake.watch_line.label.whole_text
    intake.watching.stop()


def test_no_folder_and_no_model_are_sentences(intake, session, qtbot, folder, session_on, engine):
    folder.joinpath("old.png").unlink()
    folder.rmdir()
    with qtbot.waitSignal(session.failed) as failed:
        intake.watch_button.click()
    assert "no folder" in failed.args[0].sentence
    qtbot.waitUntil(lambda: not intake.watching.is_on)
    assert not intake.watch_line.isVisible()
    bare = session_on(engine)
    other = alone(qtbot, bare)
    with qtbot.waitSignal(bare.failed) as failed:
        other.watch_button.click()
    assert "no model" in failed.args[0].sentence and not other.watching.is_on


def test_closing_ends_it(intake, session, engine, qtbot):
    begin(engine, intake)
    assert session.owner.close(5_000)
    qtbot.waitUntil(lambda: not intake.watching.is_on)
    assert not intake.watch_line.isVisible()
