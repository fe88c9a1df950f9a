"""Offers the training engine where a job has failed for want of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from deskclassify.core.errors import Failure
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded


class EngineOffer(QObject):
    """Opens the dialog each time a training could not begin; for anything else once, since the sentence is shown too.

    After the installation the training begins that was wanted.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._is_open = False
        self._was_offered = False
        self._tried_to_train = False
        session.train_state_changed.connect(self._train_state_changed)
        session.failed.connect(self._failed)

    @Slot()
    def _train_state_changed(self) -> None:
        if self._session.train_state == "running":
            self._tried_to_train = True

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        training, self._tried_to_train = self._tried_to_train, False
        if not failure.needs_engine or self._is_open or (self._was_offered and not training):
            return
        self._was_offered = self._is_open = True
        # Not from within the signal: whoever else listens to it would wait for the dialog.
        QTimer.singleShot(0, self, self._offer_training if training else self._offer)

    @Slot()
    def _offer(self) -> None:
        self._open("")

    @Slot()
    def _offer_training(self) -> None:
        self._open("Train now")

    def _open(self, wanted: str) -> None:
        from deskclassify.ui.engine_dialog import EngineDialog

        dialog = EngineDialog(self._session, self._window, wanted)
        dialog.finished.connect(self._closed)
        if wanted:
            dialog.installed.connect(self._train)
        dialog.open()

    @Slot()
    def _closed(self) -> None:
        self._is_open = False

    @Slot()
    def _train(self) -> None:
        run_guarded(self._session, self._session.start_training)
