"""Bringing pictures in: the dialog, the clipboard and the camera, with jobs and a camera that the test plays."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from doubles import drop, enter, played_media
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QLabel, QProgressBar

from deskclassify.core.archive_names import is_address
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest, PublicSetRequest, SoundsRequest, TableRequest
from deskclassify.core.errors import UserError
from deskclassify.core.events import Progress
from deskclassify.core.own_pictures import KeepRequest
from deskclassify.core.pictures import open_rgb
from deskclassify.core.requests import ListRequest
from deskclassify.core.sources import Source
from deskclassify.engine.client import run_in_process
from deskclassify.ui import drops
from deskclassify.ui.pages.bring_in import adding as adding_module
from deskclassify.ui.pages.bring_in.class_choice import ClassDialog
from deskclassify.ui.pages.bring_in.dialog import BringInDialog
from deskclassify.ui.pages.bring_in.file_ways import digest_of, header
from deskclassify.ui.pages.bring_in.pace import Pace, size
from deskclassify.ui.pages.bring_in.pasting import to_array
from deskclassify.ui.pages.bring_in.sets_way import SetsWay
from deskclassify.ui.pages.camera_to_class import ClassCamera

FETCHES = FetchRequest | PublicSetRequest | SoundsRequest | TableRequest


class Engine:
    """Lists and copies for real; what is fetched is played: None waits, an exception is raised."""

    def __init__(self):
        self.events = []
        self.asked = []
        self.stopped = threading.Event()
        self.gate = threading.Event()

    def stream(self, request, control):
        self.asked.append(request)
        if isinstance(request, ListRequest | KeepRequest):
            yield from run_in_process(request, control)
        for event in self.events if isinstance(request, FETCHES) else []:
            if event is None:
                while not self.gate.wait(0.01):
                    if control.stopped:
                        self.stopped.set()
                        return
            elif isinstance(event, Exception):
                raise event
            else:
                yield event

    def of(self, kind):
        return [request for request in self.asked if isinstance(request, kind)]


@pytest.fixture
def engine():
    made = Engine()
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


class TestPaste:
    @pytest.fixture(autouse=True)
    def clipboard(self, qapp):
        yield QGuiApplication.clipboard()
        QGuiApplication.clipboard().clear()

    @pytest.fixture
    def asked(self, monkeypatch):
        questions = []

        def ask(parent, session, question):
            questions.append(question)
            return asked_name[0]

        asked_name = ["cats"]
        questions_and_name = SimpleNamespace(questions=questions, name=asked_name)
        monkeypatch.setattr(adding_module, "ask_class", ask)
        return questions_and_name

    def picture(self, color="gold", size=(30, 20)):
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.fill(QColor(color))
        return image

    def test_ctrl_v_puts_the_picture_into_the_selected_class(
        self, page, session, clipboard, folder, qtbot, asked, tmp_path
    ):
        session.add_folder(folder)
        listed(qtbot, session)
        before = session.project.file.read_bytes()
        page.class_table.selectRow(1)
        clipboard.setImage(self.picture("gold"))
        page.activateWindow()
        page.class_table.setFocus()
        qtbot.waitUntil(page.class_table.hasFocus)
        qtbot.keyClick(page.class_table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.classes() == {"a": 4, "b": 4})
        assert not asked.questions and session.undo_stack.undoText() == "add 1 picture to b"
        new = Path(session.project.data.sources[-1].path)
        assert new.parent == session.project.folder / "pictures" / "b"
        assert open_rgb(next(new.iterdir())).getpixel((4, 4)) == (255, 215, 0)
        session.undo_stack.undo()
        assert session.project.file.read_bytes() == before
        session.undo_stack.redo()
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.classes() == {"a": 4, "b": 4})

    def test_undo_back_to_the_start_gives_the_first_file_to_the_byte(
        self, page, session, clipboard, folder, qtbot, asked
    ):
        session.add_folder(folder)
        listed(qtbot, session)
        before = session.project.file.read_bytes()
        for number, color in enumerate(("red", "blue", "lime")):
            clipboard.setImage(self.picture(color))
            page.adding.paste_action.trigger()
            qtbot.waitUntil(lambda number=number: len(session.project.data.sources) == number + 2)
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.classes()["cats"] == 3)
        session.undo_stack.undo()
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.classes()["cats"] == 2)
        while session.undo_stack.index() > 1:
            session.undo_stack.undo()
        assert session.project.file.read_bytes() == before
        qtbot.waitUntil(lambda: session.listing is not None and session.listing.classes() == {"a": 4, "b": 3})

    def test_files_are_copied_and_what_is_none_is_told(self, page, session, clipboard, qtbot, asked, tmp_path):
        Image.new("RGB", (9, 9)).save(tmp_path / "Käfer.jpg")
        (tmp_path / "notes.txt").write_text("x")
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("Käfer.jpg", "notes.txt")])
        clipboard.setMimeData(mime)
        with qtbot.waitSignal(session.failed) as heard:
            page.adding.paste_action.trigger()
        assert "“notes.txt” was not added" in heard.args[0].sentence
        assert asked.questions == ["Which class does these 2 files belong to?"] or "2 files" in asked.questions[0]
        assert session.project.name == "My pictures", "without a project one is made"
        assert [file.name for file in Path(session.project.data.sources[0].path).iterdir()] == ["Käfer.jpg"]

    def test_nothing_on_the_clipboard_is_a_sentence(self, page, session, clipboard, qtbot, asked):
        clipboard.clear()
        with qtbot.waitSignal(session.failed) as heard:
            page.adding.paste_action.trigger()
        assert "no picture on the clipboard" in heard.args[0].sentence and not asked.questions

    def test_who_thinks_better_of_it_adds_nothing(self, page, session, clipboard, asked, engine):
        asked.name[0] = ""
        clipboard.setImage(self.picture())
        page.adding.paste_action.trigger()
        assert not session.has_project and not engine.of(KeepRequest)

    def test_the_address_of_an_archive_opens_the_dialog(self, page, clipboard):
        clipboard.setText("https://example.org/birds.tgz?download=1")
        page.adding.paste_action.trigger()
        made = page.findChild(BringInDialog)
        assert made.way.request() == FetchRequest("https://example.org/birds.tgz?download=1")
        made.reject()

    def test_a_project_that_was_opened_meanwhile_gets_nothing(self, page, session, clipboard, asked, qtbot, engine):
        session.new_project("one")
        clipboard.setImage(self.picture())
        page.adding.paste_action.trigger()
        session.new_project("two")
        qtbot.waitUntil(lambda: not session.owner.jobs)
        assert session.project.name == "two" and not session.project.data.sources

    def test_transparency_is_kept(self):
        image = QImage(3, 2, QImage.Format.Format_ARGB32)
        image.fill(QColor(10, 20, 30, 40))
        pixels = to_array(image)
        assert pixels.shape == (2, 3, 4) and np.abs(pixels[0, 0].astype(int) - (10, 20, 30, 40)).max() <= 1
        assert to_array(self.picture("red", (5, 7))).shape == (7, 5, 3)


def test_the_class_is_asked_for_with_those_there_are(qtbot, session, folder):
    made = ClassDialog("Which?", ["a", "b"])
    qtbot.addWidget(made)
    assert [made.box.itemText(at) for at in range(2)] == ["a", "b"]
    assert not made.ok_button.isEnabled()
    made.box.setCurrentText("  new one ")
    assert made.ok_button.isEnabled() and made.box.name() == "new one"


class TestCamera:
    @pytest.fixture(autouse=True)
    def media(self, monkeypatch):
        made = played_media()
        monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", made)
        return made

    @pytest.fixture
    def camera(self, page, session, folder, qtbot):
        session.add_folder(folder)
        listed(qtbot, session)
        page.class_table.selectRow(0)
        page.adding.camera_action.trigger()
        return page.findChild(ClassCamera)

    def frame(self, camera, color):
        image = QImage(64, 48, QImage.Format.Format_RGB32)
        image.fill(QColor(color))
        camera._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: image))

    def shoot(self, camera, *colors):
        for color in colors:
            self.frame(camera, color)
            camera.take_button.click()

    def classes(self, session):
        return session.listing.classes() if session.listing is not None else {}

    def test_several_in_a_row_are_one_step_to_undo(self, camera, session, qtbot, media):
        before = session.project.file.read_bytes()
        assert media.QCamera.running and camera.class_box.name() == "a"
        self.shoot(camera, "red", "lime", "blue")
        assert camera.count.text().startswith("3 pictures for “a”")
        assert session.project.file.read_bytes() == before, "they are added when it is closed"
        camera.done_button.click()
        assert not media.QCamera.running
        qtbot.waitUntil(lambda: self.classes(session) == {"a": 7, "b": 3})
        assert session.undo_stack.undoText() == "add 3 pictures to a"
        files = sorted(Path(session.project.data.sources[-1].path).iterdir())
        found = {tuple(round(value / 255) for value in open_rgb(file).getpixel((9, 9))) for file in files}
        assert found == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
        session.undo_stack.undo()
        assert session.project.file.read_bytes() == before

    def test_another_class_is_another_series(self, camera, session, qtbot):
        self.shoot(camera, "red")
        camera.class_box.setCurrentText("new class")
        qtbot.waitUntil(lambda: session.undo_stack.undoText() == "add 1 picture to a")
        self.shoot(camera, "blue", "lime")
        assert camera.count.text() == "2 pictures for “new class” · 1 picture before"
        camera.reject()  # closing it keeps them as well
        qtbot.waitUntil(lambda: self.classes(session) == {"a": 5, "b": 3, "new class": 2})

    def test_the_last_one_is_discarded(self, camera, session, qtbot):
        self.shoot(camera, "red", "blue")
        folder = session.project.folder / "pictures" / "a" / "camera 1"
        qtbot.waitUntil(lambda: not session.owner.jobs)
        camera.discard_button.click()
        assert camera.count.text().startswith("1 picture for") and len(list(folder.iterdir())) == 1
        camera.discard_button.click()
        assert not camera.discard_button.isEnabled()
        camera.accept()
        assert not folder.exists() and len(session.project.data.sources) == 1

    def test_without_a_class_it_asks_for_one(self, camera, session, engine):
        camera.class_box.setCurrentText(" ")
        self.shoot(camera, "red")
        assert "Choose a class" in camera.state_label.text() and not engine.of(KeepRequest)
        self.frame(camera, "blue")
        assert "Choose a class" in camera.state_label.text(), "the next frame wiped it away"
        camera.reject()

    def test_a_name_that_was_given_up_is_told(self, camera, session):
        session.put_data(replace(session.project.data, renamed={"x": "y"}))
        camera.class_box.setCurrentText("x")
        self.shoot(camera, "red")
        assert "was renamed “y”" in camera.state_label.text()
        camera.reject()

    def test_held_down_it_goes_on(self, camera, qtbot):
        self.frame(camera, "red")
        camera.take_button.setAutoRepeatDelay(1)
        camera.take_button.setAutoRepeatInterval(5)
        qtbot.mousePress(camera.take_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: camera._series is not None and camera._series.images >= 3)
        qtbot.mouseRelease(camera.take_button, Qt.MouseButton.LeftButton)
        camera.accept()
        qtbot.waitUntil(lambda: not camera._session.owner.jobs)

    def test_without_a_camera_it_says_what_to_do(self, page, session, qtbot, monkeypatch):
        monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", played_media(null=True))
        with qtbot.waitSignal(session.failed) as heard:
            page.adding.camera_action.trigger()
        assert "No camera was found" in heard.args[0].sentence
        monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
        with qtbot.waitSignal(session.failed) as heard:
            page.adding.camera_action.trigger()
        assert "deskclassify[camera]" in heard.args[0].sentence
