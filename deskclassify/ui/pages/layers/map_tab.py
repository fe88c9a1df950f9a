"""The validation pictures as a map: which ones are alike for the network, and where it errs."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Message, Progress
from deskclassify.core.layer_events import Mapped
from deskclassify.core.layer_requests import MapRequest, Projection
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.class_legend import ClassLegend
from deskclassify.ui.widgets.cloud import NOTHING, Cloud
from deskclassify.ui.widgets.common import EmptyState, muted, primary, subheading
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.scatter import ScatterPlot
from deskclassify.ui.widgets.tables import ON_CARD

_SIDE_PIXELS = 196
_THUMBNAIL_PIXELS = 48
_HELP = (
    "Draw around points to choose pictures; click on one to pin it. "
    "Wheel: zoom. Right button: move. Double-click: show all."
)
_NOT_YOURS = (
    "The map shows the pictures that a network of your own was validated with. "
    "Train one, or choose it above, and come back."
)
_WAITING = "Each validation picture becomes a point: near each other where the network finds them alike."
_STOPPED = "The work was stopped. What is done already is kept, and need not be done again."


def note(mapped: Mapped) -> str:
    """What nearness means on a map, and what it does not."""
    if mapped.method == "tsne":
        return (
            "Pictures that look alike to the network are neighbours here. Only who is near whom counts: "
            "the distances between groups, and how large groups are, mean nothing."
        )
    share = "" if mapped.explained is None else f" They show {100 * mapped.explained:.0f} % of all differences:"
    return (
        f"The two directions in which the pictures differ most for the network.{share} what is far apart here differs "
        "much, but what is near may still differ in the rest."
    )


def chosen_text(images: int, wrong: int) -> str:
    """“23 pictures chosen, 4 of them wrong”."""
    errors = "all right" if not wrong else f"{wrong:,} of them wrong" if images > 1 else "and it is wrong"
    return f"{counted(images, 'picture')} chosen, {errors}"


class MapTab(QWidget):
    """A map by either of two methods, with its legend; the pictures chosen on it can be looked at on Evaluate."""

    chosen = Signal(list)  # paths of pictures that are to be shown on the Evaluate page

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._method: Projection = "pca"
        self._maps: dict[str, Mapped] = {}  # of the network that is looked at, by method
        self._remarks: dict[str, str] = {}
        self._stopped = False
        self._ask = Latest(looking.session, parent=self)
        self._ask.received.connect(self._received)
        self._ask.failed.connect(self._failed)
        self._ask.busy_changed.connect(self._show_busy)
        self._build()
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._refresh)
        looking.image_changed.connect(self._mark_pinned)
        self._forget()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        self.plot = named(ScatterPlot(_WAITING), "pictureMap")
        self.plot.clicked.connect(self._pin)
        self.plot.selection_changed.connect(self._show_selection)
        self.note_label = muted("")
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP + 4)
        row.addWidget(self.plot, 1)
        row.addWidget(self._make_side())
        self.again_button = primary(QPushButton("Make the map"))
        self.again_button.clicked.connect(self._again)
        self.nothing = EmptyState("map", "No map yet", "", self.again_button)
        self.stack = QStackedWidget()
        self.stack.addWidget(page)
        self.stack.addWidget(self.nothing)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self._make_head())
        column.addWidget(self.note_label)
        column.addWidget(self._make_busy())
        column.addWidget(self.stack, 1)

    def _make_head(self) -> QWidget:
        self.buttons: dict[Projection, QPushButton] = {
            "pca": named(QPushButton("At once (PCA)"), "pcaButton"),
            "tsne": named(QPushButton("Alike pictures grouped (t-SNE)"), "tsneButton"),
        }
        self.buttons["pca"].setToolTip("Principal components: the two directions in which the pictures differ most.")
        self.buttons["tsne"].setToolTip("Moves alike pictures together until they are neighbours. Takes some seconds.")
        group = QButtonGroup(self)
        self.head = QWidget()
        row = QHBoxLayout(self.head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        for button in self.buttons.values():
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        self.buttons["pca"].setChecked(True)
        group.buttonClicked.connect(self._choose_method)
        self.pictures_button = named(QPushButton(theme.icon("image"), "Pictures"), "mapPicturesButton")
        self.pictures_button.setToolTip(
            "Shows the pictures themselves where there is room: more of them as you zoom in."
        )
        self.pictures_button.setCheckable(True)
        self.pictures_button.toggled.connect(self.plot.set_as_pictures)
        row.addStretch(1)
        row.addWidget(self.pictures_button)
        return self.head

    def _make_busy(self) -> QWidget:
        self.busy = QWidget()
        self.busy_label = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.stop_button = named(QPushButton(theme.icon("stop"), "Stop"), "stopMapButton")
        self.stop_button.clicked.connect(self._stop)
        row = QHBoxLayout(self.busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.busy_label)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        self.busy.hide()
        return self.busy

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(_SIDE_PIXELS)
        self.legend = ClassLegend()
        self.legend.hidden_changed.connect(self._hide_classes)
        self.help_label = muted(_HELP)
        self.chosen_label = subheading("")
        self.chosen_label.setWordWrap(True)
        self.grid = named(ImageGrid(edge=_THUMBNAIL_PIXELS, lines=0), "chosenGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.setAccessibleName("Chosen pictures")
        self.grid.setMinimumHeight(_THUMBNAIL_PIXELS + 14)
        # It takes what the legend leaves.
        self.grid.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.grid.setToolTip("A double-click pins the picture.")
        self.grid.activated_entry.connect(self._pin_entry)
        self.evaluate_button = primary(named(QPushButton("Show them on Evaluate"), "showChosenButton"))
        self.evaluate_button.setToolTip("The Evaluate page shows them large, with what the network said of each.")
        self.evaluate_button.clicked.connect(self._tell_chosen)
        self.picked = QWidget()
        picked = QVBoxLayout(self.picked)
        picked.setContentsMargins(0, 0, 0, 0)
        picked.setSpacing(theme.GAP)
        picked.addWidget(self.chosen_label)
        picked.addWidget(self.grid, 1)
        picked.addWidget(self.evaluate_button)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP - 2)
        column.addWidget(self.legend)
        column.addWidget(self.help_label)
        column.addWidget(self.picked, 100)
        column.addStretch(1)
        return side

    # -- asking -----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is wanted any more."""
        self._ask.drop()
        super().hideEvent(event)

    @Slot()
    def _refresh(self) -> None:
        """Show the map that is wanted; ask for it where it is not there."""
        if not self.isVisible() or self._looking.listed is None:
            return
        if not self._looking.is_run:
            self._explain("This network has no map", _NOT_YOURS)
            return
        mapped = self._maps.get(self._method)
        if mapped is not None:
            self._show_map(mapped)
        elif not self._stopped:
            self._begin()

    def _begin(self) -> None:
        self._show_progress("Preparing the map…", 0, 1)
        if self.plot.cloud is NOTHING:
            self.stack.setCurrentIndex(0)
            self.note_label.clear()
        device = self._looking.session.settings.device
        self._ask.ask(MapRequest(self._looking.model, self._method, device))

    @Slot()
    def _forget(self) -> None:
        self._ask.drop()
        self._maps.clear()
        self._remarks.clear()
        self._stopped = False
        self._set_cloud(NOTHING)
        self.note_label.clear()
        self.head.show()
        self.stack.setCurrentIndex(0)

    @Slot(object)
    def _choose_method(self, button: QPushButton) -> None:
        self._method = next(method for method, known in self.buttons.items() if known is button)
        self._stopped = False
        self._ask.drop()
        self._refresh()

    @Slot()
    def _again(self) -> None:
        self._stopped = False
        self._refresh()

    @Slot()
    def _stop(self) -> None:
        self._ask.drop()
        self._stopped = True
        other = next((method for method in self.buttons if method in self._maps), None)
        if other is None:
            self._explain("No map yet", _STOPPED, may_try=True)
            return
        self._method = other
        self.buttons[other].setChecked(True)
        self._show_map(self._maps[other])

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            if event.stage == "features":
                text = f"Looking at picture {event.done:,} of {event.total:,}"
            else:
                text = "Grouping alike pictures"
            self._show_progress(text, event.done, event.total)
        elif isinstance(event, Message):
            self._remarks[self._method] = event.text
        elif isinstance(event, Mapped):
            self._maps[event.method] = event
            self._show_map(event)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._stopped = True
        self._explain("This map cannot be made", failure.sentence, may_try=True)

    # -- showing ----------------------------------------------------------------------

    def _show_map(self, mapped: Mapped) -> None:
        self._set_cloud(
            Cloud.of(mapped.points, mapped.paths, mapped.labels, mapped.predicted, mapped.classes, mapped.probability)
        )
        self.head.show()
        self.note_label.setText(f"{note(mapped)} {self._remarks.get(mapped.method, '')}".rstrip())
        self.stack.setCurrentIndex(0)

    def _set_cloud(self, cloud: Cloud) -> None:
        self.plot.set_cloud(cloud)
        self.pictures_button.setVisible(bool(len(cloud)))
        self.legend.set_cloud(cloud)
        self.plot.set_hidden(self.legend.hidden)
        self._mark_pinned()
        self._show_selection()

    def _explain(self, title: str, text: str, may_try: bool = False) -> None:
        self.head.setVisible(self._looking.is_run)
        self.note_label.clear()
        self.nothing.title_label.setText(title)
        self.nothing.text_label.setText(text)
        self.again_button.setVisible(may_try)
        self.stack.setCurrentWidget(self.nothing)

    @Slot(bool)
    def _show_busy(self, busy: bool) -> None:
        self.busy.setVisible(busy)
        self.note_label.setVisible(not busy)

    def _show_progress(self, text: str, done: int, total: int) -> None:
        self.busy_label.setText(text)
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    # -- choosing ---------------------------------------------------------------------

    @Slot()
    def _hide_classes(self) -> None:
        self.plot.set_hidden(self.legend.hidden)

    @Slot()
    def _mark_pinned(self) -> None:
        paths = self.plot.cloud.paths
        self.plot.set_pinned(paths.index(self._looking.image) if self._looking.image in paths else -1)

    @Slot(int)
    def _pin(self, number: int) -> None:
        self._looking.set_image(self.plot.cloud.paths[number])

    @Slot(object)
    def _pin_entry(self, entry: GridEntry) -> None:
        self._looking.set_image(entry.path)

    @Slot()
    def _show_selection(self) -> None:
        cloud, numbers = self.plot.cloud, self.plot.selection.tolist()
        wrong = cloud.wrong
        # Errors first: they are what one looks for.
        numbers.sort(key=lambda at: not wrong[at])
        self.help_label.setVisible(bool(len(cloud)) and not numbers)
        self.legend.show_key(not numbers)
        self.picked.setVisible(bool(numbers))
        self.chosen_label.setText(chosen_text(len(numbers), sum(bool(wrong[at]) for at in numbers)))
        self.grid.set_entries([self._entry(at) for at in numbers])

    def _entry(self, at: int) -> GridEntry:
        cloud = self.plot.cloud
        return GridEntry(
            cloud.paths[at], cloud.classes[cloud.labels[at]], self.plot.answer(at), bad=bool(cloud.wrong[at])
        )

    @Slot()
    def _tell_chosen(self) -> None:
        self.chosen.emit([self.plot.cloud.paths[at] for at in self.plot.selection.tolist()])
