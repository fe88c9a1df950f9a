"""The Evaluate page on run folders written here, with small pictures."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress, Scored, Verdict
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate import EvaluatePage, words
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.pages.picture_dialog import PictureDialog

CLASSES = ("ants", "bees", "wasps")


@pytest.fixture
def session(session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    return session


@pytest.fixture
def verdicts(tmp_path):
    rows = []
    for number in range(12):
        actual = CLASSES[number % 3]
        predicted = "bees" if number in (0, 3, 5) else actual
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (40, 30), "#c03030" if number == 3 else "#3060c0").save(path)
        rows.append(Verdict(str(path), actual, predicted, 0.5 + number / 30, 3.0 - number / 5))
    return rows


def write_run(session, verdicts, name="run-001"):
    run = RunFolder(session.project.folder / "runs" / name)
    run.path.mkdir(parents=True)
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    info = {"classes": CLASSES, "architecture": "resnet18", "preprocess": preprocess, "result": {"accuracy": 0.75}}
    run.write_info(info)
    run.write_predictions(verdicts)
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    return run


@pytest.fixture
def page(qtbot, session):
    page = EvaluatePage(session)
    qtbot.addWidget(page)
    page.resize(1060, 740)
    return page


@pytest.fixture
def full(page, session, verdicts):
    session.show_run(write_run(session, verdicts))
    return page


def find(page, name):
    found = page.findChild(object, name)
    assert found is not None, name
    return found


def shown(page):
    grid = find(page, "topLossesGrid")
    return [grid.entry_at(grid.model().index(row, 0)) for row in range(grid.model().rowCount())]


def measured(verdicts, seconds=0.0):
    chances = np.array([[one.predicted == name for name in CLASSES] for one in verdicts], np.float32)
    return [Scored(CLASSES, tuple(verdicts), chances), measure([*verdicts], CLASSES, seconds=seconds)]


def test_without_a_run_the_page_says_what_to_do(page, session, qtbot):
    assert page.objectName() == "evaluatePage"
    assert page._stack.currentIndex() == 0 and find(page, "runBox").isHidden()
    assert "Train a network first" in page._empty.text_label.text()
    session._set_train_state("running")
    assert "The training is running" in page._empty.text_label.text()
    session._set_train_state("idle")


def test_the_numbers(full):
    assert full._stack.currentIndex() == 1
    assert find(full, "accuracyLabel").text() == "75.0 %"
    assert find(full, "countLabel").text() == "9 of 12 validation pictures are right · error rate 25.0 %"
    assert "47 to 91 %" in find(full, "intervalLabel").text() and "More pictures" in find(full, "intervalLabel").text()
    model = find(full, "confusionMatrix").model()
    assert [[model.index(row, column).data() for column in range(3)] for row in range(3)] == [
        [2, 2, 0],
        [0, 4, 0],
        [0, 1, 3],
    ]
    assert find(full, "runBox").currentText() == "run-001 · ResNet-18 · 75.0 %"


def test_per_class_table_sorts_by_value(full):
    table = find(full, "perClassTable")
    model = table.model()
    assert [model.index(row, 0).data() for row in range(3)] == list(CLASSES)
    assert [model.index(1, column).data() for column in range(5)] == ["bees", "57.1 %", "100.0 %", "72.7 %", "4"]
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert [model.index(row, 0).data() for row in range(3)] == ["ants", "wasps", "bees"]


def test_highest_loss_first_and_wrong_ones_marked(full):
    entries = shown(full)
    assert len(entries) == 12
    first = entries[0]
    assert (first.title, first.subtitle, first.badge, first.bad) == ("bees", "label: ants", "50 %", True)
    assert not entries[1].bad and entries[1].color == theme.class_color(1)
    assert (entries[1].title, entries[1].subtitle) == ("bees", "right · loss 2.80")
    assert find(full, "shownLabel").text() == "12 pictures"


def test_filters(full):
    assert find(full, "chosenButton").isHidden()
    find(full, "allErrorsButton").click()
    assert [entry.bad for entry in shown(full)] == [True] * 3
    assert find(full, "allErrorsButton").text() == "All errors (3)"
    find(full, "confusionMatrix").choose("ants", "bees")
    assert [(entry.title, entry.subtitle) for entry in shown(full)] == [("bees", "label: ants")] * 2
    assert find(full, "chosenButton").text() == "ants → bees" and find(full, "chosenButton").isChecked()
    assert find(full, "shownLabel").text() == "2 pictures"
    find(full, "confusionMatrix").choose("ants", "wasps")
    assert shown(full) == [] and find(full, "shownLabel").text() == "There are no such pictures."
    find(full, "highestLossButton").click()
    assert len(shown(full)) == 12


def test_pictures_chosen_on_the_map_are_a_filter(full, session, verdicts):
    assert find(full, "chosenButton").isHidden()
    full.show_chosen([verdicts[at].path for at in (7, 3, 0)] + ["/another/picture.png"])
    assert [entry.path for entry in shown(full)] == [verdicts[at].path for at in (0, 3, 7)], "highest loss first"
    assert [entry.bad for entry in shown(full)] == [True, True, False]
    button = find(full, "chosenButton")
    assert button.text() == "Chosen on the map (3)" and button.isChecked() and not button.isHidden()
    assert find(full, "shownLabel").text() == "3 pictures, 2 of them wrong"
    find(full, "allErrorsButton").click()
    assert len(shown(full)) == 3 and not button.isHidden() and button.text() == "Chosen on the map (3)"
    button.click()
    assert [entry.path for entry in shown(full)] == [verdicts[at].path for at in (0, 3, 7)]
    full.show_chosen([verdicts[7].path])
    assert find(full, "shownLabel").text() == "1 picture, all right" and button.text() == "Chosen on the map (1)"
    session.show_run(write_run(session, verdicts, "run-002"))
    assert button.isHidden() and len(shown(full)) == 12


def test_unknown_pictures_chosen_on_the_map_change_nothing(full, page, session, verdicts):
    full.show_chosen(["/another/picture.png"])
    assert find(full, "chosenButton").isHidden() and len(shown(full)) == 12
    session.show_run(None)
    page.show_chosen([verdicts[0].path])
    assert page._stack.currentIndex() == 0 and find(page, "chosenButton").isHidden()


def test_pictures_chosen_on_the_map_end_the_look_at_another_folder(full, script, qtbot, verdicts, tmp_path):
    script.events = measured(verdicts[:4])
    full.evaluate_folder(tmp_path)
    qtbot.waitUntil(lambda: find(full, "folderLabel").text().startswith("Measured on"))
    full.show_chosen([verdicts[11].path])
    assert full.notice.isHidden() and [entry.path for entry in shown(full)] == [verdicts[11].path]
    assert find(full, "accuracyLabel").text() == "75.0 %"


def test_double_click_opens_the_picture_large(full, qtbot, verdicts):
    full.show()
    grid = find(full, "topLossesGrid")
    grid.activated.emit(grid.model().index(0, 0))
    dialog = full.findChild(PictureDialog)
    assert dialog._answer.text() == "Taken for “bees”, but labelled “ants”"
    assert dialog._path.text() == verdicts[0].path
    assert not find(dialog, "previousButton").isEnabled()
    dialog.activateWindow()
    find(dialog, "nextButton").setFocus()  # where the arrows, as mere key presses, would move the focus
    qtbot.waitUntil(find(dialog, "nextButton").hasFocus)
    for _ in range(3):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Right)
    picture = find(dialog, "picture")
    image = picture.grab().toImage()
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert middle.red() > 150 and middle.blue() < 100, "the fourth picture is the red one"
    with qtbot.waitSignal(full.layers_wanted) as wanted:
        find(dialog, "lookInsideButton").click()
    assert wanted.args == [verdicts[3].path]


def test_a_picture_that_is_gone_is_explained(full, qtbot, tmp_path):
    (tmp_path / "0.png").unlink()
    grid = find(full, "topLossesGrid")
    grid.activated.emit(grid.model().index(0, 0))
    dialog = full.findChild(PictureDialog)
    assert "not there any more" in find(dialog, "picture").text()
    dialog.close()


def test_runs_of_the_project_can_be_chosen(full, session, verdicts):
    better = [Verdict(one.path, one.label, one.label, 0.9, 0.1) for one in verdicts]
    session.show_run(write_run(session, better, "run-002"))
    box = find(full, "runBox")
    assert box.count() == 2 and box.currentIndex() == 0
    assert find(full, "accuracyLabel").text() == "100.0 %"
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert session.run.name == "run-001" and find(full, "accuracyLabel").text() == "75.0 %"


def test_a_damaged_run_is_a_sentence(page, session, verdicts, qtbot):
    run = write_run(session, verdicts)
    (run.path / "predictions.csv").write_text("path,label,predicted,probability,loss\na,b\n")
    with qtbot.waitSignal(session.failed):
        session.show_run(run)
    assert page._stack.currentIndex() == 0


def test_another_folder_and_the_way_back(full, session, script, qtbot, verdicts, tmp_path):
    script.events = [Progress("evaluating", 2, 4), None, *measured(verdicts[:4], 0.5)]
    full.evaluate_folder(tmp_path)
    label = find(full, "folderLabel")
    qtbot.waitUntil(lambda: "2 of 4" in label.text())
    assert not find(full, "evaluateFolderButton").isEnabled()
    script.gate.set()
    qtbot.waitUntil(lambda: label.text().startswith("Measured on"))
    assert find(full, "countLabel").text() == "2 of 4 pictures are right · error rate 50.0 %"
    request = script.requests[-1]
    assert request.model == str(session.run.path) and request.data.sources[0].path == str(tmp_path)
    find(full, "backButton").click()
    assert find(full, "accuracyLabel").text() == "75.0 %" and full.notice.isHidden()
    assert find(full, "evaluateFolderButton").isEnabled()


def test_a_folder_that_fails_leaves_the_view(full, session, script, qtbot, tmp_path):
    script.events = [InputError("There are no pictures in it.")]
    with qtbot.waitSignal(session.failed):
        full.evaluate_folder(tmp_path)
    assert find(full, "evaluateFolderButton").isEnabled() and full.notice.isHidden()
    assert find(full, "accuracyLabel").text() == "75.0 %"


def test_going_back_ends_the_measurement(full, session, script, qtbot, tmp_path):
    script.events = [None]
    full.evaluate_folder(tmp_path)
    job = full.state._job
    find(full, "backButton").click()
    assert job.control.stopped and find(full, "evaluateFolderButton").isEnabled()
    qtbot.waitUntil(lambda: not session.owner.jobs)


def test_no_pictures_at_all():
    view = View(measure([], CLASSES), ())
    assert words.accuracy_text(view) == "–" and words.interval_text(view) == ""
    assert words.count_text(view) == "There are no pictures to measure on."


def test_losses_that_are_no_numbers_come_first():
    rows = [Verdict("a", "x", "y", 0.5, 2.0), Verdict("b", "x", "y", 0.5, float("nan")), Verdict("c", "x", "y", 0.5, 3)]
    assert [one.path for one in words.by_loss(rows)] == ["b", "c", "a"]


def test_long_class_names_are_cut():
    assert words.cell_text(("a" * 30, "b")) == "a" * 17 + "… → b"
