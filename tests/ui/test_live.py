"""Live retraining in the window: when it asks, what the page shows then, and the way back."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QLabel, QPushButton

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.codec import to_json
from deskclassify.core.data_events import Relearned
from deskclassify.core.data_requests import RelearnRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress, Verdict
from deskclassify.core.requests import FitRequest, ListRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import list_data
from deskclassify.core.standing import judged
from deskclassify.engine.client import run_in_process
from deskclassify.ui import live as live_module
from deskclassify.ui.live import LiveLearning, remark
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.evaluate.page import EvaluatePage
from deskclassify.ui.pages.evaluate.view import Choice

CLASSES = ("ants", "bees", "wasps")
SURE, REST = 0.8, 0.1


class Learner:
    """Lists for real, and answers what is asked to be learned: every picture is recognised, but for those in `wrong`.

    Where `gate` is given, the answer waits for it.
    """

    def __init__(self):
        self.requests = []
        self.controls = []
        self.wrong = frozenset()
        self.error = None
        self.gate = None
        self.progress = ()

    def __call__(self, request, control):
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)
        if not isinstance(request, RelearnRequest):
            return
        self.requests.append(request)
        self.controls.append(control)
        yield from self.progress
        if self.error is not None:
            raise self.error
        while self.gate is not None and not self.gate.wait(0.01):
            if control.stopped:
                return
        items = list_data(request.data).items
        valid = [item for item in items if item.subset == "valid"]
        classes = tuple(sorted({item.label for item in items}))
        chances = np.full((len(valid), len(classes)), REST, np.float32)
        for row, item in enumerate(valid):
            chances[row, (classes.index(item.label) + (item.key in self.wrong)) % len(classes)] = SURE
        scored = judged(classes, [item.path for item in valid], [item.label for item in valid], chances)
        right = sum(one.label == one.predicted for one in scored.verdicts)
        yield scored
        yield Relearned(request.model, right / len(valid), len(items) - len(valid), 0.1)


@pytest.fixture
def learner():
    made = Learner()
    yield made
    if made.gate is not None:
        made.gate.set()


@pytest.fixture
def folder(tmp_path):
    for name in CLASSES:
        (tmp_path / "insects" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (40, 30), "#3060c0").save(tmp_path / "insects" / name / f"{number}.png")
    return tmp_path / "insects"


@pytest.fixture
def session(session_on, learner, folder, qtbot):
    session = session_on(learner)
    session.add_folder(folder)
    qtbot.waitUntil(lambda: session.listing is not None)
    return session


@pytest.fixture
def run(session):
    """A finished run on these pictures; of each class one of the two validation pictures is right."""
    run = RunFolder(session.project.folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    items = session.listing.items
    run.write_info(
        {
            "request": to_json(FitRequest(session.project.data, str(run.path), preset="quick")),
            "classes": CLASSES,
            "architecture": "resnet18",
            "preprocess": to_json(ARCHITECTURES["resnet18"].preprocess("crop")),
            "recipe": {"unfrozen_epochs": 0},
            "skipped": [],
            "result": {"accuracy": 0.5},
        }
    )
    run.write_split(items)
    verdicts, chances = [], []
    for at, item in enumerate(item for item in items if item.subset == "valid"):
        said = CLASSES.index(item.label) if at % 2 else (CLASSES.index(item.label) + 1) % 3
        chances.append([SURE if column == said else REST for column in range(3)])
        verdicts.append(Verdict(item.path, item.label, CLASSES[said], SURE, 1.0))
    run.write_predictions(verdicts, np.array(chances))
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    return run


@pytest.fixture
def page(qtbot, session, run):
    session.show_run(run)
    page = EvaluatePage(session)
    qtbot.addWidget(page)
    page.resize(1060, 740)
    return page


@pytest.fixture
def live(page, session):
    """One that asks whether or not anybody looks; that of the page, which is not shown, waits for its button."""
    return LiveLearning(session, page.state, page)


@pytest.fixture
def mender(session):
    return Mender(session, session)


def valid(session, label):
    return [item.path for item in session.listing.items if (item.label, item.subset) == (label, "valid")]


def train(session, label):
    return [item.path for item in session.listing.items if (item.label, item.subset) == (label, "train")]


def shown(page):
    return page.findChild(QLabel, "accuracyLabel").text()


def settled(qtbot, live):
    qtbot.waitUntil(lambda: not live._latest.is_busy)


def test_a_changed_label_moves_the_metrics_and_undo_brings_them_back(page, live, learner, session, mender, qtbot, run):
    assert shown(page) == "50.0 %" and not learner.requests
    mender.relabel(train(session, "ants")[:1], "bees")
    assert live.is_busy
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert page.state.view.live is not None and not live.is_busy
    assert learner.requests == [RelearnRequest(str(run.path), session.project.data)]
    assert live.moved == (0.5, 1.0) and remark(live)[:2] == ("50.0 → 100.0 %", "good")
    session.undo_stack.undo()
    assert shown(page) == "50.0 %" and page.state.view.live is None and live.moved is None
    session.undo_stack.redo()
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")


@pytest.mark.parametrize("change", ["exclude", "new class", "merged, then one apart"])
def test_whatever_changes_what_is_learned_is_asked(page, live, learner, session, mender, qtbot, change):
    if change == "exclude":
        mender.exclude(train(session, "ants")[:2])
    elif change == "new class":
        mender.relabel(train(session, "ants")[:3], "flies")
    else:
        mender.merge_classes(["ants", "bees"], "crawlers")
        assert not live._latest.is_busy
        mender.relabel(train(session, "wasps")[:1], "crawlers")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert len(learner.requests) == 1


@pytest.mark.parametrize("enabled", [True, False])
def test_renamed_and_merged_classes_need_no_learning(page, live, learner, session, mender, qtbot, enabled):
    live.set_enabled(enabled)
    learner.requests.clear()
    settled(qtbot, live)
    mender.rename_class("ants", "emmets")
    assert page.state.view.evaluated.classes == ("bees", "emmets", "wasps") and shown(page) == "50.0 %"
    mender.merge_classes(["emmets", "bees"], "crawlers")
    view = page.state.view
    assert view.evaluated.classes == ("crawlers", "wasps") and view.live is None
    assert shown(page) == "66.7 %", "ants that were taken for bees are right now"
    assert view.scored.probabilities[0] == pytest.approx([SURE + REST, REST])
    session.undo_stack.undo()
    session.undo_stack.undo()
    assert shown(page) == "50.0 %" and page.state.view.evaluated.classes == CLASSES
    settled(qtbot, live)
    assert not [one for one in learner.requests if one.data.renamed]


def test_a_class_that_is_renamed_after_learning_needs_no_more_of_it(page, live, learner, session, mender, qtbot):
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    mender.rename_class("wasps", "hornets")
    assert page.state.view.evaluated.classes == ("ants", "bees", "hornets")
    assert shown(page) == "100.0 %" and page.state.view.live is not None
    assert not live._latest.is_busy and len(learner.requests) == 1


def test_switched_off_it_asks_nothing_and_the_labels_still_count(page, live, learner, session, mender, qtbot):
    live.set_enabled(False)
    assert session.settings.live is False and not live.enabled
    (first, _) = valid(session, "ants")  # taken for a bee
    mender.relabel([first], "bees")
    assert shown(page) == "66.7 %" and not live._latest.is_busy and not learner.requests
    live.set_enabled(True)
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    live.set_enabled(False)
    assert shown(page) == "66.7 %" and page.state.view.live is None


def test_the_last_of_quick_changes_wins(page, live, learner, session, mender, qtbot):
    learner.gate = threading.Event()
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: len(learner.requests) == 1)
    mender.relabel(train(session, "ants")[:1], "wasps")
    mender.relabel(train(session, "ants")[:1], "wasps")
    qtbot.waitUntil(lambda: len(learner.requests) == 2)
    assert learner.controls[0].stopped
    learner.gate.set()
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert learner.requests[-1].data == session.project.data and len(learner.requests) == 2


def test_an_undo_while_it_learns_ends_that(page, live, learner, session, mender, qtbot):
    learner.gate = threading.Event()
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: len(learner.requests) == 1)
    session.undo_stack.undo()
    assert not live.is_busy and learner.controls[0].stopped
    qtbot.waitUntil(lambda: not session.owner.jobs)
    assert shown(page) == "50.0 %" and page.state.view.live is None


def test_what_was_chosen_stays_chosen(page, live, learner, session, mender, qtbot):
    choice = Choice("ants → bees", tuple(valid(session, "ants")), "cell")
    page.state.choose(choice)
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert page.state.choice == choice and page.pictures._buttons["chosen"].isChecked()
    session.undo_stack.undo()
    assert page.state.choice == choice and page.state.view.live is None
    page.pictures._buttons["errors"].click()
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert page.pictures._buttons["errors"].isChecked()
    session.show_run(session.run)
    assert page.state.choice is None


def test_another_run_is_shown_as_it_was_trained(page, live, learner, session, mender, qtbot, run):
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    session.show_run(None)
    assert page.state.view is None and live.moved is None
    session.show_run(run)
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert len(learner.requests) == 2


def test_a_failure_is_a_remark_and_no_alarm(page, live, learner, session, mender, qtbot):
    learner.error = InputError("Fewer than two classes have pictures to learn from.")
    alarms = []
    session.failed.connect(alarms.append)
    label = live.make_remark(page)
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: bool(live.trouble))
    assert label.text() == "Live stands still" and label.toolTip() == learner.error.sentence and not alarms
    assert label.property("role") == "bad" and not live.is_busy
    learner.error = None
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert label.text() == "50.0 → 100.0 %"


def test_pictures_of_another_folder_are_not_replaced(page, live, learner, session, mender, qtbot):
    view = page.state.view
    mender.relabel(train(session, "ants")[:1], "bees")
    page.state._set_view(replace(view, origin="test"))
    settled(qtbot, live)
    assert page.state.view.origin == "test" and page.state.view.live is None
    page.state.show_run()
    assert page.state.view.live is not None, "back to where the user was"
    page.state.show_run()
    assert page.state.view.live is None, "back to the run, as the button says"


def test_the_button_says_what_it_does(page, learner, session, mender, qtbot):
    live, button = page.live, page.findChild(QPushButton, "liveButton")
    assert isinstance(button, QPushButton) and button.objectName() == "liveButton"
    assert button.isChecked() and "It is on." in button.toolTip()
    page.show()
    button.show()
    settled(qtbot, live)
    learner.gate = threading.Event()
    mender.relabel(train(session, "ants")[:1], "bees")
    assert "It is learning now." in button.toolTip()
    learner.gate.set()
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert "It is on." in button.toolTip()
    button.click()
    assert not button.isChecked() and "It is off." in button.toolTip() and session.settings.live is False
    assert shown(page) == "50.0 %"


def test_nothing_is_asked_while_nobody_looks_and_all_is_made_ready_when_somebody_does(
    page, learner, session, mender, qtbot
):
    live, button = page.live, page.findChild(QPushButton, "liveButton")
    mender.relabel(train(session, "ants")[:1], "bees")
    assert not live._latest.is_busy and not learner.requests
    page.show()
    button.show()
    qtbot.waitUntil(lambda: shown(page) == "100.0 %")
    assert len(learner.requests) == 1
    session.undo_stack.undo()
    page.hide()
    page.show()
    settled(qtbot, live)
    assert len(learner.requests) == 1 and shown(page) == "50.0 %"


def test_getting_ready_changes_nothing_and_is_done_once(page, learner, session, qtbot):
    live, button = page.live, page.findChild(QPushButton, "liveButton")
    page.show()
    button.show()
    assert live._latest.is_busy and not live.is_busy
    settled(qtbot, live)
    assert len(learner.requests) == 1 and shown(page) == "50.0 %" and page.state.view.live is None
    button.hide()
    button.show()
    assert not live._latest.is_busy


def test_a_trunk_that_has_learned_is_not_run_before_it_is_needed(page, learner, session, run, qtbot):
    run.write_info({**run.info().raw, "recipe": {"unfrozen_epochs": 9}})
    live, button = page.live, page.findChild(QPushButton, "liveButton")
    page.show()
    button.show()
    assert not live._latest.is_busy and not learner.requests


def test_the_first_look_at_the_pictures_is_told(page, live, learner, session, mender, qtbot):
    learner.progress = (Progress("Looking at the pictures", 120, 2000),)
    learner.gate = threading.Event()
    label = live.make_remark(page)
    mender.relabel(train(session, "ants")[:1], "bees")
    qtbot.waitUntil(lambda: label.text() == "Looking at the pictures: 120 of 2,000")
    learner.gate.set()
    qtbot.waitUntil(lambda: label.text() == "50.0 → 100.0 %")


def test_very_many_pictures_are_left_alone_unless_asked(page, live, session, monkeypatch, mender, learner, qtbot):
    monkeypatch.setattr("deskclassify.core.live_labels.MOST_UNASKED", 20)
    assert not live.enabled
    mender.relabel(train(session, "ants")[:1], "bees")
    assert not live._latest.is_busy
    live.set_enabled(True)
    assert live.enabled and live.is_busy
    settled(qtbot, live)


@pytest.mark.parametrize("missing", ["split.csv", "all"])
def test_a_run_that_does_not_say_its_labels_is_left_alone(page, live, session, run, mender, qtbot, missing, learner):
    if missing == "all":
        run.info_file.write_text("{")
    else:
        (run.path / "split.csv").unlink()
    mender.relabel(train(session, "ants")[:1], "bees")
    assert not live._latest.is_busy and not learner.requests
    assert live_module.remark(live)[1] in ("muted", "bad")
