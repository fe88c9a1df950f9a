"""What the training would cost, in a line that is worked out in the background; and then what it did cost."""

from __future__ import annotations

import html

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from deskclassify.core import words
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, FitDone, Forecast
from deskclassify.core.requests import ForecastRequest
from deskclassify.jobs.job import Job
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.named import named

_CALM_MILLISECONDS = 700  # without a change of the settings, before anything is worked out
_HELP = "Timed on this computer, with your pictures. A training on the same pictures again needs less."


class ForecastLine(QLabel):
    """The line. It asks only while it is seen, nothing runs, and there is something to train on."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "forecastLabel")
        self.setProperty("role", "muted")
        self.setWordWrap(True)
        self.setMinimumHeight(self.fontMetrics().lineSpacing())  # nothing jumps when the text comes
        self._session = session
        self._job: Job | None = None
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MILLISECONDS)
        self._calm.timeout.connect(self._ask)
        for signal in (session.listing_changed, session.options_changed):
            signal.connect(self.refresh)
        session.train_state_changed.connect(self._on_state)
        session.train_event.connect(self._on_event)

    @Slot()
    def refresh(self) -> None:
        """Forget what was said, for something has changed; work it out anew when nothing changes any more."""
        self._give_up()
        if self._session.train_state == "idle":
            self._say("")
            if self._may_ask():
                self._calm.start()

    def _may_ask(self) -> bool:
        return self.isVisible() and self._session.can_train()

    def _give_up(self) -> None:
        self._calm.stop()
        if self._job is not None:
            self._job.control.stop()
            self._job = None
            self._say("")

    @Slot()
    def _ask(self) -> None:
        if not self._may_ask():
            return
        project = self._session.project
        self._say("Working out how long the training will take…")
        request = ForecastRequest(project.fit_request(project.next_run()))
        self._job = self._session.ask(request, self._answered, self._not_answered)
        self._job.finished.connect(self._ended)

    @Slot(object)
    def _answered(self, event: Event) -> None:
        if self.sender() is self._job and isinstance(event, Forecast):
            self._show(event)

    @Slot(object)
    def _not_answered(self, failure: Failure) -> None:
        """Nobody asked for it: the log has the failure, and the training tells its own."""
        if self.sender() is self._job:
            self._say("")

    @Slot()
    def _ended(self) -> None:
        if self.sender() is self._job:
            self._job = None

    @Slot()
    def _on_state(self) -> None:
        if self._session.train_state != "idle":
            self._give_up()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Forecast):
            self._show(event)
        elif isinstance(event, FitDone) and event.forecast_seconds and not event.stopped:
            self._say(fact_text(event), self.toolTip())

    def _show(self, forecast: Forecast) -> None:
        self._say(forecast.text, figures_table(forecast.figures))

    def _say(self, text: str, help_text: str = "") -> None:
        self.setText(text)
        self.setToolTip(help_text)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Whoever sees the page wants to know."""
        super().showEvent(event)
        if not self.text():
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nobody waits for it any more."""
        super().hideEvent(event)
        self._give_up()


def fact_text(done: FitDone) -> str:
    """The forecast beside the fact: “Forecast 1 min 50 s, took 2 min 3 s.”"""
    fact = f"Forecast {words.duration(done.forecast_seconds or 0.0)}, took {words.duration(done.seconds)}."
    return f"{fact} Most memory taken: {words.size(done.peak_memory_bytes)}." if done.peak_memory_bytes else fact


def figures_table(figures: dict[str, float]) -> str:
    """What was timed, as rich text."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}&nbsp;&nbsp;</td><td align='right'>{rate:,.1f} images/s</td></tr>"
        for name, rate in sorted(figures.items(), key=lambda figure: -figure[1])
    )
    return f"<p>{_HELP}</p><table>{rows}</table>" if rows else f"<p>{_HELP}</p>"
