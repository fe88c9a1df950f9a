"""The arithmetic of a convolution, one output value at a time: patch × kernel, summed, plus bias."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from deskclassify.core.layer_events import Stepped
from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import muted, pad_spin_boxes, subheading
from deskclassify.ui.widgets.matrix_view import MatrixView, PlaceMap

_PLAY_MILLISECONDS = 350
_TOLERANCE = 1e-3  # of the sum of all absolute products: single precision, summed in another order


class ConvolutionStepper(QWidget):
    """Shows one `Stepped` and asks for others; it knows neither network nor jobs.

    `wanted` is emitted with channel, row and column whenever the user or the animation moves.
    """

    wanted = Signal(int, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step: Stepped | None = None
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setInterval(_PLAY_MILLISECONDS)
        self._timer.timeout.connect(self._advance)
        self.map = PlaceMap()
        self.map.setAccessibleName("Output of the channel; arrow keys move the window")
        self.map.setToolTip("What the layer gives in this channel. Click a place, or move with the arrow keys.")
        self.map.picked.connect(self._picked)
        self.channel_spin = self._spin("Channel of the output; each has its own kernel")
        self.row_spin = self._spin("Row of the output")
        self.column_spin = self._spin("Column of the output")
        self.play_button = QPushButton("Play")
        self.play_button.setCheckable(True)
        self.play_button.setToolTip("Slides the window over the picture, row by row")
        self.play_button.toggled.connect(self._play)
        self.input_box = QComboBox()
        self.input_box.setAccessibleName("Input channel")
        self.input_box.setToolTip("The layer reads all input channels; here is one of them, the strongest first")
        self.input_box.currentIndexChanged.connect(self._show_input)
        self.patch, self.kernel, self.products = MatrixView(), MatrixView(), MatrixView()
        self.sum_label = muted("")
        self.equation_label = subheading("")
        self.equation_label.setWordWrap(True)
        self.check_label = muted("")
        self.place_label = muted("")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        layout.setSpacing(theme.MARGIN)
        layout.addLayout(self._build_controls())
        layout.addLayout(self._build_arithmetic(), 1)
        pad_spin_boxes(self)
        self.set_layer(0, 0, 0)

    def _spin(self, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setToolTip(tip)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(self._moved)
        return spin

    def _build_controls(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(theme.GAP)
        column.addWidget(subheading("Output"))
        self.map.setFixedWidth(190)
        self.map.setMaximumHeight(190)
        column.addWidget(self.map, 4)
        form = QGridLayout()
        form.setVerticalSpacing(4)
        for row, (text, spin) in enumerate(
            (("Channel", self.channel_spin), ("Row", self.row_spin), ("Column", self.column_spin))
        ):
            label = QLabel(text)
            label.setBuddy(spin)
            form.addWidget(label, row, 0)
            form.addWidget(spin, row, 1)
        column.addLayout(form)
        column.addWidget(self.play_button)
        column.addStretch(1)
        return column

    def _build_arithmetic(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(theme.GAP)
        column.addWidget(self.input_box)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP)
        parts = (
            ("Input patch", "×", self.patch, "The part of the layer's input that the window lies on"),
            ("Kernel", "=", self.kernel, "What the network has learned: one weight for each place of the window"),
            ("Products", "", self.products, "Each value of the patch times the weight at the same place"),
        )
        for at, (title, sign, view, tip) in enumerate(parts):
            label = muted(title)
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
        column.addLayout(grid, 8)
        for below in (self.sum_label, self.equation_label, self.check_label, self.place_label):
            column.addWidget(below)
        column.addStretch(1)
        return column

    @property
    def place(self) -> tuple[int, int, int]:
        """Channel, row and column that are chosen."""
        return self.channel_spin.value(), self.row_spin.value(), self.column_spin.value()

    @property
    def is_playing(self) -> bool:
        """Whether the animation runs."""
        return self._timer.isActive()

    def set_layer(self, channels: int, rows: int, columns: int, channel: int = 0) -> None:
        """Be ready for another layer, in the middle of its output; nothing is shown until `show_step`."""
        self.play_button.setChecked(False)
        self.step = None
        self._waiting = False
        spins = (self.channel_spin, self.row_spin, self.column_spin)
        values = (channel, rows // 2, columns // 2)
        for spin, size, value in zip(spins, (channels, rows, columns), values, strict=True):
            with QSignalBlocker(spin):
                spin.setRange(0, max(0, size - 1))
                spin.setValue(value)
        with QSignalBlocker(self.input_box):
            self.input_box.clear()
        for view in (self.patch, self.kernel, self.products):
            view.set_values(np.zeros((0, 0), dtype=np.float32))
        for label in (self.sum_label, self.equation_label, self.check_label, self.place_label):
            label.clear()
        self.map.clear()
        self.sum_label.setText("Calculating…" if channels else "")
        self.setEnabled(channels > 0)

    def set_channel(self, channel: int) -> None:
        """Look at another output channel."""
        self.channel_spin.setValue(channel)

    def ask(self) -> None:
        """Ask for the arithmetic of the chosen place."""
        if self.isEnabled():
            self._waiting = True
            self.wanted.emit(*self.place)

    def show_step(self, step: Stepped) -> None:
        """Show an answer. One for a place that is no longer chosen is passed over."""
        if (step.channel, step.row, step.column) != self.place:
            return
        self._waiting = False
        same_channel = self.step is not None and self.step.channel == step.channel
        kept = self.input_box.currentData() if same_channel else None
        self.step = step
        self.map.set_output(step.output)
        self.map.set_place(step.row, step.column)
        self._fill_inputs(step, kept)
        self._show_input()
        self._show_equation(step)

    def give_up(self) -> None:
        """The answer will not come: end the animation."""
        if self.step is None:
            self.sum_label.clear()
        self._waiting = False
        self.play_button.setChecked(False)

    def _fill_inputs(self, step: Stepped, kept: int | None) -> None:
        shares = (step.patch * step.kernel).reshape(step.patch.shape[0], -1).sum(axis=1)
        order = np.argsort(-np.abs(shares), kind="stable")
        with QSignalBlocker(self.input_box):
            self.input_box.clear()
            for at in order:
                sign = "+" if shares[at] >= 0 else ""
                text = f"Input channel {_input_number(step, int(at))}: gives {sign}{number(float(shares[at]))}"
                self.input_box.addItem(text, int(at))
            # A channel that the user has chosen stays while the window moves.
            self.input_box.setCurrentIndex(max(0, self.input_box.findData(kept)) if kept is not None else 0)
        self.input_box.setEnabled(len(order) > 1)

    @Slot()
    def _show_input(self) -> None:
        step, at = self.step, self.input_box.currentData()
        if step is None or at is None:
            return
        products = step.patch[at] * step.kernel[at]
        inside = _inside(step)
        self.patch.set_values(step.patch[at], inside)
        self.kernel.set_values(step.kernel[at])
        self.products.set_values(products, inside)
        count = step.patch.shape[0]
        share = number(float(products.sum()))
        total = number(float((step.patch * step.kernel).sum(dtype=np.float64)))
        others = f"; all {count} input channels together give {total}" if count > 1 else ""
        those = f"These {products.size} products add up to {share}" if products.size > 1 else f"The product is {share}"
        self.sum_label.setText(f"{those}{others}.")

    def _show_equation(self, step: Stepped) -> None:
        products = step.patch.astype(np.float64) * step.kernel
        sign = "−" if step.bias < 0 else "+"
        bias = number(abs(step.bias))
        self.equation_label.setText(
            f"Σ patch × kernel + bias = {number(float(products.sum()))} {sign} {bias} = {number(step.value)}"
        )
        agrees = abs(step.value - step.network_value) <= _TOLERANCE * (1e-6 + float(np.abs(products).sum()))
        said = f"The network itself gives {number(step.network_value)} here"
        self.check_label.setText(f"✓ {said}: the same." if agrees else f"{said}, which is not the same.")
        height, width = step.kernel.shape[1:]
        bottom = step.corner[0] + (height - 1) * step.dilation[0]
        right = step.corner[1] + (width - 1) * step.dilation[1]
        edge = " Greyed cells lie outside the picture and count as 0." if not _inside(step).all() else ""
        self.place_label.setText(
            f"The window covers {_span('row', step.corner[0], bottom)} and {_span('column', step.corner[1], right)} "
            f"of the layer’s input. One step in the output moves it by {step.stride[0]}.{edge}"
        )

    @Slot()
    def _moved(self) -> None:
        self.map.set_place(self.row_spin.value(), self.column_spin.value())
        self.ask()

    @Slot(int, int)
    def _picked(self, row: int, column: int) -> None:
        with QSignalBlocker(self.row_spin), QSignalBlocker(self.column_spin):
            self.row_spin.setValue(row)
            self.column_spin.setValue(column)
        self._moved()

    @Slot(bool)
    def _play(self, on: bool) -> None:
        self.play_button.setText("Pause" if on else "Play")
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def _advance(self) -> None:
        if self._waiting:  # never ask faster than the answers come
            return
        _, row, column = self.place
        column += 1
        if column > self.column_spin.maximum():
            column, row = 0, row + 1
        self._picked(row if row <= self.row_spin.maximum() else 0, column)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing moves where nobody looks."""
        self.play_button.setChecked(False)
        super().hideEvent(event)


def _span(name: str, first: int, last: int) -> str:
    return (f"{name}s {first} to {last}" if first != last else f"{name} {first}").replace("-", "−")


def _input_number(step: Stepped, at: int) -> int:
    """The number of an input channel among all; a group reads its own share of them."""
    if step.groups <= 1:
        return at
    per_group = step.patch.shape[0]
    # Depthwise: group g holds output channels g · m to g · m + m − 1, and m is 1 in all networks here.
    return step.channel * per_group + at if per_group == 1 else at


def _inside(step: Stepped) -> np.ndarray:
    """Which cells of the patch lie in the input, bool `[kh, kw]`; the others are padding."""
    sides = []
    for axis in (0, 1):
        places = step.corner[axis] + np.arange(step.kernel.shape[1 + axis]) * step.dilation[axis]
        # The answer does not say how large the input is; the output tells the least it can be.
        reach = (step.output.shape[axis] - 1) * step.stride[axis] - 2 * step.padding[axis]
        least = reach + (step.kernel.shape[1 + axis] - 1) * step.dilation[axis] + 1
        sides.append((places < 0, places >= least))
    silent = ~step.patch.any(axis=0)
    before = sides[0][0][:, None] | sides[1][0][None, :]
    after = sides[0][1][:, None] | sides[1][1][None, :]
    inside: np.ndarray = ~(before | (after & silent))
    return inside
