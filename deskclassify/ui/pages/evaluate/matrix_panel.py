"""The confusion matrix with its order, its numbers, and what the cell under the pointer says."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from deskclassify.core.class_order import Order
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.confusion_matrix import ConfusionMatrix
from deskclassify.ui.widgets.confusion_painter import Numbers
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.named import named

_HINT = "Rows: the actual class. Columns: what the network says. A click shows a cell's pictures."
_MANY = 20  # classes from which zooming helps
_SHOWN: tuple[tuple[str, Numbers, bool, str], ...] = (
    ("Counts", "count", False, "How many pictures each cell holds."),
    ("Shares in %", "share", False, "The share of the actual class's pictures: each row adds up to 100."),
    ("Errors only", "count", True, "The right answers are left pale, so that the errors stand out."),
)
_ORDERS: tuple[tuple[str, Order, str], ...] = (
    ("By name", "name", "In the order of the alphabet."),
    ("Similar together", "similarity", "Classes that are taken for one another stand side by side, as blocks."),
    ("Most errors first", "errors", "Classes with the most errors, missed or taken for them, come first."),
)


class MatrixPanel(common.Card):
    """The matrix fills the card; above it two choices, below it a line that says what a cell means."""

    cell_chosen = Signal(str, str)  # actual and predicted class

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.matrix = named(ConfusionMatrix(), "confusionMatrix")
        self.matrix.cell_chosen.connect(self.cell_chosen)
        self.matrix.cell_hovered.connect(self._say)
        self.matrix.setMinimumSize(180, 120)
        self.body.addLayout(self._make_head())
        self.body.addWidget(self.matrix, 1)
        self.body.addLayout(self._make_foot())

    def _make_head(self) -> QHBoxLayout:
        title = common.subheading("Confusion matrix")
        explain(title, "confusion matrix")
        self.show_box = named(QComboBox(), "matrixShowBox")
        self.show_box.setAccessibleName("What the cells show")
        for text, _, _, tip in _SHOWN:
            self.show_box.addItem(text)
            self.show_box.setItemData(self.show_box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.order_box = named(QComboBox(), "matrixOrderBox")
        self.order_box.setAccessibleName("Order of the classes")
        for text, _, tip in _ORDERS:
            self.order_box.addItem(text)
            self.order_box.setItemData(self.order_box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.show_box.currentIndexChanged.connect(self._choose_shown)
        self.order_box.currentIndexChanged.connect(self._choose_order)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(title, 1)
        head.addWidget(self.show_box)
        head.addWidget(self.order_box)
        return head

    def _make_foot(self) -> QHBoxLayout:
        self.says_label = named(ElidedLabel(), "matrixCellLabel")
        self.says_label.set_text(_HINT)
        self._zooms = [
            self._zoom_button("−", "matrixZoomOutButton", "Smaller cells", self.matrix.zoom_out),
            self._zoom_button("+", "matrixZoomInButton", "Larger cells (Ctrl and wheel)", self.matrix.zoom_in),
            self._zoom_button("Fit", "matrixFitButton", "The whole matrix", self.matrix.fit),
        ]
        foot = QHBoxLayout()
        foot.setSpacing(2)
        foot.addWidget(self.says_label, 1)
        for button in self._zooms:
            foot.addWidget(button)
        return foot

    def _zoom_button(self, text: str, name: str, tip: str, action: Callable[[], None]) -> QToolButton:
        button = named(QToolButton(), name)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRaise(True)
        button.clicked.connect(action)
        button.hide()
        return button

    def set_view(self, view: View | None) -> None:
        """Show other counts."""
        classes = view.evaluated.classes if view is not None else ()
        self.matrix.set_matrix(classes, view.evaluated.confusion if view is not None else ())
        for button in self._zooms:
            button.setVisible(len(classes) >= _MANY)

    @Slot(str)
    def _say(self, sentence: str) -> None:
        self.says_label.set_text(sentence or _HINT)

    @Slot(int)
    def _choose_shown(self, at: int) -> None:
        _, numbers, errors_only, tip = _SHOWN[at]
        self.show_box.setToolTip(tip)
        self.matrix.set_numbers(numbers)
        self.matrix.set_errors_only(errors_only)

    @Slot(int)
    def _choose_order(self, at: int) -> None:
        _, order, tip = _ORDERS[at]
        self.order_box.setToolTip(tip)
        self.matrix.set_order(order)
