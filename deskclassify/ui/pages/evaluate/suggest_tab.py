"""The Suggest labels tab: the network guesses the class of a picture without one, and a key confirms or corrects it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.data_events import Guess, Suggested
from deskclassify.core.data_requests import SuggestRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.words import counted, percent
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.suggest_queue import SuggestQueue
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.class_keys import MOST_KEYS, ClassKeys, place_of
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.image_grid import GridEntry
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.picture_strip import PictureStrip
from deskclassify.ui.widgets.picture_view import PictureView
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars

_STRIP_PIXELS = 72
_MOST_COMING = 40
_LOW = 500  # pixels: in less height the guess needs the room of what comes next
_NONE = (
    "Bring in pictures that have no class yet: on the Data page, “Bring in…”, then “Without labels”. "
    "The network guesses what they show, the most helpful first, and one key confirms."
)
_ALL_DONE = "Every picture has a class now. Train again, and the network learns from them."


class SuggestTab(QWidget):
    """One picture large, the guess beside it, and below what comes next."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._mender = Mender(state.session, self)
        self._queue = SuggestQueue()
        self._asked: tuple[str, tuple[str, ...], frozenset[str]] | None = None
        self._latest = Latest(state.session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self._show)
        self._build()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        state.session.listing_changed.connect(self._follow)
        state.session.run_changed.connect(self._follow)
        state.session.train_state_changed.connect(self._show)
        theme.notifier().changed.connect(self._show)
        self._show()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP, 0, 0)
        layout.addLayout(self._stack)
        self.go_button = common.primary(QPushButton("Go to Data"))
        self.go_button.clicked.connect(self._go)
        self.empty = common.EmptyState("tag", "No pictures without a class", _NONE, self.go_button)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._make_busy())
        self._stack.addWidget(self._make_content())

    def _make_busy(self) -> QWidget:
        page = QWidget()
        self.busy_bar = QProgressBar()
        self.busy_bar.setTextVisible(False)
        self.busy_bar.setFixedHeight(6)
        self.busy_bar.setMaximumWidth(320)
        self.busy_bar.setAccessibleName("Looking at the pictures without a class")
        text = common.muted("The network looks at the pictures without a class…")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(page)
        column.addStretch(1)
        column.addWidget(text)
        row = QHBoxLayout()
        row.addWidget(self.busy_bar)
        column.addLayout(row)
        column.addStretch(1)
        return page

    def _make_content(self) -> QWidget:
        content = QWidget()
        top = QHBoxLayout()
        top.setSpacing(theme.GAP * 2)
        picture_card = common.Card()
        self.picture = named(PictureView(), "suggestPicture")
        picture_card.body.addWidget(self.picture, 1)
        top.addWidget(picture_card, 5)
        top.addWidget(self._make_guess(), 4)
        self.strip_card = common.Card()
        self.strip = named(PictureStrip(_STRIP_PIXELS), "suggestStrip")
        self.strip.chosen.connect(self._go_to)
        self.strip_label = common.muted("Next, those whose label helps most first:")
        explain(self.strip_label, "active learning")
        self.strip_card.body.addWidget(self.strip_label)
        self.strip_card.body.addWidget(self.strip)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP * 2)
        column.addLayout(top, 1)
        column.addWidget(self.strip_card)
        return content

    def _make_guess(self) -> QWidget:
        card = common.Card()
        self.count_label = named(common.muted(""), "suggestCountLabel")
        self.guess_label = named(common.subheading(""), "suggestGuessLabel")
        self.guess_label.setStyleSheet("font-size: 15pt;")
        self.guess_label.setWordWrap(True)
        self.name_label = common.muted("")
        self.bars = ProbabilityBars(whole=1.0)
        self.keys = ClassKeys()
        self.keys.chosen.connect(self._give)
        for part in (self.count_label, self.guess_label, self.name_label, self.bars):
            card.body.addWidget(part)
        card.body.addStretch(1)
        card.body.addWidget(common.muted("It is something else? Press its digit, or click:"))
        card.body.addWidget(self.keys)
        card.body.addLayout(self._make_buttons())
        return card

    def _make_buttons(self) -> QHBoxLayout:
        self.confirm_button = common.primary(named(QPushButton("Confirm (Enter)"), "confirmGuessButton"))
        self.skip_button = named(QPushButton("Skip (Space)"), "skipGuessButton")
        self.skip_button.setToolTip("The picture stays without a class and comes again at the end.")
        self.undo_button = named(QPushButton("Undo"), "undoGuessButton")
        self.undo_button.setToolTip("Takes the last change back (Ctrl+Z); the picture is asked about again.")
        self.other_button = named(QPushButton("Another class…"), "otherClassButton")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for button, slot in (
            (self.confirm_button, self.confirm),
            (self.skip_button, self.skip),
            (self.undo_button, self._undo),
            (self.other_button, self._ask_class),
        ):
            button.clicked.connect(slot)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the tab
            row.addWidget(button)
        row.addStretch(1)
        return row

    # -- asking -----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask for guesses, if there is anything to guess; the keys come here."""
        super().showEvent(event)
        self._follow()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """In little height there is less beside the picture."""
        super().resizeEvent(event)
        if (event.oldSize().height() < _LOW) != (event.size().height() < _LOW):
            self._show()

    def _unlabelled(self) -> dict[str, str]:
        listing = self._state.session.listing
        return {item.path: item.key for item in listing.unlabelled} if listing is not None else {}

    @Slot()
    def _follow(self) -> None:
        """Labels, pictures, classes or the run have changed."""
        session = self._state.session
        if session.listing is None:
            return  # it is being listed
        unlabelled = self._unlabelled()
        self._queue.update(unlabelled)
        known = {guess.path for guess in (*self._queue.coming, *self._current())}
        run = session.run
        wanted = (str(run.path), tuple(self._mender.classes()), frozenset(unlabelled)) if run is not None else None
        if wanted is None or not unlabelled:
            self._latest.drop()
        elif self.isVisible() and self._needs_asking(wanted, known):
            self._asked = wanted
            self._latest.ask(SuggestRequest(wanted[0], session.project.data, session.settings.device))
        self._show()

    def _needs_asking(self, wanted: tuple[str, tuple[str, ...], frozenset[str]], known: set[str]) -> bool:
        asked = self._asked
        if asked is None or asked[0] != wanted[0]:
            return True
        if self._latest.is_busy or (wanted[2] <= asked[2] and not known):
            return asked[1] != wanted[1] and not self._latest.is_busy  # asked for; what cannot be read is not there
        classes = frozenset(wanted[1])
        lost = any(guess.label not in classes for guess in self._current())
        return lost or not wanted[2] <= asked[2]

    def _current(self) -> tuple[Guess, ...]:
        current = self._queue.current
        return (current,) if current is not None else ()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.busy_bar.setRange(0, event.total)
            self.busy_bar.setValue(event.done)
        elif isinstance(event, Suggested):
            self._queue = SuggestQueue(event.guesses)
            self._queue.update(self._unlabelled())
            if event.failed:
                self._state.session.status.emit(f"{counted(event.failed, 'picture')} could not be read: left out.")
            self._show()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._state.session.failed.emit(failure)
        self._show()

    # -- what is shown ----------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        current = self._queue.current
        if current is None or self._state.session.run is None:
            self._stack.setCurrentIndex(1 if self._latest.is_busy else 0)
            self._show_empty()
            self.picture.show_picture("")
            return
        self._stack.setCurrentIndex(2)
        names = self._mender.classes()
        coming = self._queue.coming
        left = counted(1 + len(coming), "picture")
        self.count_label.setText(f"{left} without a class · {self._queue.done:,} done")
        self.guess_label.setText(f"{current.label} · {percent(current.probability)}")
        self.name_label.setText(Path(current.path).name)
        self.name_label.setToolTip(current.path)
        self.picture.show_picture(current.path)
        is_low = self.height() < _LOW
        self.bars.set_bars(
            [
                Bar(name, share, percent(share), self._color(name, names), strong=place == 0)
                for place, (name, share) in enumerate(current.top)
            ]
        )
        self.keys.set_classes(names)
        self.other_button.setText("Another class…" if len(names) > MOST_KEYS else "New class…")
        self.strip.show_entries([self._entry(guess, names) for guess in coming[:_MOST_COMING]])
        self.strip_card.setVisible(bool(coming) and not is_low)
        self.undo_button.setEnabled(self._state.session.undo_stack.canUndo())

    def _show_empty(self) -> None:
        done = self._queue.done > 0
        self.empty.title_label.setText("All done" if done else "No pictures without a class")
        self.empty.text_label.setText(_ALL_DONE if done else _NONE)
        self.go_button.setText("Go to Train" if done else "Go to Data")

    def _color(self, name: str, names: list[str]) -> str:
        return theme.class_color(names.index(name)) if name in names else ""

    def _entry(self, guess: Guess, names: list[str]) -> GridEntry:
        return GridEntry(guess.path, guess.label, percent(guess.probability), self._color(guess.label, names))

    @Slot()
    def _go(self) -> None:
        self._state.session.page_wanted.emit("train" if self._queue.done else "data")

    # -- answering --------------------------------------------------------------------

    @Slot()
    def confirm(self) -> None:
        """The guess is right."""
        current = self._queue.current
        if current is not None:
            self._give(current.label)

    @Slot()
    def skip(self) -> None:
        """Not now."""
        self._queue.skip()
        self._show()

    @Slot(str)
    def _give(self, label: str) -> None:
        current = self._queue.current
        if current is not None:
            self._mender.relabel([current.path], label)
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _undo(self) -> None:
        self._state.session.undo_stack.undo()

    @Slot(str)
    def _go_to(self, path: str) -> None:
        self._queue.go_to(path)
        self._show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _ask_class(self) -> None:
        names = self._mender.classes()
        if len(names) > MOST_KEYS:
            label = dialogs.ask_choice(self.window(), "Class", "What does the picture show?", names)
        else:
            label = dialogs.ask_name(self.window(), "New class", "What does the picture show?", "")
        if label:
            self._give(label)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter confirms, Space skips, digits give a class."""
        key, text = event.key(), event.text()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if self._queue.current is None or not plain:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm()
        elif key == Qt.Key.Key_Space:
            self.skip()
        elif len(text) == 1 and text in "0123456789":
            names, place = self._mender.classes(), place_of(int(text))
            if place < len(names):
                self._give(names[place])
            else:
                self._state.session.status.emit(f"No class has the key {text}.")
        else:
            super().keyPressEvent(event)
