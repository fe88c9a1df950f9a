"""Live retraining: after a change of labels the last layer is learned anew, and the metrics follow within a second."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPainter, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from deskclassify.core.data_events import Relearned
from deskclassify.core.data_requests import RelearnRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress, Scored
from deskclassify.core.live_labels import Learned, is_wanted
from deskclassify.core.run_folder import RunFolder
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

if TYPE_CHECKING:
    # The page imports this module.
    from deskclassify.ui.pages.evaluate.state import Evaluation

_PAUSE_MILLISECONDS = 60  # several changes in that time are one
_DOT_PIXELS = 10
_SAME = 0.0005  # accuracies that look the same with one decimal place
_TIP = (
    "Live: when labels change, the last layer of the network is learned anew from them in the background, and the "
    "numbers of this page follow. The run itself stays as it was: train again to keep what was gained."
)


class LiveLearning(QObject):
    """Follows the labels of the session, and lets the page show what a new last layer makes of them.

    Renamed and merged classes need no learning: there the page adds up probabilities by itself. Where there is a
    button, nothing is asked before it is in sight: nobody looks at the metrics then.
    """

    changed = Signal()  # any of the properties

    def __init__(self, session: Session, evaluation: Evaluation, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._evaluation = session, evaluation
        self._run: RunFolder | None = None  # whose labels `_trained` are
        self._trained: Learned | None = None  # what the run has learned from
        self._shown: Learned | None = None  # what the answer that is shown was learned from; None: the run itself
        self._asked: Learned | None = None  # the same of the question that is open; None: nobody waits for its answer
        self._warm: RunFolder | None = None
        self._scored: Scored | None = None
        self._answer: tuple[Scored, Relearned] | None = None  # what is shown, unless other pictures are looked at
        self._is_watched, self._is_away = True, False
        self.progress: Progress | None = None
        self.trouble = ""  # why the last layer could not be learned
        self._latest = Latest(session, _PAUSE_MILLISECONDS, self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self._busy_changed)
        session.listing_changed.connect(self.refresh)
        session.run_changed.connect(self._run_changed)
        evaluation.view_changed.connect(self._view_changed)

    # -- what there is ----------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        """Whether the last layer is learned anew when labels change."""
        listing = self._session.listing
        return is_wanted(self._session.settings.live, len(listing.items) if listing is not None else 0)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited that will be shown."""
        return self._latest.is_busy and self._asked is not None

    @property
    def moved(self) -> tuple[float, float] | None:
        """Accuracy of the run as it was trained, and as the last layer is now; None where that is not shown."""
        view, before = self._evaluation.view, self._evaluation.trained_accuracy
        if view is None or view.live is None or before is None:
            return None
        return before, view.evaluated.accuracy

    @Slot(bool)
    def set_enabled(self, enabled: bool) -> None:
        """Switch it on or off, also for the next start of the program."""
        if enabled != self.enabled:
            self._session.change_settings(replace(self._session.settings, live=enabled))
        self.refresh()
        if enabled:
            self._get_ready()
        self.changed.emit()

    # -- asking -----------------------------------------------------------------------

    @Slot()
    def _run_changed(self) -> None:
        self._latest.drop()
        self._asked = self._shown = self._answer = None
        self.refresh()
        self.changed.emit()

    @Slot()
    def refresh(self) -> None:
        """Ask for a new last layer if labels have changed, or go back to the run if they have not."""
        listing, trained = self._session.listing, self._labels_of_run()
        if listing is None:
            return  # it is on its way
        data = self._session.project.data
        if not self.enabled or trained is None or trained.holds(listing.items, data):
            self._go_back()
            return
        if not self._is_watched:
            return
        if self._asked is not None and self._asked.holds(listing.items, data):
            return
        if self._shown is not None and self._shown.holds(listing.items, data):
            self._drop()
            return
        self._asked = Learned.of_items(listing.items, data, trained.skipped)
        self._ask()

    def watch(self, watched: bool) -> None:
        """Somebody looks at the metrics, or nobody does.

        Then the process reads the features that are kept of the run, before an answer is awaited; only where training
        has left them in the cache: to look at all pictures takes time, and is done when it is needed.
        """
        self._is_watched = watched
        if watched:
            self.refresh()
            run = self._session.run
            if run is not None and self._labels_of_run() is not None and not _has_learned_deep(run):
                self._get_ready()

    def _get_ready(self) -> None:
        is_idle = self._session.train_state == "idle" and not self._latest.is_busy
        if is_idle and self.enabled and self._labels_of_run() is not None and self._warm != self._session.run:
            self._ask()

    def _ask(self) -> None:
        run = self._session.run
        if run is not None:
            self._warm, self._scored, self.progress, self.trouble = run, None, None, ""
            self._latest.ask(RelearnRequest(str(run.path), self._session.project.data, self._session.settings.device))
            self.changed.emit()

    def _go_back(self) -> None:
        self._drop()
        if self._shown is not None:
            self._shown = self._answer = None
            self._evaluation.show_trained()
        self.changed.emit()

    def _drop(self) -> None:
        if self._asked is not None:  # else it only gets ready
            self._asked = None
            self._latest.drop()
        self.trouble = ""

    def _labels_of_run(self) -> Learned | None:
        """What the session's run has learned from; None if it is not a run of the project."""
        run = self._session.run
        if run is None or not self._session.has_project or not run.path.is_relative_to(self._session.project.folder):
            return None
        if run != self._run:
            self._run, self._trained = run, None
            try:
                self._trained = Learned.of_run(run)
            except Exception as error:  # the page says what is wrong with the run
                self.trouble = Failure.of(error).sentence
        return self._trained

    # -- answers ----------------------------------------------------------------------

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress = event
            self.changed.emit()
        elif isinstance(event, Scored):
            self._scored = event
        elif isinstance(event, Relearned) and self._scored is not None and self._asked is not None:
            self._shown, self._asked, self._answer = self._asked, None, (self._scored, event)
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        view = self._evaluation.view
        if self._answer is not None and self._shown is not None and view is not None and view.origin == "valid":
            self._evaluation.show_live(*self._answer, self._shown.data)

    @Slot()
    def _view_changed(self) -> None:
        view, was_away = self._evaluation.view, self._is_away
        self._is_away = view is not None and view.origin != "valid"
        if was_away and not self._is_away:
            self._show()  # back from other pictures, to where the user was
        self.changed.emit()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self._asked is not None:
            self.trouble = failure.sentence
            self._asked = None
        self.changed.emit()

    @Slot(bool)
    def _busy_changed(self, busy: bool) -> None:
        self.progress = self.progress if busy else None
        self.changed.emit()

    # -- widgets ----------------------------------------------------------------------

    def make_button(self, parent: QWidget | None = None) -> QPushButton:
        """The toggle, with a dot that says whether it is at work. It gets ready when it is seen first."""
        return _LiveButton(self, parent)

    def make_remark(self, parent: QWidget | None = None) -> QLabel:
        """How the accuracy has moved; hidden while there is nothing to say."""
        return _Remark(self, parent)


def _has_learned_deep(run: RunFolder) -> bool:
    """Whether more than the last layer may have been trained."""
    recipe = run.info().raw.get("recipe") or {}
    return not isinstance(recipe, dict) or recipe.get("unfrozen_epochs") != 0


class _LiveButton(QPushButton):
    def __init__(self, live: LiveLearning, parent: QWidget | None) -> None:
        super().__init__("Live", parent)
        self._live = live
        named(self, "liveButton")
        live.watch(False)
        self.setCheckable(True)
        self.setAccessibleDescription(_TIP)
        self.clicked.connect(live.set_enabled)
        live.changed.connect(self._refresh)
        theme.notifier().changed.connect(self._refresh)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Somebody looks at the metrics: labels may soon change."""
        super().showEvent(event)
        self._live.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody does any more."""
        super().hideEvent(event)
        self._live.watch(False)

    @Slot()
    def _refresh(self) -> None:
        live, colors = self._live, theme.current()
        self.setChecked(live.enabled)
        color = colors.warn if live.is_busy else colors.good if live.enabled else colors.muted
        self.setIcon(_dot(color, filled=live.enabled, ratio=self.devicePixelRatioF()))
        state = "It is off." if not live.enabled else "It is learning now." if live.is_busy else "It is on."
        self.setToolTip(f"{_TIP}\n{state}")


def _dot(color: str, filled: bool, ratio: float) -> QIcon:
    pixels = round(_DOT_PIXELS * ratio)
    drawn = QPixmap(pixels, pixels)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 1.5 * ratio))
    painter.setBrush(QColor(color) if filled else Qt.BrushStyle.NoBrush)
    rim = round(1.5 * ratio)
    painter.drawEllipse(drawn.rect().adjusted(rim, rim, -rim, -rim))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return QIcon(drawn)


class _Remark(QLabel):
    def __init__(self, live: LiveLearning, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._live = live
        named(self, "liveRemark")
        self.setTextFormat(Qt.TextFormat.PlainText)
        live.changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        text, role, tip = remark(self._live)
        self.setText(text)
        self.setToolTip(tip)
        common.set_role(self, role)
        self.setVisible(bool(text) and self.parentWidget() is not None)


def remark(live: LiveLearning) -> tuple[str, str, str]:
    """Text, role and tooltip of what there is to say; empty for nothing."""
    if live.trouble:
        return "Live stands still", "bad", live.trouble
    if live.is_busy and live.progress is not None:
        progress = live.progress
        return f"{progress.stage}: {progress.done:,} of {progress.total:,}", "muted", "Only the first time takes long."
    if live.moved is None:
        return "", "muted", ""
    before, after = live.moved
    role = "muted" if abs(after - before) < _SAME else "good" if after > before else "bad"
    tip = (
        f"Accuracy as the run was trained: {100 * before:.1f} %. With the labels as they are now, and the last layer "
        f"learned anew from them: {100 * after:.1f} %. The run itself stays as it was: train again to keep the gain."
    )
    return f"{100 * before:.1f} → {100 * after:.1f} %", role, tip
