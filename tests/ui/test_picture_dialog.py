"""The window with one picture: its heat map."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QPushButton

from deskclassify.core.errors import InputError
from deskclassify.core.events import Verdict
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import ExplainRequest
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.pages.picture_heat import PictureHeat
from deskclassify.ui.widgets.heat_view import HeatView

SIZE = 16


@pytest.fixture
def verdicts(tmp_path):
    rows = []
    for name, actual, predicted in (("a", "ants", "bees"), ("b", "bees", "bees"), ("c", "wasps", "ants")):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (40, 30), "#c03030").save(path)
        rows.append(Verdict(str(path), actual, predicted, 0.8, 2.0))
    return rows


class Answers:
    """Explains; the picture whose name is in `held` waits until the gate is opened, whatever is told."""

    def __init__(self):
        self.held = ""
        self.gate = threading.Event()

    def __call__(self, request):
        if self.held and request.image.endswith(self.held):
            self.gate.wait(5)
        heat = np.eye(SIZE, dtype=np.float32)
        picture = np.full((SIZE, SIZE, 3), 90, dtype=np.uint8)
        yield Explained(request.image, request.method, request.target, heat, picture, ((request.target, 1.0),), "")


@pytest.fixture
def answers(engine):
    made = engine.answers[ExplainRequest] = Answers()
    yield made
    made.gate.set()


@pytest.fixture
def dialog(qtbot, session, verdicts, answers):
    made = PictureDialog(verdicts, 0, session=session, model="runs/one")
    qtbot.addWidget(made)
    made.show()
    return made


def button(dialog, name):
    return dialog.findChild(QPushButton, name)


def heat(dialog):
    """The heat that is seen; None without."""
    view = dialog.findChild(HeatView)
    return view.heat if view.isVisible() else None


def test_nothing_is_asked_before_it_is_wanted(dialog, engine, qtbot):
    button(dialog, "nextButton").click()
    qtbot.wait(30)
    assert not engine.requests and heat(dialog) is None


def test_the_heat_map_is_of_what_the_network_said_and_then_of_the_label(dialog, engine, qtbot, verdicts):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert engine.requests == [ExplainRequest("runs/one", verdicts[0].path, "gradcam", "bees")]
    assert heat(dialog).high == "speaks for “bees”"
    assert button(dialog, "explainActualButton").text() == "What speaks for “ants”?"
    button(dialog, "explainActualButton").click()
    qtbot.waitUntil(lambda: heat(dialog).high == "speaks for “ants”")
    button(dialog, "heatMapButton").click()
    assert heat(dialog) is None


def test_the_next_picture_has_its_own(dialog, engine, qtbot, verdicts):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    button(dialog, "explainActualButton").click()
    button(dialog, "nextButton").click()
    assert heat(dialog) is None  # the picture itself, until the answer is there
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert engine.requests[-1] == ExplainRequest("runs/one", verdicts[1].path, "gradcam", "bees")
    assert not button(dialog, "explainActualButton").isVisible()  # it was right: there is one class only


def test_a_late_answer_is_dropped(dialog, engine, qtbot, verdicts, answers, session):
    answers.held = "a.png"
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    button(dialog, "nextButton").click()
    assert engine.controls[0].stopped
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    button(dialog, "nextButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None and heat(dialog).high == "speaks for “ants”")
    answers.gate.set()
    qtbot.waitUntil(lambda: not session.owner.jobs)
    assert heat(dialog).high == "speaks for “ants”"


def test_closing_stops_what_is_at_work(dialog, engine, qtbot, answers):
    answers.held = "a.png"
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    dialog.hide()
    assert engine.controls[0].stopped


def test_a_failure_is_a_sentence(dialog, engine, qtbot):
    engine.errors[ExplainRequest] = InputError("The network has no class “ants”.")
    button(dialog, "heatMapButton").click()
    trouble = dialog.findChild(PictureHeat).trouble_label
    qtbot.waitUntil(trouble.isVisible)
    assert trouble.text() == "The network has no class “ants”." and heat(dialog) is None
    engine.errors.clear()
    button(dialog, "nextButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert not trouble.isVisible()


def test_without_a_session_it_is_not_offered(qtbot, verdicts):
    dialog = PictureDialog(verdicts, 0, remarks=["one", "two", "three"])
    qtbot.addWidget(dialog)
    assert button(dialog, "heatMapButton") is None


def test_the_value_under_the_cursor_is_told(dialog, qtbot):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    panel = dialog.findChild(PictureHeat).panel
    panel.view.hovered.emit(1.0)
    assert panel.value_label.text() == "100 % of the strongest"
