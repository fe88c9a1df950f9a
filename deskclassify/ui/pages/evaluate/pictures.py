"""The pictures below the tabs of the Evaluate page: the worst, the wrong, or those that were chosen above."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QWidget

from deskclassify.core.events import Verdict
from deskclassify.core.run_folder import MOST_TOP_LOSSES
from deskclassify.ui import theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.evaluate import words
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.pages.evaluate.words import SORTS, Filter, Sort
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import ON_CARD

_THUMBNAIL_PIXELS = 104
_EVERY_CLASS = "All classes"


class EvaluatePictures(common.Card):
    """A filter, and the grid of its pictures; a double click opens one large.

    Filter, order, class, selection and place stay as they are when only labels change.
    """

    layers_wanted = Signal(str)  # path of a picture to look at on the Layers page

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._state = state
        self._filter: Filter = "losses"
        self._shown: list[Verdict] = []
        self._asked: tuple[object, ...] = ()  # what the grid is an answer to
        self._make_widgets()
        state.view_changed.connect(self._view_changed)
        state.choice_changed.connect(self._choice_changed)
        state.picture_wanted.connect(self.open_picture)
        self._view_changed()

    # -- building ---------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self._buttons: dict[Filter, QPushButton] = {
            "losses": named(QPushButton("Highest loss"), "highestLossButton"),
            "errors": named(QPushButton("All errors"), "allErrorsButton"),
            "chosen": named(QPushButton(), "chosenButton"),
        }
        self._buttons["losses"].setToolTip("The pictures whose answer surprises most, right or wrong.")
        self._buttons["errors"].setToolTip("All pictures that get the wrong class.")
        self._buttons["chosen"].setToolTip("The pictures that were chosen above, or on the map of the Layers page.")
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for button in self._buttons.values():
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        group.buttonClicked.connect(self._choose_filter)
        self.shown_label = named(common.muted(""), "shownLabel")
        self.shown_label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.shown_label, 1)
        row.addWidget(self._make_class_box())
        row.addWidget(self._make_sort_box())
        self.grid = named(ImageGrid(edge=_THUMBNAIL_PIXELS, lines=2), "topLossesGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.setMinimumHeight(150)
        self.grid.setAccessibleDescription("Below each picture: what the network says, and the label where it differs.")
        self.grid.activated_entry.connect(self._open_entry)
        self.mender = Mender(self._state.session, self)
        self.mender.attach(self.grid)
        self.body.addLayout(row)
        self.body.addWidget(self.grid, 1)

    def _make_class_box(self) -> QComboBox:
        self.class_box = named(QComboBox(), "pictureClassBox")
        self.class_box.setAccessibleName("Actual class of the pictures")
        self.class_box.setToolTip("Shows the pictures of one actual class only.")
        self.class_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.class_box.setMinimumContentsLength(10)
        self.class_box.currentIndexChanged.connect(self._refresh)
        return self.class_box

    def _make_sort_box(self) -> QComboBox:
        self.sort_box = named(QComboBox(), "pictureSortBox")
        self.sort_box.setAccessibleName("Order of the pictures")
        for at, (_, text, tip) in enumerate(SORTS):
            self.sort_box.addItem(text)
            self.sort_box.setItemData(at, tip, Qt.ItemDataRole.ToolTipRole)
        self.sort_box.currentIndexChanged.connect(self._refresh)
        return self.sort_box

    # -- what is asked ----------------------------------------------------------------

    @Slot()
    def _choice_changed(self) -> None:
        if self._state.choice is not None:
            self._filter = "chosen"
            with QSignalBlocker(self.class_box):  # a choice is shown in full
                self.class_box.setCurrentIndex(0)
        elif self._filter == "chosen":
            self._filter = "losses"
        self._refresh()

    @Slot(object)
    def _choose_filter(self, button: QPushButton) -> None:
        self._filter = next(which for which, known in self._buttons.items() if known is button)
        self._refresh()

    @Slot()
    def _view_changed(self) -> None:
        view = self._state.view
        names = list(view.evaluated.classes) if view is not None else []
        known = [self.class_box.itemText(at) for at in range(1, self.class_box.count())]
        if names != known or not self.class_box.count():
            wanted = self._class
            with QSignalBlocker(self.class_box):
                self.class_box.clear()
                self.class_box.addItems([_EVERY_CLASS, *names])
                self.class_box.setCurrentIndex(1 + names.index(wanted) if wanted in names else 0)
        self._refresh()

    @property
    def _class(self) -> str:
        """The class that is shown; empty for all."""
        return self.class_box.currentText() if self.class_box.currentIndex() > 0 else ""

    @property
    def _sort(self) -> Sort:
        return SORTS[max(0, self.sort_box.currentIndex())][0]

    # -- the answer -------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        view, choice = self._state.view, self._state.choice
        if choice is None and self._filter == "chosen":
            self._filter = "losses"
        self._buttons[self._filter].setChecked(True)
        self._buttons["chosen"].setVisible(choice is not None and view is not None)
        self.sort_box.setToolTip(SORTS[max(0, self.sort_box.currentIndex())][2])
        places, of = self._wanted(view) if view is not None else (np.empty(0, np.int64), 0)
        asked = (self._filter, self._sort, self._class, choice, self._state.session.run)
        self._show([view.verdicts[at] for at in places.tolist()] if view is not None else [], asked == self._asked)
        self._asked = asked
        if view is None:
            return
        self._buttons["errors"].setText(f"All errors ({view.errors:,})")
        if choice is not None:
            self._buttons["chosen"].setText(choice.title.replace("&", "&&"))
        counts_errors = self._filter == "chosen" and choice is not None and choice.kind != "cell"
        self.shown_label.setText(
            words.chosen_text(self._shown)
            if counts_errors
            else words.shown_text(view, self._filter, len(self._shown), of)
        )

    def _wanted(self, view: View) -> tuple[np.ndarray, int]:
        """Places in `view.verdicts` of the pictures to show, and how many the filter could show."""
        table, choice = view.table, self._state.choice
        if self._filter == "errors":
            places = np.flatnonzero(table.wrong)
        elif self._filter == "chosen" and choice is not None:
            found = dict.fromkeys(view.place_of[path] for path in choice.paths if path in view.place_of)
            places = np.array(
                [*found] if choice.kind == "list" else sorted(found), np.int64
            )  # a list has its own order
        else:
            places = np.arange(len(view.verdicts))
        if self._class:
            places = places[table.actual[places] == table.number[self._class]]
        of = len(places)
        if self._filter == "losses" and self._sort == "worst":
            places = places[:MOST_TOP_LOSSES]
        return self._sorted(view, places), of

    def _sorted(self, view: View, places: np.ndarray) -> np.ndarray:
        table = view.table
        keys: dict[Sort, np.ndarray] = {
            "sure": -table.probability,
            "unsure": table.probability,
            "class": table.actual,
        }
        if self._sort not in keys:
            return places
        return places[np.argsort(keys[self._sort][places], kind="stable")]

    def _show(self, verdicts: list[Verdict], same: bool) -> None:
        """Show pictures; for the same question as before the grid keeps selection and place."""
        if same and verdicts == self._shown:
            return
        view = self._state.view
        self._shown = verdicts
        self.grid.set_entries(words.Entries(verdicts, view.evaluated.classes if view is not None else ()))
        if not same:
            self.grid.clearSelection()
            self.grid.scrollToTop()

    # -- one picture ------------------------------------------------------------------

    @Slot(object)
    def _open_entry(self, entry: GridEntry) -> None:
        self.open_picture(entry.path)

    @Slot(str)
    def open_picture(self, path: str) -> None:
        """Open one of the pictures large; the arrow keys step through the others."""
        from deskclassify.ui.pages.picture_dialog import PictureDialog

        view = self._state.view
        shown = self._shown if any(one.path == path for one in self._shown) else list(view.verdicts if view else ())
        at = next((at for at, one in enumerate(shown) if one.path == path), None)
        if at is not None:
            session = self._state.session
            model = "" if session.run is None else str(session.run.path)
            dialog = PictureDialog(shown, at, self, session=session, model=model, evaluation=self._state)
            dialog.look_inside.connect(self.layers_wanted)
            dialog.open()
