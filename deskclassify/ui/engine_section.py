"""The training engine in the preferences: what there is of it; install, repair, remove."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineStateRequest, RemoveEngineRequest
from deskclassify.core.words import size
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, set_role, subheading
from deskclassify.ui.widgets.named import named


class EngineSection(QWidget):
    """Hidden where the program needs no engine."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = named(muted("Looking …"), "engineStateText")
        self.install_button = named(QPushButton("Install…"), "engineStateInstallButton")
        self.install_button.clicked.connect(self._install)
        self.repair_button = named(QPushButton("Repair…"), "engineStateRepairButton")
        self.repair_button.setToolTip("Makes the engine anew from what is downloaded; projects and models stay.")
        self.repair_button.clicked.connect(self._repair)
        self.remove_button = named(QPushButton("Remove…"), "engineStateRemoveButton")
        self.remove_button.setToolTip("Frees the disk space; predicting goes on working.")
        self.remove_button.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        for button in (self.install_button, self.repair_button, self.remove_button):
            button.setAutoDefault(False)
            button.hide()
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(subheading("Training engine"))
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self.hide()
        self._ask()

    @Slot()
    def _ask(self) -> None:
        self._latest.ask(EngineStateRequest())

    @Slot(object)
    def _received(self, event: Event) -> None:
        if not isinstance(event, EngineState):
            return
        self.setVisible(event.state != "bundled")
        self.text.setText(_text(event))
        set_role(self.text, "warn" if event.state in ("damaged", "outdated") else "muted")
        self.install_button.setText("Update…" if event.state == "outdated" else "Install…")
        self.install_button.setVisible(event.state in ("missing", "unfinished", "outdated"))
        self.repair_button.setVisible(event.state in ("installed", "damaged"))
        self.remove_button.setVisible(event.state != "missing")

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.text.setText(failure.sentence)
        set_role(self.text, "bad")

    @Slot()
    def _install(self) -> None:
        self._open(repair=False)

    @Slot()
    def _repair(self) -> None:
        self._open(repair=True)

    def _open(self, repair: bool) -> None:
        from deskclassify.ui.engine_dialog import EngineDialog

        dialog = EngineDialog(self._session, self.window(), repair=repair)
        dialog.finished.connect(self._ask)
        dialog.open()

    @Slot()
    def _remove(self) -> None:
        question = "Remove the training engine and its downloads? Training then needs it to be installed again."
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel
        if QMessageBox.question(self, "Training engine", question, buttons) == QMessageBox.StandardButton.Yes:
            self.text.setText("Removing …")
            self._latest.ask(RemoveEngineRequest())


def _text(state: EngineState) -> str:
    if state.state == "installed":
        return f"{state.text} {state.folder}"
    return f"{state.text} {size(state.bytes_free)} of the disk are free." if state.bytes_needed else state.text
