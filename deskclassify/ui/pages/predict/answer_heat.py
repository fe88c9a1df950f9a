"""Why a model answers so: the picture with heat where covering it changes the answer. Any ONNX model will do."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.use_events import Occluded
from deskclassify.core.use_requests import OccludeRequest
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.heat_view import Heat, HeatView

_LEAST = 0.02  # probability: where covering changes less than this, the heat stays faint
READ = "Covering an orange place makes the class less likely; covering a blue one makes it likelier."


class AnswerHeat(QWidget):
    """Asks for the heat of a picture and a class, and shows the coarse map until the fine one is there."""

    failed = Signal(object)  # Failure

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._found: Occluded | None = None
        self._ask = Latest(session, parent=self)
        self._ask.received.connect(self._received)
        self._ask.failed.connect(self._failed)
        self._ask.busy_changed.connect(self._busy)
        self.view = HeatView()
        self.view.setMinimumSize(120, 110)
        self.view.hovered.connect(self._tell)
        self.title_label = muted("")
        self.title_label.setWordWrap(False)
        self.title_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.title_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title_label.setToolTip(READ)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Covering parts of the picture")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self.title_label, self.progress):
            column.addWidget(widget)
        column.addWidget(self.view, 1)
        self._busy(False)

    def ask(self, picture: str, label: str) -> None:
        """Show what speaks for a class in a picture; what was asked before is not wanted any more."""
        self.clear()
        model = self._session.model
        if model is not None:
            self.title_label.setText(f"Looking for what speaks for “{label}”…")
            self._ask.ask(OccludeRequest(str(model), picture, label, device=self._session.settings.device))

    def clear(self) -> None:
        """Show nothing, and want nothing."""
        self._ask.drop()
        self._found = None
        self.title_label.clear()
        self.view.show_picture(None)

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.setRange(0, event.total)
            self.progress.setValue(event.done)
        elif isinstance(event, Occluded):
            self._found = event
            scale = max(_LEAST, float(np.abs(event.heat).max()))
            heat = Heat((event.heat / scale).astype(np.float32), True, "against", f"for “{event.label}”")
            self.view.show_picture(event.pixels, heat)
            self._tell(None)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.clear()
        self.failed.emit(failure)

    @Slot(bool)
    def _busy(self, busy: bool) -> None:
        if busy:
            self.progress.setRange(0, 0)
        # Its room is kept: a bar that comes and goes would make the picture jump.
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.setVisible(busy)

    @Slot(object)
    def _tell(self, value: float | None) -> None:
        found = self._found
        if found is None:
            return
        if value is None:
            self.title_label.setText(f"What speaks for “{found.label}”")
            return
        points = 100 * value * max(_LEAST, float(np.abs(found.heat).max()))
        if abs(points) < 0.05:
            self.title_label.setText("Covered here, it stays as likely")
        else:
            verb = "loses" if points > 0 else "gains"
            self.title_label.setText(f"Covered here, “{found.label}” {verb} {abs(points):.1f} points")
