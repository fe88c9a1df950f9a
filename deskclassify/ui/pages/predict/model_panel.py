"""Which model answers: what is known of it, opening another one, and taking it along."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.core.events import Exported, PredictDone
from deskclassify.core.requests import ExportRequest
from deskclassify.ui import dialogs
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.pages.predict.model_line import ModelLine, exported_text
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded


class ModelPanel(QWidget):
    """The line about the model, and the buttons that the page puts at its top."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_exporting = False
        self._export_result = ""
        self.open_button = button(
            "open", "Open model…", "openModelButton", "Use an .onnx file that deskclassify wrote", self._open
        )
        self.export_button = button(
            "export",
            "Export model…",
            "exportButton",
            "Writes the trained network as one .onnx file, after checking that it gives the same answers",
            self._export,
        )
        self.line = ModelLine()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line)
        session.export_done.connect(self._exported)
        session.owner.changed.connect(self._jobs_changed)

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the model, as far as they are known."""
        return self.line.classes

    def show_model(self) -> None:
        """Show the session's model."""
        session = self._session
        self.line.show_model(session.model, session.run, session.model_is_coming)
        self.export_button.setEnabled(session.run is not None)

    def show_done(self, done: PredictDone) -> None:
        """A prediction tells what the model file says of itself."""
        self.line.show_done(done)

    @Slot()
    def _open(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Open a model", dialogs.MODELS)
        if chosen is not None:
            run_guarded(self._session, self._session.open_model, chosen)

    @Slot()
    def _export(self) -> None:
        target = dialogs.ask_model_target(self, self._session)
        if target is not None:
            self._is_exporting, self._export_result = True, ""
            self.line.say("The model is being written and checked…")
            run_guarded(self._session, self._session.export, target)

    @Slot(object)
    def _exported(self, exported: Exported | None) -> None:
        if isinstance(exported, Exported):
            self._export_result = exported_text(exported)
            self.line.say(self._export_result)

    @Slot()
    def _jobs_changed(self) -> None:
        """An export that failed says nothing more."""
        if self._is_exporting and not any(isinstance(job.request, ExportRequest) for job in self._session.owner.jobs):
            self._is_exporting = False
            self.line.say(self._export_result)
