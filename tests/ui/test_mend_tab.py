"""The Mend tab on played checks: what it lists, what it does, and that undo brings it back."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.data_events import PROBLEM_KINDS, Checked, DataProblem
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress, Verdict
from deskclassify.core.requests import ListRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.engine.client import run_in_process
from deskclassify.ui.pages.evaluate.mend_dialog import MendDialog
from deskclassify.ui.pages.evaluate.mend_tab import MendTab
from deskclassify.ui.pages.evaluate.mend_words import WORDS
from deskclassify.ui.pages.evaluate.state import Evaluation


class Engine:
    """Lists for real; the check is played."""

    def __init__(self):
        self.answer = []
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()

    def stream(self, request, control):
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)
        elif isinstance(request, CheckRequest):
            self.requests.append(request)
            yield Progress("features", 1, 4)
            while not self.gate.wait(0.01) and not control.stopped:
                pass
            for event in self.answer if not control.stopped else ():
                if isinstance(event, Exception):
                    raise event
                yield event


@pytest.fixture
def played():
    made = Engine()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, played, tmp_path, make_pictures, qtbot):
    made = session_on(played.stream)
    made.add_folder(make_pictures(tmp_path / "pets", {"ant": 12, "bee": 12}))
    qtbot.waitUntil(lambda: made.listing is not None)
    return made


@pytest.fixture
def state(session):
    return Evaluation(session)


@pytest.fixture
def tab(session, state, qtbot):
    made = MendTab(state)
    qtbot.addWidget(made)
    made.resize(980, 560)
    made.show()
    return made


def problem(session, kind, *names, score=0.9, suggestion=""):
    paths = {item.key: item.path for item in session.listing.items}
    return DataProblem(kind, names, tuple(paths[name] for name in names), score, f"why {names[0]}", suggestion)


def ant(number):
    return f"ant/ant_{number:03d}.png"


def bee(number):
    return f"bee/bee_{number:03d}.png"


@pytest.fixture
def found(session):
    sides = {}
    for item in session.listing.items:
        if item.label == "ant":
            sides.setdefault(item.subset, item.key)
    return (
        problem(session, "suspect", ant(1), suggestion="bee"),
        problem(session, "suspect", ant(2), suggestion="bee"),
        problem(session, "suspect", bee(1), suggestion="ant"),
        problem(session, "leak", sides["train"], sides["valid"]),
        problem(session, "duplicate", ant(3), ant(4), ant(5)),
        problem(session, "near", bee(3), bee(4)),
        problem(session, "dark", bee(5)),
    )


@pytest.fixture
def looked(tab, played, found, qtbot):
    played.answer = [Checked(24, found, 0.875, (0.93, 0.9), 1.5)]
    tab.look_button.click()
    qtbot.waitUntil(lambda: tab.stack.currentIndex() == 1, timeout=5000)
    return tab


def counts(tab):
    return {kind: count for kind, count in tab.book.counts().items() if count}


def titles(tab):
    grid = tab.panel.grid
    entries = [grid.model_.entry(row) for row in range(grid.model().rowCount())]
    return [f"{one.title} {one.subtitle}" for one in entries]


def press(widget, key):
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))


def labels(session):
    return {item.key: item.label for item in session.listing.items}


def test_every_kind_has_its_words():
    assert set(WORDS) == set(PROBLEM_KINDS)


def test_before_it_looks_it_says_what_for(tab):
    assert tab.stack.currentIndex() == 0 and tab.progress_row.isHidden()
    assert "Your files are never changed" in tab.empty.text_label.text()


def test_it_looks_and_lists_by_kind(looked, session, played):
    assert played.requests == [CheckRequest(session.project.data, session.project.options.architecture, "", "auto")]
    assert counts(looked) == {"suspect": 3, "leak": 1, "duplicate": 1, "near": 1, "dark": 1}
    assert looked.kinds.kind == "suspect" and looked.kinds.item(0).text() == "Labels that look wrong (3)"
    assert titles(looked) == ["ant → bee?", "ant → bee?", "bee → ant?"]
    assert looked.panel.chosen() == (looked.book.checked.problems[0],)
    assert looked.panel.reason_label.text() == f"why {ant(1)}"
    assert "right on 87.5 %" in looked.panel.text_label.text()
    assert looked.summary_label.text().startswith("7 things to look at. Looked at 24 pictures")
    looked.kinds.choose("leak")
    assert "93.0 % with them, 90.0 % without" in looked.panel.text_label.text()
    looked.kinds.choose("tiny")
    assert looked.panel.done.title_label.text() == "None found" and looked.panel.act_button.isHidden()


def test_the_run_is_asked_about_its_leaks(tab, session, played, qtbot):
    run = RunFolder(session.project.folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    run.write_info({"classes": ["ant", "bee"], "architecture": "resnet18", "preprocess": preprocess, "result": {}})
    run.write_predictions([Verdict(session.listing.items[0].path, "ant", "bee", 0.9, 2.0)])
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    session.show_run(run)
    tab.look()
    qtbot.waitUntil(lambda: len(played.requests) == 1 and not tab._latest.is_busy, timeout=5000)
    assert (played.requests[0].architecture, played.requests[0].model) == ("resnet18", str(run.path))


def test_enter_relabels_and_goes_on_and_undo_brings_it_back(looked, session):
    press(looked.panel.grid, Qt.Key.Key_Return)
    assert labels(session)[ant(1)] == "bee" and counts(looked)["suspect"] == 2
    assert looked.panel.chosen()[0].keys == (ant(2),) and looked.kinds.item(0).text().endswith("(2)")
    press(looked.panel.grid, Qt.Key.Key_Return)
    assert looked.panel.chosen()[0].keys == (bee(1),)
    assert looked.panel.act_button.text() == "Relabel as “ant”"
    session.undo_stack.undo()
    session.undo_stack.undo()
    assert session.project.data.relabelled == {} and counts(looked)["suspect"] == 3


def test_all_suspects_at_once_are_one_step(looked, session):
    assert looked.panel.all_button.text() == "Relabel all 3"
    looked.panel.all_button.click()
    assert session.project.data.relabelled == {ant(1): "bee", ant(2): "bee", bee(1): "ant"}
    assert "suspect" not in counts(looked) and looked.panel.done.title_label.text() == "All done here"
    assert session.undo_stack.count() == session.undo_stack.index() and session.undo_stack.undoText()
    session.undo_stack.undo()
    assert session.project.data.relabelled == {} and counts(looked)["suspect"] == 3


def test_digits_and_delete_mend_suspects(looked, session):
    press(looked.panel.grid, Qt.Key.Key_2)
    assert labels(session)[ant(1)] == "bee" and looked.panel.chosen()[0].keys == (ant(2),)
    action = next(one for one in looked.panel.grid.actions() if one.objectName() == "leaveOutAction")
    action.trigger()
    assert session.project.data.excluded == (ant(2),) and counts(looked)["suspect"] == 1


def test_a_label_that_is_right_stays_away_until_it_is_called_back(looked, session):
    looked.panel.dismiss_button.click()
    assert counts(looked)["suspect"] == 2 and session.project.data.relabelled == {}
    assert looked.recall_button.text() == "Show 1 again" and not looked.recall_button.isHidden()
    session.change_data("relabel", replace(session.project.data, relabelled={ant(9): "bee"}))
    assert counts(looked)["suspect"] == 2
    looked.recall_button.click()
    assert counts(looked)["suspect"] == 3 and looked.recall_button.isHidden()


def test_copies_are_thinned_out_and_near_ones_kept_together(looked, session):
    looked.kinds.choose("duplicate")
    assert looked.panel.act_button.text() == "Keep the best, leave out the others"
    assert len(looked.panel.groups.model_.groups[0].pictures) == 3
    press(looked.panel.groups, Qt.Key.Key_Return)
    assert session.project.data.excluded == (ant(4), ant(5)) and "duplicate" not in counts(looked)
    looked.kinds.choose("near")
    looked.panel.act_button.click()
    assert session.project.data.together == ((bee(3), bee(4)),) and "near" not in counts(looked)
    session.undo_stack.undo()
    session.undo_stack.undo()
    assert counts(looked) == {"suspect": 3, "leak": 1, "duplicate": 1, "near": 1, "dark": 1}


def test_a_leak_ends_on_one_side_of_the_split(looked, session):
    leak = next(one for one in looked.book.checked.problems if one.kind == "leak")
    looked.kinds.choose("leak")
    looked.panel.act_button.click()
    sides = {item.subset for item in session.listing.items if item.key in leak.keys}
    assert len(sides) == 1 and "leak" not in counts(looked)


def test_a_leak_between_folders_is_thinned_out(session_on, played, tmp_path, make_pictures, qtbot):
    session = session_on(played.stream)
    make_pictures(tmp_path / "set" / "train", {"ant": 4, "bee": 4})
    make_pictures(tmp_path / "set" / "valid", {"ant": 2, "bee": 2})
    session.add_folder(tmp_path / "set")
    qtbot.waitUntil(lambda: session.listing is not None)
    state = Evaluation(session)
    tab = MendTab(state)
    qtbot.addWidget(tab)
    played.answer = [Checked(12, (problem(session, "leak", "train/ant/ant_000.png", "valid/ant/ant_000.png"),))]
    tab.look()
    qtbot.waitUntil(lambda: tab.stack.currentIndex() == 1, timeout=5000)
    assert tab.panel.act_button.text() == "Keep the best, leave out the others"
    tab.panel.act_button.click()
    assert session.project.data.excluded == ("valid/ant/ant_000.png",) and counts(tab) == {}


def test_a_picture_that_is_bad_is_left_out(looked, session):
    looked.kinds.choose("dark")
    assert looked.panel.act_button.text() == "Leave out"
    looked.panel.act_button.click()
    assert session.project.data.excluded == (bee(5),) and counts(looked).get("dark") is None


def test_a_double_click_opens_the_picture_large_and_mends_it_there(looked, session):
    looked.panel.grid.activated_entry.emit(looked.panel.grid.model_.entry(1))
    dialog = looked.panel.findChild(MendDialog)
    assert "ant_002.png" in dialog.windowTitle()
    assert dialog._answer.text() == "Labelled “ant”, looks like “bee”"
    assert dialog._numbers.text() == f"why {ant(2)}"
    dialog._press(2)
    assert labels(session)[ant(2)] == "bee" and dialog._answer.text() == "Labelled “bee”"
    session.undo_stack.undo()
    assert dialog._answer.text() == "Labelled “ant”, looks like “bee”"
    dialog.close()
    looked.kinds.choose("duplicate")
    looked.panel.groups.opened.emit(0, 2)
    dialogs = [one for one in looked.panel.findChildren(MendDialog) if one.isVisible()]
    assert "ant_005.png" in dialogs[0].windowTitle() and dialogs[0]._answer.text() == "Labelled “ant”"
    dialogs[0].close()


def test_a_large_picture_that_was_closed_follows_nothing(looked, session, qtbot):
    looked.panel.grid.activated_entry.emit(looked.panel.grid.model_.entry(0))
    gone = []
    looked.panel.findChild(MendDialog).destroyed.connect(lambda: gone.append(True))
    looked.panel.findChild(MendDialog).close()
    qtbot.waitUntil(lambda: gone == [True], timeout=5000)
    press(looked.panel.grid, Qt.Key.Key_Return)  # an error in a slot fails the test
    assert labels(session)[ant(1)] == "bee"


def test_it_can_be_stopped_and_what_was_there_stays(looked, played, qtbot):
    played.gate.clear()
    looked.again_button.click()
    qtbot.waitUntil(lambda: "1 of 4" in looked.progress_label.text(), timeout=5000)
    assert not looked.progress_row.isHidden() and not looked.again_button.isEnabled()
    looked.stop_button.click()
    assert looked.progress_row.isHidden() and counts(looked)["suspect"] == 3


def test_a_failure_is_a_sentence(tab, session, played, qtbot):
    said = []
    session.failed.connect(said.append)
    played.answer = [InputError("The pictures are gone. Look for them.")]
    tab.look()
    qtbot.waitUntil(lambda: bool(said), timeout=5000)
    assert said[0].sentence.startswith("The pictures are gone") and tab.stack.currentIndex() == 0


def test_other_folders_are_another_question(looked, session, tmp_path, make_pictures, qtbot):
    session.add_folder(make_pictures(tmp_path / "more", {"cat": 3}))
    qtbot.waitUntil(lambda: session.listing is not None and len(session.listing.classes()) == 3)
    assert looked.book.checked is None and looked.stack.currentIndex() == 0


def test_nothing_to_look_at_is_said(session_on, played, qtbot):
    session = session_on(played.stream)
    state = Evaluation(session)
    tab = MendTab(state)
    qtbot.addWidget(tab)
    said = []
    session.failed.connect(said.append)
    tab.look()
    assert "no pictures to look at" in said[0].sentence and played.requests == []
