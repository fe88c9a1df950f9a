"""The first tab of the Evaluate page: the numbers, the classes, and the confusion matrix."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from deskclassify.core.metrics import wilson
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate import words
from deskclassify.ui.pages.evaluate.class_lists import ClassLists
from deskclassify.ui.pages.evaluate.matrix_panel import MatrixPanel
from deskclassify.ui.pages.evaluate.roomy import fill_roomy
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import Choice, View
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.interval_bar import IntervalBar
from deskclassify.ui.widgets.named import named

_BIG, _MIDDLE = 2.6, 1.15  # times the usual size of the font
_LEAST_HEIGHT, _NARROW = 330, 460  # pixels


class _Figure(QWidget):
    """A number with its name beneath it."""

    def __init__(self, name: str, term: str, object_name: str) -> None:
        super().__init__()
        self.value_label = named(QLabel(), object_name)
        font = self.value_label.font()
        font.setPointSizeF(font.pointSizeF() * _MIDDLE)
        font.setWeight(font.Weight.DemiBold)
        self.value_label.setFont(font)
        name_label = common.muted(name)
        name_label.setWordWrap(False)
        for label in (self.value_label, name_label):
            explain(label, term)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.value_label)
        column.addWidget(name_label)

    def set_share(self, share: float | None) -> None:
        """Show a share, 0 to 1; None hides the figure."""
        self.setVisible(share is not None)
        self.value_label.setText("" if share is None else f"{100 * share:.1f} %")


class OverviewTab(QWidget):
    """How good the network is, and which classes it takes for which."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.lists = ClassLists(self)
        self.per_class, self.pairs = self.lists.per_class, self.lists.pairs
        self.panel = MatrixPanel(self)
        self.matrix = self.panel.matrix
        left = QVBoxLayout()
        left.setSpacing(theme.GAP * 2)
        left.addWidget(self._make_numbers())
        left.addWidget(self.lists, 1)
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(theme.GAP * 2)
        columns.addLayout(left, 4)
        columns.addWidget(self.panel, 5)
        fill_roomy(self, inner, _LEAST_HEIGHT)
        self.matrix.cell_chosen.connect(self._choose_cell)
        self.pairs.pair_chosen.connect(self._choose_cell)
        self.per_class.class_chosen.connect(self._choose_class)
        state.view_changed.connect(self._show)
        self._show()

    def _make_numbers(self) -> QWidget:
        numbers = self._numbers = common.Card(parent=self)
        self.accuracy_label = named(QLabel(), "accuracyLabel")
        font = self.accuracy_label.font()
        font.setPointSizeF(font.pointSizeF() * _BIG)
        font.setWeight(font.Weight.DemiBold)
        self.accuracy_label.setFont(font)
        self.interval_bar = named(IntervalBar(), "intervalBar")
        explain(self.interval_bar, "confidence interval")
        self.figures = {
            "top3": _Figure("Top-3", "top-k accuracy", "top3Label"),
            "top5": _Figure("Top-5", "top-k accuracy", "top5Label"),
            "f1": _Figure("Macro F1", "F1", "macroF1Label"),
        }
        explain(self.figures["f1"].value_label, "macro average")
        self.count_label = named(QLabel(), "countLabel")
        self.count_label.setWordWrap(True)
        self.interval_label = named(common.muted(""), "intervalLabel")
        self.interval_label.setToolTip("Wilson's interval: a handful of pictures says little, hundreds say a lot.")
        self.skipped_label = common.muted("")
        for label in (self.accuracy_label, self.count_label):
            explain(label, "accuracy", "error rate", "validation set")
        top = QHBoxLayout()
        top.setSpacing(theme.GAP * 2)
        top.addWidget(self.accuracy_label)
        top.addWidget(self.interval_bar, 1)
        for figure in self.figures.values():
            top.addWidget(figure)
        numbers.body.setSpacing(4)
        numbers.body.addLayout(top)
        for part in (self.count_label, self.interval_label, self.skipped_label):
            numbers.body.addWidget(part)
        return numbers

    @Slot()
    def _show(self) -> None:
        view = self._state.view
        self.panel.set_view(view)
        self.lists.set_view(view)
        if view is not None:
            self._show_numbers(view)

    def _show_numbers(self, view: View) -> None:
        self.accuracy_label.setText(words.accuracy_text(view))
        self.count_label.setText(words.count_text(view))
        self.interval_label.setText(words.interval_text(view))
        self.skipped_label.setText(words.skipped_text(view))
        self.skipped_label.setVisible(bool(view.evaluated.skipped_images))
        self.interval_bar.set_values(view.evaluated.accuracy, *wilson(view.right, view.evaluated.images))
        top5 = view.top_k(5) if self._numbers.width() >= _NARROW else None
        for name, share in (("top3", view.top_k(3)), ("top5", top5), ("f1", view.macro_f1)):
            self.figures[name].set_share(share if view.evaluated.images else None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Where there is little room, the least telling number gives way."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._refit)

    @Slot()
    def _refit(self) -> None:
        view = self._state.view
        if view is not None:
            self.figures["top5"].set_share(view.top_k(5) if self._numbers.width() >= _NARROW else None)

    @Slot(str, str)
    def _choose_cell(self, actual: str, predicted: str) -> None:
        view = self._state.view
        if view is not None:
            paths = tuple(view.cell(actual, predicted))
            self._state.choose(Choice(words.cell_text((actual, predicted)), paths, "cell"))

    @Slot(str)
    def _choose_class(self, name: str) -> None:
        view = self._state.view
        if view is not None:
            self._state.choose(Choice(words.short(name), tuple(view.of_class(name))))
