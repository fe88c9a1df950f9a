"""The whole way through the real window, with the real engine processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QTableView, QWidget
from pytestqt.qtbot import QtBot

from deskclassify.core.events import EpochDone, Event, FitDone, Message
from deskclassify.core.sample import make_sample
from deskclassify.engine.client import EnginePool
from deskclassify.ui.main_window import MainWindow

HEAVY = ("torch", "torchvision", "timm", "onnx", "onnxruntime")
LONG = 180_000  # ms: the engine imports torch first
W = TypeVar("W", bound=QWidget)


def child(window: MainWindow, kind: type[W], name: str) -> W:
    found = window.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def click(window: MainWindow, name: str) -> None:
    button = child(window, QAbstractButton, name)
    assert button.isEnabled(), f"{name} is disabled"
    button.click()


def drop(target: QWidget, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = target.rect().center()
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    # Qt gives a drop only to the widget that took the drag.
    QApplication.sendEvent(target, QDragEnterEvent(middle, *how))
    QApplication.sendEvent(target, QDropEvent(QPointF(middle), *how))


def cells(table: QTableView, row: int = 0) -> list[str]:
    model = table.model()
    return [str(model.index(row, column).data()) for column in range(model.columnCount())]


def open_data(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    drop(window, folder)
    qtbot.waitUntil(lambda: window.session.can_train(), timeout=20_000)
    qtbot.waitUntil(lambda: window.session.scan_result is not None, timeout=LONG)


def train(qtbot: QtBot, window: MainWindow, preset: str) -> None:
    click(window, "navTrainButton")
    box = child(window, QComboBox, "presetBox")
    box.setCurrentIndex(next(n for n in range(box.count()) if preset in box.itemText(n).lower()))
    click(window, "trainButton")
    assert not child(window, QAbstractButton, "trainButton").isEnabled()


def the_whole_way(qtbot: QtBot, window: MainWindow, data: Path, picture: Path, label: str, least: float) -> Path:
    """Drop, train, read the accuracy, drop a picture, read its class, export; returns the exported file."""
    session = window.session
    open_data(qtbot, window, data)
    train(qtbot, window, "quick")
    qtbot.waitUntil(lambda: session.run is not None, timeout=LONG)
    assert session.train_state == "idle"
    assert child(window, QAbstractButton, "trainButton").isEnabled()
    assert session.run is not None
    assert session.run.evaluated().accuracy >= least
    click(window, "navEvaluateButton")
    shown = f"{100 * session.run.evaluated().accuracy:.1f} %"
    assert any(shown in text.text() for text in window.findChildren(QLabel))
    assert child(window, QTableView, "confusionMatrix").model().rowCount() == len(session.run.info().classes)

    click(window, "navPredictButton")
    table = child(window, QTableView, "predictionTable")
    drop(child(window, QWidget, "dropArea"), picture)
    qtbot.waitUntil(lambda: table.model().rowCount() == 1, timeout=LONG)
    assert picture.name in cells(table)
    assert label in cells(table)

    target = data.parent / "exported.onnx"
    with qtbot.waitSignal(session.export_done, timeout=LONG):
        session.export(target)
    assert target.is_file()
    return target


def predict_again(qtbot: QtBot, window: MainWindow, model: Path, picture: Path, label: str) -> None:
    window.open_path(model)
    assert window.session.model == model
    with qtbot.waitSignal(window.session.predict_done, timeout=LONG) as done:
        drop(child(window, QWidget, "dropArea"), picture)
    assert done.args[0].provider.endswith("ExecutionProvider")
    assert any(label in cells(child(window, QTableView, "predictionTable"), row) for row in (0, 1))


def test_from_photos_to_a_classified_photo(qtbot: QtBot, window: MainWindow, shared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "photos"
    shutil.copytree(shared_data / "tiny_fork_scissors", data)
    photo = data / "test" / "test_image.jpg"
    model = the_whole_way(qtbot, window, data, photo, "fork", 0.95)
    predict_again(qtbot, window, model, photo, "fork")


def test_from_drawings_to_a_classified_drawing(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    heavy_before = {name for name in HEAVY if name in sys.modules}  # by tests of the learning code
    data = make_sample(tmp_path / "sample", per_class=12)
    picture = sorted((data / "sailboat").iterdir())[3]
    model = the_whole_way(qtbot, window, data, picture, "sailboat", 0.6)
    predict_again(qtbot, window, model, picture, "sailboat")
    click(window, "navLayersButton")
    qtbot.waitUntil(lambda: child(window, QWidget, "layerList").model().rowCount() > 0, timeout=LONG)  # type: ignore[attr-defined]
    assert {name for name in HEAVY if name in sys.modules} == heavy_before


def test_the_window_imports_no_torch_in_a_whole_flow() -> None:
    """The test above again, in a process where no other test can have imported it."""
    test = f"{Path(__file__)}::test_from_drawings_to_a_classified_drawing"
    code = (
        f"import pytest, sys; code = pytest.main(['-q', '-p', 'no:cacheprovider', {test!r}])\n"
        f"sys.exit(code or [name for name in {HEAVY!r} if name in sys.modules] or None)"
    )
    call = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert call.returncode == 0, call.stdout[-3000:] + call.stderr[-500:]


def test_a_training_whose_engine_is_killed_goes_on_in_another(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    open_data(qtbot, window, make_sample(tmp_path / "sample", per_class=12))
    quick = {"preset": "balanced", "epochs": 3, "image_size": 64}
    session.change_options(replace(session.project.options, **quick))
    before = session.project.file.read_bytes()
    pool: Any = session.owner._stream.__self__  # type: ignore[attr-defined]
    assert isinstance(pool, EnginePool)
    events: list[Event] = []
    session.train_event.connect(events.append)

    def epochs(phase: str) -> int:
        return sum(isinstance(event, EpochDone) and event.phase == phase for event in events)

    def ended() -> bool:
        return any(isinstance(event, FitDone) for event in events)

    session.start_training()
    qtbot.waitUntil(lambda: epochs("unfrozen") >= 1, timeout=LONG)
    first = pool.client("trainer").pid
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(ended, timeout=LONG)
    qtbot.waitUntil(lambda: session.train_state == "idle")
    told = [event.text for event in events if isinstance(event, Message) and "A new process goes on" in event.text]
    assert len(told) == 1
    assert "SIGKILL" in told[0]
    assert pool.client("trainer").pid not in (None, first)
    assert session.project.file.read_bytes() == before
    killed = session.run
    assert killed is not None

    events.clear()
    session.start_training()
    qtbot.waitUntil(ended, timeout=LONG)
    qtbot.waitUntil(lambda: session.train_state == "idle")
    whole = session.run
    assert whole is not None
    assert whole.path != killed.path
    assert [replace(row, seconds=0.0, images_per_second=0.0) for row in killed.history()] == [
        replace(row, seconds=0.0, images_per_second=0.0) for row in whole.history()
    ]
    assert killed.predictions() == whole.predictions()


def test_pause_stop_and_close_in_a_training_keep_what_was_reached(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    open_data(qtbot, window, make_sample(tmp_path / "sample", per_class=12))
    train(qtbot, window, "balanced")
    learned = session.train_event
    with qtbot.waitSignal(learned, timeout=LONG, check_params_cb=lambda e: getattr(e, "phase", "") == "unfrozen"):
        pass
    click(window, "pauseButton")
    assert session.train_state == "paused"
    click(window, "pauseButton")
    assert session.train_state == "running"
    monkeypatch.setattr("deskclassify.ui.closing.may_stop", lambda *_: False)
    assert not window.close()
    assert session.train_state == "running"
    click(window, "stopButton")
    qtbot.waitUntil(lambda: session.train_state == "idle", timeout=LONG)
    assert session.run is not None
    assert session.run.info().raw["status"] == "stopped"
    assert session.run.evaluated().images == 10


def test_every_named_widget_is_there(window: MainWindow) -> None:
    names = """
        navDataButton navTrainButton navEvaluateButton navLayersButton navPredictButton
        dataPage trainPage evaluatePage layersPage predictPage
        addFolderButton classTable imageGrid problemsList labelRuleBox validPctSpin seedSpin
        architectureBox presetBox epochsSpin learningRateEdit lrFinderButton lrFinderChart trainButton stopButton
        pauseButton lossChart accuracyChart epochTable progressBar etaLabel
        confusionMatrix perClassTable topLossesGrid
        layerList activationGrid kernelGrid convolutionStepper chooseImageButton previousLayerButton nextLayerButton
        dropArea predictionTable openModelButton exportButton cameraButton saveCsvButton deviceBadge jobStatus
    """.split()
    found = {widget.objectName() for widget in window.findChildren(QWidget)}
    assert [name for name in names if name not in found] == []
    actions = """
        actionNewProject actionOpenProject actionAddFolder actionTrain actionStop actionExport actionUndo actionRedo
        actionPreferences actionAbout
    """.split()
    there = {action.objectName() for action in window.findChildren(QAction)}
    assert [name for name in actions if name not in there] == []
