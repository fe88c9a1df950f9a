"""The dialog of the cleaned copy: on real files, stopped, refused."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QWidget

from deskclassify.core.data_requests import CopyRequest
from deskclassify.core.events import Progress
from deskclassify.core.requests import ListRequest
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.engine.client import run_in_process
from deskclassify.ui import dialogs
from deskclassify.ui.copy_dialog import CopyDialog
from deskclassify.ui.mending import Mender


class Engine:
    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.stopped = False

    def __call__(self, request, control):
        if isinstance(request, CopyRequest) and not self.gate.is_set():
            yield Progress("copy", 3, 10, 5.0, 60.0)
            while not self.gate.wait(0.01) and not control.stopped:
                pass
            self.stopped = control.stopped
        elif isinstance(request, ListRequest | CopyRequest):
            yield from run_in_process(request, control)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine, qtbot, tmp_path, make_pictures):
    made = session_on(engine)
    made.add_folder(make_pictures(tmp_path / "pets", {"a": 6, "b": 4}))
    qtbot.waitUntil(lambda: made.listing is not None)
    mender = Mender(made, made)
    mender.relabel([made.listing.items[0].path], "b")
    mender.exclude([made.listing.items[1].path])
    return made


@pytest.fixture
def dialog(qtbot, session):
    parent = QWidget()
    qtbot.addWidget(parent)
    made = CopyDialog(session, parent)
    made.open()
    yield made
    assert parent is not None  # it owns the dialog, and qtbot holds it weakly


def test_the_pictures_are_copied(dialog, session, qtbot, tmp_path):
    assert "9 pictures of 2 classes" in dialog.explanation.text()
    assert "1 left out by hand" in dialog.explanation.text()
    dialog.edit.setText(str(tmp_path / "clean"))
    dialog.subset_box.setChecked(True)
    dialog.copy_button.click()
    assert not dialog.copy_button.isEnabled() and dialog.close_button.text() == "Stop"
    qtbot.waitUntil(lambda: dialog.open_button.isVisible())
    assert dialog.text.text() == f"9 pictures copied to {tmp_path / 'clean'}."
    found = list_data(DataSpec((Source(str(tmp_path / "clean")),)))
    assert found.classes() == {"a": 4, "b": 5} and found.subsets() == session.listing.subsets()
    assert not dialog.copy_button.isVisible() and not dialog.bar.isVisible()
    dialog.close()


def test_what_is_in_the_way_is_told(dialog, qtbot, tmp_path):
    dialog.edit.setText(str(tmp_path / "pets"))
    dialog.copy_button.click()
    qtbot.waitUntil(lambda: "not empty" in dialog.text.text())
    assert dialog.copy_button.isEnabled()
    dialog.edit.setText("")
    assert not dialog.copy_button.isEnabled() and dialog.text.text() == ""
    dialog.close()


def test_a_copy_is_stopped(dialog, engine, qtbot, tmp_path):
    engine.gate.clear()
    dialog.edit.setText(str(tmp_path / "clean"))
    dialog.copy_button.click()
    qtbot.waitUntil(lambda: "3 of 10 pictures copied, about 1 min left" in dialog.text.text())
    assert dialog.bar.value() == 3
    dialog.close_button.click()
    assert "Nothing is left" in dialog.text.text() and dialog.copy_button.isEnabled()
    qtbot.waitUntil(lambda: engine.stopped)
    dialog.close()


def test_closing_stops_too(dialog, engine, qtbot, tmp_path):
    engine.gate.clear()
    dialog.edit.setText(str(tmp_path / "clean"))
    dialog.copy_button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 3)
    dialog.close()
    qtbot.waitUntil(lambda: engine.stopped)


def test_the_name_that_is_proposed_is_free(dialog, session, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    dialog.edit.setText("mine")
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: tmp_path)
    dialog.browse_button.click()
    assert dialog.edit.text() == str(tmp_path / "mine 2")
    dialog.close()
