"""What the ways to bring pictures in have in common, and the fields that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.requests import Request
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted, set_role, subheading
from deskclassify.ui.widgets.named import named

DOWNLOAD_CANCELLED = "Cancelled. What was downloaded so far is kept: start it again, and it goes on from there."


class Way(QWidget):
    """One way to bring pictures in: a title, what it is for, and its fields.

    A subclass says in `request` what is to be asked, None while something is missing; `lacks` says what.
    """

    changed = Signal()  # its fields
    submitted = Signal()  # Enter in a field, or a double click

    name = ""
    icon = ""
    title = ""  # in the list
    heading = ""
    about = ""
    verb = ""  # on the button
    cancelled = "Cancelled. Nothing was left behind."

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{self.name}Way")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(theme.GAP)
        self.body.addWidget(subheading(self.heading))
        self.body.addWidget(muted(self.about))
        self.body.addSpacing(theme.GAP)
        self.note = muted("")
        self.note.setObjectName(f"{self.name}Note")

    def request(self) -> Request | None:
        """What is to be asked of a job; None while something is missing."""
        return None

    def lacks(self) -> str:
        """What is missing or wrong, in a sentence; empty if nothing is, or nothing was given yet."""
        return ""

    def is_ready(self) -> bool:
        """Whether it can begin."""
        return self.request() is not None

    def first_field(self) -> QWidget:
        """Where the cursor belongs."""
        return self

    def refresh(self) -> None:
        """Come into sight: show what may have changed outside."""

    @Slot()
    def say(self) -> None:
        """A field was changed: tell what is missing."""
        text = self.lacks()
        set_role(self.note, "warn" if text else "muted")
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self.changed.emit()


class PathField(QWidget):
    """A label, a line for a path or an address, and a button that asks for one.

    Args:
        title: above the line.
        name: of the line; its button is `…Browse`.
        hint: in the empty line.
        ask: asks for a path; None when the user thought better of it.
    """

    changed = Signal()
    submitted = Signal()

    def __init__(
        self, title: str, name: str, hint: str, ask: Callable[[], Path | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ask = ask
        self.edit = named(QLineEdit(), name)
        self.edit.setPlaceholderText(hint)
        self.edit.setClearButtonEnabled(True)
        self.edit.textChanged.connect(self.changed)
        self.edit.returnPressed.connect(self.submitted)
        self.browse = named(QPushButton("Choose…"), f"{name}Browse")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        label = QLabel(title)
        label.setBuddy(self.edit)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.edit, 1)
        row.addWidget(self.browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP // 2)
        layout.addWidget(label)
        layout.addLayout(row)
        self.edit.setAccessibleName(title.replace("&", ""))

    def text(self) -> str:
        """What was typed or pasted, less what comes along in pasting: quotes, spaces and `file://`."""
        text = self.edit.text().strip().strip("\"'“”<>").strip()
        url = QUrl(text)
        return url.toLocalFile() if url.isLocalFile() else text

    @Slot()
    def _browse(self) -> None:
        chosen = self._ask()
        if chosen is not None:
            self.edit.setText(str(chosen))


def is_folder(text: str) -> bool:
    """Whether a folder is there; False for what no path can be."""
    try:
        return bool(text) and Path(text).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def is_file(text: str) -> bool:
    """Whether a file is there; False for what no path can be."""
    try:
        return bool(text) and Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False
