"""Bringing pictures in by the dialog, with jobs that the test plays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from bringing_double import FetchEngine
from doubles import drop, enter
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QAbstractButton, QLabel, QProgressBar

from deskclassify.core.archive_names import is_address
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest, PublicSetRequest, SoundsRequest, TableRequest
from deskclassify.core.errors import UserError
from deskclassify.core.events import Progress
from deskclassify.core.sources import Source
from deskclassify.ui import drops
from deskclassify.ui.pages.bring_in.dialog import BringInDialog
from deskclassify.ui.pages.bring_in.file_ways import digest_of, header
from deskclassify.ui.pages.bring_in.pace import Pace, size
from deskclassify.ui.pages.bring_in.sets_way import SetsWay


@pytest.fixture
def engine():
    made = FetchEngine()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, engine):
    return session_on(engine.stream)


@pytest.fixture
def page(data_page):
    return data_page


@pytest.fixture
def dialog(page, qtbot):
    page.adding.bring_in_action.trigger()
    made = page.findChild(BringInDialog)
    with qtbot.waitExposed(made):
        pass
    yield made
    page.adding.bring_in_action.trigger()  # one that was closed is not left to leak its job
    page.adding._dialog.reject()


@pytest.fixture
def folder(tmp_path, make_pictures):
    return make_pictures(tmp_path / "pets", {"a": 4, "b": 3})


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "Vögel.tar.gz"
    path.write_bytes(b"not looked at here")
    return path


def choose(dialog, name):
    dialog.list.setCurrentRow([way.name for way in dialog.ways].index(name))
    return dialog.way


def button(widget, name):
    return widget.findChild(QAbstractButton, name)


def text(dialog):
    return dialog.findChild(QLabel, "bringInText").text()


def listed(qtbot, session):
    qtbot.waitUntil(lambda: session.listing is not None)


class TestFields:
    def test_nothing_can_begin_before_something_is_given(self, dialog):
        for way in dialog.ways:
            choose(dialog, way.name)
            assert not dialog.start_button.isEnabled(), way.name
            assert not dialog.outcome.isVisible()

    def test_an_address_is_downloaded_with_its_checksum(self, dialog, engine, qtbot):
        dialog.archive.field.edit.setText('  "https://example.org/birds.zip" ')
        assert dialog.start_button.text() == "Download and unpack"
        dialog.archive.digest.setText("D41D8CD98F00B204 E9800998ECF8427E")
        dialog.start_button.click()
        qtbot.waitUntil(lambda: bool(engine.of(FetchRequest)))
        assert engine.of(FetchRequest) == [
            FetchRequest("https://example.org/birds.zip", "md5:d41d8cd98f00b204e9800998ecf8427e")
        ]

    def test_a_file_that_was_pasted_as_an_address_is_a_file(self, dialog, archive):
        dialog.archive.field.edit.setText(QUrl.fromLocalFile(str(archive)).toString())
        assert dialog.start_button.text() == "Unpack"
        assert dialog.way.request() == FetchRequest(str(archive))

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ("ftp://example.org/a.zip", "http"),
            ("javascript://x/a.zip", "http"),
            ("/no/such/file.zip", "no such file"),
            ("\0", "no such file"),
            ("~nobody-here/a.zip", "no such file"),
        ],
    )
    def test_what_is_wrong_is_told_beside_the_field(self, dialog, given, told):
        dialog.archive.field.edit.setText(given)
        assert told in dialog.archive.note.text() and dialog.archive.note.isVisible()
        assert not dialog.start_button.isEnabled()

    def test_a_folder_and_a_text_are_no_archives(self, dialog, tmp_path):
        dialog.archive.field.edit.setText(str(tmp_path))
        assert "a folder" in dialog.archive.note.text()
        (tmp_path / "notes.txt").write_text("x")
        dialog.archive.field.edit.setText(str(tmp_path / "notes.txt"))
        assert "no archive" in dialog.archive.note.text()

    def test_a_wrong_checksum_keeps_it_from_beginning(self, dialog, archive):
        dialog.archive.field.edit.setText(str(archive))
        dialog.archive.digest.setText("abc")
        assert "hexadecimal" in dialog.archive.note.text() and not dialog.start_button.isEnabled()

    def test_a_folder_of_sounds(self, dialog, tmp_path):
        way = choose(dialog, "sounds")
        way.field.edit.setText(str(tmp_path / "gone"))
        assert way.note.text() == "There is no such folder."
        way.field.edit.setText(str(tmp_path))
        assert way.request() == SoundsRequest(str(tmp_path))

    def test_a_table_offers_its_columns_and_the_last_is_the_class(self, dialog, tmp_path):
        file = tmp_path / "iris.csv"
        file.write_text("\ufefflength;width;species\n1;2;a\n", encoding="utf-8")
        way = choose(dialog, "table")
        way.field.edit.setText(str(file))
        assert [way.columns.itemText(at) for at in range(3)] == ["length", "width", "species"]
        assert way.request() == TableRequest(str(file), "species")
        way.columns.setCurrentText("width")
        assert way.request() == TableRequest(str(file), "width")
        file.write_bytes(b"\0\1\2,\3")
        way.field.edit.setText(f"{file} ")
        assert way.request() is None and "no table" in way.note.text()

    def test_every_public_set_tells_what_it_takes(self, dialog, qtbot):
        way = choose(dialog, "sets")
        model = way.table.model()
        assert model.rowCount() >= 6
        for row in range(model.rowCount()):
            cells = [model.index(row, column).data() for column in range(5)]
            assert all(cells) and any(unit in cells[3] for unit in ("MB", "GB")), cells
        way.table.selectRow(1)
        assert way.request() == PublicSetRequest(model.sets[1].name)
        assert "free on the disk" in way.note.text()

    def test_a_set_that_does_not_fit_is_not_downloaded(self, dialog, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=500_000))
        way: SetsWay = choose(dialog, "sets")
        way.table.selectRow(0)
        assert "Make room first" in way.note.text() and not dialog.start_button.isEnabled()

    def test_pictures_without_labels_are_added_where_they_are(self, dialog, session, folder, qtbot):
        way = choose(dialog, "unlabelled")
        way.field.edit.setText(str(folder))
        dialog.start_button.click()
        assert session.project.data.sources == (Source(str(folder), unlabelled=True),)
        listed(qtbot, session)
        assert len(session.listing.unlabelled) == 7 and not session.listing.items
        assert session.undo_stack.undoText() == "add pets without labels"

    def test_the_same_folder_twice_is_told(self, dialog, session, folder):
        session.add_folder(folder)
        choose(dialog, "unlabelled").field.edit.setText(str(folder))
        dialog.start_button.click()
        assert dialog.isVisible() and "part of the project already" in text(dialog)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", ""),
        ("  ", ""),
        ("a" * 64, "sha256:" + "a" * 64),
        ("SHA-256: " + "A" * 64, "sha256:" + "a" * 64),
        ("md5=" + "1" * 32, "md5:" + "1" * 32),
        ("md5:" + "1" * 64, None),
        ("g" * 64, None),
        ("crc:" + "1" * 32, None),
        ("12", None),
    ],
)
def test_checksums(given, meant):
    assert digest_of(given) == meant


@pytest.mark.parametrize("given", ["", "x", "http://", "https:///a.zip", "file:///a.zip", "http://[::1", "C:\\a.zip"])
def test_no_addresses(given):
    assert not is_address(given)


def test_the_header_of_no_table(tmp_path):
    assert header(tmp_path) == [] and header(tmp_path / "gone.csv") == []


class TestJob:
    def begin(self, dialog, archive):
        dialog.archive.field.edit.setText(str(archive))
        dialog.start_button.click()

    def test_progress_then_the_pictures_in_a_new_project(self, dialog, session, engine, archive, folder, qtbot):
        engine.events = [Progress("draw", 3, 7), None, Fetched(str(folder), "pets", 7, left_out=2)]
        self.begin(dialog, archive)
        bar = dialog.findChild(QProgressBar, "bringInProgress")
        qtbot.waitUntil(lambda: text(dialog) == "Drawing … 3 of 7")
        assert bar.isVisible() and bar.value() == 428
        assert not dialog.start_button.isEnabled() and not dialog.stack.isEnabled()
        assert dialog.cancel_button.text() == "Cancel"
        engine.gate.set()
        qtbot.waitUntil(lambda: text(dialog).startswith("7 pictures of “pets” are here."))
        assert "2 files" in text(dialog) and not bar.isVisible()
        assert dialog.start_button.text() == "Show them" and not dialog.other_button.isVisible()
        with qtbot.waitSignal(session.page_wanted) as heard:
            dialog.start_button.click()
        assert heard.args == ["data"] and not dialog.isVisible()
        assert session.project.data.sources == (Source(str(folder)),)
        listed(qtbot, session)
        assert session.listing.classes() == {"a": 4, "b": 3}

    def test_their_rule_comes_with_them(self, dialog, session, engine, archive, folder, qtbot):
        engine.events = [Fetched(str(folder), "Pets", 7, rule=r"regex:^(\w)_")]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Show them")
        dialog.start_button.click()
        assert session.project.data.rule == r"regex:^(\w)_" and session.project.name == "Pets"
        assert session.undo_stack.count() == 1, "folder and rule are one step"

    @pytest.mark.parametrize("is_drawn", [True, False])
    def test_drawings_of_sounds_and_numbers_are_not_changed_in_training(
        self, dialog, session, engine, archive, folder, qtbot, is_drawn
    ):
        engine.events = [Fetched(str(folder), "Birdsong", 7, is_drawn=is_drawn)]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Show them")
        dialog.start_button.click()
        assert session.project.options.augment == (0.0 if is_drawn else 1.0)

    def test_a_project_that_has_pictures_may_get_more_or_stay(
        self, dialog, session, engine, archive, folder, qtbot, tmp_path, make_pictures
    ):
        session.add_folder(make_pictures(tmp_path / "own", {"a": 2}))
        engine.events = [Fetched(str(folder), "pets", 7)]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Add to “own”")
        assert dialog.other_button.isVisible()
        dialog.start_button.click()
        assert [Path(source.path).name for source in session.project.data.sources] == ["own", "pets"]
        session.undo_stack.undo()
        assert [Path(source.path).name for source in session.project.data.sources] == ["own"]

    def test_another_rule_needs_a_project_of_its_own(
        self, dialog, session, engine, archive, folder, qtbot, tmp_path, make_pictures
    ):
        session.add_folder(make_pictures(tmp_path / "own", {"a": 2}))
        engine.events = [Fetched(str(folder), "Pets", 7, rule="case")]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.other_button.isVisible())
        assert not dialog.start_button.isEnabled() and "another way" in dialog.start_button.toolTip()
        dialog.other_button.click()
        assert session.project.name == "Pets" and session.project.data.rule == "case"
        assert session.project.data.sources == (Source(str(folder)),)

    def test_what_is_part_of_the_project_already_is_only_shown(self, dialog, session, engine, archive, folder, qtbot):
        session.add_folder(folder)
        engine.events = [Fetched(str(folder), "pets", 7)]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Show them")
        assert not dialog.other_button.isVisible()
        with qtbot.waitSignal(session.page_wanted):
            dialog.start_button.click()
        assert session.undo_stack.count() == 1 and not dialog.isVisible()

    def test_a_failure_is_a_sentence_and_can_be_tried_again(self, dialog, engine, archive, folder, qtbot):
        engine.events = [UserError("The server does not answer. Check the network, then try again.", "trace")]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: "does not answer" in text(dialog))
        assert dialog.start_button.text() == "Try again" and dialog.start_button.isEnabled()
        assert button(dialog, "bringInDetailsButton").isVisible()
        engine.events = [Fetched(str(folder), "pets", 7)]
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Show them")
        assert len(engine.of(FetchRequest)) == 2

    def test_cancel_stops_the_job_and_says_what_is_kept(self, dialog, engine, archive, qtbot):
        engine.events = [Progress("download", 5, 10), None]
        self.begin(dialog, "https://example.org/birds.zip")
        qtbot.waitUntil(lambda: "Downloading" in text(dialog))
        dialog.cancel_button.click()
        assert engine.stopped.wait(5)
        assert "kept" in text(dialog) and dialog.isVisible() and dialog.start_button.isEnabled()
        assert dialog.cancel_button.text() == "Close"

    def test_closing_cancels_and_says_so_in_the_window(self, dialog, session, engine, archive, qtbot):
        engine.events = [Progress("unpack", 5, 10), None]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: "Unpacking" in text(dialog))
        with qtbot.waitSignal(session.status) as heard:
            dialog.close()
        assert "Nothing was left behind" in heard.args[0] and engine.stopped.wait(5)

    def test_escape_closes_too(self, dialog, engine, archive, qtbot):
        engine.events = [None]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: bool(engine.of(FetchRequest)))
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert engine.stopped.wait(5) and not dialog.isVisible()

    def test_other_fields_than_those_that_were_fetched_are_asked_anew(self, dialog, engine, archive, folder, qtbot):
        engine.events = [Fetched(str(folder), "pets", 7)]
        self.begin(dialog, archive)
        qtbot.waitUntil(lambda: dialog.start_button.text() == "Show them")
        dialog.archive.field.edit.setText("https://example.org/other.zip")
        assert dialog.start_button.text() == "Download and unpack" and not dialog.outcome.isVisible()


class TestDrop:
    def test_an_archive_on_the_window_opens_the_dialog_filled_in(self, page, session, archive, qtbot):
        with qtbot.waitSignal(session.page_wanted) as heard:
            drops.open_all(session, [archive])
        made = page.findChild(BringInDialog)
        assert heard.args == ["data"] and made.isVisible()
        assert made.way.request() == FetchRequest(str(archive))
        made.reject()

    def test_an_archive_is_dropped_on_the_dialog(self, dialog, archive, tmp_path):
        (tmp_path / "notes.txt").write_text("x")
        assert not enter(dialog, [tmp_path / "notes.txt"])
        assert drop(dialog, [archive])
        assert dialog.way.request() == FetchRequest(str(archive))

    def test_none_is_taken_while_a_job_runs(self, dialog, engine, archive, qtbot):
        engine.events = [None]
        TestJob().begin(dialog, archive)
        qtbot.waitUntil(lambda: bool(engine.of(FetchRequest)))
        assert not enter(dialog, [archive])


class TestPace:
    def lines(self, *events):
        now = [0.0]
        pace = Pace(lambda: now[0])
        found = []
        for event in events:
            found.append(pace.line(event))
            now[0] += 1.0
        return found

    def test_a_download_tells_rate_and_time_left(self):
        events = [Progress("download", at * 2_000_000, 20_000_000) for at in range(4)]
        assert self.lines(*events)[-1] == "Downloading … 6.0 MB of 20 MB · 2.0 MB/s · 7 s left"

    def test_what_the_job_says_of_the_time_counts_more(self):
        assert self.lines(Progress("download", 1, 2, None, 90.0))[0].endswith("2 min left")

    def test_another_stage_begins_anew(self):
        lines = self.lines(
            *(Progress("download", 10**6 * at, 10**7) for at in range(3)), Progress("unpack", 5_000, 90_000)
        )
        assert lines[-1] == "Unpacking … 5 KB of 90 KB"

    def test_a_length_that_is_not_known(self):
        assert self.lines(Progress("download", 1_500, 0)) == ["Downloading … 2 KB"]

    def test_sizes(self):
        assert [size(count) for count in (900, 3_400_000, 640e6, 1.44e9)] == ["1 KB", "3.4 MB", "640 MB", "1.4 GB"]
