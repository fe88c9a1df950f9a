"""The Runs tab of the Train page, on run folders written here."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QToolButton
from runs_made import pictures, write_run

from deskclassify.core import runs
from deskclassify.core.events import EpochDone, FitDone
from deskclassify.core.requests import ExportRequest
from deskclassify.core.sources import Item, Listing
from deskclassify.ui import run_library
from deskclassify.ui.pages import runs_panel, runs_table
from deskclassify.ui.pages.compare_dialog import CompareDialog
from deskclassify.ui.pages.evaluate import EvaluatePage
from deskclassify.ui.pages.runs_table import ACCURACY, CHART, DURATION, NAME, STATE
from deskclassify.ui.pages.train import TrainPage
from deskclassify.ui.run_library import OVERLAY_COLORS

LISTING = Listing(tuple(Item(f"/p/{n}.png", f"{n}.png", "ants" if n % 2 else "bees", "train") for n in range(20)))


@pytest.fixture
def session(session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    return session


@pytest.fixture
def folder(session):
    return session.project.folder / "runs"


@pytest.fixture
def page(qtbot, session):
    page = TrainPage(session)
    qtbot.addWidget(page)
    page.resize(1160, 720)
    return page


@pytest.fixture
def three(page, session, folder, tmp_path):
    """Three finished runs, the second of which is shown."""
    files = pictures(tmp_path / "pictures")
    made = [
        write_run(folder, "run-001", "abbabw", files, 1),
        write_run(folder, "run-002", "abwabw", files, 2, "balanced", epochs=5),
        write_run(folder, "run-003", "aaaaaa", files, 3),
    ]
    session.show_run(made[1])
    return made


@pytest.fixture
def failures(session):
    found = []
    session.failed.connect(found.append)
    return found


@pytest.fixture
def yes(monkeypatch):
    """Every question is answered with its first button; the questions are kept."""
    asked = []

    def answer(box):
        asked.append(box.text())
        box.buttons()[0].click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return asked


@pytest.fixture
def trash(monkeypatch, tmp_path):
    """A trash can in a folder; `trash["broken"]` makes it refuse what has that name."""
    state = {"can": tmp_path / "can", "broken": ""}
    state["can"].mkdir()

    def throw(path):
        if Path(path).name == state["broken"]:
            raise PermissionError(13, "Permission denied", path)
        shutil.move(path, state["can"])

    monkeypatch.setattr("send2trash.send2trash", throw)
    return state


def find(page, name):
    found = page.findChild(object, name)
    assert found is not None, name
    return found


def table(page):
    return find(page, "runsTable")


def column(page, number):
    model = table(page).model()
    return [model.index(row, number).data() for row in range(model.rowCount())]


def index_of(page, name, number=NAME):
    return table(page).model().index(column(page, NAME).index(name), number)


def select(page, *names):
    view = table(page)
    view.clearSelection()
    flag = view.selectionModel().SelectionFlag
    for name in names:
        view.selectionModel().select(index_of(page, name), flag.Select | flag.Rows)


def tick(page, name, wanted=True):
    state = Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked
    return table(page).model().setData(index_of(page, name, CHART), state.value, Qt.ItemDataRole.CheckStateRole)


def epoch(number):
    return EpochDone("frozen", number, 1.0, 1.0, 0.5, 0.5, 1e-3, 0.1, 9.0)


# -- the list -----------------------------------------------------------------------------------


def test_without_runs_the_tab_says_what_will_be_there(page, session, folder, tmp_path):
    panel = page.findChild(runs_panel.RunsPanel)
    assert panel._stack.currentIndex() == 0
    assert "No runs yet" in panel._stack.currentWidget().text()
    write_run(folder, "run-001", "aaa", pictures(tmp_path, 3))
    session.runs_changed.emit()
    assert panel._stack.currentIndex() == 1


def test_runs_are_listed_the_newest_first(page, three):
    assert column(page, NAME) == ["run-003", "run-002", "run-001"]
    assert column(page, ACCURACY) == ["33.3 %", "100.0 %", "83.3 %"]
    assert column(page, STATE) == ["finished"] * 3 and column(page, DURATION) == ["1 min 5 s"] * 3
    assert column(page, runs_table.PRESET) == ["Quick", "Balanced", "Quick"]
    assert column(page, runs_table.NETWORK)[0] == "ResNet-18"
    bold = [index_of(page, name).data(Qt.ItemDataRole.FontRole) is not None for name in column(page, NAME)]
    assert bold == [False, True, False]  # the one that is shown


def test_the_list_is_sorted_by_number_not_by_text(page, three, folder):
    table(page).sortByColumn(ACCURACY, Qt.SortOrder.DescendingOrder)
    assert column(page, NAME) == ["run-002", "run-001", "run-003"]
    table(page).sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
    assert column(page, NAME) == ["run-001", "run-002", "run-003"]


def test_a_damaged_run_stays_in_the_list_with_its_sentence(page, three, session, failures):
    three[2].info_file.write_text("{")
    session.runs_changed.emit()
    assert column(page, STATE) == ["finished", "finished", "damaged"]
    damaged = index_of(page, "run-003", STATE)
    assert "is damaged" in damaged.data(Qt.ItemDataRole.ToolTipRole)
    assert index_of(page, "run-003", CHART).data(Qt.ItemDataRole.CheckStateRole) is None
    select(page, "run-003", "run-001")
    assert not find(page, "compareRunsButton").isEnabled()
    select(page, "run-003")
    assert not find(page, "showRunButton").isEnabled() and find(page, "trashRunButton").isEnabled()
    table(page).activated.emit(damaged)
    assert "is damaged" in failures[0].sentence


def test_runs_of_another_project_take_their_place(page, three, session, tmp_path):
    tick(page, "run-001")
    session.new_project("Other")
    assert table(page).model().rowCount() == 0 and page.library.overlays() == ()


def test_a_list_that_is_looked_at_again_is_read_again(page, three, folder, tmp_path):
    write_run(folder, "run-004", "aaaaaa", pictures(tmp_path / "pictures"), 4)  # from the command line
    page.show()
    page.charts.tabs.setCurrentIndex(3)
    assert column(page, NAME)[0] == "run-004"


def test_dates_that_are_none_stay_as_they_are():
    assert runs_table.date_text("yesterday") == "yesterday" and runs_table.date_text("") == ""
    assert runs_table.date_text("2026-01-02T12:00:00+00:00").startswith(("1 Jan 2026", "2 Jan 2026", "3 Jan 2026"))


# -- names --------------------------------------------------------------------------------------


def test_a_name_is_edited_in_place_and_stands_everywhere(qtbot, page, three, session):
    evaluate = EvaluatePage(session)
    qtbot.addWidget(evaluate)
    select(page, "run-002")
    assert table(page).model().setData(index_of(page, "run-002"), " Small <b>rates</b> ")
    assert column(page, NAME)[1] == "Small <b>rates</b>" and runs.title(three[1]) == "Small <b>rates</b>"
    assert [run.title for run in table(page).selected()] == ["Small <b>rates</b>"]
    box = find(evaluate, "runBox")
    assert box.itemText(box.currentIndex()).startswith("Small <b>rates</b> · ResNet-18")
    assert three[1].path.is_dir()
    table(page).model().setData(index_of(page, "Small <b>rates</b>"), "")
    assert column(page, NAME)[1] == "run-002"


def test_an_open_editor_survives_a_refresh(qtbot, page, three, session):
    page.show()
    page.charts.tabs.setCurrentIndex(3)
    select(page, "run-001")
    page.findChild(runs_panel.RunsPanel).rename_action.trigger()
    editor = table(page).indexWidget(index_of(page, "run-001")) or table(page).focusWidget()
    editor.setText("First")
    session.runs_changed.emit()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runs.title(three[0]) == "First")


def test_a_name_that_is_too_long_is_refused_in_a_sentence(page, three, failures):
    table(page).model().setData(index_of(page, "run-001"), "x" * 100)
    assert "80 are the most" in failures[0].sentence and "run-001" in column(page, NAME)


# -- showing ------------------------------------------------------------------------------------


def test_show_makes_it_the_run_of_the_other_pages(page, three, session):
    select(page, "run-003")
    find(page, "showRunButton").click()
    assert session.run.path == three[2].path and session.model == three[2].path / "model.onnx"
    assert not find(page, "showRunButton").isEnabled() and "already" in find(page, "showRunButton").toolTip()
    assert len(page.charts.rows) == 3
    table(page).clearSelection()
    assert not find(page, "showRunButton").isEnabled() and "Select one" in find(page, "showRunButton").toolTip()


def test_the_folder_is_opened(page, three, monkeypatch, failures):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or len(opened) < 2)
    select(page, "run-001")
    find(page, "runFolderButton").click()
    assert Path(opened[0]) == three[0].path and not failures
    find(page, "runFolderButton").click()
    assert "No program" in failures[0].sentence
    shutil.rmtree(three[0].path)
    find(page, "runFolderButton").click()
    assert "not there any more" in failures[1].sentence


# -- comparing ----------------------------------------------------------------------------------


def test_exactly_two_runs_are_compared_from_the_older_to_the_newer(page, three):
    select(page, "run-001")
    assert not find(page, "compareRunsButton").isEnabled() and "two" in find(page, "compareRunsButton").toolTip()
    select(page, "run-001", "run-002", "run-003")
    assert not find(page, "compareRunsButton").isEnabled()
    select(page, "run-002", "run-001")
    find(page, "compareRunsButton").click()
    dialog = page.findChild(CompareDialog)
    assert dialog.isVisible() and (dialog._found.first.title, dialog._found.second.title) == ("run-001", "run-002")
    dialog.close()


def test_a_run_damaged_meanwhile_cannot_be_compared(page, three, failures):
    select(page, "run-002", "run-001")
    three[0].info_file.write_text("{")
    find(page, "compareRunsButton").click()
    assert "is damaged" in failures[0].sentence and page.findChild(CompareDialog) is None


# -- overlays -----------------------------------------------------------------------------------


def test_a_ticked_run_is_drawn_beside_the_one_in_the_charts(page, three):
    assert tick(page, "run-001")
    page.charts.flush()
    assert page.charts.loss.series_names() == ("training", "validation", "run-001: validation")
    xs, ys = page.charts.loss.series("run-001: validation")
    assert list(xs) == [1, 2, 3] and list(ys) == [1.5, 0.75, 0.5]
    assert list(page.charts.accuracy.series("run-001: accuracy")[1]) == pytest.approx([5 / 6] * 3)
    index = index_of(page, "run-001", CHART)
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    spot = index.data(Qt.ItemDataRole.DecorationRole).toImage()
    assert spot.pixelColor(spot.rect().center()).name() == OVERLAY_COLORS[0]
    tick(page, "run-001", False)
    page.charts.flush()
    assert page.charts.loss.series_names() == ("training", "validation")


def test_the_run_in_the_charts_is_not_drawn_twice(page, three, session):
    tick(page, "run-002")
    assert page.library.overlays() == ()
    assert "already" in index_of(page, "run-002", CHART).data(Qt.ItemDataRole.ToolTipRole)
    session.show_run(three[0])
    assert [(one.name, len(one.rows)) for one in page.library.overlays()] == [("run-002", 5)]


def test_overlays_have_colours_and_names_of_their_own(page, three, session):
    session.show_run(None)
    for run in three[:2]:
        runs.rename(run, "The same <i>very</i> long name of a run")
    session.runs_changed.emit()
    for run in three:
        page.library.draw(str(run.path), True)
    overlays = page.library.overlays()
    assert len({one.name for one in overlays}) == len({one.color for one in overlays}) == 3
    page.charts.flush()
    page.charts.loss.flush()
    assert "&lt;i&gt;" in page.charts.loss._legend.text()
    page.library.draw(str(three[0].path), False)
    page.library.draw(str(three[0].path), True)
    assert {one.color for one in page.library.overlays()} == set(OVERLAY_COLORS[:3])


def test_the_menu_draws_all_that_are_selected(page, three):
    panel = page.findChild(runs_panel.RunsPanel)
    select(page, "run-001", "run-003")
    panel.draw_action.trigger()
    assert [one.name for one in page.library.overlays()] == ["run-003", "run-001"] and panel.draw_action.isChecked()
    panel.draw_action.trigger()
    assert page.library.overlays() == () and not panel.draw_action.isChecked()


def test_a_run_with_a_torn_history_is_drawn_as_far_as_it_goes(page, three, session):
    (three[0].path / "history.jsonl").write_bytes(b"\xff\xfe")
    (three[2].path / "history.jsonl").unlink()
    tick(page, "run-001")
    tick(page, "run-003")
    assert [one.rows for one in page.library.overlays()] == [(), ()]
    page.charts.flush()


def test_overlays_survive_a_new_training(qtbot, page, three, session, script, folder):
    tick(page, "run-001")
    tick(page, "run-002")
    session.listing = LISTING
    new = folder / "run-004"
    script.events = [epoch(1), None]
    session.start_training()
    qtbot.waitUntil(lambda: len(page.charts.rows) == 1)
    # The run that was shown gives way to the new one in the charts, and is drawn beside it.
    assert [one.name for one in page.library.overlays()] == ["run-002", "run-001"]
    page.charts.flush()
    assert set(page.charts.loss.series_names()) >= {"training", "run-001: validation", "run-002: validation"}
    assert page.library.trained() == str(new)
    script.gate.set()
    qtbot.waitUntil(lambda: session.train_state == "idle")


def test_the_run_in_training_is_listed_and_cannot_be_deleted(qtbot, page, three, session, script, folder, failures):
    session.listing = LISTING
    script.events = [epoch(1), None]
    session.start_training()
    shutil.copytree(three[0].path, folder / "run-004")  # as the training would write it
    qtbot.waitUntil(lambda: "run-004" in column(page, NAME))
    assert index_of(page, "run-004", STATE).data() == "training"
    select(page, "run-004", "run-001")
    assert not find(page, "trashRunButton").isEnabled() and "stop" in find(page, "trashRunButton").toolTip()
    with pytest.raises(runs.InputError, match="is being trained"):
        page.library.move_to_trash(table(page).selected())
    assert all((folder / name).is_dir() for name in ("run-001", "run-004"))
    script.gate.set()
    qtbot.waitUntil(lambda: session.train_state == "idle")


# -- the trash ----------------------------------------------------------------------------------


def test_a_run_goes_to_the_trash_after_a_question(page, three, session, yes, trash):
    said = []
    session.status.connect(said.append)
    tick(page, "run-001")
    select(page, "run-001")
    find(page, "trashRunButton").click()
    assert yes == ["Move the run “run-001” to the trash?"] and said == ["Moved to the trash: 1 run."]
    assert not three[0].path.exists() and (trash["can"] / "run-001" / "best.safetensors").is_file()
    assert column(page, NAME) == ["run-003", "run-002"] and page.library.overlays() == ()
    assert session.run.path == three[1].path  # the one that is shown stays


def test_no_is_no(page, three, monkeypatch, trash):
    monkeypatch.setattr(QMessageBox, "exec", lambda box: box.buttons()[1].click())
    select(page, "run-001")
    find(page, "trashRunButton").click()
    assert three[0].path.is_dir()


def test_when_the_shown_run_goes_the_newest_other_one_is_shown(page, three, session, yes, trash):
    select(page, "run-002")
    find(page, "trashRunButton").click()
    assert session.run.path == three[2].path
    select(page, "run-001", "run-003")
    find(page, "trashRunButton").click()
    assert yes[-1] == "Move 2 runs to the trash?"
    assert session.run is None and session.model is None and not page.charts.rows
    assert table(page).model().rowCount() == 0


def test_a_training_that_could_go_on_is_not_offered_any_more(page, three, session, yes, trash):
    session.listing = LISTING
    (three[2].path / "last").mkdir()
    info = three[2].info().raw
    three[2].write_info({**info, "status": "stopped", "result": {**info["result"], "stopped": True}})
    session.listing_changed.emit()
    assert not find(page, "resumeButton").isHidden()
    assert column(page, STATE)[0] == "finished"  # read anew with the next refresh
    session.runs_changed.emit()
    assert column(page, STATE)[0] == "stopped"
    select(page, "run-003")
    find(page, "trashRunButton").click()
    assert find(page, "resumeButton").isHidden()


def test_a_refusal_is_told_and_what_was_moved_is_gone(page, three, session, yes, trash, failures):
    trash["broken"] = "run-002"
    select(page, "run-001", "run-002", "run-003")
    find(page, "trashRunButton").click()
    assert column(page, NAME) == ["run-002", "run-001"]  # run-003 came first
    sentence = failures[0].sentence
    assert "“run-002” could not be moved to the trash, and is still there." in sentence and "refused" in sentence
    assert "Traceback" not in sentence and session.run.path == three[1].path


def test_a_run_that_is_being_exported_stays(page, three, session, trash, monkeypatch):
    class Exporting:
        request = ExportRequest(str(three[0].path), "/target")

    monkeypatch.setattr(type(session.owner), "jobs", (Exporting(),))
    chosen = [one for one in page.library.runs if one.title == "run-001"]
    with pytest.raises(runs.InputError, match="is being exported"):
        page.library.move_to_trash(chosen)
    assert three[0].path.is_dir()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other desktops have no trash folder to look into")
def test_the_real_trash_takes_a_folder(page, three, monkeypatch, tmp_path):
    from send2trash import plat_other

    can = tmp_path / "share" / "Trash"
    monkeypatch.setenv("HOME", str(tmp_path))  # on the same disk, whichever that is
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(can))
    monkeypatch.setattr("send2trash.send2trash", plat_other.send2trash)
    page.library.move_to_trash([one for one in page.library.runs if one.title == "run-001"])
    assert not three[0].path.exists()
    assert (can / "files" / "run-001" / "run.json").is_file() and (can / "info" / "run-001.trashinfo").is_file()


# -- looks --------------------------------------------------------------------------------------


def test_buttons_and_menu_share_their_actions(page, three):
    view = table(page)
    assert view.contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu
    texts = [action.text() for action in view.actions()]
    for text in ("Show", "Compare…", "Show folder", "Rename", "Draw in the charts", "Move to trash…", "Copy rows"):
        assert text in texts
    for button in page.findChild(runs_panel.RunsPanel).tools.findChildren(QToolButton):
        assert button.toolTip() and button.defaultAction() in view.actions()


def test_the_buttons_stand_beside_the_tabs_while_the_tab_is_chosen(page, three):
    tools = page.findChild(runs_panel.RunsPanel).tools
    page.show()
    assert not tools.isVisible()
    page.charts.tabs.setCurrentIndex(3)
    assert tools.isVisible()
    page.charts.tabs.setCurrentIndex(0)
    assert not tools.isVisible()


def test_a_small_window_scrolls_and_shows_icons(page, three, qtbot):
    page.charts.tabs.setCurrentIndex(3)
    page.show()
    button = find(page, "showRunButton")
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    page.resize(760, 560)
    qtbot.waitUntil(lambda: button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly)
    assert page.charts.height() >= 380 and page.charts.accuracy.height() >= 140


def test_a_finished_training_shows_up(qtbot, page, three, session, script, folder, tmp_path):
    session.listing = LISTING
    new = folder / "run-004"
    result = FitDone(str(new), 0.5, 0.5, 1, ("ants", "bees"), 16, 4, 0, 1.0, False)
    script.events = [epoch(1), None, result]
    session.start_training()
    write_run(folder, "run-004", "abbabw", pictures(tmp_path / "pictures"), 9)
    script.gate.set()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert session.run.path == new and column(page, NAME)[0] == "run-004" and column(page, STATE)[0] == "finished"


def test_colours_are_given_again_when_all_are_in_use(page, session, monkeypatch):
    library = page.library
    library._colors = {}
    for number in range(8):
        library.draw(f"/runs/{number}", True)
    given = [library.color(f"/runs/{number}") for number in range(8)]
    assert given[:6] == list(run_library.OVERLAY_COLORS) and given[6:] == given[:2]
