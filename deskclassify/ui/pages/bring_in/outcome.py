"""The lower part of the dialog: how far the job is, what went wrong, or what has come."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import Failure
from deskclassify.core.events import Progress
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.pages.bring_in.pace import Pace
from deskclassify.ui.problem_bar import DetailsDialog
from deskclassify.ui.widgets.common import Card
from deskclassify.ui.widgets.named import named

_ICON_PIXELS = 20
_STEPS = 1_000  # of the bar: a count of bytes may not fit into its numbers


class Outcome(Card):
    """Hidden until there is something to tell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("bringInOutcome")
        self._sign = QLabel()
        self._sign_name = ""
        self.text = named(QLabel(), "bringInText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = named(QProgressBar(), "bringInProgress")
        self.bar.setAccessibleName("Progress")
        self.details_button = named(QPushButton("Details"), "bringInDetailsButton")
        self.details_button.setAutoDefault(False)
        self.details_button.clicked.connect(self._show_details)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        row.addWidget(self.details_button, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(row)
        self.body.addWidget(self.bar)
        self._failure: Failure | None = None
        self._pace = Pace()
        theme.notifier().changed.connect(self._recolour)
        self.hide()

    def begin(self) -> None:
        """A job has begun."""
        self._pace = Pace()
        self.bar.setRange(0, 0)
        self._show("Beginning …", "", bar=True)

    def show_progress(self, progress: Progress) -> None:
        """The job is that far."""
        self._show(self._pace.line(progress), "", bar=True)
        if progress.total > 0:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(min(_STEPS, _STEPS * progress.done // progress.total))
        else:
            self.bar.setRange(0, 0)

    def show_failure(self, failure: Failure) -> None:
        """The job has failed: why, and what to do."""
        self._failure = failure
        self._show(failure.sentence, "error")
        self.details_button.setVisible(bool(failure.details))

    def show_fetched(self, fetched: Fetched) -> None:
        """The pictures have come."""
        left_out = f" Left out, as no pictures: {counted(fetched.left_out, 'file')}." if fetched.left_out else ""
        self._show(f"{counted(fetched.images, 'picture')} of “{fetched.name}” are here.{left_out}", "check")

    def say(self, text: str) -> None:
        """Tell something else; nothing hides it."""
        self._show(text, "info")
        self.setVisible(bool(text))

    def _show(self, text: str, sign: str, bar: bool = False) -> None:
        self.text.setText(text)
        self.bar.setVisible(bar)
        self.details_button.hide()
        if sign != self._sign_name or not self.isVisible():
            self._sign_name = sign
            self._recolour()
        self.show()

    @Slot()
    def _recolour(self) -> None:
        self._sign.setVisible(bool(self._sign_name))
        if self._sign_name:
            colors = theme.current()
            color = {"error": colors.bad, "check": colors.good}.get(self._sign_name, colors.muted)
            self._sign.setPixmap(theme.pixmap(self._sign_name, _ICON_PIXELS, color, self.devicePixelRatioF()))

    @Slot()
    def _show_details(self) -> None:
        if self._failure is not None:
            DetailsDialog(self._failure, self.window()).exec()
