"""Which picture goes through the network: one of the user's files, of the data, or of the camera."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QHideEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import InputError
from deskclassify.core.events import Verdict
from deskclassify.core.network_parts import percent
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.words import counted
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.layers.live_camera import LiveCamera, open_live_camera
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, primary, run_guarded
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named

Source = Literal["valid", "losses", "train"]
_SOURCES: dict[Source, str] = {
    "valid": "Validation pictures",
    "losses": "Validation pictures, highest loss first",
    "train": "Training pictures",
}
_NOTES: dict[Source, str] = {
    "valid": "The network was not trained on these pictures.",
    "losses": "A high loss: the network was wrong, or right without being sure.",
    "train": "The network has seen these pictures in training: it knows them better than new ones.",
}
_NONE = "There are no pictures yet. Add folders on the Data page, or choose a file."


@dataclass(frozen=True)
class Choice:
    """A picture that can be chosen; `verdict` is what the network said of it, None where that is not known."""

    path: str
    label: str
    subset: str
    verdict: Verdict | None = None


def choices(session: Session, looking: Looking) -> tuple[Choice, ...]:
    """The pictures of the network that is looked at, else those of the window's run, else those of the project.

    Raises:
        InputError: a file of the run is damaged.
    """
    run = RunFolder(Path(looking.model)) if looking.is_run else session.run
    verdicts: dict[str, Verdict] = {}
    if run is not None and (run.path / "split.csv").is_file():
        items = run.split()
        if looking.is_run and run.is_finished():
            verdicts = {one.path: one for one in run.predictions()}
    else:
        items = list(session.listing.items) if session.listing is not None else []
    return tuple(Choice(item.path, item.label, item.subset, verdicts.get(item.path)) for item in items)


def chosen_from(every: Iterable[Choice], source: Source, label: str = "") -> list[Choice]:
    """Those of a source and, with a label, of one class; in the order in which they are shown."""
    subset = "train" if source == "train" else "valid"
    found = [one for one in every if one.subset == subset and (not label or one.label == label)]
    if source == "losses":
        known = [(one.verdict.loss, one) for one in found if one.verdict is not None]
        found = [one for _, one in sorted(known, key=lambda pair: (-pair[0], pair[1].path))]
    return found


class PictureChooser(QDialog):
    """Pictures to pin one of; `chosen` tells its path.

    Args:
        source: which pictures are shown first.

    Raises:
        InputError: a file of the run is damaged.
    """

    chosen = Signal(str)

    def __init__(
        self, session: Session, looking: Looking, source: Source = "valid", parent: QWidget | None = None
    ) -> None:
        found = choices(session, looking)  # first: what raises must not leave half a dialog behind
        super().__init__(parent)
        self.setObjectName("pictureChooser")
        self.setWindowTitle("Choose a picture to look at")
        self.finished.connect(self.deleteLater)
        self._choices = found
        self._shown: list[Choice] = []
        self._make_widgets(source)
        self._lay_out()
        self.resize(760, 560)
        self._fill()

    def _make_widgets(self, source: Source) -> None:
        self.source_box = named(QComboBox(), "pictureSourceBox")
        self.source_box.setAccessibleName("Which pictures are shown")
        knows = any(one.verdict is not None for one in self._choices)
        for name, text in _SOURCES.items():
            if name != "losses" or knows:
                self.source_box.addItem(text, name)
        self.source_box.setCurrentIndex(max(0, self.source_box.findData(source)))
        self.class_box = named(QComboBox(), "pictureClassBox")
        self.class_box.setAccessibleName("Class")
        self.class_box.addItem("All classes", "")
        self._names = sorted({one.label for one in self._choices})
        for label in self._names:
            self.class_box.addItem(label, label)
        self.count_label = QLabel()
        self.note_label = muted("")
        self.grid = named(ImageGrid(edge=112, lines=2), "pictureGrid")
        self.grid.setSelectionMode(ImageGrid.SelectionMode.SingleSelection)
        self.grid.setAccessibleName("Pictures; Enter looks at one")
        self.pin_button = primary(QPushButton(theme.icon("eye"), "Look at this picture"))
        self.pin_button.setDefault(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.addButton(self.pin_button, QDialogButtonBox.ButtonRole.AcceptRole)
        for box in (self.source_box, self.class_box):
            box.currentIndexChanged.connect(self._fill)
        self.grid.activated_entry.connect(self._pin_entry)
        self.grid.selectionModel().selectionChanged.connect(self._selected)
        self.buttons.accepted.connect(self._pin_selected)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.source_box)
        row.addWidget(self.class_box)
        row.addStretch(1)
        row.addWidget(self.count_label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 2)
        layout.addLayout(row)
        layout.addWidget(self.note_label)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.buttons)

    @Slot()
    def _fill(self) -> None:
        source: Source = self.source_box.currentData()
        self._shown = chosen_from(self._choices, source, self.class_box.currentData())
        colors = {name: theme.class_color(at) for at, name in enumerate(self._names)}
        self.grid.clearSelection()  # what is pinned must be a picture that was chosen among these
        self.grid.set_entries([_entry(one, colors[one.label]) for one in self._shown])
        self.count_label.setText(counted(len(self._shown), "picture"))
        self.note_label.setText(_NOTES[source] if self._choices else _NONE)
        self._selected()

    @Slot()
    def _selected(self) -> None:
        self.pin_button.setEnabled(self.grid.selectionModel().hasSelection())

    @Slot()
    def _pin_selected(self) -> None:
        rows = self.grid.selectionModel().selectedIndexes()
        if rows:
            self._pin_entry(self.grid.entry_at(rows[0]))

    @Slot(object)
    def _pin_entry(self, entry: GridEntry) -> None:
        self.chosen.emit(entry.path)
        self.accept()


def _entry(choice: Choice, color: str) -> GridEntry:
    verdict = choice.verdict
    if verdict is None:
        return GridEntry(choice.path, choice.label, "", color)
    said = f"said {verdict.predicted} {percent(verdict.probability)}"
    wrong = verdict.predicted != verdict.label
    return GridEntry(choice.path, choice.label, said, color, wrong, f"loss {verdict.loss:.2f}")


class PictureButton(QPushButton):
    """All ways to a picture, as a menu; `chosen` tells the path of the one that is chosen."""

    chosen = Signal(str)

    def __init__(self, session: Session, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._looking = looking
        self._live: LiveCamera | None = None
        self.setObjectName("pictureButton")
        self.setText("Pictures")
        self.setIcon(theme.icon("data"))
        self.setToolTip("Other pictures to look at: of your data, or live from the camera")
        self.setProperty("hasMenu", "true")
        menu = QMenu(self)
        self.file_action = self._add(menu, "open", "Choose a file…")
        self.valid_action = self._add(menu, "image", "From the validation pictures…")
        self.losses_action = self._add(menu, "evaluate", "From the highest losses…")
        self.camera_action = self._add(menu, "camera", "Camera, live…")
        self.file_action.triggered.connect(self._choose_file)
        self.valid_action.triggered.connect(self._choose_valid)
        self.losses_action.triggered.connect(self._choose_losses)
        self.camera_action.triggered.connect(self._go_live)
        menu.aboutToShow.connect(self._enable)
        self.setMenu(menu)

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone, or the text too."""
        self.setText("" if compact else "Pictures")
        self.setAccessibleName("Pictures")

    @staticmethod
    def _add(menu: QMenu, icon: str, text: str) -> QAction:
        action = QAction(theme.icon(icon), text, menu)
        menu.addAction(action)
        return action

    @Slot()
    def _enable(self) -> None:
        has_data = self._session.run is not None or self._session.listing is not None
        self.valid_action.setEnabled(has_data)
        self.losses_action.setEnabled(self._looking.is_run)

    @Slot()
    def _choose_file(self) -> None:
        path = dialogs.ask_file(self, self._session, "Choose a picture", dialogs.PICTURES)
        if path is not None:
            self.chosen.emit(str(path))

    @Slot()
    def _choose_valid(self) -> None:
        run_guarded(self._session, self._open, "valid")

    @Slot()
    def _choose_losses(self) -> None:
        run_guarded(self._session, self._open, "losses")

    def _open(self, source: Source) -> None:
        dialog = PictureChooser(self._session, self._looking, source, self)
        dialog.chosen.connect(self.chosen)
        dialog.open()

    @Slot()
    def _go_live(self) -> None:
        run_guarded(self._session, self._open_camera)

    def _open_camera(self) -> None:
        """The camera's dialog; the sentence of what is missing, where there is none."""
        if self._looking.listed is None:
            raise InputError("The network is not open yet. Wait until its layers are listed, then try again.")
        if self._live is not None:
            self._live.raise_()
            return
        self._live = open_live_camera(self._looking, self)
        self._live.kept.connect(self.chosen)
        self._live.finished.connect(self._live_ended)

    @Slot()
    def _live_ended(self) -> None:
        self._live = None

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """With the page, the camera goes; a minimised window keeps it."""
        super().hideEvent(event)
        if self._live is not None and not event.spontaneous():
            self._live.reject()
