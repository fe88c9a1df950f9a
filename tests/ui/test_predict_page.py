"""The Predict page with a session whose jobs answer from a list of real events."""

from __future__ import annotations

import csv
import sys
import time

import pytest
from doubles import drop, played_media
from PIL import Image
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Exported, PredictDone, Prediction
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.requests import ExportRequest, PredictRequest, generator
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui.export_dialog import ExportDialog
from deskclassify.ui.pages import camera
from deskclassify.ui.pages.predict import PredictPage
from deskclassify.ui.pages.predict.table import LABEL, NAME, NOTE, PROBABILITY

CLASSES = ("ants", "bees", "wasps")


class Engine:
    """Answers like the predictor process."""

    def __init__(self):
        self.requests = []
        self.repeat = 1
        self.error = None
        self.hold = False
        self.threshold = 0.0

    def __call__(self, request, control):
        if request.process == "here":
            yield from generator(request)(request, control)
            return
        if isinstance(request, ModelRequest):
            return  # what a model is, is asked for by tests of its own
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        if isinstance(request, ExportRequest):
            yield Exported(request.target, 13_400_000, 98, 1.0, 2.1e-06, 0.954)
            return
        failed = 0
        for number, path in enumerate(list(request.paths) * self.repeat):
            if is_picture_name(path):
                share = 0.5 + (number % 50) / 100
                top = ((CLASSES[number % 3], share), (CLASSES[(number + 1) % 3], 1 - share))
                yield Prediction(path, top[0][0], share, top, "", 7.5, share < self.threshold)
            else:
                failed += 1
                yield Prediction(path, error="This is not a picture.")
        while self.hold and not control.stopped:
            time.sleep(0.01)
        told = ("CPUExecutionProvider", CLASSES, "resnet18", 0.954, control.stopped, self.threshold)
        yield PredictDone(len(request.paths), failed, 0.1, *told)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    return session_on(engine)


@pytest.fixture
def page(qtbot, session):
    made = PredictPage(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


@pytest.fixture
def pictures(tmp_path):
    made = []
    for name, color in (("red.png", "red"), ("grün.png", "green"), ("blue.png", "blue")):
        Image.new("RGB", (60, 40), color).save(tmp_path / name)
        made.append(tmp_path / name)
    return made


def ended(qtbot, page, session):
    qtbot.waitUntil(lambda: not session.owner.jobs and not page.results.cancel_button.isVisible())


def column(page, number):
    return [page.results.filter.index(row, number).data() for row in range(page.results.filter.rowCount())]


def test_every_named_widget_is_there(page):
    for name in ("dropArea", "predictionTable", "openModelButton", "exportButton", "cameraButton", "saveCsvButton"):
        assert page.findChild(QObject, name) is not None
    assert not page.results.save_button.isEnabled() and not page.model_panel.export_button.isEnabled()


def test_a_drop_without_a_model_says_what_to_do(page, session, qtbot, pictures):
    with qtbot.waitSignal(session.failed) as failed:
        drop(page.intake.drop_area, pictures)
    assert "no model" in failed.args[0].sentence


def test_dropped_pictures_fill_table_and_card(page, session, engine, qtbot, pictures, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    assert "bugs.onnx" in page.model_panel.line.name_label.text()
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    with qtbot.waitSignals([session.predict_started, session.predict_done], order="strict"):
        drop(page.intake.drop_area, [*pictures, notes])
    ended(qtbot, page, session)
    assert engine.requests[0].paths == tuple(map(str, [*pictures, notes]))
    assert column(page, NAME) == ["red.png", "grün.png", "blue.png", "notes.txt"]
    assert column(page, LABEL) == ["ants", "bees", "wasps", ""]
    assert column(page, PROBABILITY)[0] == "50.0 %"
    assert column(page, NOTE)[3] == "This is not a picture."
    assert page.answer.prediction.path == str(pictures[0])
    assert [bar.name for bar in page.answer.bars.bars] == ["ants", "bees"]
    assert "Processor" in page.answer.facts_label.text() and "CPUExecutionProvider" in page.answer.facts_label.toolTip()
    assert "7.5 ms" in page.answer.facts_label.text()
    assert (
        "95.4 %" in page.model_panel.line.facts_label.text() and "ResNet-18" in page.model_panel.line.facts_label.text()
    )
    assert "1 could not be read" in page.results.count_label.text()


def test_the_picture_of_the_chosen_row_is_painted(page, session, qtbot, pictures, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    drop(page.intake.drop_area, pictures)
    ended(qtbot, page, session)
    page.results.table.selectRow(2)
    assert page.answer.prediction.path == str(pictures[2])
    qtbot.waitUntil(lambda: page.answer.picture.pixmap is not None)
    view = page.answer.picture
    color = view.grab().toImage().pixelColor(view.rect().center())
    assert color.blue() > 240 and color.red() < 15


def test_a_row_that_failed_shows_its_sentence(page, session, qtbot, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    session.predict([tmp_path / "x.txt"])
    ended(qtbot, page, session)
    assert page.answer.facts_label.text() == "This is not a picture."
    assert page.results.filter.index(0, NOTE).data(Qt.ItemDataRole.ForegroundRole) is not None


def test_thousands_of_answers_come_in_few_insertions_and_sort_by_value(
    page, session, engine, qtbot, pictures, tmp_path
):
    engine.repeat = 2000
    insertions = []
    page.results.model.rowsInserted.connect(lambda *_: insertions.append(1))
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    ended(qtbot, page, session)
    assert page.results.model.rowCount() == 6000
    assert len(insertions) < 300
    page.results.table.sortByColumn(PROBABILITY, Qt.SortOrder.DescendingOrder)
    assert column(page, PROBABILITY)[:2] == ["99.0 %", "99.0 %"]
    page.results.filter_edit.setText("GRÜN")
    assert set(column(page, NAME)) == {"grün.png"} and page.results.filter.rowCount() == 2000


def test_cancel_stops_and_keeps_the_answers(page, session, engine, qtbot, pictures, tmp_path):
    engine.hold = True
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    qtbot.waitUntil(lambda: page.results.model.rowCount() == 3)
    assert page.results.cancel_button.isVisible() and not page.results.clear_button.isEnabled()
    with qtbot.waitSignal(session.predict_done) as done:
        page.results.cancel_button.click()
    assert done.args[0].stopped
    ended(qtbot, page, session)
    assert page.results.model.rowCount() == 3 and "cancelled" in page.results.count_label.text()


def test_a_failed_prediction_ends_the_waiting(page, session, engine, qtbot, pictures, tmp_path):
    engine.error = UserError("The model is damaged.")
    session.open_model(tmp_path / "bugs.onnx")
    with qtbot.waitSignal(session.failed):
        session.predict(pictures)
    ended(qtbot, page, session)
    assert not page.results.progress.isVisible()


def test_csv_has_the_four_columns_first(page, session, engine, qtbot, pictures, tmp_path, monkeypatch):
    session.open_model(tmp_path / "bugs.onnx")
    session.predict([pictures[1], tmp_path / "a,b.txt"])
    ended(qtbot, page, session)
    page.results.filter_edit.setText("nothing like this")
    target = tmp_path / "out"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    page.results.save_button.click()
    with target.with_name("out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["path", "label", "probability", "error", "label_2", "probability_2"]
    assert rows[1][:4] == [str(pictures[1]), "ants", "0.5000000", ""]
    assert rows[2] == [str(tmp_path / "a,b.txt"), "", "", "This is not a picture.", "", ""]


def test_csv_that_cannot_be_written_is_a_sentence(page, session, qtbot, pictures, tmp_path, monkeypatch):
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    ended(qtbot, page, session)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "x.csv"), ""))
    with qtbot.waitSignal(session.failed):
        page.results.save_button.click()


def test_clear_empties_table_and_card(page, session, qtbot, pictures, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    ended(qtbot, page, session)
    page.results.clear_button.click()
    assert (
        page.results.model.rowCount() == 0
        and page.answer.prediction is None
        and not page.results.save_button.isEnabled()
    )
    assert all(path.is_file() for path in pictures)


def test_a_dropped_model_is_opened(page, session, engine, tmp_path):
    model = tmp_path / "other.onnx"
    model.write_bytes(b"x")
    drop(page.intake.drop_area, [model])
    assert session.model == model and not engine.requests


def test_paste_of_a_picture_and_of_nothing(page, session, engine, qtbot, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    image = QImage(6, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    QGuiApplication.clipboard().setImage(image)
    with qtbot.waitSignal(session.predict_done):
        page.intake.paste()
    assert "pasted" in engine.requests[0].paths[0]
    QGuiApplication.clipboard().setText("just words")
    with qtbot.waitSignal(session.status) as said:
        page.intake.paste()
    assert "no picture" in said.args[0]
    ended(qtbot, page, session)


def test_the_export_button_opens_the_dialog_which_exports_the_run(page, session, engine, qtbot, tmp_path, make_run):
    session.show_run(make_run(tmp_path / "run"))
    qtbot.waitUntil(lambda: session.model is not None)
    assert "ants, bees, wasps" in page.model_panel.line.facts_label.text()
    page.model_panel.export_button.click()
    dialog = page.findChild(ExportDialog)
    dialog.edit.setText(str(tmp_path / "mine"))
    with qtbot.waitSignal(session.export_done):
        dialog.start_button.click()
    ended(qtbot, page, session)
    assert engine.requests[-1].target == str(tmp_path / "mine.onnx")
    dialog.close()


def test_pictures_dropped_while_the_model_is_made_ready_wait_for_it(
    page, session, engine, qtbot, pictures, make_run, tmp_path
):
    run = make_run(tmp_path / "run")
    session.show_run(run)
    assert session.model_is_coming and "being made ready" in page.model_panel.line.message_label.text()
    with qtbot.waitSignal(session.predict_done):
        drop(page.intake.drop_area, pictures)
    ended(qtbot, page, session)
    assert page.results.model.rowCount() == 3 and page.model_panel.line.message_label.text() == ""


def test_pictures_do_not_wait_for_a_model_that_cannot_be_made(
    page, session, engine, qtbot, pictures, make_run, tmp_path
):
    engine.error = UserError("The exported model disagrees.")
    session.show_run(make_run(tmp_path / "run"))
    drop(page.intake.drop_area, pictures)
    with qtbot.waitSignal(session.failed):
        pass
    assert not session.model_is_coming and page.model_panel.line.message_label.text() == ""
    engine.error = None
    session.open_model(tmp_path / "other.onnx")
    assert not any(isinstance(job.request, PredictRequest) for job in session.owner.jobs)


def test_pictures_that_wait_are_classified_by_a_model_that_is_opened(
    page, session, qtbot, pictures, make_run, tmp_path
):
    session.show_run(make_run(tmp_path / "run"))
    drop(page.intake.drop_area, pictures)
    with qtbot.waitSignal(session.predict_done):
        session.open_model(tmp_path / "other.onnx")
    ended(qtbot, page, session)
    assert session.model == tmp_path / "other.onnx" and page.results.model.rowCount() == 3


@pytest.fixture
def make_run():
    import json

    from deskclassify.core.codec import to_json
    from deskclassify.core.preprocess import Preprocess
    from deskclassify.core.run_folder import RunFolder

    def make(folder):
        folder.mkdir()
        raw = {
            "classes": list(CLASSES),
            "architecture": "resnet18",
            "preprocess": to_json(Preprocess()),
            "result": {"accuracy": 0.954},
        }
        (folder / "run.json").write_text(json.dumps(raw))
        (folder / "best.safetensors").write_bytes(b"")
        (folder / "predictions.csv").write_text("path,label,predicted,probability,loss\n")
        return RunFolder(folder)

    return make


# -- camera ---------------------------------------------------------------------------


def test_without_qtmultimedia_one_sentence_says_how_to_install(page, session, qtbot, monkeypatch):
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    with qtbot.waitSignal(session.failed) as failed:
        page.intake.camera_button.click()
    assert 'pip install "deskclassify[camera]"' in failed.args[0].sentence


def test_without_a_camera_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", played_media(null=True))
    with pytest.raises(InputError, match="No camera was found"):
        camera.find_camera()


def test_requests_are_for_the_chosen_model(page, session, engine, qtbot, pictures, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    ended(qtbot, page, session)
    request = engine.requests[0]
    assert isinstance(request, PredictRequest) and request.model.endswith("bugs.onnx") and request.top == 5


def test_pictures_below_the_threshold_are_none_of_these_and_it_can_be_switched_off(
    page, session, engine, qtbot, pictures, tmp_path
):
    assert page.results.refuse_box.isHidden()
    engine.threshold = 0.515
    session.open_model(tmp_path / "bugs.onnx")
    session.predict(pictures)
    ended(qtbot, page, session)
    assert column(page, LABEL) == ["none of these", "none of these", "wasps"]
    assert column(page, NOTE) == ["likeliest: ants", "likeliest: bees", ""]
    assert "2 none of these" in page.results.count_label.text()
    assert page.results.refuse_box.text() == "“None of these” below 51.5 %" and page.results.refuse_box.isVisible()
    assert page.answer.answer_label.text() == "None of these"
    assert "ants, has 50.0 %: below 51.5 %" in page.answer.refused_label.text()
    assert not any(bar.strong for bar in page.answer.bars.bars)
    page.results.filter_edit.setText("none of")
    assert page.results.filter.rowCount() == 2
    page.results.filter_edit.clear()
    page.results.save_csv(tmp_path / "a.csv")
    page.results.refuse_box.click()
    assert column(page, LABEL) == ["ants", "bees", "wasps"] and "none of these" not in page.results.count_label.text()
    assert page.answer.answer_label.text() == "ants · 50.0 %" and page.answer.refused_label.isHidden()
    page.results.save_csv(tmp_path / "b.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["none of these", "none of these", "wasps"]
    assert [row["likeliest"] for row in rows] == ["ants", "bees", ""]
    with (tmp_path / "b.csv").open(encoding="utf-8", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["ants", "bees", "wasps"]
    session.open_model(tmp_path / "other.onnx")
    assert page.results.refuse_box.isHidden()
