"""The right side of the Mend tab: the pictures of one kind of problem, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QWidget

from deskclassify.core.data_events import PROBLEM_KINDS, DataProblem, ProblemKind
from deskclassify.ui import theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.evaluate import mend_words
from deskclassify.ui.pages.evaluate.mend_book import GROUPED, ProblemBook
from deskclassify.ui.pages.evaluate.mend_dialog import MendDialog
from deskclassify.ui.pages.evaluate.mend_groups import Group, GroupList
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.class_keys import ClassKeys
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import ON_CARD

_EDGE = 112  # pixels of a picture
_BADGES = {"valid": "validation", "test": "test"}


class MendPanel(common.Card):
    """Shows the problems of one kind that stand. What is done to them, the tab does."""

    act_wanted = Signal(object)  # tuple of DataProblem
    dismiss_wanted = Signal(object)
    leave_out_wanted = Signal(object)  # of groups: all but the best

    def __init__(self, mender: Mender, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent)
        self._mender = mender
        self._book = ProblemBook()
        self._kind: ProblemKind = PROBLEM_KINDS[0]
        self.problems: list[DataProblem] = []
        self._build()
        self.refresh()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        self.text_label = named(common.muted(""), "mendText")
        self.grid = named(ImageGrid(edge=_EDGE, lines=2), "mendGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.activated_entry.connect(self._open_entry)
        self.grid.selectionModel().selectionChanged.connect(self._show_chosen)
        self.grid.installEventFilter(self)
        self._mender.attach(self.grid)
        self.groups = named(GroupList(), "mendGroups")
        self.groups.setStyleSheet(ON_CARD)
        self.groups.acted.connect(self._act)
        self.groups.delete_pressed.connect(self._leave_out)
        self.groups.opened.connect(self._open_group)
        self.groups.selectionModel().selectionChanged.connect(self._show_chosen)
        self.done = common.EmptyState("check", "Nothing here", "")
        self.stack = QStackedWidget()
        for part in (self.grid, self.groups, self.done):
            self.stack.addWidget(part)
        self.reason_label = named(QLabel(), "mendReason")
        self.reason_label.setWordWrap(True)
        self.reason_label.setTextFormat(Qt.TextFormat.PlainText)
        self.keys = ClassKeys()
        self.keys.chosen.connect(self._relabel)
        self.keys.dropped.connect(self._mender.relabel)
        self.body.addWidget(self.text_label)
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.reason_label)
        self.body.addWidget(self.keys)
        self.body.addLayout(self._make_buttons())

    def _make_buttons(self) -> QHBoxLayout:
        self.act_button = named(common.primary(QPushButton()), "mendActButton")
        self.act_button.setToolTip("Enter does the same. Undo takes it back; your files are never changed.")
        self.dismiss_button = named(QPushButton(), "mendDismissButton")
        self.dismiss_button.setToolTip("Takes it off the list as long as the program is open; nothing changes.")
        self.all_button = named(QPushButton(), "mendAllButton")
        self.all_button.setToolTip("Does this to everything on this list, in one step that Undo takes back.")
        self.act_button.clicked.connect(self._act)
        self.dismiss_button.clicked.connect(self._dismiss)
        self.all_button.clicked.connect(self._act_on_all)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.act_button)
        row.addWidget(self.dismiss_button)
        row.addStretch(1)
        row.addWidget(self.all_button)
        return row

    # -- what is shown ----------------------------------------------------------------

    def start(self, book: ProblemBook, kind: ProblemKind) -> None:
        """Show another list from its beginning, the first picture selected."""
        self._book, self._kind = book, kind
        self.grid.set_entries([])
        self.groups.set_groups([])
        self.refresh()
        if self.problems and kind in GROUPED:
            self.groups.start()
        elif self.problems:
            self.grid.setCurrentIndex(self.grid.model().index(0, 0))

    def refresh(self) -> None:
        """What is mended goes; the picture after it is selected."""
        self.problems = self._book.standing(self._kind)
        words, checked = mend_words.WORDS[self._kind], self._book.checked
        self.title_label.setText(f"{words.title} ({len(self.problems):,})" if self.problems else words.title)
        self.text_label.setText(mend_words.explanation(self._kind, checked) if checked is not None else words.text)
        names = self._mender.classes()
        colors = {name: theme.class_color(place) for place, name in enumerate(names)}
        if not self.problems:
            self.stack.setCurrentWidget(self.done)
            self._say_done()
        elif self._kind in GROUPED:
            self.groups.set_groups([self._group(one, colors) for one in self.problems])
            self.stack.setCurrentWidget(self.groups)
        else:
            self.grid.set_entries([self._entry(one, colors) for one in self.problems])
            self.stack.setCurrentWidget(self.grid)
        self.keys.set_classes(names if self._kind == "suspect" else [])
        self.keys.setVisible(self._kind == "suspect" and bool(self.problems))
        self._show_chosen()

    def _say_done(self) -> None:
        found = self._book.checked is not None and any(one.kind == self._kind for one in self._book.checked.problems)
        self.done.title_label.setText("All done here" if found else "None found")
        self.done.text_label.setText(
            "Choose another list on the left. Undo brings back what was mended."
            if found
            else "There is nothing of this kind in your pictures. Choose another list on the left."
        )

    def _entry(self, one: DataProblem, colors: dict[str, str]) -> GridEntry:
        item = self._book.item(one.keys[0])
        label, subset = (item.label, item.subset) if item is not None else ("", "")
        below = f"→ {one.suggestion}?" if one.suggestion else one.reason
        return GridEntry(one.paths[0], label, below, colors.get(label, ""), badge=_BADGES.get(subset, ""))

    def _group(self, one: DataProblem, colors: dict[str, str]) -> Group:
        pictures = []
        for key, path in self._book.left(one):
            item = self._book.item(key)
            label, subset = (item.label, item.subset) if item is not None else ("", "")
            pictures.append(GridEntry(path, label, "", colors.get(label, ""), badge=_BADGES.get(subset, "")))
        return Group(tuple(pictures), one.reason)

    def chosen(self) -> tuple[DataProblem, ...]:
        """The problems that are selected."""
        rows = self.groups.selected_rows() if self._kind in GROUPED else self.grid.selected_rows()
        return tuple(self.problems[row] for row in rows if row < len(self.problems))

    @Slot()
    def _show_chosen(self) -> None:
        chosen, words = self.chosen(), mend_words.WORDS[self._kind]
        has_any = bool(self.problems)
        for part in (self.act_button, self.dismiss_button, self.all_button):
            part.setVisible(has_any)
        self.act_button.setEnabled(bool(chosen))
        self.dismiss_button.setEnabled(bool(chosen))
        torn = bool(chosen) and all(self._book.is_torn(one) for one in chosen) and self._kind in GROUPED
        self.act_button.setText(mend_words.action(self._kind, chosen, torn) if chosen else words.action)
        self.dismiss_button.setText(words.dismiss)
        self.all_button.setText(mend_words.action_all(self._kind, len(self.problems)))
        self.all_button.setVisible(len(self.problems) > 1)
        self.reason_label.setVisible(has_any and self._kind not in GROUPED)
        self.reason_label.setText(self._reason(chosen))

    @staticmethod
    def _reason(chosen: Sequence[DataProblem]) -> str:
        if not chosen:
            return "Choose a picture to see why it is here."
        return chosen[0].reason if len(chosen) == 1 else f"{len(chosen):,} pictures are chosen."

    # -- hands ------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Enter in the grid acts; a double click opens."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.grid
        if pressed and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # type: ignore[attr-defined]
            self._act()
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def _act(self) -> None:
        if self.chosen():
            self.act_wanted.emit(self.chosen())

    @Slot()
    def _act_on_all(self) -> None:
        self.act_wanted.emit(tuple(self.problems))

    @Slot()
    def _dismiss(self) -> None:
        if self.chosen():
            self.dismiss_wanted.emit(self.chosen())

    @Slot()
    def _leave_out(self) -> None:
        if self.chosen():
            self.leave_out_wanted.emit(self.chosen())

    @Slot(str)
    def _relabel(self, name: str) -> None:
        paths = [one.paths[0] for one in self.chosen()]
        if paths:
            self.grid.go_on()  # before: those that are mended go
            self._mender.relabel(paths, name)

    @Slot(object)
    def _open_entry(self, entry: GridEntry) -> None:
        at = next((at for at, one in enumerate(self.problems) if one.paths[0] == entry.path), None)
        if at is not None:
            MendDialog(self._mender, [(one.paths[0], one) for one in self.problems], at, self).open()

    @Slot(int, int)
    def _open_group(self, row: int, at: int) -> None:
        one = self.problems[row]
        MendDialog(self._mender, [(path, one) for _, path in self._book.left(one)], at, self).open()
