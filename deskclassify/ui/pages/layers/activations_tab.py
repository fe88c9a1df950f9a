"""What a layer makes of the pinned picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.layer_events import LayerShown
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.channel_view import Channel, ChannelView
from deskclassify.ui.widgets.colormap import number
from deskclassify.ui.widgets.common import EmptyState, muted, subheading
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars
from deskclassify.ui.widgets.tile_grid import Tile, TileGrid

_MOST_BARS = 12


class ActivationsTab(QStackedWidget):
    """Channels as tiles with the chosen one large; or bars, for a layer that gives single values."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._shown: LayerShown | None = None
        self._order: list[int] = []
        self.grid = TileGrid()
        self.grid.setObjectName("activationGrid")
        self.grid.setAccessibleName("Channels of the layer, strongest first")
        self.grid.chosen.connect(self._choose)
        self.view = ChannelView()
        self.title_label = subheading("")
        self.range_label = muted("")
        self.value_label = muted("")
        self.colors_box = QComboBox()
        self.colors_box.addItem("Colours", "viridis")
        self.colors_box.addItem("Grey", "grey")
        self.colors_box.setAccessibleName("Colours of the values")
        self.colors_box.setToolTip("How values are shown: dark is low, bright is high")
        self.colors_box.currentIndexChanged.connect(self._recolour)
        self.over_check = QCheckBox("Over the picture")
        self.over_check.setToolTip("Lays the channel over your picture, to see what it reacts to")
        self.over_check.toggled.connect(self.view.set_over_picture)
        self.view.hovered.connect(self.value_label.setText)
        self.bars = ProbabilityBars()
        self.bars_label = muted("")
        self.nothing = EmptyState(
            "image", "No picture yet", "Choose a picture, or drop one here, to see what this layer makes of it."
        )
        for page in (self._build_maps(), self._build_bars(), self.nothing):
            self.addWidget(page)
        self.setCurrentWidget(self.nothing)
        looking.shown_changed.connect(self._show_layer)
        looking.network_changed.connect(self.clear)

    def _build_maps(self) -> QWidget:
        large = QWidget()
        column = QVBoxLayout(large)
        column.setContentsMargins(theme.GAP, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.title_label)
        column.addWidget(self.range_label)
        column.addWidget(self.view, 1)
        # Two lines are kept free: a label that grows under the cursor would make the picture jump.
        self.value_label.setMinimumHeight(self.value_label.fontMetrics().height() + 2)
        column.addWidget(self.value_label)
        row = QHBoxLayout()
        row.addWidget(self.colors_box)
        row.addWidget(self.over_check)
        row.addStretch(1)
        column.addLayout(row)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.grid)
        splitter.addWidget(large)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([420, 320])
        return splitter

    def _build_bars(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        column.addWidget(self.bars_label)
        column.addWidget(self.bars)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        # It lies in a card and must show the card's surface.
        scroll.setStyleSheet("QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }")
        return scroll

    @property
    def channel(self) -> int:
        """Number of the channel that is shown large; −1 without one."""
        return self.view.channel.number if self.view.channel is not None else -1

    @Slot()
    def _show_layer(self) -> None:
        shown = self._looking.shown
        if shown is None:
            return
        wanted = self._looking.channel
        self._shown = shown
        self.view.show_channel(None)
        if shown.values.size:
            self.grid.set_tiles(())
            self._show_values(shown)
            self.setCurrentIndex(1)
        elif shown.activations.size:
            self._order = [int(at) for at in np.argsort(-shown.strength, kind="stable")]
            tiles = [
                Tile(
                    shown.activations[at],
                    f"{at}",
                    at,
                    _range_text(at, float(shown.low[at]), float(shown.high[at])),
                )
                for at in self._order
            ]
            self.setCurrentIndex(0)
            self.grid.set_tiles(tiles, self._order.index(wanted) if wanted in self._order else 0)
        else:
            self.clear()

    @Slot()
    def clear(self) -> None:
        """Show that there is no picture."""
        self.grid.set_tiles(())
        self.view.show_channel(None)
        self.setCurrentWidget(self.nothing)

    def _show_values(self, shown: LayerShown) -> None:
        order = np.argsort(-shown.values, kind="stable")[:_MOST_BARS]
        named = len(shown.value_names) == len(shown.values)
        self.bars.set_bars(
            [
                Bar(
                    shown.value_names[at] if named else f"Channel {at}",
                    float(shown.values[at]),
                    number(float(shown.values[at])),
                    strong=place == 0,
                )
                for place, at in enumerate(map(int, order))
            ]
        )
        count = len(shown.values)
        which = f"The {len(order)} highest of {count:,} values" if count > len(order) else f"All {count} values"
        self.bars_label.setText(f"{which}: this layer gives one number for each {'class' if named else 'channel'}.")

    @Slot(int)
    def _choose(self, row: int) -> None:
        shown = self._shown
        if shown is None or row >= len(self._order):
            return
        at = self._order[row]
        channel = Channel(at, shown.activations[at], float(shown.low[at]), float(shown.high[at]))
        self.view.show_channel(channel, shown.picture)
        self.title_label.setText(f"Channel {at}")
        self.range_label.setText(
            f"Number {row + 1} by strength. Values from {number(channel.low)} to {number(channel.high)}."
        )
        self._looking.set_channel(at)

    @Slot()
    def _recolour(self) -> None:
        colors = self.colors_box.currentData()
        self.grid.tiles.set_colors(colors)
        self.view.set_colors(colors)


def _range_text(channel: int, low: float, high: float) -> str:
    return f"Channel {channel}: values from {number(low)} to {number(high)}"
