"""The way through the network: the list of its layers, search, previous and next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.layer_list import LayerList
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import Card, muted
from deskclassify.ui.widgets.named import named

_WIDTH = 288  # pixels


class WalkCard(Card):
    """Chooses the layer that is looked at."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._looking = looking
        self._wanted = ""  # the name of the layer that was looked at, to be found again in another network
        self.setFixedWidth(_WIDTH)
        self.search_edit = QLineEdit()
        self.search_edit.setPlaceholderText("Find a layer")
        self.search_edit.setAccessibleName("Find a layer")
        self.search_edit.setClearButtonEnabled(True)
        self.list = named(LayerList(), "layerList")
        self.list.setAccessibleName("Layers, in the order in which a picture passes them")
        self.list.chosen.connect(self._chosen)
        self.search_edit.textChanged.connect(self.list.filter.set_text)
        self.position_label = muted("")
        self.position_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.previous_button = _step_button("up", "Previous", "previousLayerButton", "Alt+Up")
        self.previous_button.clicked.connect(self._previous)
        self.next_button = _step_button("down", "Next", "nextLayerButton", "Alt+Down")
        self.next_button.clicked.connect(self._next)
        self.body.addWidget(self.search_edit)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.position_label)
        row = QHBoxLayout()
        row.addWidget(self.previous_button)
        row.addWidget(self.next_button)
        self.body.addLayout(row)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_list)

    @Slot()
    def _forget(self) -> None:
        current = self.list.layer
        self._wanted = current.name if current is not None else self._wanted
        self.list.layer_model.set_layers(())
        self.position_label.clear()
        self.previous_button.setEnabled(False)
        self.next_button.setEnabled(False)

    @Slot()
    def _show_list(self) -> None:
        listed = self._looking.listed
        if listed is not None:
            self.search_edit.clear()
            self.list.layer_model.set_layers(listed.layers)
            self.list.choose(self._wanted)

    @Slot()
    def _previous(self) -> None:
        self.list.step(-1)

    @Slot()
    def _next(self) -> None:
        self.list.step(1)

    @Slot(object)
    def _chosen(self, layer: Layer) -> None:
        row, count = self.list.layer_model.row_of(layer.name), self.list.layer_model.rowCount()
        shown = self.list.currentIndex().row()
        self.position_label.setText(f"Layer {row + 1} of {count}")
        self.previous_button.setEnabled(shown > 0)
        self.next_button.setEnabled(shown < self.list.filter.rowCount() - 1)
        self._looking.set_layer(layer)


def _step_button(icon: str, text: str, name: str, keys: str) -> QPushButton:
    button = named(QPushButton(theme.icon(icon), text), name)
    button.setShortcut(keys)
    button.setToolTip(f"{text} layer ({keys})")
    button.setEnabled(False)
    return button
