"""The class names of a model that does not say them: a table to type and paste into, or a text file."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import label_lines
from deskclassify.core.errors import InputError
from deskclassify.ui import dialogs, theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, set_role, subheading
from deskclassify.ui.widgets.named import named

_TEXTS = "Text files (*.txt *.csv *.names);;All files (*)"


class LabelsTable(QWidget):
    """One row for each number that the model gives.

    Args:
        session: remembers the last folder.
        names: those that are known; or, with `are_known` false, placeholders.
        are_known: whether they came from somewhere.
    """

    changed = Signal()

    def __init__(self, session: Session, names: Sequence[str], are_known: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.table = named(QTableWidget(len(names), 1), "foreignLabelsTable")
        self.table.setAccessibleName("Class names, in the order of the model's outputs")
        self.table.horizontalHeader().hide()
        self.table.setVerticalHeaderLabels([str(number) for number in range(len(names))])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setDefaultSectionSize(30)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.installEventFilter(self)
        self.paste_button = named(QPushButton(theme.icon("paste"), "Paste"), "pasteLabelsButton")
        self.paste_button.setToolTip("Fills the table with the lines of the clipboard")
        self.paste_button.clicked.connect(self.paste)
        self.file_button = named(QPushButton("From a text file…"), "labelsFileButton")
        self.file_button.setToolTip("A class name in each line, such as labels.txt of Teachable Machine")
        self.file_button.clicked.connect(self._choose)
        for button in (self.paste_button, self.file_button):
            button.setAutoDefault(False)
        self.note = named(muted(""), "labelsNote")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.paste_button)
        row.addWidget(self.file_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(subheading("Classes"))
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        layout.addWidget(self.note)
        self._fill(names if are_known else [""] * len(names))
        self.table.itemChanged.connect(self._edited)
        self._edited()

    @property
    def names(self) -> tuple[str, ...]:
        """What is in the table; an empty text for a row that is."""
        items = (self.table.item(row, 0) for row in range(self.table.rowCount()))
        return tuple(item.text().strip() if item is not None else "" for item in items)

    @property
    def is_complete(self) -> bool:
        """Whether each number has a name."""
        return all(self.names)

    def put(self, names: Sequence[str]) -> None:
        """Fill the table.

        Raises:
            InputError: there are not as many as the model has outputs.
        """
        if len(names) != self.table.rowCount():
            raise InputError(
                f"There are {len(names):,} lines, but the model gives {self.table.rowCount():,} numbers. "
                "It must be one line for each, in the model's own order."
            )
        self._fill(names)
        self._edited()

    @Slot()
    def paste(self) -> None:
        """Take the lines of the clipboard."""
        lines = label_lines.split(QGuiApplication.clipboard().text())
        self._try(lines)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Ctrl+V on the table fills it; in a cell that is being edited it is the cell's own."""
        pressed = event if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
        if pressed is not None and pressed.matches(QKeySequence.StandardKey.Paste):
            self.paste()
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def _choose(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Choose a text file with class names", _TEXTS)
        if chosen is None:
            return
        try:
            self.put(label_lines.read(chosen))
        except InputError as error:
            self._say(error.sentence, "bad")

    def _try(self, names: Sequence[str]) -> None:
        try:
            self.put(names)
        except InputError as error:
            self._say(error.sentence, "bad")

    def _fill(self, names: Sequence[str]) -> None:
        with QSignalBlocker(self.table):
            for row, name in enumerate(names):
                item = QTableWidgetItem(name)
                item.setTextAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
                self.table.setItem(row, 0, item)

    @Slot()
    def _edited(self) -> None:
        names = self.names
        given = [name for name in names if name]
        twice = next((name for name in given if given.count(name) > 1), "") if len(given) < 2_000 else ""
        if twice:
            self._say(f"“{twice}” is there more than once.", "warn")
        else:
            all_there = len(given) == len(names)
            self._say(f"{len(given):,} of {len(names):,} have a name.", "good" if all_there else "muted")
        self.changed.emit()

    def _say(self, text: str, role: str) -> None:
        self.note.setText(text)
        set_role(self.note, role)
