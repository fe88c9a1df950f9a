"""One picture and what a model says of it with the settings as they are now, so that the right ones can be told."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Prediction
from deskclassify.core.foreign import Handling
from deskclassify.core.requests import PredictRequest
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.core.words import percent
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, run_guarded, set_role, subheading
from deskclassify.ui.widgets.drop_area import Brought, DropArea, keep_picture
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.picture_view import PictureView
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars

_PAUSE_MILLISECONDS = 250  # while values are typed
_TOP = 3
_DROP_WIDTH, _PICTURE_WIDTH, _HEIGHT = 170, 130, 132  # pixels


class ForeignTrial(QWidget):
    """Drop a picture; then each change of the settings is answered.

    A model can only be asked with settings that are kept for its file, so a try keeps them; `has_tried` says so.
    """

    tried = Signal()

    def __init__(self, session: Session, model: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.has_tried = False
        self._session = session
        self._model = model
        self._picture = ""
        self._handling: Handling | None = None
        self._reading = Latest(session, _PAUSE_MILLISECONDS, self)
        self._reading.received.connect(self._read)
        self._reading.failed.connect(self._failed)
        self._predicting = Latest(session, parent=self)
        self._predicting.received.connect(self._predicted)
        self._predicting.failed.connect(self._failed)
        self.drop_area = named(DropArea("Try a picture", "Drop one, or click"), "foreignDropArea")
        self.drop_area.setFixedSize(_DROP_WIDTH, _HEIGHT)
        self.drop_area.brought.connect(self._brought)
        self.drop_area.clicked.connect(self._choose)
        self.picture = PictureView()
        self.bars = ProbabilityBars(whole=1.0)
        self.text = named(muted(""), "trialText")
        self._shown = QStackedWidget()
        self._shown.addWidget(QWidget())
        self._shown.addWidget(self.picture)
        self._shown.setFixedSize(_PICTURE_WIDTH, _HEIGHT)
        self._shown.hide()
        answers = QVBoxLayout()
        answers.setSpacing(4)
        answers.addWidget(subheading("What it says now"))
        answers.addWidget(self.bars)
        answers.addWidget(self.text)
        answers.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP + 4)
        row.addWidget(self.drop_area)
        row.addWidget(self._shown)
        row.addLayout(answers, 1)

    def show_for(self, handling: Handling) -> None:
        """Answer anew, now with these settings."""
        self._handling = handling
        if not self._picture:
            self._say("The likeliest three classes are shown here, and change with the settings.", "muted")
        else:
            self._predicting.drop()
            self._say("Asking…", "muted")
            self._reading.ask(ModelRequest(self._model, handling, self._session.settings.device))

    def wait_for(self, text: str) -> None:
        """Answer nothing yet, and say why."""
        self._handling = None
        self._say(text, "muted")

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._reading.drop()
        self._predicting.drop()

    @Slot(object)
    def _brought(self, brought: Brought) -> None:
        if brought.given.files:
            self.take(Path(brought.given.files[0]))
        elif not brought.picture.isNull():
            run_guarded(self._session, lambda: self.take(keep_picture(brought.picture, "pasted")))
        else:
            self._say("Save the picture first, then drop its file here.", "warn")

    def take(self, picture: Path) -> None:
        """Try another picture."""
        self._picture = str(picture)
        self.picture.show_picture(self._picture)
        self._shown.setCurrentIndex(1)
        self._shown.show()
        if self._handling is not None:
            self.show_for(self._handling)

    @Slot()
    def _choose(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Choose a picture", dialogs.PICTURES)
        if chosen is not None:
            self.take(chosen)

    @Slot(object)
    def _read(self, event: Event) -> None:
        if isinstance(event, ModelRead):
            self.has_tried = True
            self._predicting.ask(PredictRequest(self._model, (self._picture,), _TOP, self._session.settings.device))

    @Slot(object)
    def _predicted(self, event: Event) -> None:
        if isinstance(event, Prediction):
            top = event.top if not event.error else ()
            shown = [Bar(name, share, percent(share), strong=at == 0) for at, (name, share) in enumerate(top)]
            self.bars.set_bars(shown)
            self._say(
                event.error or "Is that right? If not, choose another way above.", "bad" if event.error else "muted"
            )
            self.tried.emit()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.bars.set_bars(())
        self._say(failure.sentence, "bad")

    def _say(self, text: str, role: str) -> None:
        self.text.setText(text)
        set_role(self.text, role)
