"""The window is up at once: nothing of the learning code is imported, and the arguments are understood."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from deskclassify.ui import app as application
from deskclassify.ui.app import Arguments, create_window, main

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "timm", "onnx", "onnxruntime", "captum", "imagehash", "pyqtgraph", "deskclassify.ml")
PROGRAM = """
import json, sys
from deskclassify.ui.app import create_window
window = create_window(sys.argv[1:])
from PySide6.QtWidgets import QApplication
QApplication.processEvents()
loaded = [name for name in {heavy!r} if name in sys.modules]
print(json.dumps({{"loaded": loaded, "visible": window.isVisible(), "title": window.windowTitle()}}))
window.close()
"""


def environment(**more):
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY), **more}


def test_the_window_comes_without_the_learning_code(tmp_path, make_pictures):
    folder = make_pictures(tmp_path / "pets", {"a": 3, "b": 3})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(heavy=HEAVY), str(folder)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["loaded"] == []
    assert told["visible"]
    assert told["title"].startswith("pets")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there can the display be missing")
def test_without_a_display_it_says_so():
    bare = {
        name: value
        for name, value in environment().items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [sys.executable, "-m", "deskclassify"], env=bare, capture_output=True, text=True, timeout=60, cwd=REPOSITORY
    )
    assert done.returncode == 2
    assert "xvfb-run" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_an_interrupt_ends_the_program_at_once():
    process = subprocess.Popen([sys.executable, "-m", "deskclassify"], env=environment(), cwd=REPOSITORY)
    time.sleep(2.5)
    assert process.poll() is None, "the window did not stay open"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) in (-signal.SIGINT, 130)


def test_arguments_are_understood():
    assert Arguments.of(["--in-process", "a b"]) == Arguments((Path("a b"),), in_process=True)
    assert Arguments.of(["--demo", "x"]) == Arguments((Path("x"),), demo=True)


def test_a_path_that_is_not_there_is_told_in_the_window(qapp, qtbot, tmp_path):
    window = create_window([str(tmp_path / "gone")])
    qtbot.addWidget(window)
    qtbot.waitUntil(window.problem_bar.isVisible)
    assert "There is nothing at" in window.problem_bar.text.text()
    window.close()


def test_main_returns_when_the_window_is_closed(qapp, home, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(application.logs, "qInstallMessageHandler", lambda *_: None)
    seen = []

    def misbehave():
        window = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "MainWindow")
        sys.excepthook(ValueError, ValueError("nobody foresaw this"), None)
        seen.append(window.problem_bar.text.text())
        window.close()

    QTimer.singleShot(300, misbehave)
    assert main([]) == 0
    assert "nobody foresaw this" in seen[0]
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, RotatingFileHandler)]
    assert "nobody foresaw this" in (home / "logs" / "window.log").read_text(encoding="utf-8")


def test_what_goes_wrong_while_a_failure_is_told_is_only_logged(qapp, monkeypatch, caplog):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    net, calls = application.logs.Net(), []

    def misbehave(failure):
        calls.append(failure.sentence)
        sys.excepthook(KeyError, KeyError("again"), None)

    net.caught.connect(misbehave)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    net.spread()
    for text in ("first", "second"):
        sys.excepthook(ValueError, ValueError(text), None)
    assert [("first" in calls[0]), ("second" in calls[1])] == [True, True] and len(calls) == 2
    assert caplog.text.count("again") >= 2
