"""Mending on the Data page: the table of classes, its buttons, dropping pictures on it, and the choice of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox

from deskclassify.core.requests import ListRequest
from deskclassify.core.sources import Source
from deskclassify.engine.client import run_in_process
from deskclassify.ui import dialogs
from deskclassify.ui.widgets import dragged
from deskclassify.ui.widgets.class_table import class_names, class_rows

ROWS = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def session(session_on, qtbot, tmp_path, make_pictures):
    def stream(request, control):
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)

    made = session_on(stream)
    made.add_folder(make_pictures(tmp_path / "pets", {"a": 6, "b": 4, "c": 4}))
    qtbot.waitUntil(lambda: made.listing is not None)
    return made


@pytest.fixture
def page(data_page):
    return data_page


def names(page):
    return [row.name for row in page.class_table.model_.rows]


def counts(page):
    return [row.pictures for row in page.class_table.model_.rows]


def choose(page, *rows):
    page.class_table.clearSelection()
    for row in rows:
        page.class_table.selectionModel().select(page.class_table.model_.index(row, 0), ROWS)


def test_classes_have_keys_and_empty_ones_are_shown(page, session, monkeypatch):
    monkeypatch.setattr(dialogs, "ask_name", lambda *_: "aa")
    page.findChild(QAbstractButton, "newClassButton").click()
    assert names(page) == ["a", "aa", "b", "c"] and counts(page) == [6, 0, 4, 4]
    assert [row.key for row in page.class_table.model_.rows] == ["1", "2", "3", "4"]
    assert class_rows(None) == [] and class_names(None, ["x"]) == []
    session.undo_stack.undo()
    assert names(page) == ["a", "b", "c"]


def test_the_sign_of_a_class_shows_its_key(page):
    model = page.class_table.model_
    sign = model.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    other = model.index(1, 0).data(Qt.ItemDataRole.DecorationRole)
    half = sign.toImage().copy(sign.width() // 2, 0, sign.width() // 2, sign.height())
    assert half != other.toImage().copy(sign.width() // 2, 0, sign.width() // 2, sign.height())


def test_several_classes_become_one(page, session, monkeypatch):
    button = page.findChild(QAbstractButton, "mergeClassesButton")
    choose(page, 1)
    assert not button.isEnabled() and page.class_table.chosen_class() == "b"
    choose(page, 1, 2)
    assert button.isEnabled() and page.class_table.chosen_class() == ""
    assert page.pictures.grid.model().rowCount() == 14, "with several classes all pictures are shown"
    asked = []
    monkeypatch.setattr(dialogs, "ask_choice", lambda *given: asked.append(given[-1]) or "")
    button.click()
    assert asked == [["b", "c"]] and names(page) == ["a", "b", "c"], "nothing was chosen"
    monkeypatch.setattr(dialogs, "ask_choice", lambda *given: "birds")
    page.class_table.merge_action.trigger()
    assert names(page) == ["a", "birds"] and counts(page) == [6, 8]
    session.undo_stack.undo()
    assert counts(page) == [6, 4, 4]


def test_several_classes_are_left_out(page, session):
    choose(page, 0, 1)
    page.class_table.remove_action.trigger()
    assert names(page) == ["c"]
    assert session.undo_stack.undoText() == "leave out a and b"


def drop_on(page, row, paths):
    """Drag pictures over the table to a row and drop them there; whether they were welcome."""
    table = page.class_table
    mime = dragged.as_mime(paths)
    place = QPointF(table.visualRect(table.model_.index(row, 0)).center()) if row >= 0 else QPointF(20, 10_000)
    events = (
        QDragEnterEvent(place.toPoint(), COPY, mime, LEFT, NONE),
        QDragMoveEvent(place.toPoint(), COPY, mime, LEFT, NONE),
        QDropEvent(place, COPY, mime, LEFT, NONE),
    )
    for event in events:
        event.ignore()
        QApplication.sendEvent(table.viewport(), event)
        if not event.isAccepted():
            return False
    return True


def test_pictures_are_dropped_on_a_class(page, session):
    paths = [item.path for item in session.listing.items[:3]]
    assert drop_on(page, 2, paths)
    assert counts(page) == [3, 4, 7]
    assert session.undo_stack.undoText() == "give c to 3 pictures"
    assert not drop_on(page, -1, paths), "below the classes there is nothing to drop on"


def test_the_class_under_the_pointer_is_framed(page):
    before = page.class_table.viewport().grab().toImage()
    page.class_table._hold_over(1)
    assert page.class_table.viewport().grab().toImage() != before
    page.class_table._hold_over(-1)
    assert page.class_table.viewport().grab().toImage() == before


def test_a_class_is_begun_with_pictures(page, session, qtbot, monkeypatch):
    monkeypatch.setattr(dialogs, "ask_name", lambda *_: "dogs")
    paths = [item.path for item in session.listing.items[:2]]
    with qtbot.waitSignal(page.classes.new_button.dropped):
        mime = dragged.as_mime(paths)
        for event in (
            QDragEnterEvent(QPointF(5, 5).toPoint(), COPY, mime, LEFT, NONE),
            QDropEvent(QPointF(5, 5), COPY, mime, LEFT, NONE),
        ):
            QApplication.sendEvent(page.classes.new_button, event)
    assert names(page) == ["a", "b", "c", "dogs"] and counts(page) == [4, 4, 4, 2]


def test_in_a_filtered_grid_the_next_picture_is_selected(page, session, qtbot):
    choose(page, 0)
    grid = page.pictures.grid
    grid.setCurrentIndex(grid.model().index(2, 0))
    qtbot.keyClick(grid, Qt.Key.Key_2)
    assert counts(page) == [5, 5, 4]
    assert page.class_table.chosen_class() == "a", "the filter is gone"
    assert [Path(path).name for path in grid.selected_paths()] == ["a_003.png"]
    session.undo_stack.undo()
    assert grid.model().rowCount() == 6 and [Path(path).name for path in grid.selected_paths()] == ["a_003.png"]


def test_left_out_and_unlabelled_pictures_can_be_looked_at(page, session, qtbot, tmp_path, make_pictures):
    box, grid = page.findChild(QComboBox, "subsetBox"), page.pictures.grid
    item = box.model().item(box.findData("left out"))
    assert not item.isEnabled()
    page.mender.exclude([session.listing.items[0].path])
    assert item.isEnabled() and box.itemText(box.findData("left out")) == "Left out by hand (1)"
    box.setCurrentIndex(box.findData("left out"))
    assert grid.model().rowCount() == 1 and page.pictures.title.text() == "Left out (1)"
    grid.setCurrentIndex(grid.model().index(0, 0))
    menu = page.pictures.mending.menu()
    next(action for action in menu.actions() if action.text() == "Put back").trigger()
    assert grid.model().rowCount() == 0 and len(session.listing.items) == 14
    loose = make_pictures(tmp_path, {"loose": 2}) / "loose"
    data = session.project.data
    session.change_data("add", type(data)((*data.sources, Source(str(loose), unlabelled=True))))
    qtbot.waitUntil(lambda: session.listing is not None and len(session.listing.unlabelled) == 2)
    box.setCurrentIndex(box.findData("unlabelled"))
    assert grid.model().rowCount() == 2
    grid.setCurrentIndex(grid.model().index(0, 0))
    qtbot.keyClick(grid, Qt.Key.Key_1)
    assert counts(page)[0] == 7 and grid.model().rowCount() == 1


def test_the_selection_of_the_table_stays_when_labels_change(page, session):
    heard = []
    page.class_table.chosen.connect(heard.append)
    choose(page, 1)
    heard.clear()
    page.mender.relabel([session.listing.items[0].path], "b")
    assert page.class_table.chosen_class() == "b" and heard == []
    page.mender.rename_class("b", "z")
    assert page.class_table.chosen_class() == "" and heard == [""]
