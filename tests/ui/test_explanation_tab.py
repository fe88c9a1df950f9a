"""The tab “Why this answer”, with jobs that answer when the test wants."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from layers_double import CLASSES

from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import ExplainRequest
from deskclassify.ui.pages.layers import explanation_words as words
from deskclassify.ui.pages.layers.explanation_tab import ExplanationTab
from deskclassify.ui.pages.layers.looking import Looking

PICTURE = np.full((16, 16, 3), 90, dtype=np.uint8)
ANSWER = (("bees", 0.9), ("ants", 0.08), ("wasps", 0.02))


def found(request, **more):
    heat = np.zeros((16, 16), dtype=np.float32)
    heat[:8] = 1
    target = request.target or "bees"
    text = f"{request.method} of {target}"
    return Explained(request.image, request.method, target, heat, PICTURE, ANSWER, text, **more)


class Answers:
    """Explains at once, or waits with a step done until the gate is opened or it is told to stop."""

    def __init__(self, engine):
        self.engine = engine
        self.waits = set()
        self.gate = threading.Event()

    def __call__(self, request):
        if request.method in self.waits:
            yield Progress("explain", 3, 81)
            control = self.engine.controls[-1]
            while not self.gate.wait(0.01):
                if control.stopped:
                    return
        yield found(request)


@pytest.fixture
def answers(engine):
    made = Answers(engine)
    engine.answers[ExplainRequest] = made
    yield made
    made.gate.set()


@pytest.fixture
def looking(session):
    return Looking(session)


@pytest.fixture
def tab(qtbot, looking, answers):
    made = ExplanationTab(looking)
    qtbot.addWidget(made)
    made.resize(850, 480)
    return made


@pytest.fixture
def open_tab(tab, looking, picture, qtbot):
    """A run is open, a picture is pinned, and the first answer is there."""
    tab.show()
    looking.open("runs/one")
    looking.set_image(str(picture))
    says(tab, qtbot, "gradcam of bees")
    return tab


def says(tab, qtbot, text):
    qtbot.waitUntil(lambda: tab.text_label.text() == text)


def choose(tab, name):
    names = [one for one, _ in tab.class_bars.class_model.answer]
    tab.class_bars.setCurrentIndex(tab.class_bars.class_model.index(names.index(name)))


def test_nothing_is_asked_before_it_is_seen(tab, looking, picture, engine, qtbot, session):
    looking.open("runs/one")
    looking.set_image(str(picture))
    qtbot.waitUntil(lambda: looking.listed is not None and not session.owner.jobs)
    assert not engine.of(ExplainRequest)
    tab.show()
    says(tab, qtbot, "gradcam of bees")
    assert engine.of(ExplainRequest) == [ExplainRequest("runs/one", str(picture))]


def test_the_answer_is_shown_with_its_classes(open_tab, picture):
    assert open_tab.title_label.text() == "Why “bees”?"
    assert open_tab.panel.view.heat is not None and not open_tab.panel.view.heat.is_signed
    assert open_tab.class_bars.class_model.answer == ANSWER and open_tab.class_bars.current == "bees"
    assert open_tab.choices["gradcam"].isChecked()
    assert words.LIMITS in open_tab.read_label.text()
    assert {name for name, _ in ANSWER} == set(CLASSES)


def test_another_way_and_another_class_are_asked_for_once(open_tab, engine, qtbot, picture):
    open_tab.choices["occlusion"].click()
    says(open_tab, qtbot, "occlusion of bees")
    assert open_tab.panel.view.heat.is_signed
    assert words.READ["occlusion"] in open_tab.read_label.text()
    choose(open_tab, "ants")
    says(open_tab, qtbot, "occlusion of ants")
    assert open_tab.title_label.text() == "What speaks for “ants”?"
    assert open_tab.class_bars.current == "ants"
    open_tab.choices["gradcam"].click()
    says(open_tab, qtbot, "gradcam of ants")
    count = len(engine.of(ExplainRequest))
    open_tab.choices["occlusion"].click()
    assert open_tab.text_label.text() == "occlusion of ants"  # it was kept
    assert len(engine.of(ExplainRequest)) == count == 4
    assert engine.of(ExplainRequest)[-1] == ExplainRequest("runs/one", str(picture), "gradcam", "ants")


def test_the_slow_ways_show_progress_and_can_be_stopped(open_tab, answers, engine, qtbot):
    answers.waits = {"integrated"}
    assert not open_tab.stop_button.isVisible() and not open_tab.progress_bar.isVisible()
    open_tab.choices["integrated"].click()
    qtbot.waitUntil(lambda: (open_tab.progress_bar.value(), open_tab.progress_bar.maximum()) == (3, 81))
    assert open_tab.stop_button.isVisible() and open_tab.progress_bar.isVisible()
    assert open_tab.panel.view.heat is None  # the old heat answers another question
    assert not open_tab.panel.view.area().isEmpty()  # the picture stays
    open_tab.stop_button.click()
    assert engine.controls[-1].stopped
    assert not open_tab.stop_button.isVisible() and not open_tab.progress_bar.isVisible()
    assert open_tab.text_label.text() == "Stopped."
    answers.waits = set()
    open_tab.again_button.click()
    says(open_tab, qtbot, "integrated of bees")
    assert not open_tab.again_button.isVisible()


def test_a_late_answer_is_dropped(open_tab, answers, engine, qtbot, session):
    answers.waits = {"occlusion"}
    open_tab.choices["occlusion"].click()
    qtbot.waitUntil(lambda: open_tab.progress_bar.value() == 3)
    slow = engine.controls[-1]
    open_tab.choices["gradcam"].click()
    assert slow.stopped and open_tab.text_label.text() == "gradcam of bees"
    assert not open_tab.progress_bar.isVisible()
    answers.gate.set()
    qtbot.waitUntil(lambda: not session.owner.jobs)
    assert open_tab.text_label.text() == "gradcam of bees"


def test_from_a_slow_question_to_a_quick_one_and_back(open_tab, answers, engine, qtbot):
    answers.waits = {"occlusion", "integrated"}
    open_tab.choices["occlusion"].click()
    qtbot.waitUntil(lambda: open_tab.progress_bar.value() == 3)
    open_tab.choices["integrated"].click()
    assert open_tab.progress_bar.maximum() == 0  # it is not known yet how far this one is
    choose(open_tab, "ants")
    open_tab.choices["gradcam"].click()
    assert not open_tab.stop_button.isVisible() and open_tab.title_label.text() == "What speaks for “ants”?"
    says(open_tab, qtbot, "gradcam of ants")
    assert open_tab.text_label.isVisible() and not open_tab.progress_bar.isVisible()


def test_hiding_stops_what_is_at_work(open_tab, answers, engine, qtbot):
    answers.waits = {"occlusion"}
    open_tab.choices["occlusion"].click()
    qtbot.waitUntil(lambda: open_tab.progress_bar.value() == 3)
    open_tab.hide()
    assert engine.controls[-1].stopped
    answers.waits = set()
    open_tab.show()
    says(open_tab, qtbot, "occlusion of bees")


def test_another_picture_begins_with_its_likeliest_class(open_tab, looking, engine, qtbot, tmp_path):
    choose(open_tab, "wasps")
    says(open_tab, qtbot, "gradcam of wasps")
    looking.set_image(str(tmp_path / "other.png"))
    says(open_tab, qtbot, "gradcam of bees")
    assert engine.of(ExplainRequest)[-1] == ExplainRequest("runs/one", str(tmp_path / "other.png"))


def test_another_epoch_is_asked_for(open_tab, looking, engine, qtbot):
    looking.set_epoch(2)
    qtbot.waitUntil(lambda: engine.of(ExplainRequest)[-1].epoch == 2)


def test_without_a_picture_it_says_what_to_do(tab, looking, qtbot):
    tab.show()
    looking.open("runs/one")
    qtbot.waitUntil(lambda: looking.listed is not None)
    assert tab.no_picture.isVisible()


def test_a_pretrained_network_has_no_answers(tab, looking, engine, picture, qtbot, session):
    engine.classes = ()
    tab.show()
    looking.set_image(str(picture))
    looking.open("resnet18")
    qtbot.waitUntil(tab.no_classes.isVisible)
    assert not engine.of(ExplainRequest)
    with qtbot.waitSignal(session.page_wanted) as wanted:
        tab.no_classes.findChild(type(tab.stop_button)).click()
    assert wanted.args == ["train"]
    engine.classes = CLASSES
    looking.open("runs/one")
    says(tab, qtbot, "gradcam of bees")


def test_a_failure_is_a_sentence_and_can_be_tried_again(open_tab, looking, engine, qtbot, tmp_path):
    engine.errors[ExplainRequest] = InputError("The file is cut off.")
    looking.set_image(str(tmp_path / "broken.png"))
    says(open_tab, qtbot, "The file is cut off.")
    assert open_tab.text_label.property("role") == "bad"
    assert open_tab.panel.view.heat is None
    del engine.errors[ExplainRequest]
    open_tab.again_button.click()
    says(open_tab, qtbot, "gradcam of bees")
    assert open_tab.text_label.property("role") == ""


def test_the_value_under_the_cursor_is_told(open_tab):
    open_tab.panel.view.hovered.emit(0.5)
    assert open_tab.panel.value_label.text() == "50 % of the strongest"
    open_tab.panel.view.hovered.emit(None)
    assert open_tab.panel.value_label.text() == ""


def test_values_in_words():
    request = ExplainRequest("run", "a.png", "occlusion")
    covered = found(request, scale=0.4)
    assert words.value_text(covered, 0.5) == "Covered here, “bees” loses 20.0 points"
    assert words.value_text(covered, -0.25) == "Covered here, “bees” gains 10.0 points"
    assert words.value_text(covered, 0.0) == "Covered here, it stays as likely"
    shares = found(ExplainRequest("run", "a.png", "integrated"))
    assert words.value_text(shares, -0.3) == "Speaks against it, 30 % of the strongest"
    assert words.value_text(shares, 0.001) == "No share here"
