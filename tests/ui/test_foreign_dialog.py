"""Models of other programs: what is asked, what a preset sets, the try, and that nothing is guessed in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.requests import PredictRequest
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui.foreign_dialog import ForeignDialog
from deskclassify.ui.pages.predict.model_panel import ModelPanel

STAND_INS = Handling(("class 0", "class 1", "class 2"), Preprocess("crop", 256, 224, "bilinear"))
UNKNOWN = ModelRead(
    model="/a/net.onnx",
    origin="foreign",
    state="unknown",
    problem="It does not say what its classes are called.",
    handling=STAND_INS,
    missing=("labels", "preprocess"),
    outputs=3,
    size=224,
    notes=("Its answers are raw scores.",),
    input_text="input: float32, any × 3 × 224 × 224",
    output_text="output: float32, any × 3",
)
NAMES = ("ants", "bees", "wasps")


class Engine:
    """Remembers what is said, as the looker does, and predicts by it."""

    def __init__(self):
        self.requests = []
        self.said = None
        self.refuses = ""

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, ModelRequest):
            if self.refuses and request.handling is not None:
                raise InputError(self.refuses)
            self.said = None if request.forget else request.handling or self.said
            known = replace(UNKNOWN, model=request.model)
            if self.said is not None:
                known = replace(known, state="good", problem="", missing=(), handling=self.said, labels_from="you")
            yield known
        elif isinstance(request, PredictRequest):
            classes = self.said.classes
            yield Prediction(request.paths[0], classes[0], 0.7, ((classes[0], 0.7), (classes[1], 0.2)))
            yield PredictDone(1, 0, 0.1, "CPUExecutionProvider", classes)

    def of(self, kind):
        return [request for request in self.requests if isinstance(request, kind)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    return session_on(engine)


@pytest.fixture
def panel(qtbot, session, tmp_path):
    made = ModelPanel(session)
    for widget in (made, made.open_button, made.export_button):  # the buttons are at the top of the page
        qtbot.addWidget(widget)
    session.model_changed.connect(made.show_model)
    with qtbot.waitExposed(made):
        made.show()
    session.open_model(tmp_path / "net.onnx")
    qtbot.waitUntil(lambda: made.findChild(ForeignDialog) is not None, timeout=5_000)
    ended(qtbot, made, session)
    return made


@pytest.fixture
def dialog(panel):
    return panel.findChild(ForeignDialog)


def ended(qtbot, panel, session):
    qtbot.waitUntil(lambda: not panel.opened.is_busy and not session.owner.jobs, timeout=5_000)


def closed(qtbot, panel):
    qtbot.waitUntil(lambda: panel.findChild(ForeignDialog) is None, timeout=5_000)


def test_an_unknown_model_is_asked_about_and_nothing_is_chosen(panel, dialog, qtbot):
    assert dialog.isVisible() and panel.line.banner.tone == "warn"
    assert dialog.labels.names == ("", "", "") and not dialog.settings.is_chosen
    assert not any(choice.isChecked() for choice in dialog.settings.presets.values())
    assert not dialog.use_button.isEnabled()
    assert dialog.hint.text() == "Still to be said: the class names and how pictures go in."
    assert "raw scores" in dialog.known_label.text() and "3 × 224" in dialog.known_label.text()
    dialog.reject()
    closed(qtbot, panel)


def test_what_is_said_is_used_and_may_be_changed_later(panel, dialog, session, engine, qtbot):
    dialog.labels.put(NAMES)
    dialog.settings.presets["teachable"].click()
    assert dialog.use_button.isEnabled()
    dialog.use_button.click()
    ended(qtbot, panel, session)
    closed(qtbot, panel)
    said = engine.of(ModelRequest)[-1].handling
    assert said.classes == NAMES and said.preprocess.mean == (0.5, 0.5, 0.5) and said.preprocess.resize_to == 224
    assert said.output == "logits", "what was measured stays"
    assert panel.line.banner.isHidden() and panel.classes == NAMES
    panel.line.change_button.click()
    again = panel.findChild(ForeignDialog)
    assert again.labels.names == NAMES and again.settings.presets["teachable"].isChecked()
    again.reject()
    closed(qtbot, panel)
    assert engine.said == said


def test_a_picture_is_tried_with_each_setting_and_cancel_forgets(panel, dialog, session, engine, qtbot, picture):
    dialog.trial.take(picture)
    assert "Choose above" in dialog.trial.text.text() and not engine.of(PredictRequest)
    for count, preset in enumerate(("imagenet", "bytes"), 1):
        dialog.settings.presets[preset].click()
        qtbot.waitUntil(lambda count=count: len(engine.of(PredictRequest)) == count, timeout=5_000)
        qtbot.waitUntil(lambda: not session.owner.jobs, timeout=5_000)
    assert [bar.name for bar in dialog.trial.bars.bars] == ["class 0", "class 1"]
    tried = [request.handling.preprocess.std for request in engine.of(ModelRequest) if request.handling]
    assert tried == [(0.229, 0.224, 0.225), (1 / 255,) * 3]
    assert engine.of(PredictRequest)[0].top == 3
    dialog.reject()
    ended(qtbot, panel, session)
    closed(qtbot, panel)
    assert engine.said is None and engine.of(ModelRequest)[-1].forget
    assert panel.opened.read.state == "unknown" and panel.line.banner.isVisible()


def test_cancel_after_a_try_takes_back_what_was_said_before(panel, dialog, session, engine, qtbot, picture):
    dialog.labels.put(NAMES)
    dialog.settings.presets["imagenet"].click()
    dialog.accept()
    ended(qtbot, panel, session)
    closed(qtbot, panel)
    before = engine.said
    panel.ask_how()
    again = panel.findChild(ForeignDialog)
    again.trial.take(picture)
    again.settings.presets["bytes"].click()
    qtbot.waitUntil(lambda: again.trial.has_tried and not session.owner.jobs, timeout=5_000)
    assert engine.said != before
    again.reject()
    ended(qtbot, panel, session)
    closed(qtbot, panel)
    assert engine.said == before


def test_a_refusal_is_shown_at_the_try(panel, dialog, session, engine, qtbot, picture):
    engine.refuses = "It gives numbers outside of 0 to 1."
    dialog.trial.take(picture)
    dialog.settings.presets["bytes"].click()
    qtbot.waitUntil(lambda: "outside of 0" in dialog.trial.text.text(), timeout=5_000)
    assert dialog.trial.bars.bars == () and not dialog.trial.has_tried
    dialog.reject()
    closed(qtbot, panel)


def test_labels_come_from_a_file_and_from_the_clipboard(panel, dialog, qtbot, tmp_path, monkeypatch):
    file = tmp_path / "labels.txt"
    file.write_text("0 ants\n1 bees\n2 wasps\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    dialog.labels.file_button.click()
    assert dialog.labels.names == NAMES and dialog.labels.note.text() == "3 of 3 have a name."
    QGuiApplication.clipboard().setText("x\ny\n")
    dialog.labels.table.setFocus()
    qtbot.keyClick(dialog.labels.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "2 lines, but the model gives 3 numbers" in dialog.labels.note.text() and dialog.labels.names == NAMES
    QGuiApplication.clipboard().setText("x\ny\nx")
    dialog.labels.paste_button.click()
    assert dialog.labels.names == ("x", "y", "x") and "more than once" in dialog.labels.note.text()
    dialog.reject()
    closed(qtbot, panel)


def test_values_by_hand(panel, dialog, qtbot):
    settings = dialog.settings
    settings.presets["bytes"].click()
    assert settings.handling.preprocess.std == (1 / 255,) * 3 and not settings.size_spin.isEnabled()
    settings.mean_edit.setText("0.1 0.2; 0.3")
    settings.mean_edit.editingFinished.emit()
    assert settings.handling.preprocess.mean == (0.1, 0.2, 0.3)
    assert settings.handling.preprocess.std == (1 / 255,) * 3, "six digits of it are not written back"
    assert not any(choice.isChecked() for choice in settings.presets.values())
    settings.std_edit.setText("0")
    settings.std_edit.editingFinished.emit()
    assert settings.handling.preprocess.std == (1 / 255,) * 3 and settings.std_edit.text() == "0.00392157"
    settings.resize_box.setCurrentIndex(settings.resize_box.findData("crop"))
    settings.to_spin.setValue(100)
    assert settings.handling.preprocess.resize_to == 224, "no smaller than what is cut out"
    settings.channels_box.setCurrentIndex(1)
    settings.output_box.setCurrentIndex(0)
    assert (settings.handling.channels, settings.handling.output) == ("bgr", "probabilities")
    dialog.reject()
    closed(qtbot, panel)
