"""Offering and installing the training engine in the window; its state in the preferences."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QMessageBox, QWidget

from deskclassify.core import engine_choice, engine_files, engine_install
from deskclassify.core.errors import EngineMissingError, Failure, UserError
from deskclassify.core.events import FitDone, Progress
from deskclassify.core.requests import FitRequest, ListRequest
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineStateRequest, InstallEngineRequest, RemoveEngineRequest
from deskclassify.engine.client import run_in_process
from deskclassify.ui.engine_dialog import EngineDialog
from deskclassify.ui.engine_offer import EngineOffer
from deskclassify.ui.engine_section import EngineSection
from deskclassify.ui.preferences import PreferencesDialog


class Computer:
    """Plays a computer on which the engine is missing, installed and removed."""

    def __init__(self):
        self.state, self.kind = "missing", "cpu"
        self.fails = None
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()
        self.stopped = False

    def told(self, kind):
        reason = engine_choice.CHOSEN if kind != "auto" else "No NVIDIA graphics card was found."
        chosen = self.kind if kind == "auto" else kind
        needed = {"cpu": 1_900_000_000, "cuda": 11_000_000_000}[chosen]
        download = {"cpu": 364_000_000, "cuda": 3_500_000_000}[chosen]
        text = f"It is {self.state}."
        return EngineState(
            state=self.state,
            folder="/home/me/engine",
            kind=chosen,
            bytes_needed=needed,
            bytes_free=70_000_000_000,
            text=text,
            bytes_download=download,
            reason=reason,
        )

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, EngineStateRequest):
            yield self.told(request.kind)
        elif isinstance(request, InstallEngineRequest):
            yield Progress(engine_install.DOWNLOAD, 91_000_000, 364_000_000)
            while not self.gate.wait(0.01) and not control.stopped:
                pass
            self.stopped = control.stopped
            if self.fails is not None:
                raise self.fails
            if not control.stopped:
                yield Progress(engine_install.UNPACK, 700_000_000, 1_500_000_000)
                yield Progress(engine_install.CHECK, 0, 1)
                self.state = "installed"
            yield self.told(request.kind)
        elif isinstance(request, RemoveEngineRequest):
            self.state = "missing"
            yield self.told("auto")
        elif isinstance(request, FitRequest):
            if self.state != "installed":
                raise EngineMissingError("This needs the training engine.")
            yield FitDone(request.run, 0.9, 0.1, 1, ("a", "b"), 4, 2, 0, 1.0, False)
        elif isinstance(request, ListRequest):
            yield from run_in_process(request, control)


@pytest.fixture
def computer():
    made = Computer()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, computer):
    return session_on(computer)


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    return made


def opened(qtbot, session, parent, **options):
    dialog = EngineDialog(session, parent, **options)
    dialog.open()
    qtbot.waitUntil(lambda: all("download" in label.text() for label in dialog.size_labels.values()))
    return dialog


def test_it_says_what_it_takes_and_installs(qtbot, session, parent, computer):
    dialog = opened(qtbot, session, parent, wanted="Train now")
    assert dialog.size_labels["cpu"].text() == "364 MB to download, 1.5 GB on the disk."
    assert dialog.size_labels["cuda"].text() == "3.5 GB to download, 7.5 GB on the disk."
    assert dialog.kind == "cpu" and "No NVIDIA" in dialog.reason.text() and "/home/me/engine" in dialog.place.text()
    computer.gate.clear()
    dialog.install_button.click()
    qtbot.waitUntil(lambda: "Downloading: 91 MB of 364 MB" in dialog.text.text())
    assert dialog.bar.isVisible() and dialog.bar.value() == 91_000 and dialog.bar.maximum() == 364_000
    assert not dialog.install_button.isEnabled() and dialog.close_button.text() == "Stop"
    computer.gate.set()
    qtbot.waitUntil(lambda: dialog.install_button.text() == "Train now" and dialog.install_button.isEnabled())
    assert dialog.text.text() == "It is installed." and not dialog.bar.isVisible()
    with qtbot.waitSignals([dialog.installed, dialog.accepted]):
        dialog.install_button.click()


def test_what_is_chosen_is_asked_for(qtbot, session, parent, computer):
    computer.kind = "cuda"
    dialog = opened(qtbot, session, parent, repair=True)
    qtbot.waitUntil(lambda: dialog.kind == "cuda")
    dialog.kind_buttons["cpu"].setChecked(True)
    dialog.wheels_edit.setText(" /media/stick ")
    dialog.index_edit.setText("https://mirror")
    assert dialog.install_button.text() == "Repair"
    dialog.install_button.click()
    qtbot.waitUntil(lambda: dialog.install_button.text() == "Done")
    assert InstallEngineRequest("cpu", "/media/stick", "https://mirror", True) in computer.requests
    dialog.close()


def test_it_is_stopped_and_tried_again_after_a_failure(qtbot, session, parent, computer):
    dialog = opened(qtbot, session, parent)
    computer.gate.clear()
    dialog.install_button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 91_000)
    dialog.close_button.click()
    assert "goes on" in dialog.text.text() and dialog.install_button.isEnabled()
    qtbot.waitUntil(lambda: computer.stopped)
    computer.gate.set()
    computer.fails = UserError("The network is away.")
    dialog.install_button.click()
    qtbot.waitUntil(lambda: dialog.text.text() == "The network is away.")
    assert dialog.install_button.isEnabled() and dialog.close_button.text() == "Not now"
    computer.fails = None
    computer.gate.clear()
    computer.stopped = False
    dialog.install_button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 91_000 and dialog.bar.isVisible())
    dialog.close()  # stops too
    qtbot.waitUntil(lambda: computer.stopped)


def test_the_training_that_was_wanted_begins_afterwards(qtbot, session, parent, computer, tmp_path, make_pictures):
    EngineOffer(session, parent)
    session.add_folder(make_pictures(tmp_path / "pets", {"a": 4, "b": 4}))
    qtbot.waitUntil(session.can_train)
    session.start_training()
    qtbot.waitUntil(lambda: parent.findChild(EngineDialog) is not None)
    dialog = parent.findChild(EngineDialog)
    assert dialog.title.text() == "Training needs one more part"
    qtbot.waitUntil(lambda: dialog.install_button.isEnabled())
    dialog.install_button.click()
    qtbot.waitUntil(lambda: dialog.install_button.text() == "Train now")
    dialog.install_button.click()
    qtbot.waitUntil(lambda: len([one for one in computer.requests if isinstance(one, FitRequest)]) == 2)
    qtbot.waitUntil(lambda: session.train_state == "idle")


def test_other_failures_offer_it_once(qtbot, session, parent):
    EngineOffer(session, parent)
    session.failed.emit(Failure("Something else."))
    missing = Failure("This needs the training engine.", needs_engine=True)
    session.failed.emit(missing)
    session.failed.emit(missing)  # while it is open
    qtbot.waitUntil(lambda: len(parent.findChildren(EngineDialog)) == 1)
    dialog = parent.findChild(EngineDialog)
    assert dialog.title.text() == "Training engine"
    dialog.close()
    qtbot.waitUntil(lambda: parent.findChild(EngineDialog) is None)
    session.failed.emit(missing)
    qtbot.wait(50)
    assert parent.findChild(EngineDialog) is None


def test_the_preferences_show_its_state(qtbot, session, parent, computer, monkeypatch):
    computer.state = "installed"
    parent.show()
    section = EngineSection(session, parent)
    qtbot.waitUntil(lambda: section.text.text() == "It is installed. /home/me/engine")
    assert section.isVisible() and section.repair_button.isVisible() and not section.install_button.isVisible()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Cancel)
    section.remove_button.click()
    assert computer.state == "installed"
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    section.remove_button.click()
    qtbot.waitUntil(lambda: section.install_button.isVisible())
    assert not section.remove_button.isVisible() and "70.0 GB" in section.text.text()
    section.install_button.click()
    dialog = parent.findChild(EngineDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.install_button.isEnabled())
    dialog.close()
    qtbot.waitUntil(lambda: isinstance(computer.requests[-1], EngineStateRequest))


def test_a_checkout_shows_nothing(qtbot, session, parent, computer):
    computer.state = "bundled"
    parent.show()
    section = EngineSection(session, parent)
    qtbot.waitUntil(lambda: "bundled" in section.text.text())
    assert not section.isVisible()


def test_the_preferences_have_it_where_it_is_needed(qtbot, session, computer, monkeypatch):
    for needed in (False, True):
        monkeypatch.setattr(engine_files, "is_needed", lambda needed=needed: needed)
        preferences = PreferencesDialog(session)
        preferences.show()
        section = preferences.findChild(EngineSection)
        assert (section is not None) is needed
        if section is not None:
            qtbot.waitUntil(section.install_button.isVisible)
        preferences.close()
