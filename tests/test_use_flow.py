"""A finished model in use, through the real window, with the real predictor, looker and fetcher."""

from __future__ import annotations

import http.server
import io
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import hostile_models
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QTableView, QWidget
from pytestqt.qtbot import QtBot

from deskclassify.ui.main_window import MainWindow
from deskclassify.ui.pages.predict.live_camera import LivePredict
from deskclassify.ui.widgets.elided import ElidedLabel

LONG = 60_000  # ms: a child process is started first
COLORS = {"red": (255, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 255)}
HOSTILE = """
    truncated-middle noise zip-renamed cycle deep-protobuf crowd-of-nodes external-passwd foreign-domain fill-256-gib
    bomb-growing input-two output-nan card-no-json card-golden-wrong
""".split()  # one of each kind: all of them, and what each is told, are in tests/ml
W = TypeVar("W", bound=QWidget)


def child(window: MainWindow, kind: type[W], name: str) -> W:
    found = window.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def drop(target: QWidget, what: QMimeData | list[Path]) -> bool:
    """Drag something over a widget and let it fall: whether it was welcome."""
    mime = what
    if not isinstance(mime, QMimeData):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in what])  # type: ignore[union-attr]
    middle = target.rect().center()
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(middle, *how)
    enter.ignore()
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(target, QDropEvent(QPointF(middle), *how))
    return True


def rows(window: MainWindow) -> dict[str, str]:
    """Name of the file → class, of the table of answers."""
    model = child(window, QTableView, "predictionTable").model()
    header = [str(model.headerData(at, Qt.Orientation.Horizontal)) for at in range(model.columnCount())]
    label = next(at for at, text in enumerate(header) if text in ("Class", "Answer"))
    return {str(model.index(row, 0).data()): str(model.index(row, label).data()) for row in range(model.rowCount())}


def picture(color: str, kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, COLORS[color]).save(buffer, kind)
    return buffer.getvalue()


def save(folder: Path, *names: str) -> list[Path]:
    """Pictures whose name begins with their colour."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / name for name in names]
    for file in made:
        file.write_bytes(picture(file.name.split("-")[0]))
    return made


def right(found: dict[str, str]) -> bool:
    return all(label == name.split("-")[0] for name, label in found.items())


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of deskclassify's form that knows red, green and blue."""
    file = tmp_path_factory.mktemp("model") / "colours.onnx"
    file.write_bytes(hostile_models.lying().SerializeToString())
    return file


@pytest.fixture
def used(window: MainWindow, model: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window, on its Predict page, with that model."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    window.show()
    window.open_path(model)
    return window


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A web server on 127.0.0.1: its address, and what it serves, by path."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", files
        running.shutdown()
        thread.join(10)


@pytest.fixture
def failures(used: MainWindow) -> list[str]:
    """The sentences that the window has shown."""
    told: list[str] = []
    used.session.failed.connect(lambda failure: told.append(failure.sentence))
    return told


def wait_for(qtbot: QtBot, window: MainWindow, wanted: set[str], timeout: int = LONG) -> None:
    qtbot.waitUntil(lambda: wanted <= set(rows(window)), timeout=timeout)
    assert right(rows(window))


def test_files_folders_and_a_model_on_the_page_and_on_the_window(
    used: MainWindow, model: Path, qtbot: QtBot, tmp_path: Path, failures: list[str]
) -> None:
    area = child(used, QWidget, "dropArea")
    long_name = "blue-" + "ü" * 100 + ".png"  # 209 bytes
    drop(area, save(tmp_path, "red-1 Käfer.png", "green-☃ #%.png", long_name))
    wait_for(qtbot, used, {"red-1 Käfer.png", "green-☃ #%.png", long_name})
    # A folder that is dropped on the window is classified while this page is shown, and makes no project.
    save(tmp_path / "Ordner", "green-2.png")
    save(tmp_path / "Ordner" / "below", "blue-2.png")
    assert drop(used, [tmp_path / "Ordner"])
    wait_for(qtbot, used, {"green-2.png", "blue-2.png"})
    assert not used.session.has_project
    # A model and pictures together: first the model.
    other = tmp_path / "other.onnx"
    other.write_bytes(model.read_bytes())
    assert drop(used, [*save(tmp_path, "red-3.png"), other])
    assert used.session.model == other
    wait_for(qtbot, used, {"red-3.png"})
    assert not failures
    words = QMimeData()
    words.setText("hello")
    assert not drop(used, words) and not drop(area, words)


def test_what_a_browser_drags_and_an_archive(
    used: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    server: tuple[str, dict[str, bytes]],
    failures: list[str],
) -> None:
    address, files = server
    files.update(
        {"/red-web.jpg": picture("red", "JPEG"), "/green-html.webp": picture("green", "WEBP"), "/page": b"<html>cats"}
    )
    bare = QMimeData()
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("blue"))
    bare.setImageData(image)
    local = QMimeData()
    local.setText(QUrl.fromLocalFile(str(save(tmp_path, "green-local ü.png")[0])).toString())
    web = QMimeData()
    web.setUrls([QUrl(f"{address}/red-web.jpg")])
    html = QMimeData()
    html.setUrls([QUrl(f"{address}/page")])
    html.setHtml(f'<a href="{address}/page"><img src="{address}/green-html.webp"></a>')
    for mime in (bare, local, web, html):
        assert drop(used, mime)
    qtbot.waitUntil(lambda: len(rows(used)) == 4, timeout=LONG)
    found = rows(used)
    (pasted,) = (name for name in found if name.startswith("pasted-"))
    assert found.pop(pasted) == "blue"
    assert found == {"green-local ü.png": "green", "red-web.jpg": "red", "green-html.webp": "green"}
    assert not failures

    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("set/red-packed.png", picture("red"))
        archive.writestr("set/blue-packed.png", picture("blue"))
        archive.writestr("set/notes.txt", b"no picture")
    page = QMimeData()
    page.setUrls([QUrl(f"{address}/page")])
    drop(child(used, QWidget, "dropArea"), [tmp_path / "set.zip"])
    drop(used, page)
    qtbot.waitUntil(lambda: len(rows(used)) == 6 and bool(failures), timeout=LONG)
    assert rows(used)["red-packed.png"] == "red" and rows(used)["blue-packed.png"] == "blue"
    assert "web page, not of a picture" in failures[0]


def test_paste_of_a_picture_of_files_and_of_a_path(used: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    used.activateWindow()
    page = child(used, QWidget, "predictPage")
    page.setFocus()

    def paste() -> None:
        qtbot.keyClick(child(used, QWidget, "dropArea"), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    clipboard.setImage(image)
    paste()
    qtbot.waitUntil(lambda: list(rows(used).values()) == ["red"], timeout=LONG)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in save(tmp_path, "green-1.png", "blue-1.png")])
    clipboard.setMimeData(mime)
    paste()
    clipboard.setText(f'"{save(tmp_path, "green-path.png")[0]}"')
    paste()
    qtbot.waitUntil(lambda: len(rows(used)) == 4, timeout=LONG)
    assert right({name: label for name, label in rows(used).items() if not name.startswith("pasted-")})
    clipboard.clear()


def test_a_watched_folder(used: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "inbox"
    save(folder, "red-old.png")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    child(used, QAbstractButton, "watchButton").click()
    line = child(used, ElidedLabel, "watchLabel")
    assert line.whole_text == "Watching “inbox” · 0 new so far"
    qtbot.wait(300)  # the first look
    (half,) = save(folder, "green-slow.png")
    whole = half.read_bytes()
    half.write_bytes(whole[:40])
    save(folder / "new", "blue-new.png")
    qtbot.waitUntil(lambda: "blue-new.png" in rows(used) or "1 new so far" in line.whole_text, timeout=LONG)
    half.write_bytes(whole)
    qtbot.waitUntil(lambda: rows(used).get("green-slow.png") == "green", timeout=LONG)
    wait_for(qtbot, used, {"blue-new.png"})
    assert "red-old.png" not in rows(used)
    child(used, QAbstractButton, "watchStopButton").click()
    assert not line.isVisible()


def test_cancel_in_the_middle_of_hundreds_and_the_next_drop(used: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    body = picture("green", "PNG", (700, 700))
    for number in range(600):
        (many / f"green-{number:03d}.png").write_bytes(body)
    area = child(used, QWidget, "dropArea")
    cancel = child(used, QAbstractButton, "cancelPredictButton")
    with qtbot.waitSignal(used.session.predict_progress, timeout=LONG) as told:
        drop(area, [many])
    assert told.args[0].total in (0, 600)
    waits = save(tmp_path, "red-waits.png")
    drop(area, waits)
    assert "1 more" in child(used, QWidget, "dropArea").accessibleDescription()
    with qtbot.waitSignal(used.session.predict_done, timeout=LONG) as done:
        cancel.click()
    assert done.args[0].stopped and 0 < done.args[0].images < 600
    qtbot.waitUntil(lambda: not used.session.predictions.is_busy and len(rows(used)) == done.args[0].images)
    assert right(rows(used)) and "red-waits.png" not in rows(used)
    drop(area, save(tmp_path, "blue-after.png"))
    wait_for(qtbot, used, {"blue-after.png"})


def test_two_drops_at_once_are_both_answered_in_their_order(used: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    first = save(tmp_path / "a", *(f"green-{number:02d}.png" for number in range(40)))
    area = child(used, QWidget, "dropArea")
    drop(area, first)
    for number in range(3):
        drop(area, save(tmp_path / "b", f"red-{number}.png", f"blue-{number}.png"))
    qtbot.waitUntil(lambda: len(rows(used)) == 46 and not used.session.predictions.is_busy, timeout=LONG)
    assert list(rows(used))[40:] == ["red-0.png", "blue-0.png", "red-1.png", "blue-1.png", "red-2.png", "blue-2.png"]
    assert right(rows(used))


def played_media() -> SimpleNamespace:
    sys.path.insert(0, str(Path(__file__).parent / "ui"))
    try:
        import doubles
    finally:
        sys.path.pop(0)
    made: Any = doubles.played_media()
    return made


def test_the_camera_live(used: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, failures: list[str]) -> None:
    media = played_media()
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", media)
    child(used, QAbstractButton, "cameraButton").click()
    camera = child(used, LivePredict, "livePredict")

    def shows(color: str) -> Callable[[], bool]:
        def seen() -> bool:
            image = QImage(640, 480, QImage.Format.Format_RGB32)
            image.fill(QColor(*COLORS[color]))
            camera._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: image))
            return bool(camera.live.rows) and camera.live.rows[0][0] == color and camera.live.rows[0][1] > 0.9

        return seen

    for color in COLORS:
        qtbot.waitUntil(shows(color), timeout=LONG)
    qtbot.waitUntil(lambda: shows("blue")() and "answers a second" in camera.facts_label.whole_text, timeout=LONG)
    camera.take_button.click()
    qtbot.waitUntil(lambda: list(rows(used).values()) == ["blue"], timeout=LONG)
    child(used, QAbstractButton, "navDataButton").click()  # the page is left: the camera goes
    assert not media.QCamera.running and not failures


def test_hostile_models_are_sentences_and_the_window_lives(
    used: MainWindow, model: Path, qtbot: QtBot, tmp_path: Path, failures: list[str]
) -> None:
    """Each is dropped together with a picture; then the good model answers as if nothing had been."""
    hostile_models.write_corpus(tmp_path / "corpus", hanging=False)
    corpus = [tmp_path / "corpus" / f"{name}.onnx" for name in HOSTILE]
    assert all(file.is_file() for file in corpus)
    area = child(used, QWidget, "dropArea")
    seen = save(tmp_path, "red-1.png")
    wrong = []
    for file in corpus:
        before = len(failures)
        ended: list[object] = []
        used.session.predict_done.connect(ended.append)
        drop(area, [file, *seen])
        qtbot.waitUntil(
            lambda before=before, ended=ended: (
                (len(failures) > before or bool(ended)) and not used.session.predictions.is_busy
            ),
            timeout=LONG,
        )
        used.session.predict_done.disconnect(ended.append)
        told = failures[before:]
        if not told and not ended:
            wrong.append(file.name)
        if any("Traceback" in sentence or len(sentence) > 1_000 for sentence in told):
            wrong.append(f"{file.name}: {told}")
    assert not wrong
    assert used.isVisible()
    child(used, QAbstractButton, "clearButton").click()
    drop(area, [model, *save(tmp_path, "green-after.png")])
    wait_for(qtbot, used, {"green-after.png"})
