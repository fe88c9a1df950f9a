"""The answers of the Predict page: filter, sort, pictures, and taking them along."""

from __future__ import annotations

import csv
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from deskclassify.core import sorting
from deskclassify.core.events import PredictDone, Prediction, Progress
from deskclassify.engine.client import run_in_process
from deskclassify.ui import printing, theme
from deskclassify.ui.pages.predict.columns import Columns, Wanted
from deskclassify.ui.pages.predict.result_filter import certainty_text
from deskclassify.ui.pages.predict.results import ResultsPanel
from deskclassify.ui.pages.predict.table import LABEL, NAME, PROBABILITY, TIME
from deskclassify.ui.widgets.range_slider import RangeSlider

CLASSES = ("ants", "bees", "wasps")


@pytest.fixture
def session(session_on):
    return session_on(lambda request, control: run_in_process(request, control) if request.process == "here" else [])


@pytest.fixture
def panel(qtbot, session):
    made = ResultsPanel(session)
    made.lay_out(QPushButton("Choose folder…"))
    qtbot.addWidget(made)
    made.resize(700, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def rows(tmp_path):
    """Seven real pictures, one file that is none, and one that is gone."""
    folder = tmp_path / "in"
    folder.mkdir()
    made = []
    for number, share in enumerate((0.95, 0.55, 0.99, 0.75, 0.40, 0.88, 0.62)):
        path = folder / f"Bild {number} ü.png"
        Image.new("RGB", (40, 30), ("red", "lime", "blue")[number % 3]).save(path)
        label = CLASSES[number % 3]
        top = ((label, share), (CLASSES[(number + 1) % 3], 1 - share))
        made.append(Prediction(str(path), label, share, top, "", 10.0 - number, share < 0.5))
    made.append(Prediction(str(folder / "notes.txt"), error="This is not a picture."))
    made.append(Prediction(str(folder / "gone.png"), "bees", 0.7, (("bees", 0.7),)))
    return made


def fill(panel, rows, threshold=0.5):
    for row in rows:
        panel._session.prediction.emit(row)
    panel._session.predict_done.emit(PredictDone(len(rows), 1, 1.0, "CPU", CLASSES, "resnet18", 0.9, False, threshold))


def column(panel, number):
    return [panel.filter.index(row, number).data() for row in range(panel.filter.rowCount())]


def idle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.actions_.task.is_busy and not panel._session.owner.jobs)


# -- filter -------------------------------------------------------------------------------


def test_class_filter_counts_and_shows(panel, rows):
    fill(panel, rows)
    box = panel.controls.class_box
    texts = [box.itemText(place) for place in range(box.count())]
    assert texts == [
        "All answers (9)", "ants (3)", "bees (2)", "wasps (2)", "None of these (1)", "Could not be read (1)"
    ]  # fmt: skip
    for place, count in ((1, 3), (2, 2), (4, 1), (5, 1), (0, 9)):
        box.setCurrentIndex(place)
        box.activated.emit(place)
        assert panel.filter.rowCount() == count, texts[place]
    box.setCurrentIndex(5)
    box.activated.emit(5)
    assert column(panel, NAME) == ["notes.txt"] and "1 shown of 9 files" in panel.count_label.text()
    panel.refuse_box.setChecked(False)
    panel.controls.show_class("class", "bees")
    assert panel.filter.rowCount() == 3 and "none of these" not in panel.count_label.text()
    assert box.currentText() == "bees (3)"


def test_certainty_and_text_are_taken_together(panel, rows):
    fill(panel, rows)
    panel.controls.panel.set_range(0, 80)
    assert panel.controls.certainty_button.text() == "Up to 80 % sure"
    assert sorted(column(panel, PROBABILITY)) == ["40.0 %", "55.0 %", "62.0 %", "70.0 %", "75.0 %"]
    panel.filter_edit.setText("BILD")
    panel.controls.show_class("class", "ants")
    assert column(panel, PROBABILITY) == ["75.0 %", "62.0 %"]
    panel.clear()
    assert (
        panel.filter.wish == Wanted()
        and panel.filter_edit.text() == ""
        and panel.controls.panel.slider.range == (0, 100)
    )
    fill(panel, rows)
    assert panel.filter.rowCount() == 9


def test_text_finds_class_name_error_and_none(panel, rows):
    fill(panel, rows)
    for text, count in (("wasp", 2), ("not a picture", 1), ("none of", 1), ("BILD 3 Ü", 1), ("nothing", 0), ("", 9)):
        panel.filter_edit.setText(text)
        assert panel.filter.rowCount() == count, text


def test_every_range_has_a_text():
    assert certainty_text(0, 100) == "Any certainty" and certainty_text(0, 80) == "Up to 80 % sure"
    assert certainty_text(95, 100) == "At least 95 % sure" and certainty_text(20, 60) == "20 to 60 % sure"


def test_slider_moves_the_nearer_handle_by_mouse_and_keys(qtbot):
    slider = RangeSlider()
    qtbot.addWidget(slider)
    slider.resize(280, 70)
    slider.show()
    told = []
    slider.changed.connect(lambda low, high: told.append((low, high)))

    def press(value):
        place = slider.place(value)
        button = Qt.MouseButton.LeftButton
        event = QMouseEvent(
            QEvent.Type.MouseButtonPress, place, QPointF(place), button, button, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(slider, event)

    press(30)
    press(80)
    assert slider.range == (30, 80) and told == [(30, 100), (30, 80)]
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert slider.range == (30, 79)
    slider.set_range(50, 50)
    press(70)
    assert slider.range == (50, 70)
    slider.set_bars([1, 0, 4])
    assert not slider.grab().isNull()


def test_filter_agrees_with_a_plain_loop_over_many_rows():
    random = np.random.default_rng(5)
    rows = [
        Prediction(f"/{number % 700:04d}.jpg", error="Cut off.")
        if number % 11 == 0
        else Prediction(f"/{number % 700:04d}.jpg", f"c{number % 7}", float(random.random()), refused=number % 5 == 0)
        for number in range(3000)
    ]
    columns = Columns()
    for start in range(0, 3000, 450):
        columns.append(rows[start : start + 450])
    columns.corrected = {"/0003.jpg": "c9"}
    wishes = [
        Wanted(), Wanted("c3"), Wanted("cut"), Wanted("", "none"), Wanted("01", "class", "c2", 0.2, 0.7),
        Wanted("", "corrected"), Wanted("c9"), Wanted("", "unreadable"), Wanted("", "class", "absent"),
    ]  # fmt: skip

    def holds(row, wish):
        kind = "unreadable" if row.error else "none" if row.refused else "class"
        share = row.probability if row.probability is not None else -1
        shown = f"none of these {row.label}" if row.refused else row.label
        corrected = columns.corrected.get(row.path, "")
        return (
            (wish.kind in ("all", kind) or (wish.kind == "corrected" and bool(corrected)))
            and (wish.kind != "class" or row.label == wish.label)
            and (not wish.limits_certainty or wish.least <= share <= wish.most)
            and wish.text in f"{row.path}\n{row.error}\n{shown}\n{corrected}".casefold()
        )

    for wish in wishes:
        assert columns.wanted(wish).tolist() == [n for n, row in enumerate(rows) if holds(row, wish)], wish
        assert columns.wanted(wish, 2000).tolist() == [
            n for n, row in enumerate(rows) if n >= 2000 and holds(row, wish)
        ]
    everything = columns.wanted(Wanted())
    keys = {
        PROBABILITY: lambda row: -1 if row.probability is None else row.probability,
        LABEL: lambda row: "" if row.error else "none of these" if row.refused else row.label,
        NAME: lambda row: row.path,
    }
    for number, key in keys.items():
        for descending in (False, True):
            wanted = sorted(range(3000), key=lambda n: key(rows[n]), reverse=descending)
            assert columns.ordered(everything, number, descending).tolist() == wanted, (number, descending)


# -- many rows ----------------------------------------------------------------------------


def test_fifty_thousand_rows_are_filtered_and_sorted_within_the_blink_of_an_eye(panel, qapp):
    rows = [
        Prediction(f"/d/{n % 9973:05d}.jpg", f"c{n % 30}", (n * 7 % 1000) / 1000, milliseconds=n % 17)
        for n in range(50_000)
    ]
    panel._new.extend(rows)
    panel._insert()
    actions = {
        "text": lambda: panel.filter_edit.setText("0123"),
        "no text": lambda: panel.filter_edit.setText(""),
        "class": lambda: panel.controls.show_class("class", "c7"),
        "all": lambda: panel.controls.show_class("all"),
        "certainty": lambda: panel.controls.panel.set_range(0, 80),
        "sort": lambda: panel.table.sortByColumn(PROBABILITY, Qt.SortOrder.AscendingOrder),
        "sort by name": lambda: panel.table.sortByColumn(NAME, Qt.SortOrder.DescendingOrder),
    }
    for what, act in actions.items():
        begun = time.perf_counter()
        act()
        qapp.processEvents()
        assert time.perf_counter() - begun < 0.5, what  # quiet machine: 10 to 60 ms; Qt's own filter: more than 0.5 s


@pytest.mark.parametrize("count", [3, 100])
def test_rows_that_come_while_it_is_sorted_and_filtered_take_their_places(panel, rows, count):
    fill(panel, rows)
    panel.table.sortByColumn(PROBABILITY, Qt.SortOrder.DescendingOrder)
    panel.controls.panel.set_range(0, 80)
    panel.table.selectRow(1)
    chosen, told = panel.selected(), []
    panel.row_chosen.connect(told.append)
    new = [Prediction(f"/new {n}.png", "ants", n / count) for n in range(count)]
    panel._new.extend(new)
    panel._insert()
    shares = [panel.filter.prediction(row).probability for row in range(panel.filter.rowCount())]
    assert shares == sorted(shares, reverse=True) and max(shares) <= 0.8
    assert len(shares) == 5 + sum(row.probability <= 0.8 for row in new)
    assert panel.selected() == chosen and told == []


def test_selection_follows_its_rows_through_sort_filter_and_view(panel, rows, qtbot):
    fill(panel, rows)
    for row in (1, 3):
        panel.table.selectionModel().select(
            panel.filter.index(row, 0),
            panel.table.selectionModel().SelectionFlag.Select | panel.table.selectionModel().SelectionFlag.Rows,
        )
    paths = {rows[0].path, rows[1].path, rows[3].path}  # the first was chosen by itself
    if not panel.selected():
        pytest.fail("nothing is selected")
    before = {row.path for row in panel.selected()}
    assert {rows[1].path, rows[3].path} <= before <= paths
    panel.table.sortByColumn(NAME, Qt.SortOrder.DescendingOrder)
    assert {row.path for row in panel.selected()} == before
    panel.grid_button.click()
    assert panel.views.is_grid and {row.path for row in panel.selected()} == before
    panel.filter_edit.setText("bild 3")
    assert {row.path for row in panel.selected()} == {rows[3].path}
    panel.table_button.click()
    assert {row.path for row in panel.selected()} == {rows[3].path}


def test_the_row_that_is_looked_at_is_told_once_and_a_hidden_one_gives_way(panel, rows):
    fill(panel, rows)
    told = []
    panel.row_chosen.connect(told.append)
    panel.table.selectRow(2)
    panel.table.sortByColumn(TIME, Qt.SortOrder.AscendingOrder)
    assert [row.path for row in told] == [rows[2].path]
    panel.controls.show_class("unreadable")
    assert told[-1].error and len(told) == 2
    panel.filter_edit.setText("nothing like it")
    assert told[-1] is None


# -- pictures -----------------------------------------------------------------------------


def test_pictures_show_answer_certainty_and_colour(panel, rows, qtbot):
    fill(panel, rows)
    panel.grid_button.click()
    grid = panel.views.grid
    entries = [grid.model_.entry(row) for row in range(grid.model_.rowCount())]
    assert [entry.path for entry in entries] == [row.path for row in rows]
    assert (entries[0].title, entries[0].subtitle) == ("ants", "95.0 % · Bild 0 ü.png")
    assert entries[1].color == theme.class_color(1) and entries[4].title == "none of these"
    assert entries[7].bad and entries[7].title == "not readable"
    told = []
    panel.row_chosen.connect(told.append)
    grid.setCurrentIndex(grid.model_.index(2, 0))
    assert told[-1].path == rows[2].path
    panel._session.prediction.emit(Prediction("/late.png", "bees", 0.8))
    qtbot.waitUntil(lambda: grid.model_.rowCount() == 10)
    panel.clear()
    assert grid.model_.rowCount() == 0 and told[-1] is None


def test_table_has_the_dot_of_the_class(panel, rows):
    fill(panel, rows)
    dot = panel.filter.index(1, LABEL).data(Qt.ItemDataRole.DecorationRole).toImage()
    assert dot.pixelColor(dot.rect().center()).name() == theme.class_color(1)
    assert panel.filter.index(7, LABEL).data(Qt.ItemDataRole.DecorationRole) is None


def test_progress_tells_counts_rate_and_time(panel, session):
    session.predict_started.emit()
    session.predict_progress.emit(Progress("predict", 1204, 9000, 140.2, 52.0))
    assert panel.count_label.text() == "1,204 of 9,000 · 140 pictures a second · 52 s left"
    assert (panel.progress.maximum(), panel.progress.value()) == (9000, 1204) and not panel.progress.isHidden()
    session.owner.changed.emit()  # no job is at work
    assert panel.progress.isHidden() and panel.count_label.text() == "No pictures yet"


# -- taking along -------------------------------------------------------------------------


def test_json_has_model_and_only_what_is_shown(panel, session, rows, tmp_path):
    session.model = Path("/models/käfer.onnx")
    session.predict_started.emit()
    fill(panel, rows)
    panel.controls.show_class("unreadable")
    panel.actions_.save(tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    assert value["predictions"] == [{"path": rows[7].path, "error": "This is not a picture."}]
    assert value["model"]["file"] == "käfer.onnx" and value["model"]["classes"] == list(CLASSES)
    panel.actions_.only_shown.setChecked(False)
    panel.actions_.save(tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    assert len(value["predictions"]) == 9 and value["predictions"][4]["refused"] is True
    assert value["predictions"][0]["top"] == [["ants", 0.95], ["bees", pytest.approx(0.05)]]


def test_names_that_are_not_unicode_survive_csv_and_json(panel, tmp_path):
    odd = '/data/v\udcff\n,"ü.jpg'
    fill(panel, [Prediction(odd, "ants", 0.9, (("ants", 0.9),))])
    for name in ("t.csv", "t.json"):
        panel.actions_.save(tmp_path / name)
    with (tmp_path / "t.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert list(csv.reader(file))[1][0] == odd
    assert json.loads((tmp_path / "t.json").read_bytes())["predictions"][0]["path"] == odd


def test_many_rows_are_saved_in_the_background(panel, tmp_path, qtbot, session):
    panel._new.extend(Prediction(f"/{n}.jpg", "ants", 0.5) for n in range(2500))
    panel._insert()
    panel.actions_.save_all_csv(tmp_path / "t.csv")
    assert panel.actions_.task.is_busy and panel.actions_.task.isVisible()
    idle(qtbot, panel)
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 2501
    assert "2,500 rows" in panel.actions_.task.label.text()


def test_copied_rows_are_text_and_files(panel, rows, qtbot):
    fill(panel, rows)
    panel.table.selectAll()
    panel.activateWindow()
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    mime = QGuiApplication.clipboard().mimeData()
    lines = mime.text().splitlines()
    assert lines[0].split("\t") == ["Path", "File", "Class", "Probability", "Remark"] and len(lines) == 10
    assert lines[1].split("\t") == [rows[0].path, "Bild 0 ü.png", "ants", "95.0 %", ""]
    assert [Path(url.toLocalFile()) for url in mime.urls()] == [Path(row.path) for row in rows]


def test_sorting_copies_into_class_folders_and_tells_what_is_gone(panel, rows, tmp_path, qtbot):
    fill(panel, rows)
    panel.actions_.sort_into(tmp_path / "out")
    assert panel.actions_.task.is_busy and panel.count_label.isHidden()
    idle(qtbot, panel)
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert len(made) == 7 and "none of these/Bild 4 ü.png" in made and "wasps/Bild 2 ü.png" in made
    said = panel.actions_.task.label.text()
    assert "7 pictures copied" in said and "gone.png" in said and "Left out: 1 file" in said
    assert panel.actions_.task.show_button.isVisible()
    panel.actions_.task.close_button.click()
    assert not panel.count_label.isHidden()


def test_stopping_a_sort_keeps_whole_copies_and_says_so(panel, rows, tmp_path, qtbot, monkeypatch):
    fill(panel, rows)
    real, first, gate = sorting.copy_into, threading.Event(), threading.Event()

    def slow(file, folder):
        first.set()
        assert gate.wait(10)
        return real(file, folder)

    monkeypatch.setattr(sorting, "copy_into", slow)
    panel.actions_.sort_into(tmp_path / "out")
    qtbot.waitUntil(first.is_set)
    panel.actions_._refresh()
    assert not panel.actions_.sort_action.isEnabled()  # one after the other
    panel.actions_.task.stop_button.click()
    gate.set()
    idle(qtbot, panel)
    assert [path.read_bytes() for path in (tmp_path / "out").rglob("*.png")] == [Path(rows[0].path).read_bytes()]
    assert panel.actions_.task.label.text().startswith("Stopped. 1 picture copied")


def test_a_sheet_is_written_through_the_dialog(panel, rows, tmp_path, qtbot, monkeypatch):
    fill(panel, rows)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "sheet"), "PDF, all pages (*.pdf)"))
    panel.actions_.sheet_action.trigger()
    idle(qtbot, panel)
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(
        b"%PDF-"
    ) and "9 pictures" in panel.actions_.task.label.text()


def test_a_task_that_fails_is_a_sentence_and_gives_the_line_back(panel, rows, tmp_path, qtbot, session):
    fill(panel, rows)
    (tmp_path / "file").write_text("")
    with qtbot.waitSignal(session.failed):
        panel.actions_.save_sheet(tmp_path / "file" / "x.pdf")
    idle(qtbot, panel)
    assert panel.actions_.task.isHidden() and not panel.count_label.isHidden()


def test_nothing_to_take_along_is_a_sentence(panel, session, qtbot):
    with qtbot.waitSignal(session.failed) as failed:
        panel.actions_.print_sheet()
    assert "nothing to take along" in failed.args[0].sentence


def test_printing_shows_a_preview_and_removes_its_pages(panel, rows, qtbot, monkeypatch):
    pytest.importorskip("PySide6.QtPrintSupport")
    fill(panel, rows)
    panel.actions_.print_sheet()
    idle(qtbot, panel)
    assert panel.actions_.preview is not None and panel.actions_.task.isHidden()
    folder = panel.actions_._print_folder
    assert len(list(folder.iterdir())) == 1
    panel.actions_.preview.done(0)
    assert not folder.exists() and panel.actions_.preview is None


def test_pages_are_drawn_on_paper(tmp_path, qapp):
    support = pytest.importorskip("PySide6.QtPrintSupport")
    pages = []
    for number, color in enumerate(("red", "lime")):
        Image.new("RGB", (124, 175), color).save(tmp_path / f"{number}.jpg")
        pages.append(tmp_path / f"{number}.jpg")
    target = support.QPrinter(support.QPrinter.PrinterMode.HighResolution)
    printing.prepare(target)
    target.setOutputFormat(support.QPrinter.OutputFormat.PdfFormat)
    target.setOutputFileName(str(tmp_path / "out.pdf"))
    printing.draw(target, pages)
    data = (tmp_path / "out.pdf").read_bytes()
    assert data.startswith(b"%PDF") and data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 2


def test_the_menu_of_a_row_and_none_without(panel, rows):
    assert panel.menu() is None
    fill(panel, rows)
    panel.table.selectRow(0)
    menu = panel.menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == ["Correct", "Copy 1 row", "Show in its folder"]
    panel.views.menu_wanted.emit(QPoint(10, 10))
    menu.deleteLater()
