"""Why the network answers as it does: where in the pinned picture the reasons lie."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import METHODS, ExplainRequest, Method
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers import explanation_words as words
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.choice import Choice
from deskclassify.ui.widgets.class_bars import ClassBars
from deskclassify.ui.widgets.common import EmptyState, fill_scroll, muted, set_role, subheading
from deskclassify.ui.widgets.heat_view import HeatPanel
from deskclassify.ui.widgets.named import named

_TEXT_HEIGHT = 36  # pixels
_MOST_KEPT = 24  # answers, so that one can go to and fro between ways and classes: some 350 kB each


class ExplanationTab(QStackedWidget):
    """The picture with the heat, and beside it the ways to ask, the classes, and how to read the answer."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._method: Method = "gradcam"
        self._target = ""  # empty for the likeliest class
        self._shown: Explained | None = None
        self._kept: dict[ExplainRequest, Explained] = {}
        self._wanted: ExplainRequest | None = None
        self._ask = Latest(looking.session, parent=self)
        self._ask.received.connect(self._received)
        self._ask.failed.connect(self._failed)
        self._ask.busy_changed.connect(self._show_busy)
        self.addWidget(self._build())
        self.no_picture = EmptyState("image", *words.NO_PICTURE)
        train_button = QPushButton("Go to Train")
        train_button.clicked.connect(self._go_to_train)
        self.no_classes = EmptyState("layers", *words.NO_CLASSES, train_button)
        self.addWidget(self.no_picture)
        self.addWidget(self.no_classes)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._refresh)
        looking.image_changed.connect(self._forget)
        looking.epoch_changed.connect(self._refresh)
        self._forget()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> QWidget:
        page = QWidget()
        self.panel = HeatPanel()
        self.panel.view.hovered.connect(self._tell_value)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP * 2)
        row.addWidget(self.panel, 1)
        row.addWidget(self._build_side(), 1)
        return page

    def _build_side(self) -> QWidget:
        self.title_label = named(subheading(""), "explanationTitle")
        self.title_label.setWordWrap(True)
        self.text_label = named(muted(""), "explanationLabel")
        # Two lines are kept free, as high as the progress that takes its place: what lies below does not jump.
        self.text_label.setMinimumHeight(_TEXT_HEIGHT)
        self.text_label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.read_label = muted("")
        self.class_bars = named(ClassBars(), "explanationClasses")
        self.class_bars.setAccessibleName("Class to ask for")
        self.class_bars.setToolTip("Choose a class to see what speaks for it in this picture")
        self.class_bars.chosen.connect(self._choose_class)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP - 2)
        column.addWidget(self.title_label)
        column.addWidget(self.text_label)
        column.addLayout(self._build_waiting())
        self._group = QButtonGroup(self)
        self.choices: dict[Method, Choice] = {}
        for method in METHODS:
            choice = named(Choice(words.TITLES[method], words.HOW[method], words.TIME[method]), f"{method}Button")
            self.choices[method] = choice
            self._group.addButton(choice)
            column.addWidget(choice)
        self._group.buttonClicked.connect(self._choose_method)
        column.addSpacing(4)
        column.addWidget(subheading("Ask for another class"))
        column.addWidget(self.class_bars)
        column.addSpacing(4)
        column.addWidget(self.read_label)
        column.addStretch(1)
        scroll = QScrollArea()
        fill_scroll(scroll, inner)
        return scroll

    def _build_waiting(self) -> QHBoxLayout:
        self.progress_bar = named(QProgressBar(), "explanationProgress")
        self.progress_bar.setTextVisible(False)
        self.stop_button = named(QPushButton(theme.icon("stop"), "Stop"), "stopExplanationButton")
        self.stop_button.setFixedHeight(_TEXT_HEIGHT)
        self.stop_button.clicked.connect(self._stop)
        self.again_button = named(QPushButton(theme.icon("refresh"), "Ask again"), "askAgainButton")
        self.again_button.clicked.connect(self._refresh)
        row = QHBoxLayout()
        row.addWidget(self.progress_bar, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.again_button)
        row.addStretch(0)
        for part in (self.progress_bar, self.stop_button, self.again_button):
            part.hide()
        return row

    # -- asking -----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Only what is seen is asked for."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        self._ask.drop()
        super().hideEvent(event)

    @Slot()
    def _forget(self) -> None:
        """Another network or picture: what is known is of the old one."""
        self._ask.drop()
        self._kept.clear()
        self._target = ""
        self.class_bars.show_answer(())
        self._clear()
        self._refresh()

    def _clear(self) -> None:
        self._shown = None
        self.panel.show_picture(None)
        self._say("")
        self._head()

    @Slot()
    def _refresh(self) -> None:
        looking = self._looking
        self.choices[self._method].setChecked(True)
        self.read_label.setText(f"{words.READ[self._method]} {words.LIMITS}")
        if looking.listed is not None and not looking.is_run:
            self.setCurrentWidget(self.no_classes)
        elif not looking.image:
            self.setCurrentWidget(self.no_picture)
        else:
            self.setCurrentIndex(0)
        if not self.isVisible() or looking.listed is None or self.currentIndex() != 0:
            return
        request = ExplainRequest(looking.model, looking.image, self._method, self._target, looking.epoch)
        self._wanted = request
        self.again_button.hide()
        if request in self._kept:
            self._ask.drop()
            self._show(self._kept[request])
        else:
            self._ask.ask(request)
            self._show_busy(True)  # also where it was busy with another question

    @Slot(object)
    def _choose_method(self, button: QAbstractButton) -> None:
        self._method = next(method for method, known in self.choices.items() if known is button)
        self._refresh()

    @Slot(str)
    def _choose_class(self, name: str) -> None:
        self._target = name
        self._refresh()

    @Slot()
    def _stop(self) -> None:
        self._ask.drop()
        self._say("Stopped.")
        self.again_button.show()

    @Slot()
    def _go_to_train(self) -> None:
        self._looking.session.page_wanted.emit("train")

    # -- showing ----------------------------------------------------------------------

    @Slot(bool)
    def _show_busy(self, busy: bool) -> None:
        slow = busy and self._method != "gradcam"
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setVisible(slow)
        self.stop_button.setVisible(slow)
        self.text_label.setVisible(not slow)
        if busy:
            self._wait()

    def _wait(self) -> None:
        """Take the heat away that answers another question; the picture stays."""
        if self._shown is not None:
            self.panel.show_picture(self._shown.picture)
        self._head()
        self._say("")

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress_bar.setRange(0, event.total)
            self.progress_bar.setValue(event.done)
        elif isinstance(event, Explained) and self._wanted is not None:
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[self._wanted] = event
            self._show(event)

    def _show(self, found: Explained) -> None:
        self._shown = found
        self.panel.show_picture(found.picture, words.heat_of(found))
        self.class_bars.show_answer(found.answer, found.target)
        self._head()
        self._say(found.text)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._clear()
        self._say(failure.sentence, bad=True)
        self.again_button.show()

    def _head(self) -> None:
        answer = self.class_bars.class_model.answer
        self.title_label.setText(words.headline(self._target, answer[0][0] if answer else ""))

    def _say(self, text: str, bad: bool = False) -> None:
        self.text_label.setText(text)
        set_role(self.text_label, "bad" if bad else "")

    @Slot(object)
    def _tell_value(self, value: float | None) -> None:
        shown = self._shown
        text = "" if value is None or shown is None else words.value_text(shown, value)
        self.panel.value_label.setText(text)
