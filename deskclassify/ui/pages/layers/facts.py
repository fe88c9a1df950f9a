"""What is said of the layer that is looked at: name, numbers, and one sentence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.layer_list import parameter_text, shape_text
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import Card, muted, subheading
from deskclassify.ui.widgets.images import small_picture

_THUMB = 92  # pixels
_HINT = "This network was trained on everyday pictures (ImageNet). Train one of your own to compare."


class FactsCard(Card):
    """The pinned picture, and what the chosen layer does."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._looking = looking
        self.thumb = QLabel()
        self.thumb.setFixedSize(_THUMB, _THUMB)
        self.thumb.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.thumb.setAccessibleName("The network's input")
        self.thumb.setToolTip("The picture as the network sees it, resized and cropped")
        self.name_label = subheading("")
        self.facts_label = muted("")
        self.explanation_label = QLabel()
        self.explanation_label.setTextFormat(Qt.TextFormat.PlainText)
        self.explanation_label.setWordWrap(True)
        self.hint_label = muted("")
        row = QHBoxLayout()
        row.setSpacing(theme.MARGIN - 4)
        row.addWidget(self.thumb)
        text = QVBoxLayout()
        text.setSpacing(4)
        for label in (self.name_label, self.facts_label, self.explanation_label, self.hint_label):
            text.addWidget(label)
        text.addStretch(1)
        row.addLayout(text, 1)
        self.body.addLayout(row)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_network)
        looking.layer_changed.connect(self._show_layer)
        looking.shown_changed.connect(self._show_answer)
        looking.layer_failed.connect(self._show_failure)

    @Slot()
    def _forget(self) -> None:
        for label in (self.name_label, self.facts_label, self.explanation_label, self.hint_label):
            label.clear()
        self.thumb.clear()

    @Slot()
    def _show_network(self) -> None:
        self.hint_label.setText("" if self._looking.is_run else _HINT)
        self.hint_label.setVisible(not self._looking.is_run)

    @Slot()
    def _show_layer(self) -> None:
        layer = self._looking.layer
        if layer is not None:
            self.name_label.setText(layer.name)
            facts = (layer.kind, layer.detail, f"gives {shape_text(layer.shape)}", parameter_text(layer.parameters))
            self.facts_label.setText("  ·  ".join(fact for fact in facts if fact))

    @Slot()
    def _show_answer(self) -> None:
        shown = self._looking.shown
        if shown is not None:
            _set_role(self.explanation_label, "")
            self.explanation_label.setText(shown.explanation)
            small_picture(self.thumb, shown.picture, _THUMB)
            self.thumb.setVisible(bool(shown.picture.size))

    @Slot(object)
    def _show_failure(self, failure: Failure) -> None:
        _set_role(self.explanation_label, "bad")
        self.explanation_label.setText(failure.sentence)


def _set_role(label: QLabel, role: str) -> None:
    """Give a label another role of the style sheet."""
    label.setProperty("role", role)
    label.style().unpolish(label)
    label.style().polish(label)
