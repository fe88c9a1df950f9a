"""The dialog that brings pictures in from the web, archives, public sets, sounds and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import public_sets
from deskclassify.core.archive_names import is_archive_name
from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.bring_in.file_ways import ArchiveWay, SoundsWay, TableWay, UnlabelledWay
from deskclassify.ui.pages.bring_in.outcome import Outcome
from deskclassify.ui.pages.bring_in.sets_way import SetsWay
from deskclassify.ui.pages.bring_in.taking_in import has_data, is_there, take_in, take_unlabelled, why_not_added
from deskclassify.ui.pages.bring_in.way import Way
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import primary
from deskclassify.ui.widgets.drop_area import local_paths
from deskclassify.ui.widgets.named import named

State = Literal["asking", "running", "done"]
_SIZE = QSize(880, 600)
_WAYS_PIXELS = 180
_ROW_PIXELS = 40


class BringInDialog(QDialog):
    """The ways on the left, the fields of one on the right, below what became of it.

    Closing it while a job runs cancels that job. What was downloaded stays, so that the next try goes on from there.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bringInDialog")
        self.setWindowTitle("Bring pictures in")
        self.setAcceptDrops(True)
        self.finished.connect(self.deleteLater)
        self._session = session
        self._state: State = "asking"
        self._fetched: Fetched | None = None
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self.archive = ArchiveWay(session)
        self.sets = SetsWay(tuple(public_sets.SETS))
        self.ways: tuple[Way, ...] = (
            self.archive,
            self.sets,
            SoundsWay(session),
            TableWay(session),
            UnlabelledWay(session),
        )
        self.list = named(QListWidget(), "bringInWays")
        self.list.setAccessibleName("Where the pictures come from")
        self.stack = QStackedWidget()
        self.outcome = Outcome()
        self.start_button = named(QPushButton(), "bringInStartButton")
        self.other_button = named(QPushButton(), "bringInOtherButton")
        self.cancel_button = named(QPushButton("Cancel"), "bringInCancelButton")
        self._build()
        self._connect()
        self.resize(_SIZE)
        self.list.setCurrentRow(0)

    def open_archive(self, source: str) -> None:
        """Fill in an archive or an address, to be confirmed; not while a job runs."""
        if self._state != "running":
            self.list.setCurrentRow(self.ways.index(self.archive))
            self.archive.field.edit.setText(source)
            self.start_button.setFocus()

    @property
    def way(self) -> Way:
        """The one that is chosen."""
        return self.ways[max(0, self.list.currentRow())]

    # -- layout -------------------------------------------------------------------------

    def _build(self) -> None:
        for way in self.ways:
            item = QListWidgetItem(way.title)
            item.setSizeHint(QSize(0, _ROW_PIXELS))
            self.list.addItem(item)
            self.stack.addWidget(way)
        self._recolour()
        self.list.setIconSize(QSize(20, 20))
        self.list.setFixedWidth(_WAYS_PIXELS)
        primary(self.start_button)
        self.start_button.setDefault(True)
        for button in (self.other_button, self.cancel_button):
            button.setAutoDefault(False)
        upper = QHBoxLayout()
        upper.setSpacing(theme.MARGIN)
        upper.addWidget(self.list)
        upper.addWidget(self.stack, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        buttons.addStretch(1)
        for button in (self.cancel_button, self.other_button, self.start_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.MARGIN - 4)
        layout.addLayout(upper, 1)
        layout.addWidget(self.outcome)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        for way in self.ways:
            way.changed.connect(self._show_state)
            way.submitted.connect(self._submitted)
        self.list.currentRowChanged.connect(self._way_chosen)
        self.start_button.clicked.connect(self._start)
        self.other_button.clicked.connect(self._open_as_new)
        self.cancel_button.clicked.connect(self._cancel)
        theme.notifier().changed.connect(self._recolour)

    @Slot()
    def _recolour(self) -> None:
        for row, way in enumerate(self.ways):
            self.list.item(row).setIcon(theme.icon(way.icon))

    # -- state --------------------------------------------------------------------------

    @Slot(int)
    def _way_chosen(self, row: int) -> None:
        self._state, self._fetched = "asking", None
        self.outcome.say("")
        self.stack.setCurrentIndex(row)
        self.way.refresh()
        self._show_state()
        if not self.list.hasFocus():
            self.way.first_field().setFocus()

    @Slot()
    def _show_state(self) -> None:
        """Which buttons there are, and what they say."""
        if self._state == "done" and self.sender() in self.ways:
            self._state, self._fetched = "asking", None  # the fields were changed: something else is wanted
            self.outcome.say("")
        running, fetched = self._state == "running", self._fetched
        self.list.setEnabled(not running)
        self.stack.setEnabled(not running)
        self.start_button.setEnabled(not running)
        offers_both = fetched is not None and has_data(self._session) and not is_there(self._session, fetched)
        self.other_button.setVisible(offers_both)
        self.cancel_button.setText("Cancel" if running else "Close")
        self.start_button.setToolTip("")
        if fetched is None:
            self.start_button.setText(self.way.verb)
            self.start_button.setEnabled(not running and self.way.is_ready())
        elif not offers_both:
            self.start_button.setText("Show them")
        else:
            why = why_not_added(self._session, fetched)
            self.start_button.setText(f"Add to “{self._session.project.name}”".replace("&", "&&"))
            self.start_button.setEnabled(not why)
            self.start_button.setToolTip(why)
            self.other_button.setText("Open as a new project")
            self.other_button.setDefault(bool(why))

    @Slot()
    def _submitted(self) -> None:
        if self._state == "asking" and self.way.is_ready():
            self._start()

    @Slot()
    def _start(self) -> None:
        if self._fetched is not None:
            self._take(as_new=False)
        elif isinstance(self.way, UnlabelledWay):
            self._take_unlabelled(self.way.folder())
        else:
            request = self.way.request()
            if request is not None:
                self._state = "running"
                self.outcome.begin()
                self._latest.ask(request)
                self._show_state()
                self.cancel_button.setFocus()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.outcome.show_progress(event)
        elif isinstance(event, Fetched):
            self._state, self._fetched = "done", event
            self.outcome.show_fetched(event)
            self._show_state()
            self.start_button.setFocus()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._state = "asking"
        self.outcome.show_failure(failure)
        self._show_state()
        self.start_button.setText("Try again")
        self.start_button.setFocus()

    @Slot()
    def _cancel(self) -> None:
        if self._state != "running":
            self.reject()
            return
        self._latest.drop()
        self._state = "asking"
        self.outcome.say(self.way.cancelled)
        self._show_state()
        self.start_button.setFocus()

    # -- becoming data --------------------------------------------------------------------

    @Slot()
    def _open_as_new(self) -> None:
        self._take(as_new=True)

    def _take(self, as_new: bool) -> None:
        if self._fetched is None:
            return
        try:
            take_in(self._session, self._fetched, as_new)
        except Exception as error:
            self.outcome.show_failure(Failure.of(error))
            return
        self._session.page_wanted.emit("data")
        self.accept()

    def _take_unlabelled(self, folder: Path) -> None:
        try:
            take_unlabelled(self._session, folder)
        except Exception as error:
            self.outcome.show_failure(Failure.of(error))
            return
        self._session.page_wanted.emit("data")
        self.accept()

    # -- Qt -------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """An archive is welcome, unless a job runs."""
        if self._state != "running" and _archive(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Fill it in."""
        event.acceptProposedAction()
        self.open_archive(_archive(event))

    def done(self, result: int) -> None:
        """Whatever still runs is cancelled."""
        if self._state == "running":
            self._latest.drop()
            self._session.status.emit(self.way.cancelled)
        super().done(result)


def _archive(event: QDropEvent) -> str:
    files = [path for path in local_paths(event.mimeData()) if path.is_file() and is_archive_name(path.name)]
    return str(files[0]) if files else ""
