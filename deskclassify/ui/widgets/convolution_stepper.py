"""The arithmetic of a convolution, one output value at a time, from the picture to the activation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from deskclassify.core.layer_events import Following, Stepped
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import fill_scroll, muted, set_role
from deskclassify.ui.widgets.formula_text import exact, put_in
from deskclassify.ui.widgets.place_map import PlaceMap
from deskclassify.ui.widgets.step_controls import StepControls
from deskclassify.ui.widgets.step_products import StepProducts
from deskclassify.ui.widgets.value_chain import Link, ValueChain

_MAPS_WIDTH = 176  # pixels
_EXPLANATIONS = {
    "BatchNorm": "Brings the channel to a common range: less its mean, divided by its spread, as they were in "
    "training; then scaled and shifted by two learned numbers.",
    "LayerNorm": "Brings the channels of this place to a common range: less their mean, divided by their spread; "
    "then scaled and shifted by two learned numbers.",
    "ReLU": "Cuts off what is below zero: only places that fit the kernel stay.",
    "ReLU6": "Cuts off what is below zero and above six: only places that fit the kernel stay.",
    "Sigmoid": "Brings the value between 0 and 1.",
    "Hardsigmoid": "Brings the value between 0 and 1, along straight lines.",
}
_CURVE = "A curve that lets strong answers pass and holds weak ones back."


class ConvolutionStepper(QWidget):
    """Shows one `Stepped` and asks for others; it knows neither network nor jobs.

    `wanted` is emitted with channel, row and column whenever the user or the animation moves.
    """

    wanted = Signal(int, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step: Stepped | None = None
        self.controls = StepControls()
        self.controls.moved.connect(self._moved)
        self.channel_spin, self.row_spin = self.controls.channel_spin, self.controls.row_spin
        self.column_spin, self.play_button = self.controls.column_spin, self.controls.play_button
        self.picture, self.map = PlaceMap(), PlaceMap()
        self.picture.setAccessibleName("Your picture; arrow keys move the window")
        self.picture.setToolTip("The part of your picture that this value sees. Click, or use the arrow keys, to move.")
        self.map.setAccessibleName("Output of the channel; arrow keys move the window")
        self.map.setToolTip("What the layer gives in this channel. Click a place, or move with the arrow keys.")
        for view in (self.picture, self.map):
            view.picked.connect(self.controls.go_to)
        self.picture_label, self.map_label = _caption(), _caption()
        self.products = StepProducts()
        self.chain = ValueChain()
        self.check_label = QLabel()
        self.place_label = muted("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.controls)
        body = QHBoxLayout()
        body.setSpacing(theme.MARGIN - 6)
        body.addLayout(self._build_maps())
        body.addWidget(self._build_arithmetic(), 1)
        layout.addLayout(body, 1)
        self.set_layer(0, 0, 0)

    def _build_maps(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        for label, view in ((self.picture_label, self.picture), (self.map_label, self.map)):
            view.setFixedWidth(_MAPS_WIDTH)
            view.setMaximumHeight(_MAPS_WIDTH)
            label.setFixedWidth(_MAPS_WIDTH)
            column.addWidget(label)
            column.addWidget(view, 1)
        column.addStretch(0)
        return column

    def _build_arithmetic(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP - 2)
        column.addWidget(self.products, 1)
        for below in (self.chain, self.check_label, self.place_label):
            column.addWidget(below)
        self.arithmetic = QScrollArea()
        fill_scroll(self.arithmetic, inner)
        self.arithmetic.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return self.arithmetic

    @property
    def place(self) -> tuple[int, int, int]:
        """Channel, row and column that are chosen."""
        return self.controls.place

    @property
    def is_playing(self) -> bool:
        """Whether the animation runs."""
        return self.controls.is_playing

    def set_layer(self, channels: int, rows: int, columns: int, channel: int = 0) -> None:
        """Be ready for another layer, in the middle of its output; nothing is shown until `show_step`."""
        self.step = None
        self.controls.set_sizes(channels, rows, columns, channel)
        self.products.clear("Calculating…" if channels else "")
        self.chain.set_links(())
        for label in (self.check_label, self.place_label, self.picture_label, self.map_label):
            label.clear()
        self.picture.clear()
        self.map.clear()
        self.setEnabled(channels > 0)

    def set_channel(self, channel: int) -> None:
        """Look at another output channel."""
        self.channel_spin.setValue(channel)

    def ask(self) -> None:
        """Ask for the arithmetic of the chosen place."""
        if self.isEnabled():
            self.controls.is_waiting = True
            self.wanted.emit(*self.place)

    def show_step(self, step: Stepped) -> None:
        """Show an answer. One for a place that is no longer chosen is passed over."""
        if (step.channel, step.row, step.column) != self.place:
            return
        self.controls.is_waiting = False
        self.step = step
        rows, columns = step.output.shape
        self.picture.set_picture(step.picture, rows, columns, step.window)
        self.map.set_output(step.output)
        for view in (self.picture, self.map):
            view.set_place(step.row, step.column)
        self.picture_label.setText(_seen(step))
        self.map_label.setText(f"Output: {columns} × {rows} values")
        self.products.show_step(step)
        self.chain.set_links(list(links(step)))
        self._show_check()
        self.place_label.setText(_place_text(step))

    def give_up(self) -> None:
        """The answer will not come: end the animation."""
        if self.step is None:
            self.products.clear()
        self.controls.stop()

    def _show_check(self) -> None:
        wrong = next((link for link in self.chain.links if not link.agrees), None)
        if wrong is None:
            text, role = "✓ The network itself gives the same at every step.", "good"
        else:
            text, role = f"✗ Not the same: the network itself gives another number after “{wrong.title}”.", "bad"
        self.check_label.setText(text)
        set_role(self.check_label, role)

    @Slot()
    def _moved(self) -> None:
        for view in (self.picture, self.map):
            view.set_place(self.row_spin.value(), self.column_spin.value())
        self.ask()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing moves where nobody looks."""
        self.controls.stop()
        super().hideEvent(event)


def _caption() -> QLabel:
    label = QLabel()
    label.setProperty("role", "muted")
    return label


def links(step: Stepped) -> Iterator[Link]:
    """The way of the value, from the products to the activation."""
    products = step.patch.astype(np.float64) * step.kernel
    total = float(products.sum())
    count = products.size
    yield Link(
        "Σ products",
        total,
        "patch × kernel, added up",
        f"{count:,} products = {exact(total)}" if count > 1 else f"one product = {exact(total)}",
        "Σ means that all are added up: the value is large where the patch looks like the kernel.",
    )
    yield Link(
        "+ bias",
        step.value,
        "Σ products + bias",
        f"{put_in('x + bias', total, {'bias': step.bias})} = {exact(step.value)}",
        "A learned number that is added to each sum of the channel."
        if step.bias
        else "This channel has no bias: where a normalisation follows, it would have no effect.",
        abs(step.value - step.network_value) <= step.tolerance,
    )
    x = step.value
    for one in step.following:
        yield _following_link(one, x)
        x = one.value


def _following_link(one: Following, x: float) -> Link:
    return Link(
        one.kind,
        one.value,
        one.formula,
        f"{put_in(one.formula, x, one.terms)} = {exact(one.value)}",
        _EXPLANATIONS.get(one.kind, _CURVE),
        abs(one.value - one.network_value) <= one.tolerance,
    )


def _seen(step: Stepped) -> str:
    _, _, height, width = step.window
    if not step.picture.size:
        return ""
    whole = (height, width) == step.picture.shape[:2]
    return "Window: your whole picture" if whole else f"Window: {width} × {height} pixels"


def _place_text(step: Stepped) -> str:
    height, width = step.kernel.shape[1:]
    bottom = step.corner[0] + (height - 1) * step.dilation[0]
    right = step.corner[1] + (width - 1) * step.dilation[1]
    edge = ""
    if not step.inside.all():
        outside = step.patch[:, ~step.inside.astype(bool)]
        filled = "are filled up from its edge" if outside.any() else "count as 0"
        edge = f" Hatched cells lie outside the picture (padding) and {filled}."
    moves = step.stride[0] if step.stride[0] == step.stride[1] else f"{step.stride[0]} down or {step.stride[1]} across"
    return (
        f"Window: {_span('row', step.corner[0], bottom)}, {_span('column', step.corner[1], right)} of the layer’s "
        f"input. A step in the output moves it by {moves}.{edge}"
    )


def _span(name: str, first: int, last: int) -> str:
    return (f"{name}s {first} to {last}" if first != last else f"{name} {first}").replace("-", "−")
