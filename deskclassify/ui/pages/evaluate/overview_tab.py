"""The first tab of the Evaluate page: the numbers, the table of classes, and the confusion matrix."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate import words
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import Choice
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.confusion_matrix import ConfusionMatrix
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.per_class_table import PerClassTable


class OverviewTab(QWidget):
    """How good the network is, and which classes it takes for which."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, theme.GAP, 0, 0)
        columns.setSpacing(theme.GAP * 2)
        columns.addWidget(self._make_numbers(), 4)
        columns.addWidget(self._make_matrix(), 5)
        state.view_changed.connect(self._show)
        self._show()

    def _make_numbers(self) -> QWidget:
        numbers = common.Card(parent=self)
        self.accuracy_label = named(QLabel(), "accuracyLabel")
        font = self.accuracy_label.font()
        font.setPointSizeF(font.pointSizeF() * 3)
        font.setWeight(font.Weight.DemiBold)
        self.accuracy_label.setFont(font)
        self.count_label = named(QLabel(), "countLabel")
        self.count_label.setWordWrap(True)
        self.interval_label = named(common.muted(""), "intervalLabel")
        self.interval_label.setToolTip("Wilson's interval: a handful of pictures says little, hundreds say a lot.")
        self.skipped_label = common.muted("")
        for label in (self.accuracy_label, self.count_label):
            explain(label, "accuracy", "error rate", "validation set")
        self.per_class = named(PerClassTable(), "perClassTable")
        for part in (self.accuracy_label, self.count_label, self.interval_label, self.skipped_label):
            numbers.body.addWidget(part)
        numbers.body.addSpacing(theme.GAP)
        numbers.body.addWidget(self.per_class, 1)
        return numbers

    def _make_matrix(self) -> QWidget:
        card = common.Card("Confusion matrix", parent=self)
        self.matrix = named(ConfusionMatrix(), "confusionMatrix")
        self.matrix.setToolTip("Choose a cell to see its pictures below.")
        self.matrix.cell_chosen.connect(self._choose_cell)
        card.body.addWidget(common.muted("Rows: the actual class. Columns: what the network says."))
        card.body.addWidget(self.matrix, 1)
        return card

    @Slot()
    def _show(self) -> None:
        view = self._state.view
        if view is None:
            self.matrix.set_matrix((), ())
            self.per_class.set_values((), {})
            return
        self.accuracy_label.setText(words.accuracy_text(view))
        self.count_label.setText(words.count_text(view))
        self.interval_label.setText(words.interval_text(view))
        self.skipped_label.setText(words.skipped_text(view))
        self.skipped_label.setVisible(bool(view.evaluated.skipped_images))
        self.per_class.set_values(view.evaluated.classes, view.evaluated.per_class)
        self.matrix.set_matrix(view.evaluated.classes, view.evaluated.confusion)

    @Slot(str, str)
    def _choose_cell(self, actual: str, predicted: str) -> None:
        view = self._state.view
        if view is not None:
            paths = tuple(view.cell(actual, predicted))
            self._state.choose(Choice(words.cell_text((actual, predicted)), paths, "cell"))
