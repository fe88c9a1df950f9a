"""A layer that gives single values, as bars: of one picture or of two side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from deskclassify.core.layer_events import LayerShown
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.channel_tiles import Order, order_of, separates, signed
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import fill_scroll, muted, subheading
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars

_MOST_BARS = 12


class ValuesPanel(QScrollArea):
    """The first values in an order, named by their class where they are scores."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text_label = muted("")
        self.title_labels = (subheading(""), subheading(""))
        self.bars, self.other_bars = ProbabilityBars(), ProbabilityBars()
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(2, theme.GAP, theme.GAP, theme.GAP)
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP)
        grid.addWidget(self.text_label, 0, 0, 1, 2)
        for at, (title, bars) in enumerate(zip(self.title_labels, (self.bars, self.other_bars), strict=True)):
            grid.addWidget(title, 1, at)
            grid.addWidget(bars, 2, at, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(at, 1)
        grid.setRowStretch(3, 1)
        fill_scroll(self, inner)

    def show_values(self, shown: LayerShown, other: LayerShown | None, order: Order) -> None:
        """Show a layer's values; those of the picture beside stand in the same order, to be compared.

        Args:
            shown: the layer.
            other: the same layer for the picture beside; None for none.
            order: of the values.
        """
        every = order_of(shown, order)
        chosen = every[:_MOST_BARS]
        by_separation = order == "separation" and separates(shown)
        other = None if by_separation else other  # what separates is known of the pinned picture only
        span = None
        if other is not None:
            both = np.concatenate([shown.values, other.values])
            span = float(both.min()), float(both.max())
        for bars, one in ((self.bars, shown), (self.other_bars, other)):
            bars.set_bars([] if one is None else [_bar(one, at, by_separation, at == every[0]) for at in chosen], span)
            bars.setVisible(one is not None)
        for title, each in zip(self.title_labels, (shown, other), strict=True):
            title.setText(Path(each.image).name if each is not None else "")
            title.setVisible(other is not None)
        self.text_label.setText(_text(shown, len(chosen), len(every), order, by_separation))


def _bar(shown: LayerShown, at: int, tells_separation: bool, is_first: bool) -> Bar:
    named = len(shown.value_names) == len(shown.values)
    name = shown.value_names[at] if named else f"Channel {at}"
    value = float(shown.separation[at] if tells_separation else shown.values[at])
    return Bar(name, value, signed(value) if tells_separation else number(value), strong=is_first)


def _text(shown: LayerShown, count: int, every: int, order: Order, by_separation: bool) -> str:
    named = len(shown.value_names) == len(shown.values)
    if by_separation:
        (first, _), (second, _) = shown.answer[:2]
        which = f"The {count} of {every:,} values" if every > count else f"All {every} values"
        return f"{which} that tip the answer most: + speaks for “{first}”, − for “{second}”."
    first_ones = "first" if order == "number" else "highest"
    which = f"The {count} {first_ones} of {every:,} values" if every > count else f"All {every} values"
    return f"{which}: this layer gives one number for each {'class' if named else 'channel'}."
