"""What a layer makes of the pinned picture, and of another one beside it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.layer_events import LayerShown
from deskclassify.core.layer_requests import LayerRequest
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.channel_panel import ChannelPanel
from deskclassify.ui.pages.layers.channel_tiles import (
    ChannelTiles,
    Order,
    Scale,
    order_of,
    order_text,
    place_text,
    scale_text,
    separates,
    shared_span,
)
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.values_panel import ValuesPanel
from deskclassify.ui.widgets.colormap import Colors
from deskclassify.ui.widgets.common import EmptyState, muted
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tile_grid import TileGrid

_SEPARATION_ROW = 1  # of the box with the orders
_LEAST_LETTERS = 8
_WIDEST_ORDER = 340  # pixels


class ActivationsTab(QWidget):
    """Channels as tiles with the chosen one large; or bars, for a layer that gives single values."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._shown: LayerShown | None = None
        self._other: LayerShown | None = None
        self._order: list[int] = []
        self._to_first = False  # whether the next tiles are in another order, whose first is to be seen
        self._ask_other = Latest(looking.session, parent=self)
        self._ask_other.received.connect(self._take_other)
        self._ask_other.failed.connect(self._fail_other)
        self._make_widgets()
        self._lay_out()
        looking.shown_changed.connect(self._show_layer)
        looking.network_changed.connect(self.clear)
        looking.other_changed.connect(self._other_changed)

    # -- widgets ----------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.order_box = _box("orderBox", "Order of the channels")
        for text, order in (("Strongest first", "strength"), ("What separates", "separation"), ("By number", "number")):
            self.order_box.addItem(text, order)
        self.order_box.setToolTip(
            "Strongest first: by what is above zero, on average. What separates: channels that move the "
            "network most towards its first answer and away from its second one; each value times its influence on "
            "the difference of both scores (gradient), summed over the picture."
        )
        self.order_box.setMinimumContentsLength(_LEAST_LETTERS + 3)
        self.order_box.setMaximumWidth(_WIDEST_ORDER)
        self.order_box.currentIndexChanged.connect(self._reorder)
        self.scale_box = _box("scaleBox", "Scale of the values")
        self.scale_box.addItem("Own scale", "own")
        self.scale_box.addItem("Same scale", "shared")
        self.scale_box.setToolTip(
            "Own scale: each channel from its lowest to its highest value, which shows faint ones as well. "
            "Same scale: all alike, which shows which ones are strong."
        )
        self.colors_box = _box("colorsBox", "Colours of the values")
        self.colors_box.addItem("Viridis", "viridis")
        self.colors_box.addItem("Grey", "grey")
        self.colors_box.addItem("Blue–orange", "diverging")
        self.colors_box.setToolTip("Viridis and grey show low and high; blue and orange show below and above zero")
        for box in (self.scale_box, self.colors_box):
            box.currentIndexChanged.connect(self._recolour)
        self.compare_button = named(QPushButton(theme.icon("image"), "Compare…"), "compareButton")
        self.compare_button.setAccessibleName("Compare with another picture…")
        self.compare_button.setToolTip("Puts another picture beside this one, layer by layer")
        self.compare_button.clicked.connect(self._compare)
        self.leave_button = named(QToolButton(), "leaveComparisonButton")
        self.leave_button.setIcon(theme.icon("close"))
        self.leave_button.setAccessibleName("Show one picture again")
        self.leave_button.setToolTip("Show one picture again")
        self.leave_button.clicked.connect(self._leave)
        self.leave_button.hide()
        self.text_label = muted("")
        self.grid = named(TileGrid(), "activationGrid")
        self.grid.setAccessibleName("Channels of the layer")
        self.grid.chosen.connect(self._choose)
        self.panel = ChannelPanel(self._looking)
        self.values = ValuesPanel()
        self.nothing = EmptyState(
            "image", "No picture yet", "Choose a picture, or drop one here, to see what this layer makes of it."
        )

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(self.order_box, 4)
        top.addWidget(self.scale_box)
        top.addWidget(self.colors_box)
        top.addStretch(1)
        top.addWidget(self.compare_button)
        top.addWidget(self.leave_button)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.grid)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        maps = QWidget()
        column = QVBoxLayout(maps)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text_label)
        column.addWidget(self.splitter, 1)
        self.content = QStackedWidget()
        for page in (maps, self.values):
            self.content.addWidget(page)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.addLayout(top)
        column.addWidget(self.content, 1)
        self.pages = QStackedWidget()
        for page in (shown, self.nothing):
            self.pages.addWidget(page)
        self.pages.setCurrentWidget(self.nothing)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.pages)

    # -- what is wanted ---------------------------------------------------------------

    @property
    def channel(self) -> int:
        """Number of the channel that is shown large; −1 without one."""
        channel = self.panel.view.channel
        return channel.number if channel is not None else -1

    @property
    def order(self) -> Order:
        """The order that is chosen."""
        order: Order = self.order_box.currentData()
        return order

    @property
    def _colors(self) -> Colors:
        colors: Colors = self.colors_box.currentData()
        return colors

    @property
    def _scale(self) -> Scale:
        scale: Scale = self.scale_box.currentData()
        return scale

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._ask_beside()
        self.panel.ask()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        self._ask_other.drop()
        self.panel.drop()
        super().hideEvent(event)

    # -- the layer --------------------------------------------------------------------

    @Slot()
    def _show_layer(self) -> None:
        self._shown = self._looking.shown
        if self._other is not None and not self._fits(self._other):
            self._other = None
        self._offer_separation()
        self._show()
        self._ask_beside()

    def _show(self) -> None:
        """Show the layer in the chosen order."""
        shown = self._shown
        if shown is None or not (shown.values.size or shown.activations.size):
            self.clear()
            return
        self.pages.setCurrentIndex(0)
        self._order = order_of(shown, self.order)
        self.scale_box.setVisible(not shown.values.size)
        self.colors_box.setVisible(not shown.values.size)
        if shown.values.size:
            self.grid.set_tiles(())
            self.panel.clear()
            self.values.show_values(shown, self._other, self.order)
            self.content.setCurrentIndex(1)
            return
        self.content.setCurrentIndex(0)
        self._recolour()
        wanted = self._looking.channel
        row = self._order.index(wanted) if wanted in self._order and not self._to_first else 0
        self._to_first = False
        tells = self.order == "separation" and separates(shown)
        self.grid.set_tiles(ChannelTiles(shown, self._other, self._order, tells), row)

    @Slot()
    def clear(self) -> None:
        """Show that there is no picture."""
        self._ask_other.drop()
        self._shown = self._other = None
        self.grid.set_tiles(())
        self.panel.clear()
        self.pages.setCurrentWidget(self.nothing)

    @Slot(int)
    def _choose(self, row: int) -> None:
        shown = self._shown
        if shown is None or row >= len(self._order):
            return
        at = self._order[row]
        self.panel.show_channel(shown, self._other, at, place_text(shown, at, row, self.order))
        self._looking.set_channel(at)

    # -- order, scale, colours --------------------------------------------------------

    def _offer_separation(self) -> None:
        """Name both classes in the box; without two classes there is nothing to separate."""
        answer = self._shown.answer if self._shown is not None else ()
        can = len(answer) > 1
        text = f"What separates “{answer[0][0]}” from “{answer[1][0]}”" if can else "What separates two classes"
        self.order_box.setItemText(_SEPARATION_ROW, text)
        model = self.order_box.model()
        assert isinstance(model, QStandardItemModel)
        model.item(_SEPARATION_ROW).setEnabled(can)
        if not can and self.order == "separation":
            with QSignalBlocker(self.order_box):
                self.order_box.setCurrentIndex(0)

    @Slot()
    def _reorder(self) -> None:
        is_separation = self.order == "separation"
        self._to_first = True
        self._looking.set_separates(is_separation)
        if not is_separation or (self._shown is not None and separates(self._shown)):
            self._show()  # else when the answer comes

    @Slot()
    def _recolour(self) -> None:
        shown = self._shown
        if shown is None or not shown.activations.size:
            return
        span = shared_span(shown, self._other, self._colors) if self._scale == "shared" else None
        self.grid.tiles.set_colors(self._colors, span)
        self.panel.set_scale(self._colors, span)
        is_pair = self._other is not None
        self.text_label.setText(
            f"{order_text(shown, self.order)} {scale_text(self._scale, self._colors, span, is_pair)}"
        )

    # -- the picture beside -----------------------------------------------------------

    @Slot()
    def _compare(self) -> None:
        title = "Choose a picture to compare with"
        chosen = dialogs.ask_file(self, self._looking.session, title, dialogs.PICTURES)
        if chosen is not None:
            self._looking.set_other(str(chosen))

    @Slot()
    def _leave(self) -> None:
        self._looking.set_other("")

    @Slot()
    def _other_changed(self) -> None:
        self.leave_button.setVisible(bool(self._looking.other))
        self._ask_other.drop()
        if self._other is not None:
            self._other = None
            self._show()
        self._ask_beside()

    def _fits(self, other: LayerShown) -> bool:
        """Whether an answer is of the layer, the epoch and the picture that are shown beside."""
        shown = self._shown
        return shown is not None and (other.layer, other.epoch, other.image) == (
            shown.layer,
            shown.epoch,
            self._looking.other,
        )

    def _ask_beside(self) -> None:
        shown, other = self._shown, self._looking.other
        if shown is not None and shown.image and other and self._other is None and self.isVisible():
            self._ask_other.ask(LayerRequest(self._looking.model, shown.layer.name, other, shown.epoch))

    @Slot(object)
    def _take_other(self, event: Event) -> None:
        if isinstance(event, LayerShown) and self._fits(event):
            self._other = event
            self._show()

    @Slot(object)
    def _fail_other(self, failure: Failure) -> None:
        """A picture that cannot be shown is taken away again, and why is told."""
        self._looking.set_other("")
        self._looking.layer_failed.emit(failure)


def _box(name: str, accessible: str) -> QComboBox:
    box = named(QComboBox(), name)
    box.setAccessibleName(accessible)
    # Names of classes may be long: they must not decide how wide the window is.
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LEAST_LETTERS)
    return box
