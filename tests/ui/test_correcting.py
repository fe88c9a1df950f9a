"""Wrong answers become training data: copied once, undoable, marked, and saved with the table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QPushButton

from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.own_pictures import KeepRequest
from deskclassify.engine.client import run_in_process
from deskclassify.ui.pages.predict.columns import NOTE
from deskclassify.ui.pages.predict.results import ResultsPanel

CLASSES = ("ants", "bees", "wasps")


@pytest.fixture
def asked():
    return []


@pytest.fixture
def session(session_on, asked):
    def stream(request, control):
        asked.append(request)
        return run_in_process(request, control) if request.process == "here" else iter(())

    return session_on(stream)


@pytest.fixture
def project(qtbot, session, tmp_path):
    """A project with two classes of two pictures each."""
    data = tmp_path / "insects"
    for name, color in (("ants", "black"), ("bees", "gold")):
        (data / name).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (30, 30), color).save(data / name / f"{name} {number}.png")
    session.add_folder(data)
    settled(qtbot, session)
    return data


@pytest.fixture
def panel(qtbot, session):
    made = ResultsPanel(session)
    made.lay_out(QPushButton())
    qtbot.addWidget(made)
    made.resize(700, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def rows(tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    made = []
    for number in range(4):
        path = folder / f"Käfer {number}.png"
        Image.new("RGB", (40, 30), ("red", "lime", "blue", "white")[number]).save(path)
        made.append(Prediction(str(path), CLASSES[number % 3], 0.6, ((CLASSES[number % 3], 0.6),), refused=number == 3))
    made.append(Prediction(str(folder / "notes.txt"), error="This is not a picture."))
    return made


def settled(qtbot, session):
    qtbot.waitUntil(lambda: session.listing is not None and not session.owner.jobs)


def fill(panel, rows):
    for row in rows:
        panel._session.prediction.emit(row)
    panel._session.predict_done.emit(PredictDone(len(rows), 1, 1.0, "CPU", CLASSES, threshold=0.5))


def select(panel, *numbers):
    model, flags = panel.table.selectionModel(), panel.table.selectionModel().SelectionFlag
    panel.table.clearSelection()
    for number in numbers:
        model.setCurrentIndex(panel.filter.index(number, 0), flags.Select | flags.Rows)


def labels(session):
    return {Path(item.path).name: item.label for item in session.listing.items}


def wait_for(qtbot, panel, session, count):
    qtbot.waitUntil(lambda: len(panel.corrector.corrected) == count)
    settled(qtbot, session)


def test_a_wrong_answer_is_copied_with_the_right_class_and_undone(panel, session, project, rows, qtbot):
    fill(panel, rows)
    before, data = {row.path: Path(row.path).read_bytes() for row in rows[:4]}, session.project.data
    select(panel, 0)
    panel.correct_menu.chosen.emit("bees")
    wait_for(qtbot, panel, session, 1)
    assert labels(session)["Käfer 0.png"] == "bees" and len(session.listing.items) == 5
    copy = next(Path(item.path) for item in session.listing.items if item.path.endswith("Käfer 0.png"))
    assert copy.is_relative_to(session.project.folder) and copy.read_bytes() == before[rows[0].path]
    assert panel.filter.index(0, NOTE).data() == "corrected to bees, sent to the project"
    assert "1 corrected" in panel.count_label.text()
    assert {path: Path(path).read_bytes() for path in before} == before
    session.undo_stack.undo()
    assert session.project.data == data and panel.corrector.corrected == {}
    assert panel.filter.index(0, NOTE).data() == ""
    session.undo_stack.redo()
    settled(qtbot, session)
    assert panel.corrector.corrected == {rows[0].path: "bees"} and labels(session)["Käfer 0.png"] == "bees"


def test_several_at_once_are_one_step_and_what_cannot_be_read_is_passed_over(panel, session, project, rows, qtbot):
    fill(panel, rows)
    select(panel, 0, 1, 4)
    steps = session.undo_stack.count()
    panel._correct("ants")
    wait_for(qtbot, panel, session, 2)
    assert session.undo_stack.count() == steps + 1 and "2 pictures" in session.undo_stack.undoText()
    assert labels(session)["Käfer 1.png"] == "ants"
    select(panel, 4)
    with qtbot.waitSignal(session.failed) as failed:
        panel._correct("ants")
    assert "could not be read" in failed.args[0].sentence


def test_right_ones_are_added_each_to_its_class_in_one_step(panel, session, project, rows, qtbot):
    fill(panel, rows)
    panel.table.selectAll()
    steps = session.undo_stack.count()
    panel.correct_menu.confirmed.emit()
    wait_for(qtbot, panel, session, 3)  # one is refused, one could not be read
    assert session.undo_stack.count() == steps + 1
    found = labels(session)
    assert [found[f"Käfer {n}.png"] for n in range(3)] == list(CLASSES)
    assert "confirmed as ants" in panel.filter.index(0, NOTE).data()


def test_keys_give_the_classes_of_the_project_and_go_on(panel, session, project, rows, qtbot):
    fill(panel, rows)
    select(panel, 0)
    qtbot.keyClick(panel.table, Qt.Key.Key_2)
    assert panel.table.currentIndex().row() == 1
    qtbot.keyClick(panel.table, Qt.Key.Key_1)  # while the first is being sent, or its folders are read
    wait_for(qtbot, panel, session, 2)
    assert panel.corrector.corrected == {rows[0].path: "bees", rows[1].path: "ants"}
    panel.grid_button.click()
    qtbot.keyClick(panel.views.grid, Qt.Key.Key_1)
    wait_for(qtbot, panel, session, 3)
    assert panel.views.grid.model_.entry(2).badge == "→ ants"
    with qtbot.waitSignal(session.status) as said:
        qtbot.keyClick(panel.views.grid, Qt.Key.Key_9)
    assert "No class has the key 9" in said.args[0]


def test_a_picture_of_the_project_is_relabelled_not_copied(panel, session, project, asked, qtbot):
    path = str(project / "ants" / "ants 0.png")
    fill(panel, [Prediction(path, "ants", 0.9)])
    select(panel, 0)
    panel._correct("bees")
    wait_for(qtbot, panel, session, 1)
    assert labels(session)["ants 0.png"] == "bees" and len(session.listing.items) == 4
    assert not any(isinstance(request, KeepRequest) for request in asked)
    session.undo_stack.undo()
    assert panel.corrector.corrected == {} and labels(session)["ants 0.png"] == "ants"


def test_a_second_thought_changes_the_copy_and_makes_no_other(panel, session, project, rows, asked, qtbot):
    fill(panel, rows)
    select(panel, 0)
    panel._correct("bees")
    wait_for(qtbot, panel, session, 1)
    panel._correct("ants")
    qtbot.waitUntil(lambda: panel.corrector.corrected == {rows[0].path: "ants"})
    settled(qtbot, session)
    assert labels(session)["Käfer 0.png"] == "ants" and len(session.listing.items) == 5
    session.undo_stack.undo()
    settled(qtbot, session)
    assert panel.corrector.corrected == {rows[0].path: "bees"} and labels(session)["Käfer 0.png"] == "bees"
    assert sum(isinstance(request, KeepRequest) for request in asked) == 1


def test_without_a_project_a_sentence_says_what_to_do(panel, session, rows, qtbot):
    fill(panel, rows)
    select(panel, 0)
    panel._fill_correct()
    assert "bees" in [str(action.data()) for action in panel.correct_menu.actions()]
    with qtbot.waitSignal(session.failed) as failed:
        panel._correct("bees")
    assert "No project is open" in failed.args[0].sentence and panel.corrector.corrected == {}


def test_the_menu_offers_classes_of_the_model_that_the_project_lacks(panel, session, project, rows, qtbot, monkeypatch):
    fill(panel, rows)
    select(panel, 0)
    panel._fill_correct()
    texts = [action.text() for action in panel.correct_menu.actions() if action.text()]
    assert texts[1:4] == ["It is really a …", "ants\t1", "bees\t2"]
    assert texts[4:] == ["A class that the project does not have yet", "wasps", "Another class…"]
    next(action for action in panel.correct_menu.actions() if action.data() == "wasps").trigger()
    wait_for(qtbot, panel, session, 1)
    assert labels(session)["Käfer 0.png"] == "wasps"
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("a/b", True))
    with qtbot.waitSignal(session.failed) as failed:
        panel.correct_menu._ask_new()
    assert "cannot be the name" in failed.args[0].sentence


def test_a_picture_that_is_gone_is_told_and_the_others_are_sent(panel, session, project, rows, qtbot):
    Path(rows[0].path).unlink()
    fill(panel, rows)
    select(panel, 0, 1)
    with qtbot.waitSignal(session.failed) as failed:
        panel._correct("ants")
    wait_for(qtbot, panel, session, 1)
    assert "Käfer 0.png" in failed.args[0].sentence and rows[1].path in panel.corrector.corrected


def test_tables_get_a_last_column_only_when_something_was_corrected(panel, session, project, rows, tmp_path, qtbot):
    fill(panel, rows)
    panel.actions_.save(tmp_path / "a.csv")
    assert "corrected" not in (tmp_path / "a.csv").read_text().splitlines()[0]
    select(panel, 0)
    panel._correct("bees")
    wait_for(qtbot, panel, session, 1)
    for name in ("a.csv", "a.json"):
        panel.actions_.save_all_csv(tmp_path / name)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header[:4] == ["path", "label", "probability", "error"] and header[-1] == "corrected"
    assert [line[-1] for line in lines] == ["bees", "", "", "", ""] and lines[0][1] == "ants"
    answers = json.loads((tmp_path / "a.json").read_text())["predictions"]
    assert [answer.get("corrected") for answer in answers] == ["bees", None, None, None, None]
    panel.controls.show_class("corrected")
    assert panel.filter.rowCount() == 1
