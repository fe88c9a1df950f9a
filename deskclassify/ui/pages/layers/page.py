"""The Layers page: walk through a network with a picture of one's own. It composes its parts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import architectures
from deskclassify.core.errors import Failure
from deskclassify.core.pictures import is_picture_name
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.layers.activations_tab import ActivationsTab
from deskclassify.ui.pages.layers.epoch_bar import EpochBar
from deskclassify.ui.pages.layers.excitation_tab import ExcitationTab
from deskclassify.ui.pages.layers.facts import FactsPanel
from deskclassify.ui.pages.layers.kernels_tab import KernelsTab
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.network_panel import NetworkPanel
from deskclassify.ui.pages.layers.picture_chooser import PictureButton
from deskclassify.ui.pages.layers.steps_tab import StepsTab
from deskclassify.ui.pages.layers.take_along import TakeAlongButton
from deskclassify.ui.pages.layers.walk import WalkCard
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, EmptyState, heading, run_guarded
from deskclassify.ui.widgets.drop_area import local_paths
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.named import named

if TYPE_CHECKING:
    from deskclassify.ui.pages.layers.explanation_tab import ExplanationTab
    from deskclassify.ui.pages.layers.map_tab import MapTab

_NARROW, _LOW = 1060, 640  # pixels of the page, below which room is saved


class LayersPage(QWidget):
    """Three views: the walk through the network, the reasons of an answer, and the map of the pictures.

    Nothing is computed before the page is seen.
    """

    pictures_chosen = Signal(list)  # paths, to be shown on the Evaluate page

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layersPage")
        self.setAcceptDrops(True)
        self._session = session
        self._own_picture = False
        self._opened = ""
        self._first_of: tuple[Path, str] = (Path(), "")  # a run, and its first validation picture
        self.looking = Looking(session, self)
        self._make_widgets()
        self._lay_out()
        explain_all(self)
        self.looking.listed_changed.connect(self._show_list)
        self.looking.list_failed.connect(self._show_list_failure)
        self.looking.busy_changed.connect(self._show_busy)
        session.run_changed.connect(self._run_changed)
        session.listing_changed.connect(self._take_picture)
        self.setFocusProxy(self.walk.list)
        self._fill_sources()

    # -- widgets ----------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.source_box = named(QComboBox(), "networkBox")
        self.source_box.setAccessibleName("Network")
        self.source_box.setToolTip("The network to look into: yours, or one trained on everyday pictures")
        self.source_box.currentIndexChanged.connect(self._open_chosen)
        self.choose_button = named(QPushButton(theme.icon("image"), "Choose picture…"), "chooseImageButton")
        self.choose_button.setToolTip("The picture that goes through the network; you may also drop one on this page")
        self.choose_button.clicked.connect(self._choose_picture)
        self.picture_button = PictureButton(self._session, self.looking)
        self.picture_button.chosen.connect(self.set_picture)
        self.take_along_button = TakeAlongButton(self.looking, self.view)
        self.walk = WalkCard(self.looking)
        self.map = NetworkPanel(self.looking)
        self.facts = FactsPanel(self.looking)
        self.activations = ActivationsTab(self.looking)
        self.kernels = KernelsTab(self.looking)
        self.steps = StepsTab(self.looking)
        self.excitation = ExcitationTab(self.looking)
        self.epochs = EpochBar(self.looking)
        self.trouble = EmptyState("warning", "This network cannot be shown", "")

    def _lay_out(self) -> None:
        # Parents from the beginning: a widget that gets another one is styled anew, with all that is in it.
        self.content = QStackedWidget(self)
        self.views = QStackedWidget(self.content)
        self.views.addWidget(self._build_walk())
        self.why_card, self.map_card = Card(parent=self.views), Card(parent=self.views)
        for card in (self.why_card, self.map_card):
            self.views.addWidget(card)
        self.content.addWidget(self.views)
        self.content.addWidget(self.trouble)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        page.setSpacing(theme.GAP + 4)
        page.addLayout(self._build_head())
        page.addWidget(self.content, 1)

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(heading("Layers"))
        head.addSpacing(theme.GAP)
        self.view_buttons = QButtonGroup(self)
        for at, (title, name, tip) in enumerate(
            (
                ("Walk", "walkButton", "Go through the network, layer by layer"),
                ("Why this answer", "whyButton", "Where in the picture the reasons for the network's answer lie"),
                ("Map of pictures", "mapButton", "All validation pictures, alike ones close together"),
            )
        ):
            button = named(QPushButton(title), name)
            button.setCheckable(True)
            button.setToolTip(tip)
            self.view_buttons.addButton(button, at)
            head.addWidget(button)
        self.view_buttons.button(0).setChecked(True)
        self.view_buttons.idToggled.connect(self._show_view)
        head.addStretch(1)
        self.source_label = QLabel("Network")
        self.source_label.setBuddy(self.source_box)
        for part in (
            self.source_label,
            self.source_box,
            self.choose_button,
            self.picture_button,
            self.take_along_button,
        ):
            head.addWidget(part)
        return head

    def _build_walk(self) -> QWidget:
        walk = QWidget(self.views)
        place, body = Card(parent=walk), Card(parent=walk)
        self.tabs = QTabWidget(body)
        for tab, title, tip in (
            (self.activations, "Activations", "What the layer makes of your picture: one small picture a channel"),
            (self.kernels, "Kernels", "The weights that the layer has learned"),
            (self.steps, "Step by step", "How one number of the output is calculated"),
            (self.excitation, "What excites it", "The parts of your pictures that a channel answers to most"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(tab, title), tip)
        self.tabs.setCornerWidget(self.epochs)
        body.body.setContentsMargins(theme.GAP + 4, 4, theme.GAP + 4, theme.GAP)
        body.body.addWidget(self.tabs)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP + 4)
        place.body.addWidget(self.map)
        place.body.addWidget(self.facts)
        right.addWidget(place)
        right.addWidget(body, 1)
        columns = QHBoxLayout(walk)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(theme.GAP + 4)
        columns.addWidget(self.walk)
        columns.addLayout(right, 1)
        return walk

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """In a small window the way through the network gives room to what is seen of it."""
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        self.source_label.setVisible(not is_narrow)
        self.choose_button.setText("Picture…" if is_narrow else "Choose picture…")
        self.picture_button.set_compact(is_narrow)
        self.take_along_button.set_compact(is_narrow)
        self.walk.set_compact(is_narrow)
        self.epochs.set_compact(is_narrow)
        self.map.setVisible(self.height() >= _LOW)

    # -- which view -------------------------------------------------------------------

    # These two are made when they are first looked at: the window opens sooner.

    @cached_property
    def explanation(self) -> ExplanationTab:
        """Why this answer."""
        from deskclassify.ui.pages.layers.explanation_tab import ExplanationTab

        made = ExplanationTab(self.looking)
        self.why_card.body.addWidget(made)
        explain_all(made)
        return made

    @cached_property
    def pictures(self) -> MapTab:
        """The map of the pictures."""
        from deskclassify.ui.pages.layers.map_tab import MapTab

        made = MapTab(self.looking)
        made.chosen.connect(self.pictures_chosen)
        self.map_card.body.addWidget(made)
        explain_all(made)
        return made

    def view(self) -> QWidget:
        """What is looked at, to be taken along as a picture."""
        if self.views.currentIndex() == 0:
            return self.tabs.currentWidget()
        return self.explanation if self.views.currentIndex() == 1 else self.pictures

    @Slot(int, bool)
    def _show_view(self, at: int, on: bool) -> None:
        if on:
            self.views.setCurrentIndex(at)
            self.view()  # made now, if it is seen for the first time

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
        if self.isVisible() and model and model != self._opened:
            self._opened = model
            self.looking.open(model)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The first look starts the work."""
        super().showEvent(event)
        self._open_chosen()

    @Slot()
    def _show_list(self) -> None:
        self.content.setCurrentIndex(0)

    @Slot(object)
    def _show_list_failure(self, failure: Failure) -> None:
        self._opened = ""
        self.trouble.text_label.setText(failure.sentence)
        self.content.setCurrentWidget(self.trouble)

    @Slot(bool)
    def _show_busy(self, busy: bool) -> None:
        if busy:
            self.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.unsetCursor()

    # -- which picture ----------------------------------------------------------------

    @Slot(str)
    def set_picture(self, path: str) -> None:
        """Send a picture of the user's through the network."""
        self._own_picture = True
        self.looking.set_image(path)

    @Slot()
    def _take_picture(self) -> None:
        if not self._own_picture:
            run_guarded(self._session, self._take_validation_picture)

    def _take_validation_picture(self) -> None:
        """Until the user chooses one, the first validation picture, which the network was not trained on."""
        path = ""
        run, listing = self._session.run, self._session.listing
        if run is not None and (run.path / "split.csv").is_file():
            if run.path != self._first_of[0]:  # labels change often, and the table of a large set is long
                self._first_of = (run.path, next((item.path for item in run.split() if item.subset == "valid"), ""))
            path = self._first_of[1]
        if not path and listing is not None:
            path = next((item.path for item in listing.items if item.subset == "valid"), "")
        self.looking.set_image(path if path and Path(path).is_file() else "")

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


def _dropped_picture(event: QDropEvent) -> str:
    return next((str(path) for path in local_paths(event.mimeData()) if is_picture_name(path.name)), "")
