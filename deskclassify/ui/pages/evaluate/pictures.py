"""The pictures below the tabs of the Evaluate page: the worst, the wrong, or those that were chosen above."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from deskclassify.core.events import Verdict
from deskclassify.core.run_folder import MOST_TOP_LOSSES
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate import words
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.words import Filter
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import ON_CARD

_THUMBNAIL_PIXELS = 104


class EvaluatePictures(common.Card):
    """A filter, and the grid of its pictures; a double click opens one large."""

    layers_wanted = Signal(str)  # path of a picture to look at on the Layers page

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._state = state
        self._filter: Filter = "losses"
        self._shown: list[Verdict] = []
        self._make_widgets()
        state.view_changed.connect(self._refresh)
        state.choice_changed.connect(self._choice_changed)
        state.picture_wanted.connect(self.open_picture)
        self._refresh()

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
        self.legend_label = common.muted("Below each: predicted / actual class")
        self.legend_label.setWordWrap(False)
        row.addSpacing(theme.GAP)
        row.addWidget(self.legend_label)
        self.shown_label = named(common.muted(""), "shownLabel")
        self.shown_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.shown_label, 1)
        self.grid = named(ImageGrid(edge=_THUMBNAIL_PIXELS, lines=2), "topLossesGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.setMinimumHeight(150)
        self.grid.activated_entry.connect(self._open_entry)
        self.body.addLayout(row)
        self.body.addWidget(self.grid, 1)

    @Slot()
    def _choice_changed(self) -> None:
        self._filter = "losses" if self._state.choice is None else "chosen"
        self._refresh()

    @Slot(object)
    def _choose_filter(self, button: QPushButton) -> None:
        self._filter = next(which for which, known in self._buttons.items() if known is button)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        view, choice = self._state.view, self._state.choice
        if choice is None and self._filter == "chosen":
            self._filter = "losses"
        self._buttons[self._filter].setChecked(True)
        self._buttons["chosen"].setVisible(choice is not None and view is not None)
        self._shown = self._wanted()
        classes = view.evaluated.classes if view is not None else ()
        self.grid.set_entries([words.entry(one, classes) for one in self._shown])
        if view is None:
            return
        self._buttons["errors"].setText(f"All errors ({view.errors:,})")
        if choice is not None:
            self._buttons["chosen"].setText(choice.title.replace("&", "&&"))
        shows_map = self._filter == "chosen" and choice is not None and choice.kind != "cell"
        text = words.chosen_text(self._shown) if shows_map else words.shown_text(view, self._filter, len(self._shown))
        self.shown_label.setText(text)

    def _wanted(self) -> list[Verdict]:
        view, choice = self._state.view, self._state.choice
        if view is None:
            return []
        if self._filter == "errors":
            return [one for one in view.verdicts if one.label != one.predicted]
        if self._filter == "chosen" and choice is not None:
            wanted = frozenset(choice.paths)
            return [one for one in view.verdicts if one.path in wanted]
        return list(view.verdicts[:MOST_TOP_LOSSES])

    @Slot(object)
    def _open_entry(self, entry: GridEntry) -> None:
        self.open_picture(entry.path)

    @Slot(str)
    def open_picture(self, path: str) -> None:
        """Open one of the pictures large; the arrow keys step through the others."""
        view = self._state.view
        shown = self._shown if any(one.path == path for one in self._shown) else list(view.verdicts if view else ())
        at = next((at for at, one in enumerate(shown) if one.path == path), None)
        if at is not None:
            session = self._state.session
            model = "" if session.run is None else str(session.run.path)
            dialog = PictureDialog(shown, at, self, session=session, model=model)
            dialog.look_inside.connect(self.layers_wanted)
            dialog.open()
