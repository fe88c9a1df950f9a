"""Everything that can be dropped or pasted on the Predict page comes to the right place, in the right order."""

from __future__ import annotations

import base64
import io
import threading
import time
from pathlib import Path

import pytest
from doubles import drop
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from deskclassify.core import paths
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction, Progress
from deskclassify.core.requests import PredictRequest, generator
from deskclassify.ui.pages.predict.intake import Intake

CAT = "https://example.org/cat.jpg"


class Engine:
    """The predictor, and a fetcher that brings one folder for each source; both wait while `hold` is set."""

    def __init__(self):
        self.requests = []
        self.free = threading.Event()
        self.free.set()
        self.error = None

    def __call__(self, request, control):
        if request.process == "here":
            yield from generator(request)(request, control)
            return
        self.requests.append(request)
        if isinstance(request, FetchRequest):
            yield Progress("download", 2_000_000, 8_000_000)
            while not self.free.is_set() and not control.stopped:
                time.sleep(0.005)
            if control.stopped:
                return
            if self.error is not None:
                raise self.error
            yield Fetched(f"/pictures/{Path(request.source).name}", "x", 3)
        elif isinstance(request, PredictRequest):
            yield Progress("predict", 1, len(request.paths), 30.0, 4.0)
            while not self.free.is_set() and not control.stopped:
                time.sleep(0.005)
            for path in request.paths:
                yield Prediction(path, "cat", 0.9, (("cat", 0.9),))
            yield PredictDone(len(request.paths), 0, 0.1, "CPUExecutionProvider", ("cat",), stopped=control.stopped)

    def of(self, kind):
        return [request for request in self.requests if isinstance(request, kind)]


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
def intake(qtbot, session):
    """As the page has it: what is chosen is classified."""
    made = alone(qtbot, session)
    made.chosen.connect(session.predict)
    made.resize(700, 260)
    made.show()
    return made


def alone(qtbot, session):
    """Without the page, which gives the buttons their places."""
    made = Intake(session)
    qtbot.addWidget(made)
    for button in (made.camera_button, made.folder_button, made.watch_button):
        button.setParent(made)
    return made


def picture(color="gold", size=(30, 20)):
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return image


def mime_of(*addresses, html="", text=""):
    mime = QMimeData()
    if addresses:
        mime.setUrls([QUrl(address) for address in addresses])
    if html:
        mime.setHtml(html)
    if text:
        mime.setText(text)
    return mime


def ended(qtbot, session):
    qtbot.waitUntil(lambda: not session.owner.jobs and not session.predictions.is_busy)


def predicted(engine):
    return [request.paths for request in engine.of(PredictRequest)]


def test_the_model_first_then_the_pictures_and_the_archives(intake, session, engine, qtbot, tmp_path):
    dropped = [tmp_path / name for name in ("a.jpg", "set.zip", "other.onnx", "Ordner", "b.txt")]
    drop(intake.drop_area, dropped)
    assert session.model == tmp_path / "other.onnx"
    qtbot.waitUntil(lambda: len(engine.of(PredictRequest)) == 2)
    ended(qtbot, session)
    assert {request.model for request in engine.of(PredictRequest)} == {str(tmp_path / "other.onnx")}
    assert predicted(engine) == [tuple(str(tmp_path / name) for name in ("a.jpg", "Ordner", "b.txt")),
                                 (str(Path("/pictures/set.zip")),)]  # fmt: skip
    assert engine.of(FetchRequest) == [FetchRequest(str(tmp_path / "set.zip"), picture=True)]


def test_no_file_is_looked_up_in_the_windows_thread(intake, session, engine, qtbot, monkeypatch):
    """A share that does not answer must not hold the window: any question to the disk fails here."""
    window = threading.get_ident()

    def refuse(self, *_, **__):
        assert threading.get_ident() != window, f"{self} was looked up"
        raise FileNotFoundError(self)

    for name in ("stat", "exists", "is_file", "is_dir", "resolve"):
        monkeypatch.setattr(Path, name, refuse)
    urls = [QUrl(f"file://nas/share/{number}.jpg") for number in range(800)]
    mime = QMimeData()
    mime.setUrls([*urls, QUrl("file://nas/share/folder")])
    begun = time.perf_counter()
    assert drop(intake.drop_area, mime)
    assert time.perf_counter() - begun < 1.0
    monkeypatch.undo()
    ended(qtbot, session)
    (paths_,) = predicted(engine)
    assert len(paths_) == 801 and paths_[0] == str(Path("//nas/share/0.jpg"))


def test_a_picture_of_the_web_is_downloaded_and_a_bare_one_is_not(intake, session, engine, qtbot):
    drop(intake.drop_area, mime_of("https://example.org/page", html=f'<img src="{CAT}">'))
    qtbot.waitUntil(lambda: predicted(engine) == [(str(Path("/pictures/cat.jpg")),)])
    assert engine.of(FetchRequest) == [FetchRequest(CAT, picture=True)]
    bare = mime_of(CAT)
    bare.setImageData(picture("lime"))
    drop(intake.drop_area, bare)
    qtbot.waitUntil(lambda: len(predicted(engine)) == 2)
    ended(qtbot, session)
    assert len(engine.of(FetchRequest)) == 1
    (file,) = map(Path, predicted(engine)[1])
    assert file.parent == paths.cache_dir() / "pasted" and file.suffix == ".png"
    with Image.open(file) as saved:
        assert saved.size == (30, 20) and saved.convert("RGB").getpixel((3, 3)) == (0, 255, 0)


def test_a_data_address_holds_its_picture(intake, session, engine, qtbot):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "GIF")
    address = "data:image/gif;base64," + base64.b64encode(buffer.getvalue()).decode()
    drop(intake.drop_area, mime_of(html=f'<img src="{address}">'))
    qtbot.waitUntil(lambda: len(predicted(engine)) == 1)
    ended(qtbot, session)
    assert Path(predicted(engine)[0][0]).read_bytes() == buffer.getvalue()
    with qtbot.waitSignal(session.failed) as failed:
        drop(intake.drop_area, mime_of(html='<img src="data:image/svg+xml,%3Csvg/%3E">'))
    assert "such as SVG" in failed.args[0].sentence
    ended(qtbot, session)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"C:\\Bilder\\a.jpg"', ("C:\\Bilder\\a.jpg",)),
        ("/tmp/a.jpg\n/tmp/Käfer 2.png\n", ("/tmp/a.jpg", "/tmp/Käfer 2.png")),
        ("file:///tmp/a%20b.jpg", ("/tmp/a b.jpg",)),
        (CAT, (str(Path("/pictures/cat.jpg")),)),
    ],
)
def test_paste_of_text_that_is_a_path_or_an_address(intake, session, engine, qtbot, text, wanted):
    QGuiApplication.clipboard().setText(text)
    intake.paste()
    qtbot.waitUntil(lambda: predicted(engine) == [wanted])
    ended(qtbot, session)


def test_paste_of_files_of_a_picture_and_of_nothing(intake, session, engine, qtbot, tmp_path):
    clipboard = QGuiApplication.clipboard()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "ü.png"))])
    clipboard.setMimeData(mime)
    intake.paste()
    clipboard.setImage(picture())
    intake.paste()
    qtbot.waitUntil(lambda: len(predicted(engine)) == 2)
    ended(qtbot, session)
    assert predicted(engine)[0] == (str(tmp_path / "ü.png"),) and "pasted" in predicted(engine)[1][0]
    clipboard.setText("just words")
    with qtbot.waitSignal(session.status) as said:
        intake.paste()
    assert "no picture" in said.args[0]
    clipboard.clear()


def test_what_is_on_its_way_is_shown_and_can_be_cancelled(intake, session, engine, qtbot):
    engine.free.clear()
    intake.bring([Path("/x/one.zip"), Path("/x/two.tar.gz")], [CAT])
    line = intake.fetch_line
    qtbot.waitUntil(lambda: line.isVisible() and "2.0 MB of 8.0 MB" in line.label.whole_text)
    assert line.label.whole_text.startswith("one.zip: Downloading") and "2 more" in line.label.whole_text
    assert line.bar.value() == 250
    line.button.click()
    ended(qtbot, session)
    assert not line.isVisible() and not predicted(engine)
    assert [request.source for request in engine.of(FetchRequest)] == [str(Path("/x/one.zip"))]


def test_one_that_fails_is_told_and_the_next_one_follows(intake, session, engine, qtbot):
    engine.error = InputError("It is the address of a web page.")
    with qtbot.waitSignals([session.failed, session.failed]):
        intake.bring([], [CAT, "https://example.org/"])
    ended(qtbot, session)
    engine.error = None
    intake.bring([], [CAT])
    qtbot.waitUntil(lambda: len(predicted(engine)) == 1)
    ended(qtbot, session)


def test_without_a_model_nothing_is_downloaded(qtbot, session_on, engine):
    session = session_on(engine)
    intake = alone(qtbot, session)
    with qtbot.waitSignal(session.failed) as failed:
        intake.bring([], [CAT])
    assert "no model" in failed.args[0].sentence and not engine.requests


# -- one after the other ----------------------------------------------------------------


def test_a_second_drop_waits_is_told_and_keeps_its_turn(intake, session, engine, qtbot, tmp_path):
    engine.free.clear()
    drop(intake.drop_area, [tmp_path / "first.png"])
    qtbot.waitUntil(lambda: len(predicted(engine)) == 1)
    with qtbot.waitSignal(session.status) as said:
        drop(intake.drop_area, [tmp_path / "second.png", tmp_path / "2.png"])
    assert "next" in said.args[0]
    for number in range(5):
        drop(intake.drop_area, [tmp_path / f"later {number}.png"])
    assert intake.drop_area.hint == "7 more will be classified next"
    assert len(predicted(engine)) == 1
    engine.free.set()
    qtbot.waitUntil(lambda: len(predicted(engine)) == 7)
    ended(qtbot, session)
    assert [Path(paths_[0]).stem for paths_ in predicted(engine)] == [
        "first", "second", *(f"later {number}" for number in range(5))
    ]  # fmt: skip
    assert "paste" in intake.drop_area.hint


def test_cancel_gives_up_what_waits_too(intake, session, engine, qtbot, tmp_path):
    engine.free.clear()
    for name in ("one.png", "two.png", "three.png"):
        drop(intake.drop_area, [tmp_path / name])
    qtbot.waitUntil(lambda: len(predicted(engine)) == 1)
    session.stop_predicting()
    assert not session.predictions.waiting
    ended(qtbot, session)
    assert len(predicted(engine)) == 1
    drop(intake.drop_area, [tmp_path / "four.png"])
    engine.free.set()
    qtbot.waitUntil(lambda: len(predicted(engine)) == 2)
    ended(qtbot, session)


def test_a_prediction_that_fails_does_not_hold_the_next(intake, session, engine, qtbot, tmp_path, monkeypatch):
    calls = []

    def stream(request, control):
        calls.append(request)
        if len(calls) == 1:
            while not engine.free.is_set():
                time.sleep(0.005)
            raise InputError("There is nothing there.")
        yield PredictDone(1, 0, 0.1, "CPUExecutionProvider", ("cat",))

    monkeypatch.setattr(session.owner, "_stream", stream)
    engine.free.clear()
    drop(intake.drop_area, [tmp_path / "one.png"])
    drop(intake.drop_area, [tmp_path / "two.png"])
    with qtbot.waitSignals([session.failed, session.predict_done]):
        engine.free.set()
    ended(qtbot, session)


def test_closing_ends_what_runs_and_starts_nothing(intake, session, engine, qtbot, tmp_path):
    engine.free.clear()
    for number in range(3):
        drop(intake.drop_area, [tmp_path / f"{number}.png"])
    qtbot.waitUntil(lambda: len(predicted(engine)) == 1)
    session.owner.stop_all()
    ended(qtbot, session)
    assert len(predicted(engine)) == 1


def test_progress_of_a_prediction_is_told(intake, session, qtbot, tmp_path):
    with qtbot.waitSignal(session.predict_progress) as told:
        drop(intake.drop_area, [tmp_path / "a.png", tmp_path / "b.png"])
    assert told.args[0] == Progress("predict", 1, 2, 30.0, 4.0)
    ended(qtbot, session)


def test_files_and_folders_are_chosen_in_dialogs(intake, session, engine, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "a.zip")], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    intake.drop_area.click()
    intake.folder_button.click()
    qtbot.waitUntil(lambda: len(predicted(engine)) == 2)
    ended(qtbot, session)
    assert sorted(predicted(engine)) == sorted([(str(Path("/pictures/a.zip")),), (str(tmp_path),)])
