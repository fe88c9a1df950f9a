"""The Share sheet, and what the Predict page says of the model that answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from deskclassify.core import share
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling
from deskclassify.core.model_words import about, difference, when
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui.pages.predict.about_model import AboutModelDialog
from deskclassify.ui.pages.predict.model_panel import ModelPanel
from deskclassify.ui.share_dialog import ShareDialog, UsageTab

READ = ModelRead(
    model="/somewhere/bugs.onnx",
    origin="deskclassify",
    handling=Handling(("ants", "bees"), Preprocess("crop", 256, 224, "bicubic")),
    architecture="resnet18",
    accuracy=0.954,
    accuracy_before=0.96,
    threshold=0.6,
    precision="int8",
    parity={"images": 98, "top1_agreement": 1.0, "max_abs_diff": 2.1e-6},
    created="2026-11-27T12:40:50+00:00",
    input_text="images: uint8, any × 224 × 224 × 3",
    provider="CPUExecutionProvider",
    bytes=13_510_156,
)


class Engine:
    """Says what a model is."""

    def __init__(self):
        self.requests = []
        self.answer = READ

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(request, ModelRequest):
            yield replace(self.answer, model=request.model)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    return session_on(engine)


@pytest.fixture
def sheet(qtbot, session):
    made = ShareDialog(session, READ)
    made.finished.disconnect(made.deleteLater)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def panel(qtbot, session):
    made = ModelPanel(session)
    for widget in (made, made.open_button, made.export_button):  # the buttons are at the top of the page
        qtbot.addWidget(widget)
    session.model_changed.connect(made.show_model)
    made.resize(900, 200)
    with qtbot.waitExposed(made):
        made.show()
    return made


def ended(qtbot, asking, session):
    """A question is sent by a timer, so there may be no job yet."""
    qtbot.waitUntil(lambda: not asking.is_busy and not session.owner.jobs, timeout=5_000)


def test_each_language_has_a_tab_that_is_copied_whole(sheet):
    titles = [sheet.tabs.tabText(at) for at in range(sheet.tabs.count())]
    assert titles == ["Python", "Node.js", "Browser", "C#", "Command line"]
    for at, usage in enumerate(share.usages(READ)):
        sheet.tabs.setCurrentIndex(at)
        sheet.copy_button.click()
        assert QGuiApplication.clipboard().text() == usage.code
    assert not sheet.save_button.isVisible(), "what is typed into a terminal is no file"


def test_code_is_saved_with_its_suffix(sheet, tmp_path, monkeypatch):
    asked = []

    def ask(parent, title, start, kinds):
        asked.append(start)
        return str(tmp_path / "mine"), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    sheet.tabs.setCurrentIndex(1)
    sheet.save_button.click()
    assert (tmp_path / "mine.mjs").read_text(encoding="utf-8") == share.usages(READ)[1].code
    assert asked[0].endswith("classify.mjs") and "mine.mjs" in sheet.text.text()


def test_a_place_that_cannot_be_written_is_a_sentence(sheet, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "x.py"), ""))
    sheet.save_button.click()
    assert sheet.text.property("role") == "bad" and sheet.text.text()


def test_a_path_is_looked_at_first_and_a_refusal_shown(qtbot, session, engine):
    made = ShareDialog(session, "/a/new.onnx")
    made.finished.disconnect(made.deleteLater)
    qtbot.addWidget(made)
    assert made.tabs.count() == 0 and not made.copy_button.isEnabled()
    ended(qtbot, made._latest, session)
    assert made.tabs.count() == 5 and "new.onnx" in made.tabs.widget(1).code.toPlainText()
    engine.answer = InputError("This is no model.")
    other = ShareDialog(session, "/a/bad.onnx")
    other.finished.disconnect(other.deleteLater)
    qtbot.addWidget(other)
    ended(qtbot, other._latest, session)
    assert other.text.text() == "This is no model." and other.tabs.count() == 0


def test_the_facts_are_words():
    facts = dict(about(READ))
    assert facts["File"] == "bugs.onnx, 13.5 MB" and facts["Written by"] == "deskclassify, 27 November 2026"
    assert facts["Network"] == "ResNet-18" and facts["Classes"] == "2: ants, bees"
    assert facts["Accuracy"] == "95.4 % of its validation pictures are right; 96.0 % with 32-bit numbers"
    assert facts["None of these"] == "where no class reaches 60.0 %" and facts["Numbers"] == "8 bits (int8)"
    assert facts["Pictures"].startswith("The shorter side is scaled to 256 pixels (bicubic)")
    assert "98 pictures" in facts["Checked"] and facts["Checked"].endswith("0.000003")
    assert facts["Runs on"] == "Processor"
    foreign = dict(about(replace(READ, origin="foreign", labels_from="/a/labels.txt")))
    assert foreign["Classes"].endswith("(from labels.txt)") and "ImageNet" in foreign["Pictures"]
    assert "any size" in dict(about(replace(READ, resized="inside")))["Pictures"]
    assert (difference(0.01234), when("nonsense")) == ("0.0124", "nonsense")


def test_the_page_asks_what_the_model_is_once_it_is_seen(qtbot, session, engine, tmp_path):
    hidden = ModelPanel(session)
    for widget in (hidden, hidden.open_button, hidden.export_button):
        qtbot.addWidget(widget)
    session.model_changed.connect(hidden.show_model)
    session.open_model(tmp_path / "bugs.onnx")
    assert not engine.requests and not hidden.opened.is_busy
    with qtbot.waitExposed(hidden):
        hidden.show()
    ended(qtbot, hidden.opened, session)
    assert engine.requests == [ModelRequest(str(tmp_path / "bugs.onnx"))]
    hidden.hide()
    hidden.show()
    ended(qtbot, hidden.opened, session)
    assert len(engine.requests) == 1, "asked once"
    text = hidden.line.facts_label.text().replace("\u00a0", " ")
    for part in ("2 classes: ants, bees", "ResNet-18", "95.4 %", "int8", "below 60.0 %", "13.5 MB", "Processor"):
        assert part in text
    assert hidden.line.banner.isHidden() and hidden.classes == ("ants", "bees")


def test_about_and_use_elsewhere_open_their_dialogs(panel, session, qtbot, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    ended(qtbot, panel.opened, session)
    panel.line.about_button.click()
    facts = panel.findChild(AboutModelDialog)
    assert ("Network", "ResNet-18") in facts.facts.rows
    facts.close()
    panel.line.share_button.click()
    assert isinstance(panel.findChild(ShareDialog).tabs.currentWidget(), UsageTab)
    panel.findChild(ShareDialog).close()


def test_an_altered_model_has_a_red_banner(panel, session, engine, qtbot, tmp_path):
    engine.answer = replace(READ, state="altered", problem="It was altered.")
    session.open_model(tmp_path / "bugs.onnx")
    ended(qtbot, panel.opened, session)
    banner = panel.line.banner
    assert banner.isVisible() and banner.tone == "bad" and banner.text.text() == "It was altered."
    assert not panel.line.share_button.isEnabled() and not banner.button.isVisible()


def test_a_refused_model_has_a_red_banner_and_another_one_takes_it_away(panel, session, engine, qtbot, tmp_path):
    engine.answer = InputError("This file asks for 256 GiB.")
    failures = []
    session.failed.connect(failures.append)
    session.open_model(tmp_path / "bomb.onnx")
    ended(qtbot, panel.opened, session)
    banner = panel.line.banner
    assert banner.isVisible() and banner.tone == "bad" and "256 GiB" in banner.text.text() and failures == []
    assert not panel.line.about_button.isVisible()
    engine.answer = replace(READ, provider_note="CUDA was wanted, but the driver is too old.")
    session.open_model(tmp_path / "bugs.onnx")
    ended(qtbot, panel.opened, session)
    assert banner.tone == "warn" and "driver is too old" in banner.text.text()


def test_another_device_asks_again(panel, session, engine, qtbot, tmp_path):
    session.open_model(tmp_path / "bugs.onnx")
    ended(qtbot, panel.opened, session)
    session.change_settings(replace(session.settings, device="cpu"))
    ended(qtbot, panel.opened, session)
    assert [request.device for request in engine.requests] == ["auto", "cpu"]


def test_no_model_shows_no_buttons(panel, session):
    panel.show_model()
    assert panel.line.name_label.text() == "No model yet"
    assert not panel.line.share_button.isVisible() and not panel.line.change_button.isVisible()
    assert panel.line.facts_label.textFormat() == Qt.TextFormat.PlainText
