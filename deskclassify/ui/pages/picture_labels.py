"""What a picture shows: a button for each class, and one to leave it out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.ui import dialogs, theme
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.class_keys import MOST_KEYS, key_of, sign
from deskclassify.ui.widgets.named import named

_COLUMNS = 2
_LIKELY = 5  # of very many classes: those that the network holds for the likeliest


class _ClassButton(QPushButton):
    """A class, with its colour and its key. The name is cut where there is no room."""

    def __init__(self, name: str, place: int) -> None:
        super().__init__()
        self.name = name
        self._place = place
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("text-align: left; padding-left: 8px; padding-right: 6px;")
        digit = key_of(place)
        self.setToolTip(f"This is a {name}" + (f" (key {digit})" if digit else ""))
        self.setAccessibleName(f"This is a {name}")
        self.recolour()

    def recolour(self) -> None:
        """Key and colour, for the present theme."""
        pixmap = sign(theme.class_color(self._place), key_of(self._place))
        self.setIconSize(pixmap.deviceIndependentSize().toSize())
        self.setIcon(QIcon(pixmap))

    def fit(self, width: int) -> None:
        """Cut the name for a width of the button."""
        room = width - self.iconSize().width() - 24
        cut = self.fontMetrics().elidedText(self.name, Qt.TextElideMode.ElideMiddle, room)
        self.setText(" " + cut.replace("&", "&&"))


class PictureLabels(QWidget):
    """Shows the present class as pressed; tells what is wanted, and changes nothing by itself."""

    chosen = Signal(str)  # a class, also a new one
    left_out = Signal(bool)  # whether the picture is to be left out

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pictureLabels")
        self._names: list[str] = []
        self._classes: list[str] = []
        self._buttons: list[_ClassButton] = []
        self._is_out = False
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.GAP - 2)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self.all_button = named(QPushButton("All classes…"), "allClassesButton")
        self.all_button.clicked.connect(self._ask_any)
        self.new_button = named(QPushButton("New class…"), "newClassButton")
        self.new_button.setToolTip("Makes a class of its own for this picture.")
        self.new_button.clicked.connect(self._ask_new)
        self.out_button = named(QPushButton("Leave out"), "leaveOutButton")
        self.out_button.clicked.connect(self._turn_out)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP - 2)
        for button in (self.all_button, self.new_button, self.out_button):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setStyleSheet("padding-left: 8px; padding-right: 8px;")
            row.addWidget(button)
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(0, 0, 0, 0)
        column_of_all.setSpacing(theme.GAP - 2)
        column_of_all.addWidget(common.subheading("What does it show?"))
        column_of_all.addLayout(self._grid)
        column_of_all.addLayout(row)
        theme.notifier().changed.connect(self._recolour)

    def show_label(self, classes: Sequence[str], present: str, likely: Sequence[str], is_out: bool) -> None:
        """Show the class of a picture.

        Args:
            classes: all, in the order of their keys.
            present: the class that it has; empty for none.
            likely: where there are too many for a button each, these come first.
            is_out: whether the picture is left out.
        """
        names = list(classes)
        if len(names) > MOST_KEYS:
            wanted = [name for name in dict.fromkeys([present, *likely[:_LIKELY]]) if name in names]
            names = sorted(wanted, key=names.index)
        if names != self._names or list(classes) != self._classes:
            self._names, self._classes = names, list(classes)
            self._make_buttons()
        self.all_button.setVisible(len(classes) > len(names))
        for button in self._buttons:
            with QSignalBlocker(button):
                button.setChecked(button.name == present)
                button.setEnabled(not is_out)
        self.new_button.setEnabled(not is_out)
        self._is_out = is_out
        self.out_button.setText("Put back" if is_out else "Leave out")
        tip = "Uses the picture again." if is_out else "Neither learns from the picture nor measures on it."
        self.out_button.setToolTip(f"{tip} The file stays where it is (Delete)")

    def _make_buttons(self) -> None:
        for button in self._buttons:
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        for at, name in enumerate(self._names):
            button = _ClassButton(name, self._classes.index(name))
            button.clicked.connect(self._press)
            self._grid.addWidget(button, at // _COLUMNS, at % _COLUMNS)
            self._buttons.append(button)
        self._fit()

    def _fit(self) -> None:
        width = (self.width() - self._grid.horizontalSpacing()) // _COLUMNS
        for button in self._buttons:
            button.fit(width)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Names are cut for the new width."""
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _recolour(self) -> None:
        for button in self._buttons:
            button.recolour()

    @Slot()
    def _press(self) -> None:
        button = self.sender()
        if isinstance(button, _ClassButton):
            button.setChecked(True)  # a second click takes no class away
            self.chosen.emit(button.name)

    @Slot()
    def _ask_any(self) -> None:
        name = dialogs.ask_choice(self.window(), "Class", "What does the picture show?", self._classes)
        if name:
            self.chosen.emit(name)

    @Slot()
    def _ask_new(self) -> None:
        name = dialogs.ask_name(self.window(), "New class", "What does the picture show?", "")
        if name:
            self.chosen.emit(name)

    @Slot()
    def _turn_out(self) -> None:
        self.left_out.emit(not self._is_out)
