"""Pictures from the clipboard and the camera into a class, with a camera that the test plays."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bringing_double import FetchEngine
from doubles import played_media
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage

from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.own_pictures import KeepRequest
from deskclassify.core.pictures import open_rgb
from deskclassify.ui.pages.bring_in import adding as adding_module
from deskclassify.ui.pages.bring_in.class_choice import ClassDialog
from deskclassify.ui.pages.bring_in.dialog import BringInDialog
from deskclassify.ui.pages.bring_in.pasting import to_array
from deskclassify.ui.pages.camera_to_class import ClassCamera


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
def folder(tmp_path, make_pictures):
    return make_pictures(tmp_path / "pets", {"a": 4, "b": 3})


def listed(qtbot, session):
    qtbot.waitUntil(lambda: session.listing is not None)


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
