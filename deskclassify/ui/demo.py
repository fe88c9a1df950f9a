"""The demonstration: train on the folder that was given, then show how well that went."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded


class Demo(QObject):
    """Starts a training as soon as the pictures are listed; ends on the Evaluate page."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._started = False
        session.listing_changed.connect(self._listed)
        session.run_changed.connect(self._trained)

    @Slot()
    def _listed(self) -> None:
        if not self._started and self._session.can_train():
            self._started = True
            self._session.page_wanted.emit("train")
            run_guarded(self._session, self._session.start_training)

    @Slot()
    def _trained(self) -> None:
        if self._started and self._session.run is not None:
            self._session.page_wanted.emit("evaluate")
            self.deleteLater()
