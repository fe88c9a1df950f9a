"""The kernel that is looked at: large, before and after training, with what is to be said of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.layer_events import KernelShown
from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import fill_scroll, muted, subheading
from deskclassify.ui.widgets.kernel_view import KernelView, MixRow, MixView, Panel
from deskclassify.ui.widgets.named import named

_MOST_ROWS = 100  # of a mix: what is smaller than these plays no part
_STEPS = (1, 2, 5)
_IN_COLOUR = -1
_COLOURS = ("Red", "Green", "Blue")


class KernelDetail(QWidget):
    """Shows one kernel; where it has many input channels, one of them at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: KernelShown | None = None
        self.title_label = subheading("")
        self.facts_label = muted("")
        self.input_box = named(QComboBox(), "kernelInputBox")
        self.input_box.setAccessibleName("Input channel")
        self.input_box.setToolTip("A kernel has one pattern for each channel that it looks at, the strongest first")
        self.input_box.setMaxVisibleItems(12)
        self.input_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.input_box.currentIndexChanged.connect(self._paint)
        self.magnify_check = named(QCheckBox("Magnify the difference"), "magnifyCheck")
        self.magnify_check.setChecked(True)
        self.magnify_check.setToolTip(
            "Training changes weights by little: multiplied, their difference can be seen on the same scale"
        )
        self.magnify_check.toggled.connect(self._paint)
        self.view = named(KernelView(), "kernelView")
        self.mix = named(MixView(), "kernelMixView")
        self.value_label = muted("")
        self.view.hovered.connect(self.value_label.setText)
        self._lay_out()

    def _lay_out(self) -> None:
        scroll = QScrollArea()
        fill_scroll(scroll, self.mix)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(scroll)
        row = QHBoxLayout()
        row.addWidget(self.input_box)
        row.addWidget(self.magnify_check)
        row.addStretch(1)
        # A line is kept free: a label that grows under the cursor would make the kernel jump.
        self.value_label.setMinimumHeight(self.value_label.fontMetrics().height() + 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.title_label)
        column.addWidget(self.facts_label)
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        column.addWidget(self.value_label)

    @property
    def shown(self) -> KernelShown | None:
        """What is shown."""
        return self._shown

    def clear(self) -> None:
        """Show no kernel."""
        self._shown = None
        self.title_label.clear()
        self.facts_label.clear()
        self.value_label.clear()
        self.view.set_panels(())
        self.mix.set_rows(())
        self.input_box.hide()
        self.magnify_check.hide()

    def show_kernel(self, shown: KernelShown, title: str, facts: str) -> None:
        """Show another kernel, or the same one at another epoch: then its input channel stays."""
        before, self._shown = self._shown, shown
        self.title_label.setText(title)
        self.facts_label.setText(facts)
        self.value_label.clear()
        is_same = before is not None and (before.layer, before.channel) == (shown.layer, shown.channel)
        if not (is_same or (before is not None and before.kind == shown.kind == "colour")):
            self._fill_inputs(shown)
        self.input_box.setVisible(self.input_box.count() > 1)
        self.magnify_check.setVisible(shown.kind != "mix" and _has_changed(shown))
        self._paint()

    def _fill_inputs(self, shown: KernelShown) -> None:
        with QSignalBlocker(self.input_box):
            self.input_box.clear()
            if shown.kind == "colour":
                for at, name in enumerate(("In colour", *_COLOURS)):
                    self.input_box.addItem(name, at + _IN_COLOUR)
            elif shown.kind == "per input":
                norms = np.linalg.norm(shown.weights.reshape(len(shown.weights), -1), axis=1)
                for place, at in enumerate(np.argsort(-norms, kind="stable")):
                    strongest = " (strongest)" if place == 0 else ""
                    self.input_box.addItem(f"Input channel {shown.inputs[at]}{strongest}", int(at))
            self.input_box.setCurrentIndex(0)

    @Slot()
    def _paint(self) -> None:
        shown = self._shown
        if shown is None:
            return
        if shown.kind == "mix":
            self._paint_mix(shown)
            self._stack.setCurrentIndex(1)
        else:
            self.view.set_panels(self._panels(shown))
            self._stack.setCurrentIndex(0)

    def _panels(self, shown: KernelShown) -> list[Panel]:
        chosen = self.input_box.currentData() if self.input_box.count() else 0
        after, largest = _part(shown.weights, chosen), float(np.abs(shown.weights).max())
        if not shown.pretrained.size:
            return [Panel("Weights", after, largest)]
        before = _part(shown.pretrained, chosen)
        largest = max(largest, float(np.abs(shown.pretrained).max()))
        factor = 1
        if self.magnify_check.isChecked():
            factor = _factor(float(np.abs(shown.weights - shown.pretrained).max()), largest)
        title = "Difference" if factor == 1 else f"Difference × {factor:,}"
        panels = [Panel("Before", before, largest), Panel("After", after, largest)]
        return [*panels, Panel(title, factor * (after - before), largest)]

    def _paint_mix(self, shown: KernelShown) -> None:
        after = shown.weights.reshape(-1)
        before = shown.pretrained.reshape(-1)
        order = np.argsort(-np.abs(after), kind="stable")[:_MOST_ROWS]
        self.mix.set_rows(
            [
                MixRow(f"Input {shown.inputs[at]}", float(after[at]), float(before[at]) if before.size else None)
                for at in map(int, order)
            ]
        )
        rest = f"The {len(order)} largest of {len(after):,} weights." if len(after) > len(order) else ""
        marks = " The line across a bar: the weight before training." if before.size else ""
        self.value_label.setText(f"{rest}{marks}".strip())


def _part(weights: np.ndarray, chosen: int) -> np.ndarray:
    """One input channel `[kh, kw]` of weights `[inputs, kh, kw]`, or all three as colours."""
    part: np.ndarray = weights.transpose(1, 2, 0) if chosen == _IN_COLOUR else weights[chosen]
    return part


def _has_changed(shown: KernelShown) -> bool:
    return bool(shown.pretrained.size) and not np.array_equal(shown.weights, shown.pretrained)


def _factor(difference: float, largest: float) -> int:
    """The largest of 1, 2, 5, 10, 20, … with which a difference still fits the scale."""
    factor, best = 1, 1
    while difference > 0 and factor <= 1_000_000:
        for step in _STEPS:
            best = step * factor if step * factor * difference <= largest else best
        factor *= 10
    return best


def kernel_facts(norm: float, place: int, count: int, change: float | None, is_dead: bool) -> str:
    """What is said of a kernel.

    Args:
        norm: its Euclidean norm.
        place: its place by norm, from 1.
        count: how many kernels the layer has.
        change: see `KernelsShown.changes`; None where that is not known.
        is_dead: whether its weights are all but zero.
    """
    text = f"Strength {number(norm)} (its norm), number {place:,} of {count:,}."
    if is_dead:
        text += " Dead: its weights are all but zero."
    if change is not None:
        changed = f" Training changed it by {100 * change:.1f}\u00a0%."
        text += changed if change else " Training left it as it was."
    return text
