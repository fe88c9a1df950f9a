"""Mending through the session: what changes, what it says, what it does not look at, and the grid's keys."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from doubles import drop, enter
from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt
from PySide6.QtGui import QAction

from deskclassify.core.events import Progress, ScanDone
from deskclassify.core.requests import ListRequest, ScanRequest
from deskclassify.core.sources import Found, Item, Listing, Problem, Source, list_data
from deskclassify.engine.client import run_in_process
from deskclassify.ui import dialogs
from deskclassify.ui import session as session_module
from deskclassify.ui.copy_dialog import CopyDialog
from deskclassify.ui.main_window import MainWindow
from deskclassify.ui.mending import Mender
from deskclassify.ui.widgets import dragged
from deskclassify.ui.widgets.class_keys import ClassKeys, key_of, place_of
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid, LazyEntries

SELECT = QItemSelectionModel.SelectionFlag.Select


class Engine:
    """Lists for real; in the played check, the first picture cannot be read and the next two are the same."""

    def __init__(self):
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)
        elif isinstance(request, ScanRequest):
            paths = [item.path for item in list_data(request.data).items]
            yield Progress("scan", 1, len(paths))
            while not self.gate.wait(0.01) and not control.stopped:
                pass
            unreadable = (Problem(paths[0], "The file is cut off.", "unreadable"),)
            yield ScanDone(len(paths) - 1, {}, {}, unreadable, (tuple(paths[1:4]),), (tuple(paths[1:4]),))

    def count(self, kind):
        return sum(isinstance(request, kind) for request in self.requests)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def folder(tmp_path, make_pictures):
    return make_pictures(tmp_path / "pets", {"a": 6, "b": 4, "c": 4})


@pytest.fixture
def session(session_on, engine, qtbot, folder):
    made = session_on(engine)
    made.add_folder(folder)
    qtbot.waitUntil(lambda: made.scan_result is not None)
    return made


@pytest.fixture
def mender(session):
    return Mender(session, session)


@pytest.fixture
def said(session):
    heard = []
    session.failed.connect(lambda failure: heard.append(failure.sentence))
    return heard


def path(session, key):
    listing = session.listing
    return next(item.path for item in (*listing.items, *listing.left_out) if item.key == key)


def counts(session):
    return session.listing.classes()


class TestCommands:
    def test_another_class_and_back_by_undo(self, session, mender):
        before = session.project.file.read_bytes()
        pictures = [path(session, f"a/a_00{number}.png") for number in range(3)]
        assert mender.relabel(pictures, "b")
        assert counts(session) == {"a": 3, "b": 7, "c": 4}
        assert session.undo_stack.undoText() == "give b to 3 pictures"
        assert not mender.relabel(pictures, "b"), "what changes nothing must not be on the undo stack"
        assert mender.relabel(pictures[:1], "a") and len(session.project.data.relabelled) == 2
        session.undo_stack.undo()
        session.undo_stack.undo()
        assert counts(session) == {"a": 6, "b": 4, "c": 4}
        assert session.project.file.read_bytes() == before

    def test_pictures_are_left_out_and_put_back(self, session, mender):
        one = path(session, "b/b_001.png")
        assert mender.exclude([one]) and session.undo_stack.undoText() == "leave out b_001.png"
        assert counts(session)["b"] == 3
        assert [item.path for item in session.listing.left_out] == [one]
        assert mender.put_back([one]) and counts(session)["b"] == 4
        assert session.project.data.excluded == ()
        assert not mender.include(["b/b_001.png"])

    def test_classes_are_made_renamed_merged_and_left_out(self, session, mender):
        assert mender.create_class("d") and mender.classes() == ["a", "b", "c", "d"]
        assert mender.relabel([path(session, "a/a_000.png")], "d") and counts(session)["d"] == 1
        assert mender.rename_class("d", "e") and counts(session)["e"] == 1
        assert session.undo_stack.undoText() == "rename d"
        assert mender.merge_classes(["b", "c"], "b") and counts(session) == {"a": 5, "b": 8, "e": 1}
        assert session.undo_stack.undoText() == "merge b and c"
        assert mender.leave_out_classes(["e"]) and counts(session) == {"a": 5, "b": 8}
        assert mender.classes() == ["a", "b"], "a class that was left out is still offered"

    def test_a_class_that_is_left_out_is_gone_also_if_its_name_was_given_by_hand(self, session, mender):
        mender.rename_class("b", "a")
        one = path(session, "a/a_000.png")
        mender.relabel([one], "b")
        assert mender.leave_out_classes(["b"]) and mender.classes() == ["a", "c"]
        mender.put_back([one])
        assert counts(session) == {"a": 9, "b": 1, "c": 4}

    def test_what_cannot_be_done_is_a_sentence(self, session, mender, said):
        assert not mender.relabel(["/elsewhere/x.png"], "a")
        assert "“x.png” is not part of this project" in said[-1]
        assert not mender.exclude(["/elsewhere/x.png", "/elsewhere/y.png"])
        assert "These 2 pictures are not part" in said[-1]
        assert not mender.create_class("a") and "already" in said[-1]
        assert not mender.rename_class("a", " ") and "needs a name" in said[-1]
        assert not mender.relabel([path(session, "a/a_000.png")], "x/y") and "slashes" in said[-1]
        assert session.undo_stack.count() == 1  # the folder

    def test_of_foreign_and_own_pictures_the_own_ones_are_mended(self, session, mender, said):
        heard = []
        session.status.connect(heard.append)
        assert mender.relabel(["/elsewhere/x.png", path(session, "a/a_000.png")], "b")
        assert counts(session)["b"] == 5 and not said
        assert any("1 picture passed over" in text for text in heard)

    def test_pictures_are_kept_together(self, session, mender):
        pair = [path(session, "a/a_000.png"), path(session, "a/a_001.png")]
        assert mender.keep_together([pair])
        assert session.project.data.together == (("a/a_000.png", "a/a_001.png"),)
        subset = {item.key: item.subset for item in session.listing.items}
        assert subset["a/a_000.png"] == subset["a/a_001.png"]

    def test_unlabelled_pictures_get_a_class(self, session, mender, qtbot, tmp_path, make_pictures):
        loose = make_pictures(tmp_path, {"loose": 2}) / "loose"
        data = session.project.data
        session.change_data("add", type(data)((*data.sources, Source(str(loose), unlabelled=True))))
        qtbot.waitUntil(lambda: session.listing is not None and len(session.listing.unlabelled) == 2)
        assert mender.relabel([session.listing.unlabelled[0].path], "a")
        assert counts(session)["a"] == 7 and len(session.listing.unlabelled) == 1
        session.undo_stack.undo()
        assert len(session.listing.unlabelled) == 2


class TestNoNewLook:
    def test_nothing_is_walked_or_opened_again(self, session, mender, engine):
        before = engine.count(ListRequest), engine.count(ScanRequest)
        mender.relabel([path(session, "a/a_004.png")], "b")
        mender.exclude([path(session, "a/a_000.png")])
        mender.rename_class("c", "d")
        for _ in range(3):
            session.undo_stack.undo()
        assert (engine.count(ListRequest), engine.count(ScanRequest)) == before
        assert session.listing == list_data(session.project.data)

    def test_the_check_follows_the_labels(self, session, mender):
        assert session.scan_result.images == 13 and session.scan_result.classes == {"a": 5, "b": 4, "c": 4}
        mender.relabel([path(session, "a/a_004.png")], "b")
        assert session.scan_result.classes == {"a": 4, "b": 5, "c": 4}
        mender.exclude([path(session, "a/a_000.png"), path(session, "a/a_001.png")])
        assert session.scan_result.unreadable == () and session.scan_result.images == 12
        assert [len(group) for group in session.scan_result.duplicates] == [2]
        mender.exclude([path(session, "a/a_002.png")])
        assert session.scan_result.duplicates == () and session.scan_result.near_duplicates == ()
        mender.put_back([path(session, f"a/a_00{number}.png") for number in range(3)])
        assert len(session.scan_result.unreadable) == 1 and len(session.scan_result.duplicates[0]) == 3

    def test_a_check_that_runs_goes_on(self, session_on, engine, qtbot, folder):
        session = session_on(engine)
        engine.gate.clear()
        with qtbot.waitSignal(session.scan_progress):
            session.add_folder(folder)
        Mender(session, session).exclude([path(session, "a/a_000.png")])
        assert session.scan_result is None
        engine.gate.set()
        qtbot.waitUntil(lambda: session.scan_result is not None)
        assert session.scan_result.unreadable == (), "a picture that is left out is complained about"
        assert engine.count(ScanRequest) == 1

    def test_looking_again_finds_new_files(self, session, mender, qtbot, folder, engine):
        mender.exclude([path(session, "b/b_000.png")])
        (folder / "b" / "new.png").write_bytes((folder / "b" / "b_001.png").read_bytes())
        session.look_again()
        qtbot.waitUntil(lambda: session.scan_result is not None)
        assert counts(session)["b"] == 4 and len(session.listing.left_out) == 1
        assert engine.count(ScanRequest) == 2

    def test_another_rule_walks_anew(self, session, qtbot, engine):
        data = session.project.data
        session.change_data("rule", type(data)(data.sources, rule="case"))
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.items != ())
        assert counts(session) == {"lower-case": 14}
        assert engine.count(ListRequest) == 2

    def test_a_failing_split_is_told_and_undone(self, session, mender, said, qtbot):
        data = session.project.data
        session.change_data("folder", type(data)(data.sources, rule="regex:^(.)", valid_folder="a"))
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.items != ())
        mender.exclude([item.path for item in session.listing.items if item.key.startswith("a/")])
        assert "No picture lies in a folder named “a”" in said[-1] and session.listing.items == ()
        session.undo_stack.undo()
        assert len(session.listing.items) == 14

    def test_very_many_pictures_are_arranged_in_a_job(self, session, mender, qtbot, monkeypatch, engine):
        monkeypatch.setattr(session_module, "_AT_ONCE", 5)
        with qtbot.waitSignal(session.listing_changed):
            mender.relabel([path(session, "a/a_000.png")], "b")
            assert counts(session)["b"] == 4, "the old list must stay until the new one is there"
        assert counts(session)["b"] == 5
        assert engine.requests[-1].found is not None, "the folders were walked again"
        for label in "cbc":  # the last one wins
            mender.relabel([path(session, "a/a_000.png")], label)
        qtbot.waitUntil(lambda: counts(session) == {"a": 5, "b": 4, "c": 5})

    def test_two_thousand_pictures_at_once(self, session, mender):
        items = tuple(
            Item(f"/p/{n % 6}/{n}.jpg", f"{n % 6}/{n}.jpg", f"{n % 6}", found=f"{n % 6}") for n in range(2_000)
        )
        session._found = Found(items, sources=session.project.data.sources)
        session._arrange(session._found)
        seconds = []
        for turn in range(8):
            begun = time.perf_counter()
            mender.relabel(["/p/0/0.jpg"], "1" if turn % 2 == 0 else "0")
            seconds.append(time.perf_counter() - begun)
        assert min(seconds) < 0.1, f"{min(seconds):.3f} s; a multiple of what it takes on an idle computer"


@pytest.fixture
def grid(qtbot, session, mender):
    made = ImageGrid()
    qtbot.addWidget(made)
    made.resize(620, 420)
    mender.attach(made)

    def show():
        made.set_entries([GridEntry(item.path, item.label) for item in session.listing.items if item.label == "a"])

    session.listing_changed.connect(show)
    show()
    with qtbot.waitExposed(made):
        made.show()
    yield made
    session.listing_changed.disconnect(show)


def select(grid, *rows):
    grid.setCurrentIndex(grid.model().index(rows[0], 0))
    for row in rows[1:]:
        grid.selectionModel().select(grid.model().index(row, 0), SELECT)


def selected(grid):
    return [Path(name).name for name in grid.selected_paths()]


class TestGrid:
    def test_a_digit_gives_a_class_and_goes_on(self, grid, session, qtbot):
        select(grid, 1)
        qtbot.keyClick(grid, Qt.Key.Key_2)
        assert counts(session) == {"a": 5, "b": 5, "c": 4}
        assert selected(grid) == ["a_002.png"], "the next picture is to be judged"
        qtbot.keyClick(grid, Qt.Key.Key_3, Qt.KeyboardModifier.KeypadModifier)
        assert counts(session) == {"a": 4, "b": 5, "c": 5} and selected(grid) == ["a_003.png"]
        qtbot.keyClick(grid, Qt.Key.Key_1)
        assert counts(session)["a"] == 4 and selected(grid) == ["a_004.png"], "it is an “a” already"

    def test_at_the_end_the_picture_before_is_selected(self, grid, qtbot):
        select(grid, 5)
        qtbot.keyClick(grid, Qt.Key.Key_2)
        assert selected(grid) == ["a_004.png"]

    def test_several_get_a_class_together(self, grid, session, qtbot):
        select(grid, 0, 2, 3)
        qtbot.keyClick(grid, Qt.Key.Key_2)
        assert session.undo_stack.undoText() == "give b to 3 pictures"
        assert selected(grid) == ["a_004.png"]

    def test_digits_without_a_class_or_a_picture_say_so(self, grid, session, qtbot):
        heard = []
        session.status.connect(heard.append)
        select(grid, 0)
        qtbot.keyClick(grid, Qt.Key.Key_7)
        assert "No class has the key 7" in heard[-1]
        grid.clearSelection()
        qtbot.keyClick(grid, Qt.Key.Key_1)
        assert "Choose a picture first" in heard[-1]
        qtbot.keyClick(grid, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
        assert session.undo_stack.count() == 1

    def test_delete_leaves_out_and_the_next_is_selected(self, grid, session, qtbot):
        select(grid, 2)
        grid.setFocus()
        qtbot.keyClick(grid, Qt.Key.Key_Delete)
        assert counts(session)["a"] == 5 and selected(grid) == ["a_003.png"]
        session.undo_stack.undo()
        assert counts(session)["a"] == 6 and selected(grid) == ["a_003.png"]

    def test_the_menu_has_all_classes_with_their_keys(self, grid, session, mender, qtbot, monkeypatch):
        select(grid, 0)
        menu = grid_menu(grid)
        classes = menu.actions()[0].menu().actions()
        assert [action.text() for action in classes[:3]] == ["a\t1", "b\t2", "c\t3"]
        assert [action.isChecked() for action in classes[:3]] == [True, False, False]
        classes[2].trigger()
        assert counts(session)["c"] == 5
        monkeypatch.setattr(dialogs, "ask_name", lambda *_: "new & old")
        select(grid, 0, 1)
        menu = grid_menu(grid)
        assert menu.actions()[0].text() == "These 2 are …"
        menu.actions()[0].menu().actions()[-1].trigger()
        assert counts(session)["new & old"] == 2
        grid.clearSelection()
        assert grid_menu(grid) is None

    def test_a_picture_opens_from_the_menu(self, grid, qtbot):
        select(grid, 3)
        with qtbot.waitSignal(grid.activated_entry) as heard:
            next(action for action in grid_menu(grid).actions() if action.text() == "Open large").trigger()
        assert heard.args[0].path.endswith("a_003.png")

    def test_many_classes_are_asked_for(self, grid, session, mender, monkeypatch):
        listing = session.listing
        many = tuple(Item(f"/p/{n}.png", f"{n}.png", f"class {n:03d}", "train") for n in range(200))
        session.listing = Listing((*listing.items, *many))
        select(grid, 0)
        classes = grid_menu(grid).actions()[0].menu().actions()
        assert len(classes) < 40 and classes[-3].text() == "All 203 classes…"
        asked = []
        monkeypatch.setattr(dialogs, "ask_choice", lambda *given: asked.append(given[-1]) or "class 150")
        classes[-3].trigger()
        assert len(asked[0]) == 203 and counts(session)["class 150"] == 1

    def test_what_was_left_out_is_put_back(self, grid, session, mender):
        one = grid.model_.entry(0).path
        mender.exclude([one])
        grid.set_entries([GridEntry(one)])
        select(grid, 0)
        next(action for action in grid_menu(grid).actions() if action.text() == "Put back").trigger()
        assert counts(session)["a"] == 6

    def test_pictures_are_dragged_as_paths_of_this_window_only(self, grid):
        select(grid, 2, 0)
        mime = grid.model().mimeData(grid.selectionModel().selectedIndexes())
        assert dragged.paths_of(mime) == [grid.model_.entry(0).path, grid.model_.entry(2).path]
        assert mime.formats() == [dragged.PICTURES], "another program could move the files"
        assert grid.dragEnabled()
        assert dragged.paths_of(QMimeData()) == []

    def test_the_pile_shows_how_many(self, qapp):
        many, one = dragged.pile([], 12, 1.0).toImage(), dragged.pile([], 1, 1.0).toImage()
        assert many.size() == one.size() and many != one


def grid_menu(grid):
    from deskclassify.ui.grid_mending import GridMending

    return grid.findChild(GridMending).menu()


class TestPlace:
    @pytest.fixture
    def long(self, qtbot):
        made = ImageGrid()
        qtbot.addWidget(made)
        made.resize(620, 420)
        made.set_entries([GridEntry(f"/{number}.png") for number in range(400)])
        with qtbot.waitExposed(made):
            made.show()
        made.verticalScrollBar().setValue(3_000)
        return made

    def test_stays_when_a_picture_goes(self, long):
        row = long.visible_rows()[3]
        select(long, row)
        scrolled = long.verticalScrollBar().value()
        long.set_entries([GridEntry(f"/{number}.png") for number in range(400) if number != row])
        assert long.verticalScrollBar().value() == scrolled
        assert selected(long) == [f"{row + 1}.png"]
        long.set_entries([GridEntry(f"/{number}.png", "other title") for number in range(400)])
        assert long.verticalScrollBar().value() == scrolled and selected(long) == [f"{row + 1}.png"]

    def test_without_a_selection_there_is_none_afterwards(self, long):
        scrolled = long.verticalScrollBar().value()
        long.set_entries([GridEntry(f"/{number}.png") for number in range(399)])
        assert long.verticalScrollBar().value() == scrolled and not long.selected_rows()

    def test_other_pictures_begin_at_the_top(self, long):
        select(long, long.visible_rows()[0])
        long.set_entries([GridEntry(f"/other/{number}.png") for number in range(400)])
        assert long.verticalScrollBar().value() == 0 and not long.selected_rows()
        long.verticalScrollBar().setValue(3_000)
        long.set_entries([])
        long.set_entries([GridEntry("/1.png")])
        assert long.visible_rows() == range(1)


class TestClassKeys:
    def test_digits_by_order(self):
        assert [key_of(place) for place in range(11)] == [*"1234567890", ""]
        assert all(place_of(int(key_of(place))) == place for place in range(10))

    def test_a_click_or_a_drop_gives_the_class(self, qtbot):
        made = ClassKeys()
        qtbot.addWidget(made)
        made.resize(200, 30)
        made.set_classes([f"class {number}" for number in range(14)])
        with qtbot.waitExposed(made):
            made.show()
        assert len(made._keys) == 10 and made.height() > made._keys[0].height(), "they do not wrap"
        with qtbot.waitSignal(made.chosen) as heard:
            qtbot.mouseClick(made._keys[3], Qt.MouseButton.LeftButton)
        assert heard.args == ["class 3"]
        heard = []
        made.dropped.connect(lambda paths, name: heard.append((paths, name)))
        assert drop(made._keys[1], dragged.as_mime(["/x.png"]))
        assert heard == [(["/x.png"], "class 1")]
        assert not enter(made._keys[1], QMimeData())


def test_every_action_has_a_text(grid):
    assert all(action.text() for action in grid.findChildren(QAction))


def test_entries_are_made_when_they_are_looked_at(qtbot):
    made = []

    def make(row):
        made.append(row)
        return GridEntry(f"/{row}.png", f"title {row}")

    entries = LazyEntries([f"/{row}.png" for row in range(50_000)], make)
    grid = ImageGrid()
    qtbot.addWidget(grid)
    grid.resize(620, 420)
    grid.set_entries(entries)
    with qtbot.waitExposed(grid):
        grid.show()
    assert grid.model().rowCount() == 50_000 and len(made) < 500
    assert [entry.title for entry in entries[-2:]] == ["title 49998", "title 49999"]
    assert entries[-1].path == "/49999.png"
    with pytest.raises(IndexError):
        entries[50_000]
    grid.setCurrentIndex(grid.model().index(7, 0))
    grid.set_entries(LazyEntries(entries.paths, lambda row: GridEntry(f"/{row}.png", "other")))
    assert grid.selected_rows() == [7] and grid.model_.entry(7).title == "other"


def test_the_menu_bar_copies_and_looks_again(qtbot, session_on, engine, folder):
    session = session_on(engine)
    window = MainWindow(session)
    qtbot.addWidget(window)
    actions = window.actions_
    assert not actions["actionExportCopy"].isEnabled() and not actions["actionLookAgain"].isEnabled()
    session.add_folder(folder)
    qtbot.waitUntil(lambda: session.scan_result is not None)
    assert actions["actionExportCopy"].isEnabled()
    actions["actionExportCopy"].trigger()
    dialog = window.findChild(CopyDialog)
    assert dialog.isVisible() and "14 pictures of 3 classes" in dialog.explanation.text()
    dialog.close()
    walks = engine.count(ListRequest)
    actions["actionLookAgain"].trigger()
    qtbot.waitUntil(lambda: session.scan_result is not None)
    assert engine.count(ListRequest) == walks + 1
