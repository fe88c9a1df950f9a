"""The Layers page as a whole, with jobs that answer with real events, in the order the test wants."""

from __future__ import annotations

import threading

import pytest
from doubles import drop
from layers_double import LAYERS
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.errors import UserError
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.ui.pages.layers.layer_list import LayerRole, parameter_text, shape_text
from deskclassify.ui.pages.layers.page import LayersPage


@pytest.fixture
def page(qtbot, session):
    made = LayersPage(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    return made


@pytest.fixture
def open_page(page, qtbot):
    page.show()
    shows(page, qtbot, "stem.conv")
    return page


def shows(page, qtbot, name):
    qtbot.waitUntil(lambda: page.facts.explanation_label.text() == f"{name} explained.")


def settled(page, session, qtbot):
    qtbot.waitUntil(lambda: not session.owner.jobs and not page.looking.is_busy)


def names(page):
    return [page.walk.list.model().index(row, 0).data() for row in range(page.walk.list.model().rowCount())]


def test_nothing_is_asked_before_the_page_is_seen(page, session, engine, qtbot):
    session.show_run(None)
    qtbot.wait(60)
    assert not engine.requests
    page.show()
    shows(page, qtbot, "stem.conv")
    assert engine.of(LayersRequest)[0].model == "efficientnet_lite0"


def test_every_named_widget_is_there(open_page):
    for name in (
        "layerList activationGrid kernelGrid convolutionStepper chooseImageButton previousLayerButton nextLayerButton"
    ).split():
        assert open_page.findChild(QObject, name) is not None


def test_list_names_kind_shape_and_parameters(open_page):
    assert names(open_page) == [layer.name for layer in LAYERS]
    assert open_page.walk.list.model().index(2, 0).data(LayerRole) == LAYERS[2]
    spoken = open_page.walk.list.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "stem.conv, Convolution, kernel 3 × 3, gives 8 × 8 × 4, 108 parameters"
    assert shape_text((32, 112, 100)) == "112 × 100 × 32" and shape_text((1280,)) == "1,280"
    assert parameter_text(0) == "no parameters" and parameter_text(1) == "1 parameter"


def test_search_filters_by_name_kind_and_stage(open_page):
    for text, wanted in (
        ("RELU", ["stem.act"]),
        ("block 1", ["body.conv"]),
        ("conv", ["stem.conv", "body.conv"]),
        ("zzz", []),
    ):
        open_page.walk.search_edit.setText(text)
        assert names(open_page) == wanted


def test_next_previous_and_page_keys_step_through_the_layers(open_page, qtbot):
    assert open_page.walk.position_label.text() == "Layer 1 of 4"
    assert not open_page.walk.previous_button.isEnabled()
    open_page.walk.next_button.click()
    shows(open_page, qtbot, "stem.act")
    assert open_page.walk.position_label.text() == "Layer 2 of 4"
    qtbot.keyClick(open_page.walk.list, Qt.Key.Key_PageDown)
    shows(open_page, qtbot, "body.conv")
    qtbot.keyClick(open_page.walk.list, Qt.Key.Key_PageUp)
    shows(open_page, qtbot, "stem.act")
    open_page.walk.previous_button.click()
    shows(open_page, qtbot, "stem.conv")
    assert open_page.walk.previous_button.shortcut().toString() == "Alt+Up"
    open_page.walk.list.choose("head.fc")
    assert not open_page.walk.next_button.isEnabled()


def test_fast_stepping_asks_for_the_last_layer_only(open_page, engine, session, qtbot):
    settled(open_page, session, qtbot)
    engine.requests.clear()
    for name in ("stem.act", "body.conv", "head.fc", "body.conv"):
        open_page.walk.list.choose(name)
    shows(open_page, qtbot, "body.conv")
    assert [request.layer for request in engine.of(LayerRequest)] == ["body.conv"]


def test_a_late_answer_is_dropped_and_its_job_told_to_stop(open_page, engine, session, qtbot):
    settled(open_page, session, qtbot)
    engine.held["stem.act"] = threading.Event()
    open_page.walk.list.choose("stem.act")
    qtbot.waitUntil(lambda: engine.requests[-1] == LayerRequest("efficientnet_lite0", "stem.act"))
    slow = engine.controls[-1]
    seen = []
    open_page.looking.shown_changed.connect(lambda: seen.append(open_page.looking.shown.layer.name))
    open_page.walk.list.choose("head.fc")
    shows(open_page, qtbot, "head.fc")
    assert slow.stopped
    engine.held["stem.act"].set()
    settled(open_page, session, qtbot)
    assert seen == ["head.fc"]


def test_a_damaged_split_is_told(open_page, session, qtbot, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / "split.csv").write_text("nothing,of,it\n1,2,3\n")
    session.run = run
    with qtbot.waitSignal(session.failed):
        session.run_changed.emit()


def test_drop_and_dialog_choose_a_picture(open_page, engine, qtbot, picture, tmp_path, monkeypatch):
    assert not drop(open_page, [tmp_path / "model.onnx"])  # left to the window
    assert drop(open_page, [picture])
    assert open_page.looking.image == str(picture)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    open_page.choose_button.click()
    assert open_page.looking.image == str(picture)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "other.jpg"), ""))
    open_page.choose_button.click()
    assert open_page.looking.image == str(tmp_path / "other.jpg")


def test_a_picture_that_cannot_be_read_is_a_sentence(open_page, engine, qtbot, tmp_path):
    engine.errors[LayerRequest] = UserError("The file is cut off.")
    open_page.set_picture(str(tmp_path / "broken.jpg"))
    qtbot.waitUntil(lambda: open_page.facts.explanation_label.text() == "The file is cut off.")
    assert open_page.facts.explanation_label.property("role") == "bad"
    del engine.errors[LayerRequest]
    open_page.walk.next_button.click()
    shows(open_page, qtbot, "stem.act")
    assert open_page.facts.explanation_label.property("role") == ""


def test_missing_weights_are_a_sentence_and_another_network_still_works(open_page, engine, qtbot):
    engine.errors[LayersRequest] = UserError("The weights of ResNet-18 are not there.")
    open_page.source_box.setCurrentIndex(open_page.source_box.findData("resnet18"))
    qtbot.waitUntil(lambda: open_page.trouble.isVisible())
    assert open_page.trouble.text_label.text() == "The weights of ResNet-18 are not there."
    assert names(open_page) == []
    engine.errors.clear()
    open_page.source_box.setCurrentIndex(0)
    qtbot.waitUntil(lambda: len(names(open_page)) == 4)
    assert not open_page.trouble.isVisible()


def test_a_run_comes_first_with_its_first_validation_picture(open_page, session, engine, qtbot, picture, tmp_path):
    run = RunFolder(tmp_path / "run-7")
    run.path.mkdir()
    run.best.write_bytes(b"")
    (run.path / "model.onnx").write_bytes(b"")
    items = [Item(str(tmp_path / "a.png"), "a", "ants", "train"), Item(str(picture), "b", "bees", "valid")]
    run.write_split(items)
    session.show_run(run)
    qtbot.waitUntil(lambda: bool(engine.of(LayerRequest)) and engine.of(LayerRequest)[-1].model == str(run.path))
    qtbot.waitUntil(lambda: engine.of(LayerRequest)[-1].image == str(picture))
    assert "run-7" in open_page.source_box.currentText() and open_page.facts.hint_label.text() == ""
    # The user's own choice is not overruled.
    open_page.set_picture(str(tmp_path / "mine.png"))
    session.show_run(run)
    assert open_page.looking.image == str(tmp_path / "mine.png")
    session.show_run(None)
    settled(open_page, session, qtbot)
    assert open_page.looking.model == "efficientnet_lite0" and names(open_page) == [layer.name for layer in LAYERS]
