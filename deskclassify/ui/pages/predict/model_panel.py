"""Which model answers: what is known of it, opening another one, and taking it along."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.core.events import PredictDone
from deskclassify.ui import dialogs
from deskclassify.ui.opened_model import OpenedModel
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.pages.predict.model_line import ModelLine
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded

_UNKNOWN = "This file does not say all that is needed to use it."


class ModelPanel(QWidget):
    """The line about the model, and the buttons that the page puts at its top."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._told: Path | None = None  # the model that the user was asked about
        self.open_button = button(
            "open",
            "Open model…",
            "openModelButton",
            "Use an .onnx file of deskclassify or of another program",
            self._open,
        )
        self.export_button = button(
            "export",
            "Export model…",
            "exportButton",
            "Writes the trained network as a file for other programs, after checking that it gives the same answers",
            self._export,
        )
        self.line = ModelLine()
        self.opened = OpenedModel(session, self)
        self.opened.changed.connect(self._show_read)
        self.line.change_button.clicked.connect(self.ask_how)
        self.line.share_button.clicked.connect(self._share)
        self.line.banner.button.clicked.connect(self._mend)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line)

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the model, as far as they are known."""
        return self.line.classes

    def show_model(self) -> None:
        """Show the session's model."""
        session = self._session
        self.line.show_model(session.model, session.run, session.model_is_coming)
        self.export_button.setEnabled(session.run is not None)
        self._show_read()

    def show_done(self, done: PredictDone) -> None:
        """A prediction tells what the model file says of itself."""
        self.line.show_done(done)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Someone looks."""
        super().showEvent(event)
        self.opened.set_seen(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nobody looks any more."""
        super().hideEvent(event)
        self.opened.set_seen(False)

    @Slot()
    def _show_read(self) -> None:
        read, problem, line = self.opened.read, self.opened.problem, self.line
        if problem is not None:
            line.show_read(None)
            line.facts_label.setText("It cannot be used.")
            line.banner.show_text(problem.sentence, "bad", "Details" if problem.details else "")
            return
        if read is None:
            line.banner.show_text("")
            return
        line.show_read(read)
        if read.state == "altered":
            line.banner.show_text(read.problem, "bad")
        elif read.state == "unknown":
            line.banner.show_text(read.problem or _UNKNOWN, "warn", "Say how it is used…")
            if self._told != self._session.model and self.isVisible():
                self._told = self._session.model
                self.ask_how()
        else:
            line.banner.show_text(read.provider_note)

    @Slot()
    def ask_how(self) -> None:
        """Ask how a model of another program is used."""
        from deskclassify.ui.foreign_dialog import ForeignDialog

        if self.opened.read is not None and self.findChild(ForeignDialog) is None:
            ForeignDialog(self._session, self.opened, self).open()

    @Slot()
    def _mend(self) -> None:
        from deskclassify.ui.problem_bar import DetailsDialog

        if self.opened.problem is not None:
            DetailsDialog(self.opened.problem, self.window()).open()
        else:
            self.ask_how()

    @Slot()
    def _open(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Open a model", dialogs.MODELS)
        if chosen is not None:
            run_guarded(self._session, self._session.open_model, chosen)

    @Slot()
    def _export(self) -> None:
        from deskclassify.ui.export_dialog import ExportDialog

        ExportDialog(self._session, self.window()).open()

    @Slot()
    def _share(self) -> None:
        from deskclassify.ui.share_dialog import ShareDialog

        if self.opened.read is not None:
            ShareDialog(self._session, self.opened.read, self.window()).open()
