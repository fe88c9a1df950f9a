"""The Certainty tab on a run folder written here; calibrating is played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from deskclassify.core import calibration, calibration_files, calibration_folds
from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.calibration import Known
from deskclassify.core.calibration_files import Familiar
from deskclassify.core.data_events import Calibrated
from deskclassify.core.data_requests import CalibrateRequest
from deskclassify.core.errors import UserError
from deskclassify.core.events import Exported, Message, Verdict
from deskclassify.core.requests import ExportRequest, generator
from deskclassify.core.run_folder import RunFolder
from deskclassify.ui.pages.evaluate.confidence_tab import ConfidenceTab
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.widgets.confidence_bars import ConfidenceHistogram, ReliabilityDiagram

CLASSES = ("ants", "bees", "wasps")
COUNT = 60


class Engine:
    """Plays calibration and export; what belongs to the window's own process is real."""

    def __init__(self):
        self.requests = []
        self.error = None
        self.others = 0

    def __call__(self, request, control):
        self.requests.append(request)
        if isinstance(request, CalibrateRequest):
            if self.error is not None:
                raise self.error
            run = RunFolder(Path(request.model))
            scored = run.scored()
            targets = calibration.targets_of(CLASSES, [one.label for one in scored.verdicts])
            similarity = np.linspace(0.4, 0.9, COUNT, dtype=np.float32)
            known = Known(scored.probabilities, similarity)
            rule = calibration_folds.held_out(
                calibration_folds.rehearse(known, targets), calibration.fit(known, targets, min(request.coverage, 0.9))
            )
            others = known.part(np.arange(8)) if request.others else known.part(np.arange(0))
            calibration_files.write(run, rule, Familiar(np.ones((1, 2), np.float16), similarity, others))
            if request.others:
                yield Message("A coverage of 90.0 % is enough.")
            yield Calibrated(request.model, rule, np.empty(0, np.float32))
        elif isinstance(request, ExportRequest):
            yield Exported(request.target, 1, 1, 1.0, 0.0, 1.0)
        elif request.process == "here":
            yield from generator(request)(request, control)

    def asked(self, kind):
        return [one for one in self.requests if isinstance(one, kind)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    made = session_on(engine)
    made.new_project("Insects")
    return made


def write_run(session, tmp_path, keeps=True):
    dice = np.random.default_rng(0)
    run = RunFolder(session.project.folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    run.write_info({"classes": CLASSES, "architecture": "resnet18", "preprocess": preprocess, "result": {}})
    picture = tmp_path / "pictures"
    picture.mkdir()
    chances = dice.dirichlet((0.3, 0.3, 0.3), COUNT).astype(np.float32)
    verdicts = []
    for at in range(COUNT):
        path = picture / f"{at}.png"
        Image.new("RGB", (8, 8), "#3060c0").save(path)
        best = int(chances[at].argmax())
        label = CLASSES[best if dice.random() < 0.75 else (best + 1) % 3]
        verdicts.append(Verdict(str(path), label, CLASSES[best], float(chances[at, best]), 0.5))
    run.best.write_bytes(b"weights")
    run.write_predictions(verdicts, chances if keeps else None)
    return run


@pytest.fixture
def tab(qtbot, session, tmp_path):
    session.show_run(write_run(session, tmp_path))
    state = Evaluation(session)
    state.show_run()
    made = ConfidenceTab(state)
    qtbot.addWidget(made)
    made.resize(1000, 420)
    made.show()
    qtbot.waitUntil(lambda: made._drawn is not None and not session.owner.jobs, timeout=10_000)
    yield made
    state.deleteLater()


def test_the_figures_are_those_of_the_run(tab):
    drawn = tab._drawn
    assert "apart on average" in tab.belief_label.text()
    assert f"{100 * drawn.error_before:.1f} %" in tab.belief_label.text()
    assert tab.current_label.text() == "In use: as trained. Every picture gets an answer."
    assert tab.slider.value() == 95 and "95 %" in tab.coverage_label.text()
    assert "get an answer" in tab.meaning_label.text() and "Apply also looks" in tab.meaning_label.text()
    tab.slider.setValue(100)
    assert tab.meaning_label.text().startswith("Every picture gets an answer")
    tab.slider.setValue(80)
    assert f"{100 * drawn.options[80].rule.threshold:.1f} %" in tab.meaning_label.text()


def test_bars_lead_to_their_pictures(tab):
    drawn, diagram = tab._drawn, tab.diagram
    for number in range(len(diagram.bar_texts())):
        place = diagram.bar_area(number).center().toPoint()
        QTest.mouseClick(diagram, Qt.MouseButton.LeftButton, pos=place)
        choice = tab._state.choice
        assert choice is not None and choice.kind == "list"
        assert f": {len(choice.paths)} answer" in diagram.bar_texts()[number]
    low = float(diagram._bars[-1].low)
    assert choice.paths == tuple(path for path, sure in zip(drawn.paths, drawn.before, strict=True) if sure > low)
    QTest.mouseClick(diagram, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))  # beside the bars
    assert tab._state.choice is choice
    histogram = tab.histogram
    counts = [int(text.split(": ")[1].split()[0]) for text in histogram.bar_texts()]
    assert sum(counts) == COUNT
    at = int(np.argmax(counts))
    QTest.mouseClick(histogram, Qt.MouseButton.LeftButton, pos=histogram.bar_area(at).center().toPoint())
    assert len(tab._state.choice.paths) == counts[at]


def test_the_keyboard_walks_over_the_bars(tab, qtbot):
    diagram = tab.diagram
    with qtbot.waitSignal(diagram.chosen) as chosen:
        QTest.keyClick(diagram, Qt.Key.Key_Right)
        QTest.keyClick(diagram, Qt.Key.Key_Right)
        QTest.keyClick(diagram, Qt.Key.Key_Return)
    assert chosen.args == [diagram._bars[1].low, diagram._bars[1].high]
    assert diagram.accessibleDescription() == diagram.bar_texts()[1]


def test_apply_keeps_the_rule_and_makes_the_model_anew(tab, session, engine, qtbot):
    tab.slider.setValue(90)
    before = len(engine.asked(ExportRequest))
    tab.apply_button.click()
    assert not tab.apply_button.isEnabled()
    qtbot.waitUntil(lambda: "coverage 90 %" in tab.current_label.text(), timeout=10_000)
    request = engine.asked(CalibrateRequest)[-1]
    assert (request.coverage, request.others, request.keep) == (0.9, (), True)
    assert tab._drawn.knows_strangers and tab.slider.value() == 90
    assert "Apply also looks" not in tab.meaning_label.text()
    qtbot.waitUntil(lambda: len(engine.asked(ExportRequest)) > before and not session.owner.jobs, timeout=10_000)
    assert tab.apply_button.isEnabled() and tab.busy_bar.isHidden()


def test_examples_of_something_else(tab, engine, qtbot, tmp_path, session, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    tab.others_button.click()
    qtbot.waitUntil(lambda: "coverage 90 %" in tab.current_label.text(), timeout=10_000)
    request = engine.asked(CalibrateRequest)[-1]
    assert (request.coverage, request.others) == (1.0, (str(tmp_path),))
    assert tab.remark_label.text() == "A coverage of 90.0 % is enough." and not tab.remark_label.isHidden()
    assert "Of 8 pictures of something else" in tab.meaning_label.text()
    qtbot.waitUntil(lambda: not session.owner.jobs, timeout=10_000)


def test_a_failure_is_told_and_leaves_the_buttons(tab, engine, qtbot, session):
    engine.error = UserError("The disk is full.")
    with qtbot.waitSignal(session.failed) as failed:
        tab.apply_button.click()
    assert failed.args[0].sentence == "The disk is full."
    qtbot.waitUntil(lambda: tab.apply_button.isEnabled(), timeout=5_000)


def test_other_pictures_have_no_threshold_of_their_own(tab, session, qtbot):
    state = tab._state
    view = state.view
    state._origin = "folder"
    state._set_view(type(view)(view.evaluated, view.verdicts, "folder", "/elsewhere", view.scored))
    tab._show()
    assert not tab.apply_button.isEnabled() and "validation pictures" in tab.remark_label.text()


def test_an_older_run_is_measured_again(qtbot, session, tmp_path, engine):
    session.show_run(write_run(session, tmp_path, keeps=False))
    state = Evaluation(session)
    state.show_run()
    made = ConfidenceTab(state)
    qtbot.addWidget(made)
    made.show()
    assert made._stack.currentIndex() == 1
    with qtbot.waitSignal(state.measuring_changed):
        made.again_button.click()
    qtbot.waitUntil(lambda: not session.owner.jobs, timeout=5_000)
    state.deleteLater()


@pytest.mark.parametrize("kind", [ReliabilityDiagram, ConfidenceHistogram])
def test_empty_charts_paint(qtbot, kind):
    made = kind()
    qtbot.addWidget(made)
    made.resize(300, 150)
    assert not made.grab().isNull()
    QTest.keyClick(made, Qt.Key.Key_Return)
    QTest.keyClick(made, Qt.Key.Key_Left)
