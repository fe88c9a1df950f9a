"""The Layers page: step through a network with a picture of one's own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import architectures
from deskclassify.core.errors import Failure
from deskclassify.core.events import Layer, LayerShown, LayersListed, Stepped
from deskclassify.core.pictures import is_picture_name
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.layer_browser import LayerBrowser
from deskclassify.ui.pages.layer_list import LayerList, parameter_text, shape_text
from deskclassify.ui.pages.layer_tabs import ActivationsTab, KernelsTab, small_picture
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, EmptyState, heading, muted, run_guarded, subheading
from deskclassify.ui.widgets.convolution_stepper import ConvolutionStepper
from deskclassify.ui.widgets.drop_area import local_paths

_THUMB = 92  # pixels
_HINT = "This network was trained on everyday pictures (ImageNet). Train one of your own to compare."


class LayersPage(QWidget):
    """Layers on the left, the chosen one on the right. Nothing is computed before the page is seen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layersPage")
        self.setAcceptDrops(True)
        self._session = session
        self._own_picture = False
        self._opened = ""
        self._layer: Layer | None = None
        self.browser = LayerBrowser(session, self)
        self._make_widgets()
        self._lay_out()
        self.browser.listed.connect(self._show_list)
        self.browser.shown.connect(self._show_layer)
        self.browser.stepped.connect(self._show_step)
        self.browser.busy_changed.connect(self._show_busy)
        self.browser.list_failed.connect(self._show_list_failure)
        self.browser.layer_failed.connect(self._show_layer_failure)
        session.run_changed.connect(self._run_changed)
        session.listing_changed.connect(self._take_picture)
        self.setFocusProxy(self.list)
        self._fill_sources()

    # -- widgets ----------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.source_box = QComboBox()
        self.source_box.setObjectName("networkBox")
        self.source_box.setAccessibleName("Network")
        self.source_box.setToolTip("The network to look into: yours, or one trained on everyday pictures")
        self.source_box.currentIndexChanged.connect(self._open_chosen)
        self.choose_button = QPushButton(theme.icon("image"), "Choose picture…")
        self.choose_button.setObjectName("chooseImageButton")
        self.choose_button.setToolTip("The picture that goes through the network; you may also drop one on this page")
        self.choose_button.clicked.connect(self._choose_picture)
        self.search_edit = QLineEdit()
        self.search_edit.setPlaceholderText("Find a layer")
        self.search_edit.setAccessibleName("Find a layer")
        self.search_edit.setClearButtonEnabled(True)
        self.list = LayerList()
        self.list.setObjectName("layerList")
        self.list.setAccessibleName("Layers, in the order in which a picture passes them")
        self.list.chosen.connect(self._layer_chosen)
        self.search_edit.textChanged.connect(self.list.filter.set_text)
        self.previous_button = self._step_button("up", "Previous", "previousLayerButton", "Alt+Up")
        self.previous_button.clicked.connect(self._previous)
        self.next_button = self._step_button("down", "Next", "nextLayerButton", "Alt+Down")
        self.next_button.clicked.connect(self._next)
        self.position_label = muted("")
        self.position_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
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
        self.activations = ActivationsTab()
        self.activations.channel_chosen.connect(self._channel_chosen)
        self.kernels = KernelsTab()
        self.stepper = ConvolutionStepper()
        self.stepper.setObjectName("convolutionStepper")
        self.stepper.wanted.connect(self.browser.show_step)
        self.no_steps = EmptyState(
            "layers",
            "Nothing to calculate here",
            "The step-by-step view shows convolutions. Choose a layer of that kind, and a picture.",
        )
        self.trouble = EmptyState("warning", "This network cannot be shown", "")

    def _step_button(self, icon: str, text: str, name: str, keys: str) -> QPushButton:
        button = QPushButton(theme.icon(icon), text)
        button.setObjectName(name)
        button.setShortcut(keys)
        button.setToolTip(f"{text} layer ({keys})")
        button.setEnabled(False)
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(heading("Layers"))
        top.addStretch(1)
        label = QLabel("Network")
        label.setBuddy(self.source_box)
        top.addWidget(label)
        top.addWidget(self.source_box)
        top.addWidget(self.choose_button)
        self.steps_stack = QStackedWidget()
        self.steps_stack.addWidget(self.stepper)
        self.steps_stack.addWidget(self.no_steps)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.activations, "Activations")
        self.tabs.addTab(self.kernels, "Kernels")
        self.tabs.addTab(self.steps_stack, "Convolution step by step")
        self.tabs.setTabToolTip(0, "What the layer makes of your picture: one small picture for each channel")
        self.tabs.setTabToolTip(1, "The weights that the layer has learned")
        self.tabs.setTabToolTip(2, "How one number of the output is calculated")
        self.tabs.currentChanged.connect(self._ask_step)
        shown = QWidget()
        right = QVBoxLayout(shown)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(theme.GAP + 4)
        right.addWidget(self._build_facts())
        body = Card()
        body.body.addWidget(self.tabs)
        right.addWidget(body, 1)
        self.content = QStackedWidget()
        self.content.addWidget(shown)
        self.content.addWidget(self.trouble)
        columns = QHBoxLayout()
        columns.setSpacing(theme.GAP + 4)
        columns.addWidget(self._build_list())
        columns.addWidget(self.content, 1)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        page.setSpacing(theme.GAP + 4)
        page.addLayout(top)
        page.addLayout(columns, 1)

    def _build_list(self) -> Card:
        card = Card()
        card.setFixedWidth(288)
        card.body.addWidget(self.search_edit)
        card.body.addWidget(self.list, 1)
        card.body.addWidget(self.position_label)
        row = QHBoxLayout()
        row.addWidget(self.previous_button)
        row.addWidget(self.next_button)
        card.body.addLayout(row)
        return card

    def _build_facts(self) -> Card:
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(theme.MARGIN - 4)
        row.addWidget(self.thumb)
        text = QVBoxLayout()
        text.setSpacing(4)
        for label in (self.name_label, self.facts_label, self.explanation_label, self.hint_label):
            text.addWidget(label)
        text.addStretch(1)
        row.addLayout(text, 1)
        card.body.addLayout(row)
        return card

    # -- which network ----------------------------------------------------------------

    def _fill_sources(self) -> None:
        run = self._session.run
        with QSignalBlocker(self.source_box):
            self.source_box.clear()
            if run is not None:
                self.source_box.addItem(f"My network ({run.name})", str(run.path))
            for one in sorted(architectures.ARCHITECTURES.values(), key=lambda one: not one.bundled):
                self.source_box.addItem(f"{one.title}, pretrained", one.name)
            self.source_box.setCurrentIndex(0)

    @Slot()
    def _run_changed(self) -> None:
        self._fill_sources()
        self._opened = ""  # the run may have been trained on: its weights are read again
        self._take_picture()
        if self.isVisible():
            self._open_chosen()

    @Slot()
    def _open_chosen(self) -> None:
        model = self.source_box.currentData()
        if not self.isVisible() or not model or model == self._opened:
            return
        self._opened = model
        self.hint_label.setText("" if Path(model).is_absolute() else _HINT)
        self._forget_layer()
        self.list.layer_model.set_layers(())
        self.browser.open(model)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The first look starts the work."""
        super().showEvent(event)
        self._open_chosen()

    @Slot(object)
    def _show_list(self, listed: LayersListed) -> None:
        self.content.setCurrentIndex(0)
        wanted = self._layer.name if self._layer is not None else ""
        self.search_edit.clear()
        self.list.layer_model.set_layers(listed.layers)
        self.list.choose(wanted)

    @Slot(object)
    def _show_list_failure(self, failure: Failure) -> None:
        self._opened = ""
        self.trouble.text_label.setText(failure.sentence)
        self.content.setCurrentWidget(self.trouble)

    # -- which picture ----------------------------------------------------------------

    @Slot(str)
    def set_picture(self, path: str) -> None:
        """Send a picture of the user's through the network."""
        self._own_picture = True
        self.browser.show_image(path)

    @Slot()
    def _take_picture(self) -> None:
        if not self._own_picture:
            run_guarded(self._session, self._take_validation_picture)

    def _take_validation_picture(self) -> None:
        """Until the user chooses one, the first validation picture, which the network was not trained on."""
        path = ""
        run, listing = self._session.run, self._session.listing
        if run is not None and (run.path / "split.csv").is_file():
            path = next((item.path for item in run.split() if item.subset == "valid"), "")
        if not path and listing is not None:
            path = next((item.path for item in listing.items if item.subset == "valid"), "")
        self.browser.show_image(path if path and Path(path).is_file() else "")

    @Slot()
    def _choose_picture(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Choose a picture", dialogs.PICTURES)
        if chosen is not None:
            self.set_picture(str(chosen))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take one picture; other things are left to the window."""
        if _dropped_picture(event):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Look at the dropped picture."""
        path = _dropped_picture(event)
        if path:
            event.acceptProposedAction()
            self.set_picture(path)

    # -- which layer ------------------------------------------------------------------

    @Slot()
    def _previous(self) -> None:
        self.list.step(-1)

    @Slot()
    def _next(self) -> None:
        self.list.step(1)

    @Slot(object)
    def _layer_chosen(self, layer: Layer) -> None:
        self._layer = layer
        row, count = self.list.layer_model.row_of(layer.name), self.list.layer_model.rowCount()
        shown = self.list.currentIndex().row()
        self.position_label.setText(f"Layer {row + 1} of {count}")
        self.previous_button.setEnabled(shown > 0)
        self.next_button.setEnabled(shown < self.list.filter.rowCount() - 1)
        self.name_label.setText(layer.name)
        facts = (layer.kind, layer.detail, f"gives {shape_text(layer.shape)}", parameter_text(layer.parameters))
        self.facts_label.setText("  ·  ".join(fact for fact in facts if fact))
        self.stepper.play_button.setChecked(False)
        self.stepper.setEnabled(False)  # until the answer comes it still shows the layer before
        self.browser.show_layer(layer.name)

    def _forget_layer(self) -> None:
        for label in (self.name_label, self.facts_label, self.explanation_label, self.position_label):
            label.clear()
        self.thumb.clear()
        self.activations.clear()
        self.kernels.clear()
        self.stepper.set_layer(0, 0, 0)
        self.steps_stack.setCurrentWidget(self.no_steps)
        self.previous_button.setEnabled(False)
        self.next_button.setEnabled(False)

    @Slot(object)
    def _show_layer(self, shown: LayerShown) -> None:
        theme_role(self.explanation_label, "")
        self.explanation_label.setText(shown.explanation)
        small_picture(self.thumb, shown.picture, _THUMB)
        self.thumb.setVisible(bool(shown.picture.size))
        self.activations.show_layer(shown)
        self.kernels.show_layer(shown)
        steps = bool(shown.picture.size) and is_convolution(shown.layer)
        if steps:
            channels, rows, columns = shown.layer.shape
            self.stepper.set_layer(channels, rows, columns, max(0, self.activations.channel))
        else:
            self.stepper.set_layer(0, 0, 0)
        self.steps_stack.setCurrentWidget(self.stepper if steps else self.no_steps)
        self._ask_step()

    @Slot(object)
    def _show_layer_failure(self, failure: Failure) -> None:
        self.stepper.give_up()
        theme_role(self.explanation_label, "bad")
        self.explanation_label.setText(failure.sentence)

    # -- step by step -----------------------------------------------------------------

    @Slot(int)
    def _channel_chosen(self, channel: int) -> None:
        if self.stepper.isEnabled():
            self.stepper.set_channel(channel)

    @Slot()
    def _ask_step(self) -> None:
        if self.tabs.currentWidget() is self.steps_stack and self.stepper.step is None:
            self.stepper.ask()

    @Slot(object)
    def _show_step(self, step: Stepped) -> None:
        self.stepper.show_step(step)

    @Slot(bool)
    def _show_busy(self, busy: bool) -> None:
        if busy:
            self.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.unsetCursor()


def is_convolution(layer: Layer) -> bool:
    """Whether the layer slides kernels over a picture; depthwise convolutions do so as well."""
    return "conv" in layer.kind.casefold() and len(layer.shape) == 3


def theme_role(label: QLabel, role: str) -> None:
    """Give a label another role of the style sheet."""
    label.setProperty("role", role)
    label.style().unpolish(label)
    label.style().polish(label)


def _dropped_picture(event: QDropEvent) -> str:
    return next((str(path) for path in local_paths(event.mimeData()) if is_picture_name(path.name)), "")
