"""Searching the pictures for what excites the channels: the offer, the progress, and Stop."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Progress
from deskclassify.core.words import about
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import EmptyState, muted, primary, subheading

_WIDTH = 440  # pixels


class SearchOffer(QStackedWidget):
    """First what a search would bring, then how far it is."""

    wanted = Signal(bool)  # search; True: all pictures
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search_button = primary(QPushButton(theme.icon("search"), "Search"))
        self.search_button.clicked.connect(self._want)
        self.all_button = QPushButton("Search all")
        self.all_button.clicked.connect(self._want_all)
        self.stop_button = QPushButton(theme.icon("stop"), "Stop")
        self.stop_button.clicked.connect(self.stopped)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Pictures searched")
        self.progress_label = muted("")
        self.progress_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.search_button)
        row.addWidget(self.all_button)
        self.offer = EmptyState("search", "What excites this network?", "")
        self.failure_label = QLabel()
        self.failure_label.setProperty("role", "bad")
        self.failure_label.setTextFormat(Qt.TextFormat.PlainText)
        self.failure_label.setWordWrap(True)
        self.failure_label.setMaximumWidth(_WIDTH)
        self.failure_label.setMinimumWidth(280)
        self.failure_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.failure_label.hide()
        layout = self.offer.layout()
        assert isinstance(layout, QVBoxLayout)
        for part in (self.failure_label, buttons):
            centred = QHBoxLayout()
            centred.addStretch(1)
            centred.addWidget(part)
            centred.addStretch(1)
            layout.insertLayout(layout.count() - 1, centred)
        self.addWidget(self.offer)
        self.addWidget(self._build_progress())

    def _build_progress(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(theme.GAP + 4)
        column.addStretch(1)
        title = subheading("Searching your pictures")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for part in (title, self.bar, self.progress_label, self.stop_button):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(part, 0 if part is self.stop_button else 1000)
            row.addStretch(1)
            if part is not self.stop_button:
                part.setMaximumWidth(_WIDTH)
            column.addLayout(row)
        column.addStretch(1)
        return page

    @property
    def is_running(self) -> bool:
        """Whether the progress is shown."""
        return self.currentIndex() == 1

    def set_offer(self, text: str, chosen: int, total: int) -> None:
        """Offer a search of some or all pictures."""
        self.offer.text_label.setText(text)
        self.search_button.setText(f"Search {chosen:,} pictures" if chosen != 1 else "Search 1 picture")
        self.all_button.setText(f"Search all {total:,}")
        self.all_button.setVisible(chosen < total)

    def begin(self) -> None:
        """A search has begun."""
        self.failure_label.hide()
        self.bar.setRange(0, 0)
        self.progress_label.setText("Getting ready")
        self.setCurrentIndex(1)

    def show_progress(self, event: Progress) -> None:
        """A search goes on; it may begin with a download of weights."""
        self.bar.setRange(0, event.total)
        self.bar.setValue(event.done)
        if event.stage != "search":
            self.progress_label.setText("Downloading the network")
            return
        parts = [f"{event.done:,} of {event.total:,} pictures"]
        if event.images_per_second:
            parts.append(f"{event.images_per_second:.0f} a second")
        if event.seconds_left:
            parts.append(f"about {about(event.seconds_left)} left")
        self.progress_label.setText("  ·  ".join(parts))

    def end(self, failure: str = "") -> None:
        """The search has ended; `failure` says why it could not."""
        self.failure_label.setText(failure)
        self.failure_label.setVisible(bool(failure))
        self.setCurrentIndex(0)

    @Slot()
    def _want(self) -> None:
        self.wanted.emit(False)

    @Slot()
    def _want_all(self) -> None:
        self.wanted.emit(True)
