"""What the session's model is: asked once for each when the Predict page is seen, and answered by another process."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.foreign import Handling
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session


class OpenedModel(QObject):
    """Facts of the model that answers, or why it cannot.

    Attributes:
        read: what the file is; None while that is not known.
        problem: why it was refused.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.read: ModelRead | None = None
        self.problem: Failure | None = None
        self._session = session
        self._is_seen = False
        self._asked: tuple[Path, str] | None = None  # the model, and the device that is wanted
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self.changed)
        session.model_changed.connect(self._model_changed)
        session.settings_changed.connect(self._look)

    @property
    def is_busy(self) -> bool:
        """Whether the file is being looked at."""
        return self._latest.is_busy

    def set_seen(self, is_seen: bool) -> None:
        """Say whether anyone looks: nothing is asked before."""
        self._is_seen = is_seen
        self._look()

    def tell(self, handling: Handling) -> None:
        """Say how the model is used; that is remembered for its file."""
        if self._session.model is not None:
            self._ask(self._session.model, handling)

    def forget(self) -> None:
        """Take back what was said of the model."""
        if self._session.model is not None:
            self._latest.ask(ModelRequest(str(self._session.model), None, self._session.settings.device, True))

    @Slot()
    def _model_changed(self) -> None:
        self._asked = None
        self._latest.drop()
        self.read, self.problem = None, None
        self.changed.emit()
        self._look()

    @Slot()
    def _look(self) -> None:
        model = self._session.model
        if self._is_seen and model is not None and self._asked != (model, self._session.settings.device):
            self._ask(model, None)

    def _ask(self, model: Path, handling: Handling | None) -> None:
        device = self._session.settings.device
        self._asked = (model, device)
        self._latest.ask(ModelRequest(str(model), handling, device))

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, ModelRead):
            self.read, self.problem = event, None
            self.changed.emit()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.read, self.problem = None, failure
        self.changed.emit()
