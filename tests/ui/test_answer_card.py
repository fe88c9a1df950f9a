"""The large answer: heat on request, for the likeliest class or the one that is clicked."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction, Progress
from deskclassify.core.use_events import Occluded
from deskclassify.core.use_requests import OccludeRequest
from deskclassify.ui.pages.predict.answer_card import AnswerCard
from deskclassify.ui.widgets.heat_view import HeatView


def covered(request):
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[0, 7] = 0.4
    return Occluded(request.picture, request.label, 0.9, heat, np.full((8, 8, 3), 128, dtype=np.uint8))


class Engine:
    def __init__(self):
        self.requests = []
        self.error = None

    def __call__(self, request, control):
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        yield Progress("covering", 1, 2)
        yield covered(request)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine, tmp_path):
    made = session_on(engine)
    made.open_model(tmp_path / "bugs.onnx")
    return made


@pytest.fixture
def card(qtbot, session):
    made = AnswerCard(session)
    qtbot.addWidget(made)
    made.resize(420, 640)
    made.show()
    return made


@pytest.fixture
def answers(tmp_path):
    made = []
    for name in ("one.png", "two.png"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / name)
        top = (("ants", 0.9), ("bees", 0.1))
        made.append(Prediction(str(tmp_path / name), "ants", 0.9, top, milliseconds=7.0))
    return made


def shown(card):
    return card.findChild(HeatView).heat


def test_nothing_is_asked_until_the_user_wants_to_know(card, engine, answers):
    card.show_prediction(answers[0])
    assert card.why_button.isVisible() and not engine.requests
    assert card.picture.isVisible()


def test_why_shows_the_heat_for_the_likeliest_class(card, engine, answers, qtbot):
    card.show_prediction(answers[0])
    card.why_button.click()
    qtbot.waitUntil(lambda: shown(card) is not None)
    (request,) = engine.requests
    assert isinstance(request, OccludeRequest) and (request.picture, request.label) == (answers[0].path, "ants")
    assert shown(card).values.max() == pytest.approx(1) and "ants" in shown(card).high
    view = card.findChild(HeatView)
    corner = view.area().topRight() + QPoint(-3, 3)
    view.hovered.emit(view.heat_at(corner))
    assert "loses 40.0 points" in card.heat.title_label.text()
    card.why_button.click()
    assert card.picture.isVisible() and shown(card) is None


def test_a_click_on_a_bar_asks_for_its_class(card, engine, answers, qtbot):
    card.show_prediction(answers[0])
    qtbot.waitUntil(lambda: card.bars.height() >= 60)
    qtbot.mouseClick(card.bars, Qt.MouseButton.LeftButton, pos=QPoint(60, 45))
    qtbot.waitUntil(lambda: shown(card) is not None and "bees" in shown(card).high)
    assert card.why_button.isChecked() and engine.requests[-1].label == "bees"


def test_the_heat_follows_to_the_next_picture_and_an_unreadable_one_has_none(card, engine, answers, qtbot):
    card.show_prediction(answers[0])
    card.why_button.click()
    qtbot.waitUntil(lambda: shown(card) is not None)
    card.show_prediction(answers[1])
    qtbot.waitUntil(lambda: len(engine.requests) == 2 and shown(card) is not None)
    assert engine.requests[-1].picture == answers[1].path
    card.show_prediction(Prediction("notes.txt", error="This is not a picture."))
    assert not card.why_button.isVisible() and shown(card) is None and len(engine.requests) == 2


def test_a_failure_is_told(card, engine, session, answers, qtbot):
    engine.error = InputError("The model is gone.")
    card.show_prediction(answers[0])
    with qtbot.waitSignal(session.failed) as failed:
        card.why_button.click()
    assert failed.args[0].sentence == "The model is gone."
    assert card.heat.title_label.text() == ""
