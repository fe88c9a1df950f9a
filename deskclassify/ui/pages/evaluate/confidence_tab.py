"""The Certainty tab: whether the percentages can be believed, and when it is better to give no answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.calibration_folds import bins_for
from deskclassify.core.certainty_job import LEAST_COVERAGE, CertaintyDrawn, CertaintyRequest
from deskclassify.core.data_events import Calibrated
from deskclassify.core.data_requests import CalibrateRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Message, Progress, Scored
from deskclassify.core.metrics import reliability
from deskclassify.core.sources import DataSpec
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.evaluate import confidence_words as words
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import Choice
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.confidence_bars import ConfidenceHistogram, ReliabilityDiagram
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.named import named

_USUAL = 95  # per cent, of coverage: the slider's place where nothing was chosen yet
_NOT_KEPT = (
    "This run was trained by an earlier version, which kept only the answers. Certainty needs the probabilities of all "
    "classes: measuring on the validation pictures once more gives them."
)


class ConfidenceTab(QWidget):
    """On the left how often answers of each confidence are right, on the right the threshold for an answer."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._asked: tuple[str, Scored] | None = None  # what the figures are of, or are being worked out of
        self._drawn: CertaintyDrawn | None = None
        self._latest = Latest(state.session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(state.session.failed)
        self._applying = Latest(state.session, parent=self)
        self._applying.received.connect(self._applied)
        self._applying.failed.connect(self._not_applied)
        self._applying.busy_changed.connect(self._show_busy)
        self._build()
        state.view_changed.connect(self._view_changed)
        state.measuring_changed.connect(self._show_measuring)
        state.session.run_changed.connect(self._run_changed)
        theme.notifier().changed.connect(self._show)
        self._view_changed()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        columns = QHBoxLayout()
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(theme.GAP * 2)
        columns.addWidget(self._make_belief(), 4)
        columns.addWidget(self._make_threshold(), 5)
        inner = QWidget()
        inner.setLayout(columns)
        scroll = QScrollArea()
        common.fill_scroll(scroll, inner)
        self.again_button = common.primary(named(QPushButton("Measure again"), "certaintyMeasureButton"))
        self.again_button.clicked.connect(self._state.measure_again)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP, 0, 0)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack)
        self._stack.addWidget(scroll)
        self._stack.addWidget(common.EmptyState("evaluate", "No probabilities were kept", _NOT_KEPT, self.again_button))

    def _make_belief(self) -> QWidget:
        card = common.Card("Can the percentages be believed?")
        explain(card.title_label, "confidence", "calibration")
        self.diagram = named(ReliabilityDiagram(), "reliabilityDiagram")
        self.diagram.setToolTip("A bar on the dashed line says: of answers that are 80 % sure, 80 % are right.")
        explain(self.diagram, "reliability diagram")
        self.diagram.chosen.connect(self._choose_bin)
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        self.trained_button = named(QPushButton("As trained"), "asTrainedButton")
        self.calibrated_button = named(QPushButton("With the temperature"), "calibratedButton")
        self.calibrated_button.setToolTip("What becomes of the percentages when all scores are divided by it.")
        explain(self.calibrated_button, "temperature")
        for button in (self.trained_button, self.calibrated_button):
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self.trained_button.setChecked(True)
        group.buttonClicked.connect(self._show_diagram)
        self.belief_label = named(QLabel(), "beliefLabel")
        self.belief_label.setWordWrap(True)
        explain(self.belief_label, "expected calibration error", "temperature")
        card.body.addWidget(common.muted("Across: how sure the answer is. Up: how many of such answers are right."))
        card.body.addWidget(self.diagram, 1)
        card.body.addLayout(row)
        card.body.addWidget(self.belief_label)
        return card

    def _make_threshold(self) -> QWidget:
        card = common.Card("When is a picture “none of these”?")
        self.histogram = named(ConfidenceHistogram(), "confidenceHistogram")
        self.histogram.setToolTip("Pictures by how sure the answer is: wrong answers in red, right ones in green.")
        self.histogram.chosen.connect(self._choose_confidence)
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "coverageSlider")
        self.slider.setRange(LEAST_COVERAGE, 100)
        self.slider.setAccessibleName("Coverage in per cent")
        self.slider.setMinimumHeight(22)
        self.slider.setValue(100)
        explain(self.slider, "coverage")
        self.slider.valueChanged.connect(self._show_option)
        self.coverage_label = named(QLabel(), "coverageLabel")
        self.meaning_label = named(QLabel(), "meaningLabel")
        for label in (self.coverage_label, self.meaning_label):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.meaning_label.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        name = QLabel("Answer")
        explain(name, "coverage")
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.coverage_label)
        self.current_label = named(common.muted(""), "currentCertaintyLabel")
        self.remark_label = named(common.muted(""), "certaintyRemarkLabel")
        self.remark_label.hide()
        card.body.addWidget(self.histogram, 1)
        card.body.addLayout(row)
        card.body.addWidget(self.meaning_label)
        card.body.addLayout(self._make_buttons())
        card.body.addWidget(self.current_label)
        card.body.addWidget(self.remark_label)
        return card

    def _make_buttons(self) -> QHBoxLayout:
        self.apply_button = common.primary(named(QPushButton("Apply"), "applyCertaintyButton"))
        self.apply_button.setToolTip(
            "Puts temperature and threshold into the model that Predict uses, and into each export. The run's own "
            "weights stay as they are; 100 % takes the threshold back."
        )
        self.apply_button.clicked.connect(self._apply)
        self.others_button = named(QPushButton("Choose by pictures of something else…"), "otherPicturesButton")
        self.others_button.setIcon(theme.icon("folder"))
        self.others_button.setToolTip(
            "Give a folder of pictures that are none of your classes, such as an empty table or other things. The "
            "threshold is then chosen so that they get no answer, as far as your own pictures allow it."
        )
        self.others_button.clicked.connect(self._ask_others)
        self.busy_bar = QProgressBar()
        self.busy_bar.setTextVisible(False)
        self.busy_bar.setFixedHeight(6)
        self.busy_bar.setAccessibleName("Looking at pictures")
        self.busy_bar.hide()
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.apply_button)
        row.addWidget(self.others_button)
        row.addWidget(self.busy_bar, 1)
        row.addStretch(0)
        return row

    # -- what is shown ----------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """What was not worked out while the tab was hidden is now."""
        super().showEvent(event)
        self._view_changed()

    @Slot()
    def _run_changed(self) -> None:
        self._applying.drop()
        self.remark_label.hide()
        self._asked = None

    @Slot()
    def _view_changed(self) -> None:
        view, run = self._state.view, self._state.session.run
        scored = view.scored if view is not None else None
        self._stack.setCurrentIndex(1 if view is not None and scored is None else 0)
        wanted = (str(run.path), scored) if run is not None and scored is not None else None
        if self._is_asked(wanted) or not (wanted is None or self.isVisible()):
            return
        self._asked = wanted
        if wanted is None:
            self._latest.drop()
            self._drawn = None
            self._show()
        else:
            self._latest.ask(CertaintyRequest(*wanted))

    def _is_asked(self, wanted: tuple[str, Scored] | None) -> bool:
        asked = self._asked
        if asked is None or wanted is None:
            return asked is wanted
        return asked[0] == wanted[0] and asked[1] is wanted[1]  # scores are not compared: they may be large

    @Slot(object)
    def _received(self, event: Event) -> None:
        if not isinstance(event, CertaintyDrawn):
            return
        self._drawn = event
        coverage = _USUAL if event.current is None else round(100 * event.current.coverage)
        with QSignalBlocker(self.slider):
            self.slider.setValue(coverage)
        self._show()

    @Slot()
    def _show(self) -> None:
        drawn = self._drawn
        self.belief_label.setText(words.belief_text(drawn) if drawn is not None else "")
        self.current_label.setText(words.current_text(drawn.current) if drawn is not None else "")
        self._show_diagram()
        self._show_option()
        self._show_busy()

    @Slot()
    def _show_diagram(self) -> None:
        if self._drawn is None:
            self.diagram.set_bins(())
            return
        confidence, right = self._shown_confidence(), self._drawn.right
        self.diagram.set_bins(reliability(confidence, right, bins_for(len(right))))

    def _shown_confidence(self) -> np.ndarray:
        assert self._drawn is not None
        return self._drawn.after if self.calibrated_button.isChecked() else self._drawn.before

    @Slot()
    def _show_option(self) -> None:
        """What the slider's place comes to."""
        percent, drawn = self.slider.value(), self._drawn
        self.coverage_label.setText(f"{percent} % of the pictures")
        if drawn is None:
            self.meaning_label.clear()
            self.histogram.set_values(np.empty(0), np.empty(0, bool), 0.0)
            return
        option = drawn.options[percent]
        text = words.coverage_text(option, drawn.others)
        if not drawn.knows_strangers and percent < 100 and self._can_apply():
            text += " Apply also looks how alike a picture is to those that were trained on."
        self.meaning_label.setText(text)
        self.histogram.set_values(option.confidence, drawn.right, option.rule.threshold)

    def _choose(self, confidence: np.ndarray, low: float, high: float) -> None:
        assert self._drawn is not None
        inside = np.flatnonzero((confidence > low) & (confidence <= high + 1e-9))
        paths = tuple(self._drawn.paths[at] for at in inside)
        self._state.choose(Choice(words.bar_title(low, high), paths))

    @Slot(float, float)
    def _choose_bin(self, low: float, high: float) -> None:
        if self._drawn is not None:
            self._choose(self._shown_confidence(), low, high)

    @Slot(float, float)
    def _choose_confidence(self, low: float, high: float) -> None:
        if self._drawn is not None:
            self._choose(self._drawn.options[self.slider.value()].confidence, low, high)

    # -- applying ---------------------------------------------------------------------

    def _can_apply(self) -> bool:
        view = self._state.view
        return view is not None and view.origin == "valid" and view.live is None and self._drawn is not None

    @Slot()
    def _apply(self) -> None:
        self._calibrate(self.slider.value() / 100, ())

    @Slot()
    def _ask_others(self) -> None:
        chosen = dialogs.ask_folder(self, self._state.session, "Choose a folder of pictures of something else")
        if chosen is not None:
            self.choose_by(chosen)

    def choose_by(self, folder: Path) -> None:
        """Choose the threshold so that the pictures of a folder get no answer."""
        self._calibrate(1.0, (str(folder),))

    def _calibrate(self, coverage: float, others: tuple[str, ...]) -> None:
        session = self._state.session
        run = session.run
        if run is None:
            return
        self.remark_label.hide()
        ours = session.has_project and run.path.is_relative_to(session.project.folder)
        data = session.project.data if ours else DataSpec()
        request = CalibrateRequest(str(run.path), coverage, others, device=session.settings.device, data=data)
        self.busy_bar.setRange(0, 0)
        self._applying.ask(request)

    @Slot(object)
    def _applied(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.busy_bar.setRange(0, event.total)
            self.busy_bar.setValue(event.done)
        elif isinstance(event, Message):
            self._remark(event.text)
        elif isinstance(event, Calibrated):
            self._asked = None  # the run holds another rule now
            self._view_changed()
            self._state.session.refresh_model(anew=True)
            self._state.session.status.emit("The certainty is part of the model now: Predict and exports use it.")

    def _remark(self, text: str) -> None:
        self.remark_label.setText(text)
        self.remark_label.show()

    @Slot(object)
    def _not_applied(self, failure: Failure) -> None:
        self._state.session.failed.emit(failure)

    @Slot()
    def _show_measuring(self) -> None:
        self.again_button.setEnabled(not self._state.measuring)

    @Slot()
    def _show_busy(self) -> None:
        busy = self._applying.is_busy
        self.busy_bar.setVisible(busy)
        for part in (self.apply_button, self.others_button):
            part.setEnabled(self._can_apply() and not busy)
        view = self._state.view
        if view is not None and self._drawn is not None and not self._can_apply():
            self._remark("The threshold is chosen on the validation pictures of the run as it was trained.")
