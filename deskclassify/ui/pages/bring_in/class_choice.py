"""Asking which class pictures belong to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, primary
from deskclassify.ui.widgets.named import named

_WIDTH = 380  # pixels


class ClassBox(QComboBox):
    """The classes there are, and room for a new name."""

    def __init__(self, names: Sequence[str], chosen: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName("Class")
        self.addItems(list(names))
        completer = self.completer()
        if completer is not None:
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseSensitive)  # “cats” is another class than “Cats”
        self.setCurrentText(chosen)
        line = self.lineEdit()
        if line is not None:
            line.setPlaceholderText("Choose a class, or type a new one")

    def name(self) -> str:
        """The class that is chosen or typed; empty for none."""
        return self.currentText().strip()


class ClassDialog(QDialog):
    """Asks for a class; `name` is the answer."""

    def __init__(self, question: str, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classDialog")
        self.setWindowTitle("Class")
        self.box = named(ClassBox(names), "classBox")
        label = QLabel(question)
        label.setBuddy(self.box)
        self.ok_button = primary(QPushButton("Add"))
        self.ok_button.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.ok_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 2)
        layout.addWidget(label)
        layout.addWidget(self.box)
        layout.addWidget(muted("Select a class in the table before, and you are not asked."))
        layout.addWidget(buttons)
        self.setMinimumWidth(_WIDTH)
        self.box.currentTextChanged.connect(self._changed)
        self._changed()

    @Slot()
    def _changed(self) -> None:
        self.ok_button.setEnabled(bool(self.box.name()))


def class_names(session: Session) -> list[str]:
    """The classes of the project, also those without a picture."""
    listing = session.listing
    found = listing.classes() if listing is not None else {}
    return sorted({*found, *session.project.data.created})


def ask_class(parent: QWidget, session: Session, question: str) -> str:
    """Ask for a class; empty when the user thought better of it."""
    dialog = ClassDialog(question, class_names(session), parent)
    agreed = dialog.exec() == QDialog.DialogCode.Accepted
    name = dialog.box.name()
    dialog.deleteLater()
    return name if agreed else ""
