"""Patch × kernel = products, as matrices with numbers; or as bars where a convolution looks at a single place."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.layer_events import Stepped
from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import muted, subheading
from deskclassify.ui.widgets.formula_text import exact
from deskclassify.ui.widgets.matrix_view import MatrixView
from deskclassify.ui.widgets.share_bars import ShareBars

_ALL_COLORS = -1  # in the box of input channels: red, green and blue together
_COLORS = ("red", "green", "blue")


class StepProducts(QWidget):
    """What the window lies on, what the network has learned, and their products; for one input channel at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step: Stepped | None = None
        self._products = np.zeros((0, 0, 0))
        self.input_box = QComboBox()
        self.input_box.setAccessibleName("Input channel")
        self.input_box.setToolTip("The layer reads all input channels; here is one of them, the strongest first")
        self.input_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.input_box.setMinimumContentsLength(24)
        self.input_box.currentIndexChanged.connect(self._show_input)
        self.count_label = muted("")
        self.patch, self.kernel, self.products = MatrixView(), MatrixView(), MatrixView()
        self.bars = ShareBars()
        self.sum_label = muted("")
        # Two lines are kept free: what stands below must not jump when the text gets longer.
        self.sum_label.setMinimumHeight(2 * self.sum_label.fontMetrics().lineSpacing())
        self.sum_label.setAlignment(Qt.AlignmentFlag.AlignTop)
        for view in (self.patch, self.kernel, self.products):
            view.pointed.connect(self._point)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._build_matrices())
        self.pages.addWidget(self.bars)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP - 2)
        head = QHBoxLayout()
        head.addWidget(self.input_box)
        head.addWidget(self.count_label, 1)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        column.addWidget(self.sum_label)

    def _build_matrices(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP - 2)
        grid.setVerticalSpacing(2)
        parts = (
            ("Input patch", "×", self.patch, "The part of the layer's input that the window lies on"),
            ("Kernel", "=", self.kernel, "What the network has learned: one weight for each place of the window"),
            ("Products", "", self.products, "Each value of the patch times the weight at the same place"),
        )
        for at, (title, sign, view, tip) in enumerate(parts):
            label = QLabel(title)
            label.setProperty("role", "muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setToolTip(tip)
            view.setAccessibleName(title)
            grid.addWidget(label, 0, 2 * at)
            grid.addWidget(view, 1, 2 * at)
            grid.setColumnStretch(2 * at, 1)
            if sign:
                mark = subheading(sign)
                mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
                grid.addWidget(mark, 1, 2 * at + 1)
        grid.setRowStretch(1, 1)
        return page

    @property
    def input_channel(self) -> int | None:
        """Number among the inputs of the value's group of the one that is shown; −1 for three colours together."""
        chosen: int | None = self.input_box.currentData()
        return chosen

    def clear(self, text: str = "") -> None:
        """Show nothing but a sentence."""
        self._step = None
        with QSignalBlocker(self.input_box):
            self.input_box.clear()
        for view in (self.patch, self.kernel, self.products):
            view.set_values(np.zeros((0, 0), dtype=np.float32))
        self.bars.set_products(np.zeros(0), np.zeros(0))
        self.count_label.clear()
        self.input_box.hide()
        self.sum_label.setText(text)

    def show_step(self, step: Stepped) -> None:
        """Show another value. An input channel that the user has chosen stays while the window moves."""
        before = self._step
        same = before is not None and (before.layer, before.channel) == (step.layer, step.channel)
        kept = self.input_channel if same and self.input_box.currentIndex() > 0 else None
        self._step = step
        self._products = step.patch.astype(np.float64) * step.kernel
        is_single = step.kernel.shape[1:] == (1, 1)
        self.pages.setCurrentIndex(1 if is_single else 0)
        self._fill_inputs(step, kept)
        if is_single:
            self._show_bars(step)
        else:
            self._show_input()

    def _fill_inputs(self, step: Stepped, kept: int | None) -> None:
        shares = self._products.reshape(len(self._products), -1).sum(axis=1)
        is_single = step.kernel.shape[1:] == (1, 1)
        count = len(shares)
        with QSignalBlocker(self.input_box):
            self.input_box.clear()
            if reads_picture(step) and not is_single:
                self.input_box.addItem("Red, green and blue together", _ALL_COLORS)
            for at in map(int, np.argsort(-np.abs(shares), kind="stable")):
                sign = "+" if shares[at] >= 0 else ""
                self.input_box.addItem(f"{_input_name(step, at)}: adds {sign}{number(float(shares[at]))}", at)
            self.input_box.setCurrentIndex(max(0, self.input_box.findData(kept)) if kept is not None else 0)
        self.input_box.setVisible(count > 1 and not is_single)
        if is_single:
            text = "The window is a single place here. The layer mixes its input channels:"
        elif count == 1:
            text = f"This channel reads one input channel only: number {step.first_input}"
        else:
            text = f"of {count:,}, strongest first" if not reads_picture(step) else ""
        self.count_label.setText(text)

    def _show_bars(self, step: Stepped) -> None:
        self.bars.set_products(step.patch[:, 0, 0], step.kernel[:, 0, 0], step.first_input)
        total = exact(float(self._products.sum()))
        count = self._products.size
        self.sum_label.setText(
            f"All {count:,} products add up to {total}." if count > 1 else f"The product is {total}."
        )

    @Slot()
    def _show_input(self) -> None:
        step, at = self._step, self.input_channel
        if step is None or at is None:
            return
        inside = step.inside.astype(bool)
        if at == _ALL_COLORS:
            self.patch.set_values(step.patch, inside, _picture_cells(step))
            self.kernel.set_values(step.kernel, colors=_kernel_cells(step.kernel))
            self.products.set_values(self._products.sum(axis=0).astype(np.float32), inside)
        else:
            self.patch.set_values(step.patch[at], inside)
            self.kernel.set_values(step.kernel[at])
            self.products.set_values(self._products[at].astype(np.float32), inside)
        self._say_sum()

    def _say_sum(self) -> None:
        at, count = self.input_channel, len(self._products)
        total = exact(float(self._products.sum()))
        cells = self._products[0].size
        if at is None:
            return
        if at == _ALL_COLORS:
            text = f"Each product is that of the three colours added up; all {cells} together give {total}."
        else:
            text = f"These {cells} products add up to {exact(float(self._products[at].sum()))}"
            text += f"; all {count:,} input channels together give {total}." if count > 1 else "."
        self.sum_label.setText(f"{text} Point at a cell for its numbers.")

    @Slot(int, int)
    def _point(self, row: int, column: int) -> None:
        step, at = self._step, self.input_channel
        place = (row, column) if row >= 0 and step is not None else None
        for view in (self.patch, self.kernel, self.products):
            view.mark(place)
        if place is None or step is None or at is None:
            self._say_sum()
            return
        ways = range(3) if at == _ALL_COLORS else (at,)
        parts = [f"{exact(float(step.patch[one][place]))} × {_bracket(float(step.kernel[one][place]))}" for one in ways]
        total = exact(float(sum(self._products[one][place] for one in ways)))
        where = f"Row {row + 1}, column {column + 1} of the window"
        padding = "" if step.inside[place] else " (padding: outside the picture)"
        self.sum_label.setText(f"{where}{padding}: {' + '.join(parts)} = {total}")


def reads_picture(step: Stepped) -> bool:
    """Whether the layer's input is the picture itself: then its three channels are colours."""
    if not step.picture.size or len(step.patch) != len(_COLORS) or step.groups != 1:
        return False
    rows, columns = np.flatnonzero(step.inside.any(axis=1)), np.flatnonzero(step.inside.any(axis=0))
    if not rows.size:
        return False
    places = [
        (corner + int(lines[0]) * step_, int(lines[-1] - lines[0]) * step_ + 1)
        for corner, lines, step_ in zip(step.corner, (rows, columns), step.dilation, strict=True)
    ]
    return step.window == (places[0][0], places[1][0], places[0][1], places[1][1])


def _input_name(step: Stepped, at: int) -> str:
    if reads_picture(step):
        return _COLORS[at].capitalize()
    return f"Input channel {step.first_input + at}"


def _picture_cells(step: Stepped) -> np.ndarray:
    """The picture's own pixels under the window, uint8 `[kh, kw, 3]`; black in the padding."""
    cells = np.zeros((*step.inside.shape, 3), dtype=np.uint8)
    for row, column in np.argwhere(step.inside):
        at = step.corner[0] + row * step.dilation[0], step.corner[1] + column * step.dilation[1]
        cells[row, column] = step.picture[at]
    return cells


def _kernel_cells(kernel: np.ndarray) -> np.ndarray:
    """The weights as colours, uint8 `[kh, kw, 3]`: mid-grey for zero."""
    largest = float(np.abs(kernel).max()) or 1.0
    cells: np.ndarray = np.rint(127.5 + kernel.transpose(1, 2, 0) / largest * 127.5).clip(0, 255).astype(np.uint8)
    return cells


def _bracket(value: float) -> str:
    text = exact(value)
    return f"({text})" if text.startswith("−") else text
