"""The Predict page composes: what comes in, which model answers, the answers, and one of them large."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from deskclassify.core.events import PredictDone
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.answer_card import AnswerCard
from deskclassify.ui.pages.predict.intake import Intake
from deskclassify.ui.pages.predict.model_panel import ModelPanel
from deskclassify.ui.pages.predict.results import ResultsPanel
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import heading, run_guarded

_TOP = 5


class PredictPage(QWidget):
    """Drop area and table on the left, the chosen answer on the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("predictPage")
        self._session = session
        self.intake = Intake(session)
        self.model_panel = ModelPanel(session)
        self.results = ResultsPanel(session)
        self.answer = AnswerCard(session)
        self.answer.setMinimumWidth(280)
        self._lay_out()
        self.intake.add_paste(self)
        self.intake.chosen.connect(self._predict)
        self.results.row_chosen.connect(self.answer.show_prediction)
        session.model_changed.connect(self._show_model)
        session.run_changed.connect(self._show_model)
        session.predict_done.connect(self._done)
        self.model_panel.opened.changed.connect(self._show_read)
        self._show_model()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(heading("Predict"))
        top.addStretch(1)
        for button in (self.intake.camera_button, self.model_panel.open_button, self.model_panel.export_button):
            top.addWidget(button)
        self.results.lay_out(self.intake.folder_button, self.intake.watch_button)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP + 4)
        left.addWidget(self.intake)
        left.addWidget(self.results, 1)
        columns = QHBoxLayout()
        columns.setSpacing(theme.GAP + 4)
        columns.addLayout(left, 3)
        columns.addWidget(self.answer, 2)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        page.setSpacing(theme.GAP + 4)
        page.addLayout(top)
        page.addWidget(self.model_panel)
        page.addLayout(columns, 1)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """The run's model is made anew if its classes or its certainty have changed since."""
        super().showEvent(event)
        self._session.refresh_model()

    @Slot()
    def _show_model(self) -> None:
        self.model_panel.show_model()
        self.answer.set_model(self.model_panel.classes, "")
        self.results.show_threshold(0.0)

    @Slot()
    def _show_read(self) -> None:
        """The file was read: its classes, and what is refused, are known before the first answer."""
        read = self.model_panel.opened.read
        if read is not None and read.handling is not None:
            self.answer.set_model(read.handling.classes, read.provider, read.threshold)
            self.results.set_classes(read.handling.classes)
            self.results.show_threshold(read.threshold)

    @Slot(object)
    def _predict(self, paths: list[Path]) -> None:
        models = [path for path in paths if path.suffix.lower() == ".onnx" and path.is_file()]
        pictures = [path for path in paths if path not in models]
        for model in models[:1]:
            run_guarded(self._session, self._session.open_model, model)
        if pictures:
            run_guarded(self._session, self._session.predict, pictures, _TOP)

    @Slot(object)
    def _done(self, done: PredictDone) -> None:
        self.model_panel.show_done(done)
        self.answer.set_model(done.classes, done.provider, done.threshold)
