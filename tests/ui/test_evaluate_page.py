"""The Evaluate page on run folders written here, with small pictures."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress, Scored, Verdict
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate import EvaluatePage, words
from deskclassify.ui.pages.evaluate.class_lists import ClassLists
from deskclassify.ui.pages.evaluate.overview_tab import OverviewTab
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.widgets.interval_bar import IntervalBar

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


def test_a_class_and_a_pair_lead_to_their_pictures(full, qtbot, verdicts):
    table = find(full, "perClassTable")
    row = next(row for row in range(3) if table.model().index(row, 0).data() == "ants")
    table.clicked.emit(table.model().index(row, 2))
    assert [entry.bad for entry in shown(full)] == [True, True, False, False], "the wrong ones first"
    assert find(full, "chosenButton").text() == "ants"
    assert find(full, "shownLabel").text() == "4 pictures, 2 of them wrong"
    find(full, "confusedPairsButton").click()
    pairs = find(full, "confusedPairsTable")
    cells = [[pairs.model().index(row, column).data() for column in range(4)] for row in range(2)]
    assert cells == [["ants", "bees", "2", "50 %"], ["wasps", "bees", "1", "25 %"]]
    pairs.setCurrentIndex(pairs.model().index(1, 0))
    qtbot.keyClick(pairs, Qt.Key.Key_Return)
    assert [entry.path for entry in shown(full)] == [verdicts[5].path]


def test_one_class_can_be_shown_in_another_order(full, verdicts):
    classes, sort = find(full, "pictureClassBox"), find(full, "pictureSortBox")
    classes.setCurrentText("wasps")
    assert [entry.path for entry in shown(full)] == [verdicts[at].path for at in (2, 5, 8, 11)]
    sort.setCurrentText("Most certain first")
    assert [entry.path for entry in shown(full)] == [verdicts[at].path for at in (11, 8, 5, 2)]
    find(full, "allErrorsButton").click()
    assert [entry.path for entry in shown(full)] == [verdicts[5].path]
    find(full, "confusionMatrix").choose("ants", "bees")
    assert classes.currentIndex() == 0 and len(shown(full)) == 2, "what is chosen is shown in full"
    find(full, "highestLossButton").click()
    sort.setCurrentText("By class")
    titles = [entry.path for entry in shown(full)]
    assert titles == [verdicts[at].path for at in (0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11)]


def test_other_labels_keep_filter_order_class_and_selection(full, session, verdicts):
    find(full, "pictureSortBox").setCurrentText("Least certain first")
    find(full, "pictureClassBox").setCurrentText("ants")
    find(full, "allErrorsButton").click()
    grid = find(full, "topLossesGrid")
    grid.setCurrentIndex(grid.model().index(1, 0))
    assert grid.selected_paths() == [verdicts[3].path]
    state = full.state
    labels = ["ants" if at == 1 else one.label for at, one in enumerate(verdicts)]
    mended = [Verdict(one.path, label, *rest(one)) for one, label in zip(verdicts, labels, strict=True)]
    state._given = (None, tuple(mended), 0, 0.0)
    state._set_view(state._view_now())
    assert find(full, "allErrorsButton").isChecked() and find(full, "pictureClassBox").currentText() == "ants"
    assert [entry.path for entry in shown(full)] == [verdicts[at].path for at in (0, 1, 3)]
    assert grid.selected_paths() == [verdicts[3].path] and grid.currentIndex().row() == 2


def rest(one):
    return one.predicted, one.probability, one.loss


def test_top_k_and_macro_f1(full, session, verdicts, tmp_path):
    assert find(full, "macroF1Label").text() == "75.0 %"
    assert find(full, "top3Label").parent().isHidden(), "with three classes, three answers are always right"
    names = (*CLASSES, "moths", "flies", "gnats")
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(6), 12).astype(np.float32)
    places = np.array([(row > row[names.index(one.label)]).sum() for row, one in zip(chances, verdicts, strict=True)])
    said = [
        Verdict(one.path, one.label, names[row.argmax()], float(row.max()), 1.0)
        for one, row in zip(verdicts, chances, strict=True)
    ]
    view = View(measure(said, names), tuple(said), scored=Scored(names, tuple(said), chances))
    assert view.top_k(3) == pytest.approx((places < 3).mean()) and view.top_k(5) == pytest.approx((places < 5).mean())
    assert view.top_k(6) is None
    event = measure(said, names, probabilities=chances)
    assert (event.top3, event.top5) == (view.top_k(3), view.top_k(5)) and event.macro_f1 == view.macro_f1
    full.state.view = view
    full.overview._show()
    assert find(full, "top3Label").text() == f"{100 * view.top_k(3):.1f} %"


def test_the_interval_is_drawn_where_it_lies(qtbot):
    bar = IntervalBar()
    qtbot.addWidget(bar)
    bar.resize(300, 40)
    bar.set_values(0.7, 0.5, 0.9)
    image = bar.grab().toImage()
    colors = [image.pixelColor(round(bar.place(share)), 8).name() for share in (0.2, 0.6, 0.7, 0.8, 0.96)]
    assert colors[0] == colors[4] == theme.current().raised and colors[1] == colors[3] != colors[0]
    assert colors[2] == theme.current().text
    assert bar.accessibleName() == "70.0 %, between 50 and 90 %"


def test_little_height_scrolls_and_squeezes_nothing(full, qtbot):
    tab = OverviewTab(full.state)
    qtbot.addWidget(tab)
    tab.resize(900, 250)
    tab.show()
    scroll = tab.findChild(QScrollArea)
    assert scroll.widget().height() == 330 and scroll.verticalScrollBar().maximum() > 0
    tab.resize(900, 600)
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().maximum() == 0)
    assert scroll.widget().height() == scroll.viewport().height()


def test_lists_share_the_room_where_there_is_enough(full, qtbot):
    lists = ClassLists()
    qtbot.addWidget(lists)
    lists.set_view(full.state.view)
    lists.resize(400, 230)
    lists.show()
    assert lists.classes_button.isVisible() and lists.per_class.isVisible() and not lists.pairs.isVisible()
    lists.pairs_button.click()
    assert lists.pairs.isVisible() and not lists.per_class.isVisible()
    lists.resize(400, 600)
    assert lists.pairs.isVisible() and lists.per_class.isVisible() and not lists.classes_button.isVisible()
    assert lists.per_class.height() == lists.per_class.wanted_height, "no more than it needs"


def test_the_matrix_has_orders_and_looks(full, qtbot):
    panel = full.overview.panel
    panel.order_box.setCurrentIndex(2)
    names = [panel.matrix.model().headerData(at, Qt.Orientation.Vertical) for at in range(3)]
    assert names == ["bees", "ants", "wasps"], "three, two and one error"
    panel.show_box.setCurrentIndex(1)
    assert panel.matrix._look.numbers == "share"
    panel.show_box.setCurrentIndex(2)
    assert panel.matrix._look.errors_only
    panel.matrix.cell_hovered.emit("3 of 4 pictures")
    assert panel.says_label.whole_text == "3 of 4 pictures"
    panel.matrix.cell_hovered.emit("")
    assert panel.says_label.whole_text.startswith("Rows: the actual class")


def test_entries_are_made_when_they_are_seen(verdicts):
    entries = words.Entries(verdicts, CLASSES)
    assert len(entries) == 12 and not entries._made
    assert entries[2] is entries[2] and list(entries._made) == [2]
    assert [entry.path for entry in entries[3:5]] == [one.path for one in verdicts[3:5]]
    assert words.sure(0.998) == "> 99 %" and words.sure(1.0) == "100 %" and words.sure(0.5) == "50 %"


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
