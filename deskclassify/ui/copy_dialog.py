"""Exporting a cleaned copy: where to, how it is arranged, how far it is, and what has come of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.cleaned_copy import LEFT_OUT, TABLE, in_words
from deskclassify.core.data_events import Copied
from deskclassify.core.data_requests import CopyRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.sources import Listing
from deskclassify.core.words import about, counted
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted, primary, set_role
from deskclassify.ui.widgets.named import named

_WIDTH = 560  # pixels
_LINES = 3  # of the text that tells how it went


class CopyDialog(QDialog):
    """Asks and shows; the job of `CopyRequest` copies. Closing the dialog stops it, and then nothing is left of it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("copyDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export cleaned copy")
        self._session = session
        self._done: Copied | None = None
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self._refresh)
        self._make_widgets()
        self._lay_out()
        self._refresh()

    def _make_widgets(self) -> None:
        session = self._session
        start = Path(session.settings.last_folder or Path.home())
        self.edit = named(QLineEdit(str(dialogs.free(start, f"{session.project.name} cleaned"))), "copyPathEdit")
        self.edit.setAccessibleName("Folder of the copy")
        self.edit.textChanged.connect(self._edited)
        self.browse_button = named(QPushButton("Place…"), "copyBrowseButton")
        self.browse_button.setAutoDefault(False)
        self.browse_button.setToolTip("Choose the folder that the copy is to lie in")
        self.browse_button.clicked.connect(self._browse)
        self.subset_box = named(QCheckBox("Folders for &training, validation and test as well"), "copyBySubsetBox")
        self.subset_box.setToolTip("subset/class/name instead of class/name: so other programs find the same split.")
        self.bar = named(QProgressBar(), "copyProgress")
        self.bar.setAccessibleName("Progress of the copy")
        keep = self.bar.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # so that nothing jumps when the copy begins and ends
        self.bar.setSizePolicy(keep)
        self.text = named(QLabel(), "copyText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.text.setMinimumHeight(_LINES * self.text.fontMetrics().lineSpacing())
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open_button = named(QPushButton("Open folder"), "copyOpenButton")
        self.open_button.clicked.connect(self._open_folder)
        self.close_button = named(QPushButton("Close"), "copyCloseButton")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self._close_or_stop)
        self.copy_button = primary(named(QPushButton("Copy"), "copyButton"))
        self.copy_button.setDefault(True)
        self.copy_button.clicked.connect(self._copy)

    def _lay_out(self) -> None:
        self.explanation = muted(_explanation(self._session.listing))
        label = QLabel("&New folder")
        label.setBuddy(self.edit)
        place = QHBoxLayout()
        place.setSpacing(theme.GAP)
        place.addWidget(label)
        place.addWidget(self.edit, 1)
        place.addWidget(self.browse_button)
        end = QHBoxLayout()
        end.setSpacing(theme.GAP)
        end.addStretch(1)
        for button in (self.open_button, self.close_button, self.copy_button):
            end.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(self.explanation)
        layout.addLayout(place)
        layout.addWidget(self.subset_box)
        layout.addWidget(self.bar)
        layout.addWidget(self.text)
        layout.addStretch(1)
        layout.addLayout(end)
        self.setMinimumWidth(_WIDTH)
        self.resize(_WIDTH, layout.heightForWidth(_WIDTH))

    # -- commands -------------------------------------------------------------------------

    @Slot()
    def _browse(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose the folder that the copy is to lie in")
        if chosen is not None:
            self.edit.setText(str(dialogs.free(chosen, Path(self.edit.text().strip()).name or "cleaned")))

    @Slot()
    def _copy(self) -> None:
        self._done = None
        self.bar.setRange(0, 0)
        self._say("Looking at the pictures …", "muted")
        target = self.edit.text().strip()
        self._latest.ask(CopyRequest(self._session.project.data, target, self.subset_box.isChecked()))

    @Slot()
    def _close_or_stop(self) -> None:
        if self._latest.is_busy:
            self._latest.drop()
            self._say("Stopped. Nothing is left of the copy.", "muted")
            self._refresh()
        else:
            self.close()

    @Slot()
    def _open_folder(self) -> None:
        if self._done is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._done.folder))

    def done(self, result: int) -> None:
        """The dialog closes: what is being copied is given up."""
        self._latest.drop()
        super().done(result)

    # -- answers --------------------------------------------------------------------------

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            seconds = event.seconds_left or 0.0
            left = f", about {about(seconds)} left" if seconds > 2 else ""
            self._say(f"{event.done:,} of {counted(event.total, 'picture')} copied{left}", "muted")
        elif isinstance(event, Copied):
            self._done = event
            self._say(in_words(event), "warn" if event.failed else "good")
            self._session.status.emit(f"{counted(event.images, 'picture')} copied to {event.folder}")

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, "bad")
        self._refresh()

    @Slot()
    def _edited(self) -> None:
        self._done = None
        self._say("", "muted")
        self._refresh()

    def _say(self, text: str, role: str) -> None:
        self.text.setText(text)
        set_role(self.text, role)

    @Slot()
    def _refresh(self) -> None:
        busy = self._latest.is_busy
        self.bar.setVisible(busy)
        for widget in (self.edit, self.browse_button, self.subset_box):
            widget.setEnabled(not busy)
        self.close_button.setText("Stop" if busy else "Close")
        self.open_button.setVisible(self._done is not None)
        self.copy_button.setVisible(self._done is None)
        self.copy_button.setEnabled(not busy and bool(self.edit.text().strip()))


def _explanation(listing: Listing | None) -> str:
    items = listing.items if listing is not None else ()
    classes = len({item.label for item in items})
    left_out = len(listing.left_out) if listing is not None else 0
    unlabelled = len(listing.unlabelled) if listing is not None else 0
    parts = [
        f"Copies the {counted(len(items), 'picture')} of {classes:,} {'class' if classes == 1 else 'classes'} as "
        f"they are labelled now into a new folder; the originals stay as they are. {TABLE} tells where each came from "
        "and what was changed."
    ]
    if left_out:
        parts.append(f"Not copied: {left_out:,} left out by hand (see {LEFT_OUT}).")
    if unlabelled:
        parts.append(f"Not copied: {unlabelled:,} without a class.")
    return " ".join(parts)
