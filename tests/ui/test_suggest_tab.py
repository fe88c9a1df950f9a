"""The Suggest labels tab in a project with pictures that have no class; the guesses are played."""

from __future__ import annotations

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from deskclassify.core.data_events import Guess, Suggested
from deskclassify.core.data_requests import SuggestRequest
from deskclassify.core.errors import UserError
from deskclassify.core.requests import generator
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.suggest_queue import SuggestQueue
from deskclassify.ui.pages.evaluate.suggest_tab import SuggestTab

CLASSES = ("ants", "bees", "wasps")
PATIENCE = 10_000  # milliseconds


class Engine:
    """Guesses “bees” for each picture without a class, in the order of their names."""

    def __init__(self):
        self.requests = []
        self.error = None

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, SuggestRequest):
            if self.error is not None:
                raise self.error
            items = sorted(list_data(request.data).unlabelled, key=lambda item: item.path)
            top = (("bees", 0.6), ("ants", 0.3), ("wasps", 0.1))
            guesses = tuple(Guess(one.key, one.path, "bees", 0.6, 1 / (2 + n), top) for n, one in enumerate(items))
            yield Suggested(request.model, guesses)
        elif request.process == "here":
            yield from generator(request)(request, control)

    def asked(self):
        return [one for one in self.requests if isinstance(one, SuggestRequest)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine, tmp_path, qtbot):
    for name in CLASSES:
        (tmp_path / "data" / name).mkdir(parents=True)
        for at in range(2):
            Image.new("RGB", (8, 8), (at * 90, 40, 160)).save(tmp_path / "data" / name / f"{at}.png")
    (tmp_path / "loose").mkdir()
    for at in range(4):
        Image.new("RGB", (8, 8), (10, at * 60, 10)).save(tmp_path / "loose" / f"n{at}.png")
    made = session_on(engine)
    made.new_project("Insects")
    made.change_data(
        "add", DataSpec((Source(str(tmp_path / "data")), Source(str(tmp_path / "loose"), unlabelled=True)))
    )
    qtbot.waitUntil(lambda: made.listing is not None and len(made.listing.unlabelled) == 4, timeout=PATIENCE)
    run = RunFolder(made.project.folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    made.run = run
    return made


@pytest.fixture
def tab(qtbot, session):
    made = make_tab(qtbot, session)
    qtbot.waitUntil(lambda: made._queue.current is not None, timeout=PATIENCE)
    return made


def make_tab(qtbot, session):
    state = Evaluation(session, session)
    made = SuggestTab(state)
    qtbot.addWidget(made)
    made.resize(1000, 620)
    made.show()
    return made


def name_of(tab):
    return tab.name_label.text()


def settled(qtbot, session):
    qtbot.waitUntil(lambda: session.listing is not None and not session.owner.jobs, timeout=PATIENCE)


def test_the_guess_is_shown(tab):
    assert name_of(tab) == "n0.png" and tab.guess_label.text() == "bees · 60.0 %"
    assert [bar.name for bar in tab.bars.bars] == ["bees", "ants", "wasps"]
    assert tab.count_label.text() == "4 pictures without a class · 0 done"
    assert [tab.strip.model_.entry(row).path[-6:] for row in range(3)] == ["n1.png", "n2.png", "n3.png"]


def test_enter_confirms_digits_correct_space_skips_and_undo_asks_again(tab, qtbot, session, engine):
    QTest.keyClick(tab, Qt.Key.Key_Return)
    settled(qtbot, session)
    assert session.project.data.relabelled == {"loose/n0.png": "bees"} and name_of(tab) == "n1.png"
    QTest.keyClick(tab, Qt.Key.Key_3)
    settled(qtbot, session)
    assert session.project.data.relabelled["loose/n1.png"] == "wasps" and name_of(tab) == "n2.png"
    QTest.keyClick(tab, Qt.Key.Key_Space)
    assert name_of(tab) == "n3.png"
    QTest.keyClick(tab, Qt.Key.Key_9)  # no such class
    assert len(session.project.data.relabelled) == 2
    tab.undo_button.click()
    settled(qtbot, session)
    assert name_of(tab) == "n1.png" and session.project.data.relabelled == {"loose/n0.png": "bees"}
    assert tab.count_label.text() == "3 pictures without a class · 1 done"
    assert len(engine.asked()) == 1  # labels alone are no reason to guess anew


def test_clicks_do_the_same(tab, qtbot, session, monkeypatch):
    key = next(one for one in tab.keys._keys if one.text() == "ants")
    key.click()
    settled(qtbot, session)
    assert session.project.data.relabelled == {"loose/n0.png": "ants"}
    tab.strip.chosen.emit(tab._queue.coming[-1].path)
    assert name_of(tab) == "n3.png"
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("moths", True))
    tab.other_button.click()
    settled(qtbot, session)
    assert session.project.data.relabelled["loose/n3.png"] == "moths"
    assert "moths" in [one.text() for one in tab.keys._keys]


def test_when_all_have_a_class_the_next_step_is_told(tab, qtbot, session):
    for _ in range(4):
        tab.confirm_button.click()
        settled(qtbot, session)
    assert len(session.listing.items) == 10 and tab._stack.currentIndex() == 0
    assert tab.empty.title_label.text() == "All done"
    with qtbot.waitSignal(session.page_wanted) as wanted:
        tab.go_button.click()
    assert wanted.args == ["train"]
    session.undo_stack.undo()
    settled(qtbot, session)
    assert tab._stack.currentIndex() == 2 and name_of(tab) == "n3.png"


def test_other_class_names_ask_anew(tab, qtbot, session, engine):
    session.rename_class("bees", "honey bees")
    qtbot.waitUntil(lambda: len(engine.asked()) == 2, timeout=PATIENCE)
    assert engine.asked()[-1].data.renamed == {"bees": "honey bees"}
    settled(qtbot, session)


def test_without_such_pictures_it_says_how_to_bring_some_in(qtbot, session, engine):
    data = session.project.data
    session.change_data("remove", DataSpec(data.sources[:1]))
    settled(qtbot, session)
    made = make_tab(qtbot, session)
    assert made._stack.currentIndex() == 0 and "Without labels" in made.empty.text_label.text()
    assert engine.asked() == []
    with qtbot.waitSignal(session.page_wanted) as wanted:
        made.go_button.click()
    assert wanted.args == ["data"]


def test_a_failure_is_told_once(qtbot, session, engine):
    engine.error = UserError("The weights are damaged.")
    with qtbot.waitSignal(session.failed) as failed:
        made = make_tab(qtbot, session)
    assert failed.args[0].sentence == "The weights are damaged."
    settled(qtbot, session)
    made._follow()
    assert len(engine.asked()) == 1


def test_the_queue():
    guesses = tuple(Guess(name, name, "x", 0.5, 0.5) for name in "abc")
    queue = SuggestQueue(guesses)
    queue.skip()
    assert queue.current.path == "b" and [one.path for one in queue.coming] == ["c", "a"]
    assert queue.update({"a", "c"}) and queue.done == 1 and queue.current.path == "c"
    assert not queue.update({"a", "c"})
    assert queue.update({"a", "b", "c"}) and queue.current.path == "b" and queue.done == 0
    queue.go_to("a")
    queue.go_to("not there")
    assert queue.current.path == "a"
    assert queue.update(set()) and queue.current is None and queue.coming == () and queue.done == 3
    queue.skip()
