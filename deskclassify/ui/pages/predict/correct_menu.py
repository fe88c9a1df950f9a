"""The menu that says which class the chosen pictures really show."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu, QWidget

from deskclassify.core.events import Prediction
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.predict.correcting import Corrector
from deskclassify.ui.pages.predict.table import dot
from deskclassify.ui.widgets.class_keys import key_of

_MOST_IN_MENU = 30  # classes; more are found by typing


class CorrectMenu(QMenu):
    """Which class the chosen pictures really show; filled when it is opened."""

    chosen = Signal(str)  # the class
    confirmed = Signal()

    def __init__(self, corrector: Corrector, parent: QWidget) -> None:
        super().__init__(parent)
        self._corrector = corrector
        self.setToolTipsVisible(True)
        self.setTitle("Correct")

    def fill(self, rows: Sequence[Prediction]) -> None:
        """Offer what can be done with these answers."""
        self.clear()
        answered = [row for row in rows if not row.error and not row.refused]
        right = "This is right: add it" if len(rows) == 1 else f"These {len(answered):,} are right: add them"
        confirm = self.addAction(theme.icon("check"), right, self.confirmed.emit)
        confirm.setObjectName("confirmAction")
        confirm.setEnabled(bool(answered))
        confirm.setToolTip("Copies the pictures into the project, with the classes that the model says")
        self._head("It is really a …" if len(rows) == 1 else f"These {len(rows):,} are really …")
        names = self._corrector.classes()
        for place, name in enumerate(names[:_MOST_IN_MENU]):
            self._add(name, theme.class_color(place), key_of(place))
        new = self._corrector.new_classes()
        if new:
            self._head("A class that the project does not have yet")
            for name in new[:_MOST_IN_MENU]:
                self._add(name, theme.current().muted)
        self.addSeparator()
        if len(names) > _MOST_IN_MENU:
            self.addAction(f"All {len(names):,} classes…", self._ask_any)
        self.addAction(theme.icon("new"), "Another class…", self._ask_new)

    def _head(self, text: str) -> None:
        """A title within the menu: with a style sheet, Qt draws sections as mere lines."""
        self.addSeparator()
        self.addAction(text).setEnabled(False)

    def _add(self, name: str, color: str, key: str = "") -> None:
        text = name.replace("&", "&&")
        # Beside the name, where shortcuts stand; the table takes the key.
        action = self.addAction(QIcon(dot(color)), f"{text}\t{key}" if key else text, self._choose)
        action.setData(name)
        action.setToolTip(f"Copies into the project, as “{name}”")

    @Slot()
    def _choose(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.chosen.emit(str(action.data()))

    @Slot()
    def _ask_any(self) -> None:
        self._take(dialogs.ask_choice(self.window(), "Class", "What do the pictures show?", self._corrector.classes()))

    @Slot()
    def _ask_new(self) -> None:
        self._take(dialogs.ask_name(self.window(), "Another class", "What do the pictures show?", ""))

    def _take(self, name: str) -> None:
        if name:
            self.chosen.emit(name)
