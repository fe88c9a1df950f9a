"""The Layers page with a session whose jobs answer with real events, in the order the test wants."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from doubles import drop
from PIL import Image
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.errors import UserError
from deskclassify.core.events import Layer, LayerShown, LayersListed, Stepped
from deskclassify.core.requests import LayerRequest, LayersRequest, StepRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.ui.pages.layer_list import LayerRole, parameter_text, shape_text
from deskclassify.ui.pages.layers import LayersPage
from deskclassify.ui.widgets.colormap import table

LAYERS = (
    Layer("stem.conv", "Convolution", (4, 8, 8), 108, "kernel 3 × 3", "Stem"),
    Layer("stem.act", "ReLU", (4, 8, 8), 0, "", "Stem"),
    Layer("body.conv", "Depthwise convolution", (6, 4, 4), 216, "kernel 3 × 3", "Block 1"),
    Layer("head.fc", "Linear", (3,), 99, "", "Head"),
)
NONE = np.zeros((0,), dtype=np.uint8)
FLOATS = np.zeros((0,), dtype=np.float32)


def shown(layer, image):
    """An answer as the viewer process gives it: channel 2 is the strongest, channel i has level 50 · i."""
    picture = np.full((16, 16, 3), 90, dtype=np.uint8) if image else NONE
    is_map = len(layer.shape) == 3
    channels = (2, 0, 3, 1) if image and is_map else ()
    levels = [np.full((8, 8), 50 * channel, dtype=np.uint8) for channel in channels]
    convolves = "onvolution" in layer.kind
    return LayerShown(
        layer=layer,
        explanation=f"{layer.name} explained.",
        activations=np.stack(levels) if levels else NONE,
        channels=channels,
        low=np.full(len(channels), -1, dtype=np.float32),
        high=np.full(len(channels), 4.1, dtype=np.float32),
        kernels=np.full((4, 3, 3, 3), 200, dtype=np.uint8) if convolves else NONE,
        kernel_channels=(0, 1, 2, 3) if convolves else (),
        kernel_note="Four kernels in colour." if convolves else "This kind of layer has no kernels.",
        picture=picture,
        values=np.array([0.5, 3.0, -1.0], dtype=np.float32) if image and not is_map else FLOATS,
        value_names=("ants", "bees", "wasps") if not is_map else (),
    )


class Engine:
    """Answers like the viewer process; layers named in `held` wait until they are let go."""

    def __init__(self):
        self.requests = []
        self.controls = []
        self.held = {}
        self.errors = {}

    def __call__(self, request, control):
        self.requests.append(request)
        self.controls.append(control)
        error = self.errors.get(type(request))
        if error is not None:
            raise error
        if isinstance(request, LayersRequest):
            yield LayersListed(request.model, LAYERS, 423, ("ants", "bees", "wasps"))
        elif isinstance(request, LayerRequest):
            if request.layer in self.held:
                self.held[request.layer].wait(5)
            yield shown(next(layer for layer in LAYERS if layer.name == request.layer), request.image)
        elif isinstance(request, StepRequest):
            patch = np.full((3, 3, 3), 0.5, dtype=np.float32)
            kernel = np.full((3, 3, 3), 0.1 * (request.channel + 1), dtype=np.float32)
            value = float((patch * kernel).sum())
            output = np.zeros((8, 8), dtype=np.float32)
            corner = (request.row - 1, request.column - 1)
            place = (request.layer, request.channel, request.row, request.column)
            yield Stepped(*place, patch, kernel, 0.0, value, value, output, corner, (1, 1), (1, 1), (1, 1), 1)

    def of(self, kind):
        return [request for request in self.requests if isinstance(request, kind)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    yield session_on(engine)
    for event in engine.held.values():
        event.set()


@pytest.fixture
def page(qtbot, session):
    made = LayersPage(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    return made


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Vögel.png"
    Image.new("RGB", (20, 20), "gold").save(path)
    return path


@pytest.fixture
def open_page(page, qtbot):
    page.show()
    shows(page, qtbot, "stem.conv")
    return page


def shows(page, qtbot, name):
    qtbot.waitUntil(lambda: page.explanation_label.text() == f"{name} explained.")


def settled(page, session, qtbot):
    qtbot.waitUntil(lambda: not session.owner.jobs and not page.browser._layer_timer.isActive())


def names(page):
    return [page.list.model().index(row, 0).data() for row in range(page.list.model().rowCount())]


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
    assert open_page.list.model().index(2, 0).data(LayerRole) == LAYERS[2]
    spoken = open_page.list.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
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
        open_page.search_edit.setText(text)
        assert names(open_page) == wanted


def test_next_previous_and_page_keys_step_through_the_layers(open_page, qtbot):
    assert open_page.position_label.text() == "Layer 1 of 4"
    assert not open_page.previous_button.isEnabled()
    open_page.next_button.click()
    shows(open_page, qtbot, "stem.act")
    assert open_page.position_label.text() == "Layer 2 of 4"
    qtbot.keyClick(open_page.list, Qt.Key.Key_PageDown)
    shows(open_page, qtbot, "body.conv")
    qtbot.keyClick(open_page.list, Qt.Key.Key_PageUp)
    shows(open_page, qtbot, "stem.act")
    open_page.previous_button.click()
    shows(open_page, qtbot, "stem.conv")
    assert open_page.previous_button.shortcut().toString() == "Alt+Up"
    open_page.list.choose("head.fc")
    assert not open_page.next_button.isEnabled()


def test_fast_stepping_asks_for_the_last_layer_only(open_page, engine, session, qtbot):
    settled(open_page, session, qtbot)
    engine.requests.clear()
    for name in ("stem.act", "body.conv", "head.fc", "body.conv"):
        open_page.list.choose(name)
    shows(open_page, qtbot, "body.conv")
    assert [request.layer for request in engine.of(LayerRequest)] == ["body.conv"]


def test_a_late_answer_is_dropped_and_its_job_told_to_stop(open_page, engine, session, qtbot):
    settled(open_page, session, qtbot)
    engine.held["stem.act"] = threading.Event()
    open_page.list.choose("stem.act")
    qtbot.waitUntil(lambda: engine.requests[-1] == LayerRequest("efficientnet_lite0", "stem.act"))
    slow = engine.controls[-1]
    seen = []
    open_page.browser.shown.connect(lambda event: seen.append(event.layer.name))
    open_page.list.choose("head.fc")
    shows(open_page, qtbot, "head.fc")
    assert slow.stopped
    engine.held["stem.act"].set()
    settled(open_page, session, qtbot)
    assert seen == ["head.fc"]


def test_picture_gives_channels_strongest_first(open_page, engine, qtbot, picture):
    assert open_page.activations.grid.model().rowCount() == 0
    open_page.set_picture(str(picture))
    grid = open_page.activations.grid
    qtbot.waitUntil(lambda: grid.model().rowCount() == 4)
    assert engine.of(LayerRequest)[-1].image == str(picture)
    assert [grid.model().index(row, 0).data() for row in range(4)] == ["2", "0", "3", "1"]
    assert open_page.activations.channel == 2
    assert not open_page.thumb.pixmap().isNull()
    grid.setCurrentIndex(grid.model().index(2, 0))
    assert open_page.activations.title_label.text() == "Channel 3"
    # A picture of another size keeps the channel that the user looks at.
    open_page.browser.show_layer("stem.conv")
    qtbot.wait(100)
    assert open_page.activations.channel == 3


def test_tiles_and_large_view_are_painted_in_viridis_or_grey(open_page, qtbot, picture):
    open_page.set_picture(str(picture))
    tab = open_page.activations
    qtbot.waitUntil(lambda: tab.channel == 2)

    def painted():
        middle = tab.view._area().center().toPoint()
        color = tab.view.grab().toImage().pixelColor(middle)
        tile = tab.grid.visualRect(tab.grid.model().index(0, 0)).center()
        small = tab.grid.viewport().grab().toImage().pixelColor(tile - QPoint(0, 10))
        return (color.red(), color.green(), color.blue()), (small.red(), small.green(), small.blue())

    wanted = tuple(int(part) for part in table("viridis")[100])
    assert painted() == (wanted, wanted)
    tab.colors_box.setCurrentIndex(1)
    assert painted() == ((100, 100, 100), (100, 100, 100))
    tab.over_check.setChecked(True)
    mixed = painted()[0][0]
    assert abs(mixed - (0.6 * 100 + 0.4 * 90)) <= 2


def test_a_damaged_split_is_told(open_page, session, qtbot, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / "split.csv").write_text("nothing,of,it\n1,2,3\n")
    session.run = run
    with qtbot.waitSignal(session.failed):
        session.run_changed.emit()


def test_value_under_the_cursor(open_page, qtbot, picture):
    open_page.set_picture(str(picture))
    view = open_page.activations.view
    qtbot.waitUntil(lambda: view.channel is not None)
    area = view._area()
    half_a_cell = (area.center() - area.topLeft()) / 8  # the map has eight rows; a rim could belong to either cell
    with qtbot.waitSignal(view.hovered) as told:
        qtbot.mouseMove(view, (area.center() + half_a_cell).toPoint())
    assert told.args == ["Row 4, column 4: 1.00"]  # −1 + 100 / 255 · 5.1
    assert open_page.activations.value_label.text() == told.args[0]


def test_a_layer_of_single_values_shows_bars(open_page, qtbot, picture):
    open_page.set_picture(str(picture))
    open_page.list.choose("head.fc")
    shows(open_page, qtbot, "head.fc")
    bars = open_page.activations.bars.bars
    assert [(bar.name, bar.text) for bar in bars] == [("bees", "3.00"), ("ants", "0.500"), ("wasps", "−1.00")]
    assert open_page.activations.grid.model().rowCount() == 0


def test_kernels_or_why_there_are_none(open_page, qtbot):
    kernels = open_page.kernels
    assert kernels.grid.model().rowCount() == 4 and kernels.note_label.text() == "Four kernels in colour."
    open_page.next_button.click()
    shows(open_page, qtbot, "stem.act")
    assert kernels.grid.model().rowCount() == 0
    assert kernels.currentWidget() is kernels.nothing
    assert kernels.nothing.text_label.text() == "This kind of layer has no kernels."


def test_steps_are_asked_for_when_their_tab_is_seen_and_follow_the_channel(open_page, engine, session, qtbot, picture):
    open_page.set_picture(str(picture))
    qtbot.waitUntil(lambda: open_page.stepper.isEnabled())
    assert not engine.of(StepRequest)
    open_page.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: open_page.stepper.step is not None)
    request = engine.of(StepRequest)[0]
    assert request == StepRequest("efficientnet_lite0", "stem.conv", str(picture), 2, 4, 4)
    assert "= 4.05" in open_page.stepper.equation_label.text()
    grid = open_page.activations.grid
    grid.setCurrentIndex(grid.model().index(1, 0))
    qtbot.waitUntil(lambda: open_page.stepper.step.channel == 0)
    assert "= 1.35" in open_page.stepper.equation_label.text()
    # Holding an arrow key asks for the last place only.
    settled(open_page, session, qtbot)
    engine.requests.clear()
    for _ in range(3):
        qtbot.keyClick(open_page.stepper.map, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: open_page.stepper.step.column == 7)
    assert [request.column for request in engine.of(StepRequest)] == [7]
    open_page.list.choose("body.conv")  # a depthwise one
    qtbot.waitUntil(lambda: open_page.stepper.step is not None and open_page.stepper.step.layer == "body.conv")
    # No steps for a layer that is no convolution, nor without a picture.
    open_page.list.choose("stem.act")
    shows(open_page, qtbot, "stem.act")
    assert not open_page.stepper.isVisible() and open_page.no_steps.isVisible()
    settled(open_page, session, qtbot)
    assert {request.layer for request in engine.of(StepRequest)} == {"stem.conv", "body.conv"}
    open_page.list.choose("body.conv")
    open_page.set_picture("")
    shows(open_page, qtbot, "body.conv")
    settled(open_page, session, qtbot)
    assert not open_page.stepper.isVisible()


def test_drop_and_dialog_choose_a_picture(open_page, engine, qtbot, picture, tmp_path, monkeypatch):
    assert not drop(open_page, [tmp_path / "model.onnx"])  # left to the window
    assert drop(open_page, [picture])
    assert open_page.browser.image == str(picture)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    open_page.choose_button.click()
    assert open_page.browser.image == str(picture)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "other.jpg"), ""))
    open_page.choose_button.click()
    assert open_page.browser.image == str(tmp_path / "other.jpg")


def test_a_picture_that_cannot_be_read_is_a_sentence(open_page, engine, qtbot, tmp_path):
    engine.errors[LayerRequest] = UserError("The file is cut off.")
    open_page.set_picture(str(tmp_path / "broken.jpg"))
    qtbot.waitUntil(lambda: open_page.explanation_label.text() == "The file is cut off.")
    assert open_page.explanation_label.property("role") == "bad"
    del engine.errors[LayerRequest]
    open_page.next_button.click()
    shows(open_page, qtbot, "stem.act")
    assert open_page.explanation_label.property("role") == ""


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
    assert "run-7" in open_page.source_box.currentText() and open_page.hint_label.text() == ""
    # The user's own choice is not overruled.
    open_page.set_picture(str(tmp_path / "mine.png"))
    session.show_run(run)
    assert open_page.browser.image == str(tmp_path / "mine.png")
    session.show_run(None)
    settled(open_page, session, qtbot)
    assert open_page.browser.model == "efficientnet_lite0" and names(open_page) == [layer.name for layer in LAYERS]
