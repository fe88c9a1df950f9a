"""The tab of the stepper: what it asks, when, and what it shows where there is nothing to calculate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layers_double import LAYERS, layer_of
from layers_double import step as answer
from PySide6.QtCore import Qt

from deskclassify.core.errors import UserError
from deskclassify.core.layer_requests import StepRequest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.steps_tab import StepsTab, is_convolution

MODEL = "efficientnet_lite0"


@pytest.fixture
def looking(session):
    made = Looking(session)
    yield made
    made.stop()
    made.deleteLater()


@pytest.fixture
def tab(qtbot, looking):
    made = StepsTab(looking)
    qtbot.addWidget(made)
    made.resize(850, 480)
    return made


@pytest.fixture
def open_tab(tab, looking, qtbot, picture):
    looking.open(MODEL)
    qtbot.waitUntil(lambda: looking.listed is not None)
    looking.set_image(str(picture))
    looking.set_layer(LAYERS[0])
    tab.show()
    qtbot.waitUntil(lambda: tab.stepper.step is not None)
    return tab


def settled(tab, session, qtbot):
    qtbot.waitUntil(lambda: not session.owner.jobs and not tab._ask.is_busy)


def shows(tab, qtbot, *place):
    qtbot.waitUntil(
        lambda: (
            tab.stepper.step is not None
            and (tab.stepper.step.channel, tab.stepper.step.row, tab.stepper.step.column) == place
        )
    )


def test_steps_are_asked_for_when_the_tab_is_seen(tab, looking, engine, session, qtbot, picture):
    looking.open(MODEL)
    qtbot.waitUntil(lambda: looking.listed is not None)
    looking.set_image(str(picture))
    looking.set_layer(LAYERS[0])
    looking.set_channel(2)
    qtbot.wait(60)
    assert not engine.of(StepRequest)
    tab.show()
    shows(tab, qtbot, 2, 4, 4)
    assert engine.of(StepRequest) == [StepRequest(MODEL, "stem.conv", str(picture), 2, 4, 4)]
    assert tab.stepper.chain.links[0].value == pytest.approx(4.05)
    assert tab.stepper.objectName() == "convolutionStepper"


def test_the_channel_is_that_of_the_page_both_ways(open_tab, looking, qtbot):
    looking.set_channel(3)
    shows(open_tab, qtbot, 3, 4, 4)
    open_tab.stepper.channel_spin.setValue(1)
    assert looking.channel == 1
    shows(open_tab, qtbot, 1, 4, 4)


def test_of_a_held_arrow_key_only_the_last_place_is_asked_for(open_tab, engine, session, qtbot):
    settled(open_tab, session, qtbot)
    engine.requests.clear()
    for _ in range(3):
        qtbot.keyClick(open_tab.stepper.map, Qt.Key.Key_Right)
    shows(open_tab, qtbot, 0, 4, 7)
    assert [request.column for request in engine.of(StepRequest)] == [7]


def test_another_layer_begins_in_its_middle_and_another_picture_stays_at_the_place(
    open_tab, looking, engine, qtbot, tmp_path
):
    open_tab.stepper.controls.go_to(1, 6)
    shows(open_tab, qtbot, 0, 1, 6)
    looking.set_image(str(tmp_path / "other.png"))
    qtbot.waitUntil(lambda: engine.of(StepRequest)[-1].image.endswith("other.png"))
    assert engine.of(StepRequest)[-1].row == 1 and engine.of(StepRequest)[-1].column == 6
    looking.set_epoch(4)
    qtbot.waitUntil(lambda: engine.of(StepRequest)[-1].epoch == 4)
    assert engine.of(StepRequest)[-1].row == 1
    looking.set_layer(layer_of("body.conv"))
    shows(open_tab, qtbot, 0, 2, 2)
    assert engine.of(StepRequest)[-1].layer == "body.conv"


def test_what_changed_while_the_tab_was_hidden_is_asked_for_when_it_is_seen(
    open_tab, looking, engine, session, qtbot, tmp_path
):
    settled(open_tab, session, qtbot)
    engine.requests.clear()
    open_tab.hide()
    open_tab.show()
    qtbot.wait(40)
    assert not engine.of(StepRequest)  # nothing has changed
    open_tab.hide()
    looking.set_image(str(tmp_path / "other.png"))
    looking.set_channel(2)
    qtbot.wait(40)
    assert not engine.of(StepRequest)
    open_tab.show()
    shows(open_tab, qtbot, 2, 4, 4)
    assert [request.image for request in engine.of(StepRequest)] == [str(tmp_path / "other.png")]


def test_a_question_that_was_dropped_by_hiding_is_asked_again(open_tab, engine, session, qtbot):
    settled(open_tab, session, qtbot)
    open_tab.stepper.controls.go_to(0, 0)
    open_tab.hide()  # before the answer
    open_tab.show()
    shows(open_tab, qtbot, 0, 0, 0)


def test_without_a_convolution_or_a_picture_it_says_what_to_do(open_tab, looking, engine, session, qtbot, picture):
    looking.set_layer(layer_of("stem.act"))
    assert open_tab.currentWidget() is open_tab.nothing
    looking.set_layer(layer_of("body.conv"))
    assert open_tab.currentWidget() is open_tab.stepper
    looking.set_image("")
    assert open_tab.currentWidget() is open_tab.no_picture
    settled(open_tab, session, qtbot)
    assert "body.conv" not in {request.layer for request in engine.of(StepRequest)}
    looking.set_image(str(picture))
    qtbot.waitUntil(lambda: open_tab.stepper.step is not None and open_tab.stepper.step.layer == "body.conv")
    looking.open("resnet18")
    assert open_tab.currentWidget() is open_tab.nothing and not open_tab.stepper.isEnabled()


def test_a_failure_is_told_and_ends_the_animation(open_tab, looking, engine, qtbot):
    engine.errors[StepRequest] = UserError("The picture is gone.")
    with qtbot.waitSignal(looking.layer_failed) as told:
        open_tab.stepper.play_button.click()
    assert told.args[0].sentence == "The picture is gone."
    assert not open_tab.stepper.is_playing


def test_picture_and_window_are_shown(open_tab, engine, looking, qtbot):
    def with_picture(request):
        for event in answer(request):
            yield replace(event, picture=np.full((16, 16, 3), 40, dtype=np.uint8), window=(2, 3, 5, 6))

    engine.answers[StepRequest] = with_picture
    looking.set_channel(1)
    shows(open_tab, qtbot, 1, 4, 4)
    assert open_tab.stepper.picture.window_shown == (2, 3, 5, 6)
    with qtbot.waitSignal(open_tab.stepper.wanted) as asked:
        qtbot.keyClick(open_tab.stepper.picture, Qt.Key.Key_Down)
    assert asked.args == [1, 5, 4]


@pytest.mark.parametrize(("name", "wanted"), [("stem.conv", True), ("body.conv", True), ("stem.act", False),
                                              ("head.fc", False)])  # fmt: skip
def test_convolutions_of_both_kinds_are_known(name, wanted):
    assert is_convolution(layer_of(name)) is wanted
