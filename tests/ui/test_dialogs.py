"""Preferences, About, Getting started, and the file questions."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDoubleSpinBox, QFileDialog, QInputDialog, QTextBrowser

from deskclassify.core import paths
from deskclassify.core import settings as settings_file
from deskclassify.core.events import Examined
from deskclassify.core.requests import DoctorRequest
from deskclassify.ui import about, dialogs
from deskclassify.ui.about import AboutDialog, GettingStartedDialog
from deskclassify.ui.preferences import PreferencesDialog, size_text


@pytest.fixture
def asked():
    return []


@pytest.fixture
def session(session_on, asked):
    def stream(request, control):
        asked.append(request)
        yield Examined("CPU", "because", "CPUExecutionProvider", "", {})

    return session_on(stream)


@pytest.fixture
def preferences(session, qtbot):
    made = PreferencesDialog(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_each_change_is_saved_at_once(preferences, session, asked, qtbot):
    box = preferences.findChild(QComboBox, "themeBox")
    box.setCurrentIndex(box.findData("dark"))
    preferences.findChild(QDoubleSpinBox, "cacheSpin").setValue(7)
    saved = settings_file.load()
    assert (saved.theme, saved.cache_gigabytes, saved.device) == ("dark", 7.0, "auto")
    assert asked == []
    device = preferences.findChild(QComboBox, "deviceBox")
    device.setCurrentIndex(device.findData("cpu"))
    assert settings_file.load().device == "cpu"
    assert session.project.options.device == "cpu"
    qtbot.waitUntil(lambda: asked == [DoctorRequest("cpu")])


def test_the_cache_is_measured_and_cleared(session, qtbot):
    (paths.cache_dir() / "features").mkdir()
    (paths.cache_dir() / "features" / "one.bin").write_bytes(b"x" * 1500)
    (paths.cache_dir() / "two.bin").write_bytes(b"x" * 500)
    dialog = PreferencesDialog(session)
    qtbot.addWidget(dialog)
    assert dialog.used_label.text() == "2 KB"
    dialog.findChild(QAbstractButton, "clearCacheButton").click()
    assert dialog.used_label.text() == "0 bytes"
    assert list(paths.cache_dir().iterdir()) == []


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 KB"), (2_500_000, "2 MB"), (3e9, "3.0 GB")]
)
def test_sizes_in_words(size, text):
    assert size_text(int(size)) == text


def test_about_names_what_is_installed_and_no_more(session, qtbot, monkeypatch):
    monkeypatch.setitem(about.PARTS, "no-such-thing", ("MIT", "nothing"))
    dialog = AboutDialog(session)
    qtbot.addWidget(dialog)
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert "PySide6-Essentials" in text and "LGPL-3.0" in text and "Open Font License" in text
    assert "no-such-thing" not in text


def test_getting_started_explains_all_pages(qtbot):
    dialog = GettingStartedDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert [step[0] for step in about.STEPS] == ["data", "train", "evaluate", "layers", "predict"]


def test_the_last_folder_is_remembered(session, qtbot, monkeypatch, tmp_path, preferences):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.onnx"), ""))
    assert dialogs.ask_file(preferences, session, "Open", "*") == tmp_path / "a.onnx"
    assert session.settings.last_folder == str(tmp_path)
    starts = []

    def folder(parent, title, start):
        starts.append(start)
        return ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder)
    assert dialogs.ask_folder(preferences, session, "Folder") is None
    assert starts == [str(tmp_path)]


def test_an_exported_file_gets_its_suffix(session, monkeypatch, tmp_path, preferences):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    assert dialogs.ask_target(preferences, session, "Export", "pets.onnx", "*") == tmp_path / "mine.onnx"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "version 1.2"), ""))
    assert dialogs.ask_target(preferences, session, "Export", "pets.onnx", "*") == tmp_path / "version 1.2.onnx"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "OLD.ONNX"), ""))
    assert dialogs.ask_target(preferences, session, "Export", "pets.onnx", "*") == tmp_path / "OLD.ONNX"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    assert dialogs.ask_target(preferences, session, "Export", "pets.onnx", "*") is None


@pytest.mark.parametrize(("answer", "name"), [((" cats ", True), "cats"), (("cats", False), "")])
def test_names_are_trimmed_and_may_be_refused(preferences, monkeypatch, answer, name):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: answer)
    assert dialogs.ask_name(preferences, "Class", "What?", Path("x").name) == name
