"""The table of classes and the pairs that are confused: both where there is room, otherwise one of them."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.pairs_table import MOST_PAIRS, PairsTable
from deskclassify.ui.widgets.per_class_table import PerClassTable

_LEAST_PAIRS = 150  # pixels of the second list, without which only one is shown
_UNLIMITED = 16_777_215  # Qt's QWIDGETSIZE_MAX


class ClassLists(common.Card):
    """`per_class` and `pairs`; the table of classes takes no more room than it needs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.per_class = named(PerClassTable(), "perClassTable")
        self.pairs = named(PairsTable(), "confusedPairsTable")
        self.none_label = common.muted("No class is taken for another.")
        self.pairs_title = common.subheading("Most confused")
        self.classes_title = common.subheading("Classes")
        for table in (self.per_class, self.pairs):
            table.setMinimumHeight(56)
        self.body.addWidget(self._make_buttons())
        self.body.addWidget(self.classes_title)
        self.body.addWidget(self.per_class, 1)
        self.body.addWidget(self.pairs_title)
        self.body.addWidget(self.none_label)
        self.body.addWidget(self.pairs, 1)
        self._arrange()

    def _make_buttons(self) -> QWidget:
        self.classes_button = named(QPushButton("Classes"), "classesButton")
        self.classes_button.setToolTip("How well each class is recognised. A click on a row shows its pictures.")
        self.pairs_button = named(QPushButton("Most confused"), "confusedPairsButton")
        self.pairs_button.setToolTip("Which classes are taken for which. A click on a row shows its pictures.")
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        group = QButtonGroup(self)
        for button in (self.classes_button, self.pairs_button):
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self.classes_button.setChecked(True)
        group.buttonClicked.connect(self._arrange)
        return self._buttons

    def set_view(self, view: View | None) -> None:
        """Show other numbers."""
        if view is None:
            self.per_class.set_values((), {})
            self.pairs.set_matrix((), ())
            return
        self.per_class.set_values(view.evaluated.classes, view.evaluated.per_class)
        self.pairs.set_matrix(view.evaluated.classes, view.evaluated.confusion)
        pairs = self.pairs.model().rowCount()
        self.pairs_button.setText("Most confused" if pairs >= MOST_PAIRS else f"Most confused ({pairs:,})")
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the room there is."""
        super().resizeEvent(event)
        self._arrange()

    @Slot()
    def _arrange(self) -> None:
        margins = self.body.contentsMargins()
        room = self.height() - margins.top() - margins.bottom()
        titles = self.classes_title.sizeHint().height() + self.pairs_title.sizeHint().height()
        wanted = self.per_class.wanted_height
        both = room >= titles + 3 * self.body.spacing() + wanted + _LEAST_PAIRS
        shows_pairs = both or self.pairs_button.isChecked()
        shows_classes = both or not shows_pairs
        some = self.pairs.model().rowCount() > 0
        self._buttons.setVisible(not both)
        self.classes_title.setVisible(both)
        self.pairs_title.setVisible(both)
        self.per_class.setVisible(shows_classes)
        self.per_class.setFixedHeight(wanted) if both else self.per_class.setMaximumHeight(_UNLIMITED)
        if not both:
            self.per_class.setMinimumHeight(56)
        self.pairs.setVisible(shows_pairs and some)
        self.none_label.setVisible(shows_pairs and not some)
        self.body.setStretchFactor(self.none_label, 0 if some else 1)
