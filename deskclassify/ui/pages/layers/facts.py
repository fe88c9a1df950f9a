"""What is said of the layer that is looked at: where it is, its numbers, and one sentence."""

from __future__ import annotations

import html

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import (
    Network,
    Place,
    parameter_text,
    percent,
    short_shape,
    sight_text,
    title_of,
    training_text,
)
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import muted, set_role
from deskclassify.ui.widgets.images import small_picture
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.network_map import WIDE

_THUMB = 68  # pixels
_SMALLEST_SHARE = 0.005  # of the weights; what is less says nothing
_TIP = "The picture as the network sees it, resized and cropped."
_FACTS_TIP = (
    "Channels in and out and size of the kernels; height × width × channels of what the layer gives; its weights, and "
    "their share of all; how much of the picture one of its values sees; whether training has changed its weights, or "
    "left them frozen as they were"
)
_HINT = "Trained on everyday pictures (ImageNet). Train your own to compare."


class SeenPicture(QLabel):
    """The network's input, with the part that one value of a layer sees."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seen = 1.0  # share of a side
        self.setFixedSize(_THUMB, _THUMB)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("The network's input")
        self.setToolTip(_TIP)

    def set_seen(self, share: float, text: str) -> None:
        """How much of a side is seen, from 0 to 1, and how that is said."""
        self._seen = min(1.0, share)
        self.setToolTip(f"<p>{_TIP}</p><p>The square: one value of this layer {html.escape(text)}.</p>")
        self.update()

    @property
    def square(self) -> QRectF:
        """What is seen, in pixels of this label; in its middle, as one value among many."""
        edge = max(4.0, self._seen * _THUMB - 2)
        return QRectF((_THUMB - edge) / 2, (_THUMB - edge) / 2, edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture, and a square that can be seen on light and dark pictures."""
        super().paintEvent(event)
        if self.pixmap().isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for color, width in (("#000000", 3.4), ("#ffffff", 1.6)):
            painter.setPen(QPen(QColor(color), width))
            painter.drawRect(self.square)


class FactsPanel(QWidget):
    """The pinned picture, and what the chosen layer does."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._network = Network()
        self.thumb = SeenPicture()
        self.crumbs = named(QLabel(), "layerCrumbs")
        self.crumbs.setTextFormat(Qt.TextFormat.RichText)
        self.crumbs.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.crumbs.setAccessibleName("Where the layer is")
        self.crumbs.linkActivated.connect(self._jump)
        self.name_label = muted("")
        self.name_label.setWordWrap(False)
        self.name_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.name_label.setToolTip("The layer's name in the program code of the network")
        self.facts_label = muted("")
        self.facts_label.setToolTip(_FACTS_TIP)
        self.explanation_label = QLabel()
        self.explanation_label.setTextFormat(Qt.TextFormat.PlainText)
        self.explanation_label.setWordWrap(True)
        self.answer_label = muted("")
        self.hint_label = muted("")
        self._lay_out()
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_network)
        looking.layer_changed.connect(self._show_layer)
        looking.shown_changed.connect(self._show_answer)
        looking.layer_failed.connect(self._show_failure)
        theme.notifier().changed.connect(self._show_layer)

    def _lay_out(self) -> None:
        title = QHBoxLayout()
        title.setSpacing(theme.GAP + 4)
        title.addWidget(self.crumbs)
        title.addWidget(self.name_label, 1)
        text = QVBoxLayout()
        text.setSpacing(3)
        text.addLayout(title)
        for label in (self.facts_label, self.explanation_label, self.answer_label, self.hint_label):
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            text.addWidget(label)
        text.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MARGIN - 4)
        row.addWidget(self.thumb, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(text, 1)

    # -- the network ------------------------------------------------------------------

    @Slot()
    def _forget(self) -> None:
        self._network = Network()
        for label in (
            self.crumbs,
            self.name_label,
            self.facts_label,
            self.explanation_label,
            self.answer_label,
            self.hint_label,
            self.thumb,
        ):
            label.clear()

    @Slot()
    def _show_network(self) -> None:
        listed = self._looking.listed
        self._network = Network(listed.layers if listed is not None else ())
        self.hint_label.setText("" if self._looking.is_run else _HINT)
        self.hint_label.setVisible(not self._looking.is_run)
        self._make_room()
        self._show_layer()  # it may have been chosen before this slot was called

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where there is room, the map of the network has the answer."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        self.answer_label.setVisible(self._looking.is_run and self.width() < WIDE)

    # -- the layer --------------------------------------------------------------------

    @Slot()
    def _show_layer(self) -> None:
        layer = self._looking.layer
        if layer is None:
            return
        self.crumbs.setText(_crumbs(layer, self._network.place(layer.name)))
        self.name_label.setText(layer.name)
        facts = (layer.detail, f"gives {short_shape(layer.shape)}", self._weights(layer), sight_text(layer))
        # Lines break between the facts only.
        shown = [fact.replace(" ", "\u00a0") for fact in (*facts, training_text(layer)) if fact]
        self.facts_label.setText("\u00a0· ".join(shown))
        size = self._looking.listed.input_size if self._looking.listed is not None else 1
        self.thumb.set_seen(layer.receptive_field / size if layer.receptive_field else 1.0, sight_text(layer))

    def _weights(self, layer: Layer) -> str:
        text = parameter_text(layer.parameters)
        share = self._network.share(layer.parameters)
        return f"{text} ({percent(share)})" if share >= _SMALLEST_SHARE else text

    @Slot(str)
    def _jump(self, part: str) -> None:
        """To the first layer of the stage or block."""
        place = self._network.place(self._looking.layer.name) if self._looking.layer is not None else None
        if place is not None:
            self._looking.set_layer((place.block if part == "block" else place.stage).layers[0])

    @Slot()
    def _show_answer(self) -> None:
        shown = self._looking.shown
        if shown is not None:
            set_role(self.explanation_label, "")
            self.explanation_label.setText(shown.explanation)
            self.answer_label.setText(answer_text(shown.answer))
            small_picture(self.thumb, shown.picture, _THUMB)
            self.thumb.setVisible(bool(shown.picture.size))

    @Slot(object)
    def _show_failure(self, failure: Failure) -> None:
        set_role(self.explanation_label, "bad")
        self.explanation_label.setText(failure.sentence)


def answer_text(answer: tuple[tuple[str, float], ...]) -> str:
    """“The network's answer: fish 98 %, then mushroom 1 %”; empty without an answer."""
    if not answer:
        return ""
    texts = [f"{name} {percent(probability)}" for name, probability in answer[:2]]
    return "The network's answer to this picture: " + ", then ".join(texts)


def _crumbs(layer: Layer, place: Place | None) -> str:
    """“Stage 2 › Block 1 › Depthwise convolution 3×3”, the parts as links."""
    colors = theme.current()
    parts = []
    if place is not None:
        for kind, title in (("stage", place.stage.title), ("block", place.block.title)):
            if title:
                style = f"color:{colors.accent}; text-decoration:none"
                parts.append(f'<a href="{kind}" style="{style}">{html.escape(title)}</a>')
    parts.append(f'<span style="font-size:11pt; font-weight:600">{html.escape(title_of(layer))}</span>')
    return f' <span style="color:{colors.muted}">›</span> '.join(parts)
