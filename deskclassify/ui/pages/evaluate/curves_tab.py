"""The Curves tab: ROC and precision-recall curves of each class against the rest, and the pictures behind a point."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.curve_job import CurvesDrawn, CurvesRequest
from deskclassify.core.events import Event, Scored
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.evaluate import curves_words
from deskclassify.ui.pages.evaluate.curves_list import CurvesList
from deskclassify.ui.pages.evaluate.roomy import fill_roomy
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import Choice
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.curve_chart import Curve, CurveChart
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.named import named

_FIRST, _MOST = 3, 8  # classes that are drawn at first, and at most
_MANY = 15  # classes from which it helps to search
_LEAST_HEIGHT = 330  # pixels
_MEAN = "All classes"
_NO_THRESHOLDS = np.empty(0)


class CurvesTab(QWidget):
    """A list of classes, the two charts of the selected ones, and what a chosen point comes to."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._asked: Scored | None = None  # what the curves are of, or are being worked out of
        self._drawn: CurvesDrawn | None = None
        self._point: tuple[str, float] | None = None  # class and threshold
        self._latest = Latest(state.session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(state.session.failed)
        inner = QWidget()
        self._stack = QStackedLayout(inner)
        self._stack.addWidget(self._make_content())
        self._stack.addWidget(_NotKept(state))
        fill_roomy(self, inner, _LEAST_HEIGHT)
        state.view_changed.connect(self._view_changed)
        state.measuring_changed.connect(self._view_changed)
        theme.notifier().changed.connect(self._draw)
        self._view_changed()

    # -- building ---------------------------------------------------------------------

    def _make_content(self) -> QWidget:
        content = QWidget()
        charts = common.Card()
        charts.body.addLayout(self._make_charts(), 1)
        self.point = PointLine()
        self.point.chosen.connect(self._choose_pictures)
        charts.body.addWidget(self.point)
        columns = QHBoxLayout(content)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(theme.GAP * 2)
        columns.addWidget(self._make_list(), 3)
        columns.addWidget(charts, 8)
        return content

    def _make_list(self) -> QWidget:
        card = common.Card()
        self.list = named(CurvesList(), "curvesList")
        self.list.setMinimumSize(208, 80)
        self.list.chosen_changed.connect(self._draw)
        self.mean_box = named(QCheckBox("Mean of all classes"), "meanCurveBox")
        self.mean_box.setToolTip("Also draws the mean of all classes, each of which counts the same.")
        explain(self.mean_box, "macro average")
        self.mean_box.setChecked(True)
        self.mean_box.toggled.connect(self._draw)
        self.search = named(QLineEdit(), "curvesSearch")
        self.search.setPlaceholderText("Find a class")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.list.set_filter)
        self.search.hide()
        hint = common.muted("Ctrl selects several.")
        for part in (self.mean_box, self.search):
            card.body.addWidget(part)
        card.body.addWidget(self.list, 1)
        card.body.addWidget(hint)
        return card

    def _make_charts(self) -> QHBoxLayout:
        self.roc = named(CurveChart("ROC curve", "found", "false alarms", (0.0, 1.0)), "rocChart")
        self.precision_recall = named(
            CurveChart("Precision and recall", "precision", "recall (found)"), "precisionRecallChart"
        )
        row = QHBoxLayout()
        row.setSpacing(theme.GAP * 2)
        for chart in (self.roc, self.precision_recall):
            chart.point_chosen.connect(self._choose_point)
            chart.failed.connect(self._state.session.failed)
            row.addWidget(chart, 1)
        return row

    # -- the curves -------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """What was not worked out while the tab was hidden is now."""
        super().showEvent(event)
        self._view_changed()

    @Slot()
    def _view_changed(self) -> None:
        view = self._state.view
        scored = view.scored if view is not None else None
        self._stack.setCurrentIndex(1 if view is not None and scored is None else 0)
        if scored is self._asked or not (scored is None or self.isVisible()):
            return
        self._asked = scored
        if scored is None:
            self._latest.drop()
            self._received(None)
        else:
            self._latest.ask(CurvesRequest(scored))

    @Slot(object)
    def _received(self, event: Event | None) -> None:
        if event is not None and not isinstance(event, CurvesDrawn):
            return
        self._drawn = event
        curves = event.curves if event is not None else ()
        self.search.setVisible(len(curves) >= _MANY)
        self.list.set_curves(curves, _FIRST)
        self._draw()
        if self._point is not None and self._point[0] in [one.name for one in curves]:
            self._choose_point(*self._point, shows=False)
        else:
            self._point = None
            self.point.clear(event is not None)

    @Slot()
    def _draw(self) -> None:
        """Draw the selected classes, the worst first, and the mean."""
        drawn = self._drawn
        if drawn is None:
            self.roc.set_curves(())
            self.precision_recall.set_curves(())
            return
        names = self.list.chosen()[:_MOST]
        colors = curves_words.colors([one.name for one in drawn.curves], names)
        self.list.set_colors(colors)
        self.roc.set_curves([*self._mean(drawn, True), *self._of_classes(drawn, names, colors, True)])
        self.precision_recall.set_curves([*self._mean(drawn, False), *self._of_classes(drawn, names, colors, False)])

    def _of_classes(self, drawn: CurvesDrawn, names: list[str], colors: dict[str, str], is_roc: bool) -> list[Curve]:
        wanted = [one for one in drawn.curves if one.name in names]
        areas = {one.name: one.auc if is_roc else one.average_precision for one in wanted}
        made = []
        for one in sorted(wanted, key=lambda curve: areas[curve.name]):
            counted = one.counted
            if not np.isfinite(areas[one.name]):
                continue  # there is nothing to draw
            first = 0 if is_roc else 1  # before the first answer there is no precision
            xs = (counted.false_alarm_rate if is_roc else counted.recall)[first:]
            ys = (counted.recall if is_roc else counted.precision)[first:]
            title = curves_words.legend(one.name, areas[one.name])
            made.append(Curve(one.name, title, xs, ys, counted.thresholds[first:], colors[one.name]))
        return made

    def _mean(self, drawn: CurvesDrawn, is_roc: bool) -> list[Curve]:
        area = drawn.macro_auc if is_roc else drawn.macro_average_precision
        if not self.mean_box.isChecked() or not np.isfinite(area):
            return []
        ys = drawn.macro_recalls if is_roc else drawn.macro_precisions
        return [Curve(_MEAN, curves_words.legend(_MEAN, area), drawn.grid, ys, _NO_THRESHOLDS)]

    # -- a point ----------------------------------------------------------------------

    @Slot(str, float)
    def _choose_point(self, name: str, threshold: float, shows: bool = True) -> None:
        """Say what a threshold comes to, and show the pictures on which it is wrong."""
        view = self._state.view
        if view is None or view.scored is None or name not in view.scored.classes:
            return
        self._point = name, threshold
        outcome = curves_words.outcome(view.scored, name, threshold)
        self.point.show_outcome(outcome)
        for chart in (self.roc, self.precision_recall):
            chart.pin(name, threshold)
        if shows:
            self._choose_pictures(outcome.title, outcome.alarms + outcome.missed)

    @Slot(str, tuple)
    def _choose_pictures(self, title: str, paths: tuple[str, ...]) -> None:
        self._state.choose(Choice(title, paths))


class PointLine(QWidget):
    """What a point of a curve comes to, and the ways to its pictures."""

    chosen = Signal(str, tuple)  # title, paths

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._outcome: curves_words.Outcome | None = None
        self.label = named(ElidedLabel(), "curvePointLabel")
        self.missed_button = named(QPushButton(), "missedButton")
        self.missed_button.setToolTip("Pictures of the class that get less than this probability.")
        self.alarms_button = named(QPushButton(), "falseAlarmsButton")
        self.alarms_button.setToolTip("Pictures of other classes that get this probability or more.")
        self.missed_button.clicked.connect(self._choose_missed)
        self.alarms_button.clicked.connect(self._choose_alarms)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        for part in (self.label, self.missed_button, self.alarms_button):
            row.addWidget(part, 1 if part is self.label else 0)
        self.clear(False)

    def clear(self, can_choose: bool) -> None:
        """Nothing is chosen."""
        self._outcome = None
        self.label.set_text(curves_words.HINT if can_choose else "")
        self.missed_button.hide()
        self.alarms_button.hide()

    def show_outcome(self, outcome: curves_words.Outcome) -> None:
        """Say what a threshold comes to."""
        self._outcome = outcome
        self.label.set_text(outcome.sentence)
        self.missed_button.setText(f"{len(outcome.missed):,} missed")
        self.alarms_button.setText(f"{len(outcome.alarms):,} false alarm{'' if len(outcome.alarms) == 1 else 's'}")
        self.missed_button.setEnabled(bool(outcome.missed))
        self.alarms_button.setEnabled(bool(outcome.alarms))
        self.missed_button.show()
        self.alarms_button.show()

    @Slot()
    def _choose_missed(self) -> None:
        if self._outcome is not None:
            self.chosen.emit(f"{self._outcome.title}: missed", self._outcome.missed)

    @Slot()
    def _choose_alarms(self) -> None:
        if self._outcome is not None:
            self.chosen.emit(f"{self._outcome.title}: false alarms", self._outcome.alarms)


class _NotKept(QWidget):
    """What is shown for a run that did not keep its probabilities."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.button = common.primary(named(QPushButton("Measure again"), "measureAgainButton"))
        self.button.clicked.connect(state.measure_again)
        state.measuring_changed.connect(self._measuring_changed)
        text = (
            "This run was trained by an earlier version, which kept only the answers. Curves need the probabilities "
            "of all classes: measuring on the validation pictures once more gives them."
        )
        layout = QVBoxLayout(self)
        layout.addWidget(common.EmptyState("evaluate", "No curves yet", text, self.button))

    @Slot()
    def _measuring_changed(self) -> None:
        self.button.setEnabled(not self._state.measuring)
