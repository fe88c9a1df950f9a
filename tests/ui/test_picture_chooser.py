"""Choosing a picture of the data, and the button that offers all ways to one."""

from __future__ import annotations

import sys

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.events import Verdict
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item, Listing
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.picture_chooser import PictureButton, PictureChooser

LABELS = ("ants", "bees", "ants", "bees")
PREDICTED = ("ants", "ants", "bees", "bees")
LOSSES = (0.1, 2.5, 3.5, 0.2)


@pytest.fixture
def items(tmp_path):
    made = []
    for at, label in enumerate(LABELS):
        path = tmp_path / f"v{at}.png"
        Image.new("RGB", (20, 20), (40 * at, 90, 90)).save(path)
        made.append(Item(str(path), path.name, label, "valid"))
    return [Item(str(tmp_path / "t.png"), "t.png", "bees", "train"), *made]


@pytest.fixture
def run(tmp_path, items):
    """A finished run: two of four pictures wrong."""
    made = RunFolder(tmp_path / "run")
    made.path.mkdir()
    made.write_split(items)
    rows = zip(items[1:], PREDICTED, LOSSES, strict=True)
    made.write_predictions(Verdict(item.path, item.label, said, 0.9, loss) for item, said, loss in rows)
    made.best.write_bytes(b"")
    made.info_file.write_text("{}")
    return made


@pytest.fixture
def looking(session, qtbot):
    made = Looking(session)
    yield made
    qtbot.waitUntil(lambda: not made.is_busy)


@pytest.fixture
def chooser(session, looking, run, qtbot):
    session.run = run
    looking.open(str(run.path))
    qtbot.waitUntil(lambda: looking.is_run)
    made = PictureChooser(session, looking)
    qtbot.addWidget(made)
    made.show()
    return made


def rows(chooser):
    return [chooser.grid.model_.entry(row) for row in range(chooser.grid.model_.rowCount())]


def titles(chooser):
    return [(entry.title, entry.subtitle, entry.badge, entry.bad) for entry in rows(chooser)]


def test_validation_pictures_with_what_the_network_said(chooser):
    assert titles(chooser) == [
        ("ants", "said ants 90 %", "loss 0.10", False),
        ("bees", "said ants 90 %", "loss 2.50", True),
        ("ants", "said bees 90 %", "loss 3.50", True),
        ("bees", "said bees 90 %", "loss 0.20", False),
    ]
    assert chooser.count_label.text() == "4 pictures"
    assert rows(chooser)[0].color == rows(chooser)[2].color != rows(chooser)[1].color


def test_the_highest_losses_come_first_and_one_class_can_be_chosen(chooser):
    chooser.source_box.setCurrentIndex(chooser.source_box.findData("losses"))
    assert [entry.badge for entry in rows(chooser)] == ["loss 3.50", "loss 2.50", "loss 0.20", "loss 0.10"]
    chooser.class_box.setCurrentIndex(chooser.class_box.findData("bees"))
    assert [entry.badge for entry in rows(chooser)] == ["loss 2.50", "loss 0.20"]
    chooser.source_box.setCurrentIndex(chooser.source_box.findData("train"))
    assert titles(chooser) == [("bees", "", "", False)] and chooser.count_label.text() == "1 picture"
    assert "has seen" in chooser.note_label.text()


def test_the_button_needs_a_picture_and_pins_it(chooser, items, qtbot):
    assert not chooser.pin_button.isEnabled()
    chooser.grid.setCurrentIndex(chooser.grid.model().index(1, 0))
    with qtbot.waitSignal(chooser.chosen) as chosen:
        chooser.pin_button.click()
    assert chosen.args == [items[2].path] and not chooser.isVisible()


def test_enter_and_double_click_pin_once(chooser, items, qtbot):
    told = []
    chooser.chosen.connect(told.append)
    chooser.grid.setCurrentIndex(chooser.grid.model().index(2, 0))
    qtbot.keyClick(chooser.grid, Qt.Key.Key_Return)
    assert told == [items[3].path] and not chooser.isVisible()


def test_a_filter_takes_the_selection_away(chooser):
    chooser.grid.setCurrentIndex(chooser.grid.model().index(1, 0))
    chooser.class_box.setCurrentIndex(1)
    assert not chooser.pin_button.isEnabled()


def test_a_pretrained_network_gets_the_pictures_of_the_run_without_its_words(session, looking, engine, run, qtbot):
    engine.classes = ()
    session.run = run
    looking.open("resnet18")
    qtbot.waitUntil(lambda: looking.listed is not None)
    chooser = PictureChooser(session, looking, "losses")
    qtbot.addWidget(chooser)
    assert titles(chooser) == [("ants", "", "", False), ("bees", "", "", False)] * 2
    assert chooser.source_box.findData("losses") == -1  # nobody knows a loss


def test_without_a_run_the_pictures_of_the_project(session, looking, items, qtbot):
    session.listing = Listing(tuple(items))
    chooser = PictureChooser(session, looking)
    qtbot.addWidget(chooser)
    assert [entry.path for entry in rows(chooser)] == [item.path for item in items[1:]]
    session.listing = None
    chooser = PictureChooser(session, looking)
    qtbot.addWidget(chooser)
    assert rows(chooser) == [] and "Add folders" in chooser.note_label.text()
    assert not chooser.pin_button.isEnabled()


# -- the button -----------------------------------------------------------------------


@pytest.fixture
def button(session, looking, qtbot):
    made = PictureButton(session, looking)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_menu_offers_what_there_is(button, session, looking, run, qtbot):
    button.menu().aboutToShow.emit()
    assert not button.valid_action.isEnabled() and not button.losses_action.isEnabled()
    session.run = run
    looking.open(str(run.path))
    qtbot.waitUntil(lambda: looking.is_run)
    button.menu().aboutToShow.emit()
    assert button.valid_action.isEnabled() and button.losses_action.isEnabled()
    assert button.file_action.isEnabled() and button.camera_action.isEnabled()


def test_a_file_is_told(button, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "mine.png"), ""))
    with qtbot.waitSignal(button.chosen) as chosen:
        button.file_action.trigger()
    assert chosen.args == [str(tmp_path / "mine.png")]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    with qtbot.assertNotEmitted(button.chosen):
        button.file_action.trigger()


def test_a_picture_of_the_dialog_is_told(button, session, looking, run, items, qtbot):
    session.run = run
    looking.open(str(run.path))
    qtbot.waitUntil(lambda: looking.is_run)
    button.losses_action.trigger()
    dialog = button.findChild(PictureChooser)
    assert dialog.isVisible() and rows(dialog)[0].badge == "loss 3.50"
    with qtbot.waitSignal(button.chosen) as chosen:
        dialog.grid.activated_entry.emit(rows(dialog)[0])
    assert chosen.args == [items[3].path]


def test_a_damaged_run_is_a_sentence(button, session, looking, run, qtbot):
    session.run = run
    (run.path / "predictions.csv").write_text("path,label\nx,y\n")
    looking.open(str(run.path))
    qtbot.waitUntil(lambda: looking.is_run)
    with qtbot.waitSignal(session.failed) as failed:
        button.valid_action.trigger()
    assert "damaged" in failed.args[0].sentence and button.findChild(PictureChooser) is None


def test_without_a_camera_one_sentence(button, session, looking, qtbot, monkeypatch):
    with qtbot.waitSignal(session.failed) as failed:
        button.camera_action.trigger()
    assert "not open yet" in failed.args[0].sentence
    looking.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: looking.listed is not None)
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    with qtbot.waitSignal(session.failed) as failed:
        button.camera_action.trigger()
    assert 'pip install "deskclassify[camera]"' in failed.args[0].sentence
