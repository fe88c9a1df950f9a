"""The way through the network: the list of its layers, search, previous and next."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.layer_list import LayerList
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import Card, muted
from deskclassify.ui.widgets.named import named

_WIDTH, _COMPACT_WIDTH = 288, 236  # pixels
_SEARCH_TIP = (
    "By kind, name, stage, size or training: try “depthwise”, “stage 3”, “14×14” or “trained”. "
    "Enter goes to the next layer that fits"
)


class WalkCard(Card):
    """Chooses the layer that is looked at."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._looking = looking
        self._wanted = ""  # the name of the layer that was looked at, to be found again in another network
        self.setFixedWidth(_WIDTH)
        self._make_widgets()
        self._lay_out()
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_list)
        looking.layer_changed.connect(self._follow)

    def _make_widgets(self) -> None:
        self.search_edit = QLineEdit()
        self.search_edit.setPlaceholderText("Find a layer")
        self.search_edit.setAccessibleName("Find a layer")
        self.search_edit.setToolTip(_SEARCH_TIP)
        self.search_edit.setClearButtonEnabled(True)
        self.search_edit.textChanged.connect(self._search)
        self.search_edit.returnPressed.connect(self._next_found)
        self.list = named(LayerList(), "layerList")
        self.list.setAccessibleName("Layers, in the order in which a picture passes them")
        self.list.chosen.connect(self._chosen)
        self.position_label = muted("")
        self.position_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.previous_button = _button(QPushButton("Previous"), "up", "Previous layer", "previousLayerButton", "Alt+Up")
        self.next_button = _button(QPushButton("Next"), "down", "Next layer", "nextLayerButton", "Alt+Down")
        self.previous_stage_button = _button(
            QToolButton(), "stage-up", "Begin of the stage, or stage before", "previousStageButton", "Ctrl+PgUp"
        )
        self.next_stage_button = _button(QToolButton(), "stage-down", "Next stage", "nextStageButton", "Ctrl+PgDown")
        self.previous_button.clicked.connect(self._previous)
        self.next_button.clicked.connect(self._next)
        self.previous_stage_button.clicked.connect(self._previous_stage)
        self.next_stage_button.clicked.connect(self._next_stage)
        for button in (self.previous_button, self.next_button, self.previous_stage_button, self.next_stage_button):
            button.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """A shortcut steps at once: a button would first look pressed for a tenth of a second, and miss the next."""
        if event.type() == QEvent.Type.Shortcut and isinstance(watched, QAbstractButton):
            watched.click()
            return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self.body.addWidget(self.search_edit)
        self.body.addWidget(self.list, 1)
        where = QHBoxLayout()
        where.addWidget(self.previous_stage_button)
        where.addWidget(self.position_label, 1)
        where.addWidget(self.next_stage_button)
        self.body.addLayout(where)
        row = QHBoxLayout()
        row.addWidget(self.previous_button)
        row.addWidget(self.next_button)
        self.body.addLayout(row)

    # -- the network ------------------------------------------------------------------

    def set_compact(self, compact: bool) -> None:
        """Take less room."""
        self.setFixedWidth(_COMPACT_WIDTH if compact else _WIDTH)

    @Slot()
    def _forget(self) -> None:
        self._wanted = self._name or self._wanted
        self.list.layer_model.set_layers(())
        self._show_position()

    @Slot()
    def _show_list(self) -> None:
        listed = self._looking.listed
        if listed is not None:
            self.search_edit.clear()
            self.list.layer_model.set_layers(listed.layers)
            self.list.choose(self._wanted)

    # -- the layer --------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return self._looking.layer.name if self._looking.layer is not None else ""

    @Slot(object)
    def _chosen(self, layer: Layer) -> None:
        self._wanted = layer.name
        self._looking.set_layer(layer)
        self._show_position()

    @Slot()
    def _follow(self) -> None:
        """The layer may be chosen elsewhere, too: then it is shown here, and no search may hide it."""
        if self.list.layer is None or self.list.layer.name != self._name:
            if self.list.filter.rowCount() < self.list.layer_model.rowCount():
                self.search_edit.clear()
            self.list.choose(self._name)
        self._show_position()

    @Slot(str)
    def _search(self, text: str) -> None:
        self.list.search(text, self._name)
        self._show_position()

    def _show_position(self) -> None:
        row, count = self.list.layer_model.row_of(self._name), self.list.layer_model.rowCount()
        found, shown = self.list.filter.rowCount(), self.list.currentIndex().row()
        text = f"Layer {row + 1} of {count}" if row >= 0 else ""
        if found < count:
            text = f"{found} of {count} found"
        self.position_label.setText(text)
        self.previous_button.setEnabled(shown > 0)
        self.next_button.setEnabled(shown < found - 1)
        self.previous_stage_button.setEnabled(self.list.stage_beyond(-1) is not None)
        self.next_stage_button.setEnabled(self.list.stage_beyond(1) is not None)

    @Slot()
    def _previous(self) -> None:
        self.list.step(-1)

    @Slot()
    def _next(self) -> None:
        self.list.step(1)

    @Slot()
    def _previous_stage(self) -> None:
        self.list.step_stage(-1)

    @Slot()
    def _next_stage(self) -> None:
        self.list.step_stage(1)

    @Slot()
    def _next_found(self) -> None:
        """Enter in the search: on to the next layer that fits, and round again."""
        last = self.list.currentIndex().row() >= self.list.filter.rowCount() - 1
        self.list.setCurrentIndex(self.list.filter.index(0, 0)) if last else self.list.step(1)


def _button(button: QAbstractButton, icon: str, tip: str, name: str, keys: str) -> QAbstractButton:
    named(button, name)
    button.setIcon(theme.icon(icon))
    button.setShortcut(keys)
    button.setToolTip(f"{tip} ({keys})")
    button.setAccessibleName(tip)
    button.setEnabled(False)
    return button
