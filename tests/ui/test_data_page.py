"""The Data page on real folders: what it shows, and that every change goes through the session."""

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QListWidget, QSpinBox

from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress, ScanDone
from deskclassify.core.requests import ListRequest, ScanRequest
from deskclassify.core.sources import Problem, Source, list_data
from deskclassify.engine.client import run_in_process
from deskclassify.ui import dialogs, theme
from deskclassify.ui.widgets.class_table import ClassTable
from deskclassify.ui.widgets.image_grid import ImageGrid
from deskclassify.ui.widgets.label_rule import LabelRuleEditor
from deskclassify.ui.widgets.problems_list import ProblemsList


class Engine:
    """Lists for real; the check of all files, which needs the learning code, is played."""

    def __init__(self):
        self.go_on = threading.Event()
        self.go_on.set()
        self.error = None

    def stream(self, request, control):
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)
        elif isinstance(request, ScanRequest):
            listing = list_data(request.data)
            first = listing.items[0].path
            yield Progress("check", 1, len(listing.items))
            if self.error is not None:
                raise self.error
            while not self.go_on.wait(0.01) and not control.stopped:
                pass
            unreadable = (Problem(first, "The file is cut off.", "unreadable"),)
            same = ((listing.items[1].path, listing.items[2].path),)
            yield ScanDone(len(listing.items) - 1, {}, {}, unreadable, same)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    return session_on(engine.stream)


@pytest.fixture
def page(data_page):
    return data_page


@pytest.fixture
def folder(tmp_path, make_pictures):
    return make_pictures(tmp_path / "pets", {"a": 10, "b": 6})


def add(qtbot, session, folder, label=""):
    with qtbot.waitSignal(session.scan_changed, check_params_cb=None, raising=True):
        session.add_folder(folder, label)
    qtbot.waitUntil(lambda: session.scan_result is not None)


def table(page):
    return page.findChild(ClassTable, "classTable")


def cells(page):
    model = table(page).model()
    return [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]


def test_without_data_it_invites(page, session):
    assert page.findChild(QAbstractButton, "addFolderButton").isVisible()
    assert page.findChild(QAbstractButton, "chooseFolderButton").isVisible()
    assert not page.findChild(QAbstractButton, "continueButton").isVisible()


def test_a_folder_is_shown_with_classes_pictures_and_problems(page, session, qtbot, folder):
    add(qtbot, session, folder)
    assert cells(page) == [["a", 10, 8, 2], ["b", 6, 5, 1]]
    grid = page.findChild(ImageGrid, "imageGrid")
    assert grid.model().rowCount() == 16
    model = page.findChild(ProblemsList, "problemsList").model()
    texts = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert any("cut off" in text for text in texts)
    assert any("the same picture" in text for text in texts)
    assert "1 cannot be read" in page.summary.text()
    assert grid.entry_at(grid.model().index(0, 0)).bad, "the unreadable picture is not framed"
    with qtbot.waitSignal(session.page_wanted) as heard:
        page.findChild(QAbstractButton, "continueButton").click()
    assert heard.args == ["train"]


def test_pictures_are_filtered_by_class_and_subset(page, session, qtbot, folder):
    add(qtbot, session, folder)
    grid = page.findChild(ImageGrid, "imageGrid")
    table(page).selectRow(1)
    assert grid.model().rowCount() == 6
    box = page.findChild(QComboBox, "subsetBox")
    box.setCurrentIndex(box.findData("valid"))
    assert grid.model().rowCount() == 1
    assert grid.entry_at(grid.model().index(0, 0)).badge == "validation"
    table(page).clearSelection()
    assert grid.model().rowCount() == 3


def test_one_button_shows_all_classes_again(page, session, qtbot, folder):
    add(qtbot, session, folder)
    button, grid = page.findChild(QAbstractButton, "allClassesButton"), page.findChild(ImageGrid, "imageGrid")
    assert not button.isVisible()
    table(page).selectRow(1)
    assert button.isVisible() and grid.model().rowCount() == 6
    button.click()
    assert not button.isVisible() and grid.model().rowCount() == 16


def test_icons_of_the_folders_follow_the_theme(page, session, qtbot, folder, qapp):
    theme.apply(qapp, "light")
    add(qtbot, session, folder)
    item = page.findChild(QListWidget, "sourcesList").item(0)
    before = item.icon().cacheKey()
    theme.apply(qapp, "dark")
    assert item.icon().cacheKey() != before
    theme.apply(qapp, "light")


def test_tab_leaves_the_table_of_classes(page, session, qtbot, folder):
    add(qtbot, session, folder)
    page.activateWindow()
    table(page).setFocus()
    qtbot.waitUntil(table(page).hasFocus)
    qtbot.keyClick(table(page), Qt.Key.Key_Tab)
    assert not table(page).hasFocus()


def test_a_folder_that_is_gone_is_told_and_not_waited_for(page, session, qtbot, tmp_path):
    with qtbot.waitSignal(session.failed):
        session.add_folder(tmp_path / "gone")
    assert page.summary.text() == "No pictures yet"
    assert "There is no folder" in page.findChild(ProblemsList, "problemsList").model().index(0, 0).data()


def test_a_check_that_fails_takes_its_progress_away(page, session, qtbot, folder, engine):
    engine.error = InputError("The check went wrong.")
    with qtbot.waitSignal(session.failed):
        session.add_folder(folder)
    assert not page.progress_row.isVisible() and session.scan_result is None


def test_progress_of_the_check_is_shown_and_goes(page, session, qtbot, folder, engine):
    engine.go_on.clear()
    with qtbot.waitSignal(session.scan_progress):
        session.add_folder(folder)
    qtbot.waitUntil(lambda: page.progress_row.isVisible())
    assert page.progress_text.text() == "Checking pictures … 1 of 16"
    engine.go_on.set()
    qtbot.waitUntil(lambda: not page.progress_row.isVisible())


def test_a_class_is_renamed_in_the_table_and_that_can_be_undone(page, session, qtbot, folder):
    add(qtbot, session, folder)
    model = table(page).model()
    assert model.setData(model.index(0, 0), " cats ")
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["b", "cats"])
    assert session.undo_stack.undoText() == "rename a"
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["a", "b"])


def test_an_empty_or_equal_name_changes_nothing(page, session, qtbot, folder):
    add(qtbot, session, folder)
    model = table(page).model()
    assert not model.setData(model.index(0, 0), "  ")
    assert not model.setData(model.index(0, 0), "a")
    assert not model.setData(model.index(0, 1), "7")


def test_a_class_is_left_out_with_delete_and_put_back(page, session, qtbot, folder):
    add(qtbot, session, folder)
    table(page).selectRow(0)
    table(page).setFocus()
    qtbot.keyClick(table(page), Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["b"])
    assert len(session.project.data.excluded) == 10
    button = page.findChild(QAbstractButton, "restoreButton")
    assert button.isVisible()
    button.click()
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["a", "b"])
    assert (folder / "a" / "a_000.png").is_file()


def test_chosen_pictures_are_left_out_with_delete(page, session, qtbot, folder):
    add(qtbot, session, folder)
    grid = page.findChild(ImageGrid, "imageGrid")
    grid.setCurrentIndex(grid.model().index(0, 0))
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: grid.model().rowCount() == 15)
    assert session.project.data.excluded == ("a/a_000.png",)


def test_chosen_pictures_are_given_another_class(page, session, qtbot, folder):
    add(qtbot, session, folder)
    grid = page.findChild(ImageGrid, "imageGrid")
    grid.setCurrentIndex(grid.model().index(0, 0))
    assert page.mender.relabel(grid.selected_paths(), "b")
    qtbot.waitUntil(lambda: [row[1] for row in cells(page)] == [9, 7])
    assert session.project.data.relabelled == {"a/a_000.png": "b"}


def test_share_and_seed_change_the_split(page, session, qtbot, folder):
    add(qtbot, session, folder)
    before = [item.subset for item in session.listing.items]
    share = page.findChild(QSpinBox, "validPctSpin")
    assert (share.value(), share.minimum(), share.maximum()) == (20, 5, 50)
    share.setValue(50)
    qtbot.waitUntil(lambda: cells(page) == [["a", 10, 5, 5], ["b", 6, 3, 3]])
    assert session.project.data.valid_pct == 0.5
    page.findChild(QSpinBox, "seedSpin").setValue(7)
    qtbot.waitUntil(lambda: session.project.data.seed == 7 and session.listing is not None)
    assert [item.subset for item in session.listing.items] != before
    session.undo_stack.undo()
    assert page.findChild(QSpinBox, "seedSpin").value() == 42


def test_folders_are_removed(page, session, qtbot, folder, tmp_path, make_pictures):
    add(qtbot, session, folder)
    add(qtbot, session, make_pictures(tmp_path / "more", {"x": 4}) / "x", "birds")
    assert [row[0] for row in cells(page)] == ["a", "b", "birds"]
    sources = page.findChild(object, "sourcesList")
    assert [sources.item(row).text() for row in range(2)] == ["pets", "x → birds"]
    sources.setCurrentRow(0)
    page.findChild(QAbstractButton, "removeSourceButton").click()
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["birds"])
    assert folder.is_dir()


def test_the_menu_adds_one_class_folder_under_the_name_given(page, session, qtbot, folder, monkeypatch):
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder / "a")
    monkeypatch.setattr(dialogs, "ask_name", lambda parent, title, question, suggested: f"{suggested} cats")
    button = page.findChild(QAbstractButton, "addFolderButton")
    button.menu().actions()[1].trigger()
    assert session.project.data.sources == (Source(str(folder / "a"), "a cats"),)
    qtbot.waitUntil(lambda: [row[0] for row in cells(page)] == ["a cats"])


class TestLabelRule:
    @pytest.fixture
    def editor(self, page, session, qtbot, folder):
        add(qtbot, session, folder)
        return page.findChild(LabelRuleEditor)

    def choose(self, editor, kind, argument=""):
        editor.box.setCurrentIndex(editor.box.findData(kind))
        editor.edit.setText(argument)

    def test_a_pattern_is_previewed_and_applied(self, editor, page, session, qtbot):
        self.choose(editor, "regex", r"^(\w)_\d\d[0-4]")
        qtbot.waitUntil(lambda: "2 classes: a (5), b (5)" in editor.preview.text())
        assert "6 files have no class." in editor.preview.text()
        assert editor.preview.text().count("→") == 3
        assert session.project.data.rule == "folder", "a preview must change nothing"
        editor.apply_button.click()
        assert session.project.data.rule == r"regex:^(\w)_\d\d[0-4]"
        qtbot.waitUntil(lambda: [row[1] for row in cells(page)] == [5, 5])
        assert not editor.apply_button.isVisible()

    def test_a_wrong_pattern_says_why(self, editor, qtbot):
        self.choose(editor, "regex", "(")
        qtbot.waitUntil(lambda: "not a valid regular expression" in editor.preview.text())
        assert not editor.apply_button.isEnabled()

    def test_the_preview_of_an_older_pattern_does_not_overtake(self, editor, qtbot):
        self.choose(editor, "regex", "(zzz)")
        editor._ask()
        self.choose(editor, "regex", "^(a)")
        qtbot.waitUntil(lambda: "a (10)" in editor.preview.text())
        qtbot.wait(50)
        assert "a (10)" in editor.preview.text()

    def test_a_table_is_previewed(self, editor, qtbot, folder):
        rows = "\n".join(f"a/a_{number:03d}.png,tom" for number in range(3))
        (folder / "labels.csv").write_text(f"path,label\n{rows}\n", encoding="utf-8")
        self.choose(editor, "csv", "labels.csv")
        assert editor.browse.isVisible()
        qtbot.waitUntil(lambda: "1 class: tom (3)" in editor.preview.text())

    def test_case_needs_no_argument(self, editor, qtbot):
        self.choose(editor, "case")
        assert not editor.edit.isVisible()
        qtbot.waitUntil(lambda: "lower-case (16)" in editor.preview.text())

    def test_undo_shows_the_old_rule(self, editor, session, qtbot):
        self.choose(editor, "case")
        qtbot.waitUntil(editor.apply_button.isEnabled)
        editor.apply_button.click()
        assert editor.box.currentData() == "case"
        session.undo_stack.undo()
        assert editor.box.currentData() == "folder"


def test_an_error_of_a_command_is_shown_not_raised(page, session, qtbot, folder, monkeypatch):
    add(qtbot, session, folder)
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder)
    with qtbot.waitSignal(session.failed) as heard:
        page._add_folder()
    assert "part of the project already" in heard.args[0].sentence
    with pytest.raises(InputError):
        session.add_folder(folder)


def test_a_project_that_is_opened_shows_its_rule_and_split(page, session, qtbot, folder):
    session.new_project("one")
    session.put_data(replace(session.project.data, rule="regex:(x)", valid_pct=0.3, seed=9))
    file = session.project.file
    session.new_project("two")
    assert page.findChild(QComboBox, "labelRuleBox").currentData() == "folder"
    session.open_project(file)
    assert page.findChild(QComboBox, "labelRuleBox").currentData() == "regex"
    assert page.findChild(QSpinBox, "validPctSpin").value() == 30


def test_all_ways_to_add_pictures_are_in_one_menu_and_fit_a_small_window(page, session, qtbot, folder):
    add(qtbot, session, folder)
    button = page.findChild(QAbstractButton, "addFolderButton")
    texts = [action.text() for action in button.menu().actions() if not action.isSeparator()]
    assert [text.split()[0] for text in texts] == ["Folder", "One", "Bring", "Paste", "From"]
    page.resize(960 - 92, 580)  # beside the rail of a window of the least size
    qtbot.wait(20)
    assert page.continue_button.geometry().right() <= page.width()
    assert not page.summary.geometry().intersects(button.geometry())


def test_who_has_no_pictures_is_offered_some(page, session, qtbot, folder):
    other = page.findChild(QAbstractButton, "publicSetButton")
    assert other.isVisible() and page.findChild(QAbstractButton, "takePicturesButton").isVisible()
    other.click()
    dialog = page.findChild(QDialog, "bringInDialog")
    assert dialog.isVisible()
    dialog.reject()
    add(qtbot, session, folder)
    assert not other.isVisible()
