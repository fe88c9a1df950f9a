"""The export dialog: Enter exports one exact file; options, progress, proof, refusal and stop."""

from __future__ import annotations

import json
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.codec import to_json
from deskclassify.core.errors import UserError
from deskclassify.core.events import Exported, Progress
from deskclassify.core.export_words import figures, model_file, verdict
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.requests import ExportRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui.export_dialog import ExportDialog
from deskclassify.ui.export_options import OPSETS
from deskclassify.ui.share_dialog import ShareDialog


class Engine:
    """Exports what it is told to."""

    def __init__(self):
        self.requests = []
        self.error = None
        self.hold = False

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, ModelRequest):
            return
        yield Progress("comparing with training", 40, 98, seconds_left=12.0)
        while self.hold:
            if control.stopped:
                return
            time.sleep(0.01)
        if self.error is not None:
            raise self.error
        yield Exported(
            request.target, 3_600_000, 98, 0.99, 0.012, 0.84, 0.85, 2.0, request.precision, 13_400_000,
            (request.target,), 18,
        )  # fmt: skip

    @property
    def exports(self):
        return [request for request in self.requests if isinstance(request, ExportRequest)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine, tmp_path):
    made = session_on(engine)
    run = tmp_path / "run"
    run.mkdir()
    raw = {"classes": ["a", "b"], "architecture": "resnet18", "preprocess": to_json(Preprocess()), "result": {}}
    (run / "run.json").write_text(json.dumps(raw))
    made.run = RunFolder(run)
    return made


@pytest.fixture
def dialog(qtbot, session, tmp_path):
    made = ExportDialog(session)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.finished.disconnect(made.deleteLater)
    qtbot.addWidget(made)
    made.edit.setText(str(tmp_path / "mine.onnx"))
    with qtbot.waitExposed(made):
        made.show()
    return made


def finish(qtbot, session):
    qtbot.waitUntil(lambda: not session.owner.jobs, timeout=5_000)


def test_enter_exports_one_exact_file(dialog, session, engine, qtbot, tmp_path):
    with qtbot.waitSignal(session.export_done):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    finish(qtbot, session)
    assert engine.exports == [ExportRequest(str(tmp_path / "run"), str(tmp_path / "mine.onnx"))]


def test_the_proof_is_shown_and_the_folder_opened(dialog, session, engine, qtbot, tmp_path, monkeypatch):
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.figures.isVisible())
    finish(qtbot, session)
    rows = dict(dialog.figures.rows)
    assert rows["Compared"].startswith("98 pictures") and rows["Same class"] == "99.0 % of them"
    assert rows["Largest difference"].startswith("0.0120") and rows["Size"] == "3.6 MB; with 32-bit numbers 13.4 MB"
    assert rows["Accuracy"] == "84.0 %; with 32-bit numbers 85.0 %"
    assert "99.0 % of 98 pictures" in dialog.verdict_label.text() and not dialog.start_button.isVisible()
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    dialog.show_button.click()
    assert opened == [str(tmp_path)]
    dialog.share_button.click()
    sheet = dialog.findChild(ShareDialog)
    assert sheet is not None and sheet.title_label.text() == "mine.onnx"
    sheet.close()
    finish(qtbot, session)
    dialog.again_button.click()
    assert dialog.options.isVisible() and dialog.start_button.isVisible() and not dialog.figures.isVisible()


def test_options_become_fields_of_the_request(dialog, session, engine, qtbot):
    dialog.options.layouts["zip"].click()
    assert dialog.edit.text().endswith("mine.zip")
    dialog.options.precisions["int8"].click()
    dialog.options.more.button.click()
    dialog.options.inside_box.click()
    dialog.options.opset_box.setCurrentIndex(dialog.options.opset_box.findData(19))
    with qtbot.waitSignal(session.export_done):
        dialog.start_button.click()
    finish(qtbot, session)
    request = engine.exports[0]
    assert (request.layout, request.precision, request.opset, request.resize_inside) == ("zip", "int8", 19, True)
    assert request.target.endswith("mine.zip")


def test_what_does_not_go_together_is_switched_off(dialog):
    options = dialog.options
    options.precisions["int8"].click()
    options.inside_box.setChecked(True)
    options.layouts["safetensors"].click()
    assert options.chosen == {"layout": "safetensors"} and not options.precisions["int8"].isEnabled()
    assert dialog.edit.text().endswith("mine")
    options.layouts["file"].click()
    options.opset_box.setCurrentIndex(options.opset_box.findData(17))
    assert not options.inside_box.isEnabled() and options.chosen == {"opset": 17}


def test_a_refusal_is_shown_in_the_dialog_and_may_be_tried_again(dialog, session, engine, qtbot):
    engine.error = UserError("8 bits lose 4.1 points of accuracy. Choose 16 bits.")
    failures = []
    session.failed.connect(failures.append)
    dialog.start_button.click()
    qtbot.waitUntil(lambda: "4.1 points" in dialog.text.text())
    finish(qtbot, session)
    assert dialog.text.property("role") == "bad" and dialog.start_button.isEnabled() and failures == []
    engine.error = None
    with qtbot.waitSignal(session.export_done):
        dialog.start_button.click()
    finish(qtbot, session)


def test_progress_and_stop(dialog, session, engine, qtbot):
    engine.hold = True
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 40)
    assert dialog.text.text() == "Comparing with training: 40 of 98, about 12 s left"
    assert not dialog.options.isEnabled() and dialog.close_button.text() == "Stop"
    dialog.close_button.click()
    finish(qtbot, session)
    assert "Stopped" in dialog.text.text() and dialog.isVisible() and dialog.start_button.isEnabled()


def test_closing_stops_the_export(dialog, session, engine, qtbot):
    engine.hold = True
    dialog.start_button.click()
    qtbot.waitUntil(lambda: bool(engine.exports))
    dialog.close()
    finish(qtbot, session)


def test_a_file_that_is_there_is_told_before(dialog, tmp_path):
    (tmp_path / "old.onnx").write_bytes(b"")
    dialog.edit.setText(str(tmp_path / "old.onnx"))
    assert "will be replaced" in dialog.text.text() and dialog.start_button.isEnabled()
    dialog.options.layouts["zip"].click()
    dialog.options.layouts["file"].click()
    assert dialog.edit.text().endswith("old 2.onnx"), "a free name is found"
    dialog.edit.setText(" ")
    assert not dialog.start_button.isEnabled()


def test_another_place_is_asked_for_with_the_kind_of_file(dialog, tmp_path, monkeypatch):
    asked = []

    def ask(parent, title, start, kinds):
        asked.append((start, kinds))
        return str(tmp_path / "elsewhere"), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    dialog.browse_button.click()
    assert dialog.edit.text() == str(tmp_path / "elsewhere.onnx") and asked[0][1] == "Models (*.onnx)"
    dialog.options.layouts["triton"].click()
    dialog.browse_button.click()
    assert asked[1][1] == "New folder (*)" and dialog.edit.text() == str(tmp_path / "elsewhere")


def test_no_text_is_cut_off(dialog):
    for choice in (*dialog.options.layouts.values(), *dialog.options.precisions.values()):
        assert choice.height() >= choice.heightForWidth(choice.width()), choice.accessibleName()


def test_the_opsets_are_those_that_can_be_written():
    from deskclassify.ml import tracing

    assert tracing.OPSETS == OPSETS


def test_words_of_a_plain_export():
    done = Exported("/a/m.onnx", 640_200, 98, 1.0, 2.1e-06, 0.9)
    assert verdict(done) == "The model was written. It gives the class of training for all 98 pictures."
    assert dict(figures(done))["Largest difference"] == "0.000003 of a probability"
    assert dict(figures(done))["Size"] == "641 kB" and model_file(done) == "/a/m.onnx"
    folder = Exported("/a/m", 1, 0, 0.0, 0.0, None, files=("/a/m/config.pbtxt", "/a/m/1/model.onnx"))
    assert model_file(folder) == "/a/m/1/model.onnx"
    assert "config.pbtxt" in dict(figures(folder))["Written"] and "Compared" not in dict(figures(folder))
    assert model_file(Exported("/a/m.zip", 1, 0, 0.0, 0.0, None)) == ""
