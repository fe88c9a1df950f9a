"""What the curves of a training tell, beneath its result: one tab a finding, with its next step."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTabBar, QToolButton, QVBoxLayout, QWidget

from deskclassify.core.events import Finding
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.widgets.explained import named_terms, tip
from deskclassify.ui.widgets.named import named

_ICONS = {"warning": "warning", "info": "info", "good": "check"}


class AdvicePanel(QWidget):
    """Shows findings; hidden while there are none."""

    suggestion_taken = Signal(object)  # Suggestion
    data_wanted = Signal()  # the next step is on the Data page

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("advicePanel")
        self._findings: tuple[Finding, ...] = ()
        self.tabs = named(QTabBar(), "findingTabs")
        self.tabs.setAccessibleName("What the curves tell")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.fold = named(QToolButton(), "adviceFoldButton")
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolTip("Shows or hides what was seen and what to do next.")
        self.fold.setAccessibleName("Details of the findings")
        self.seen = _paragraph("findingLabel")
        self.advice = _paragraph("adviceLabel")
        self.button = named(QPushButton(), "adviceButton")
        self._lay_out()
        self.tabs.currentChanged.connect(self._show_current)
        self.tabs.tabBarClicked.connect(self._unfold)
        self.fold.toggled.connect(self._fold)
        self.button.clicked.connect(self._act)
        theme.notifier().changed.connect(self._dress)
        self.fold.setChecked(True)
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(self.tabs, 1)
        head.addWidget(self.button)
        head.addWidget(self.fold)
        self._details = QWidget()
        sentences = QVBoxLayout(self._details)
        sentences.setContentsMargins(0, 2, 0, 0)
        sentences.setSpacing(4)
        sentences.addWidget(self.seen)
        sentences.addWidget(self.advice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self._details)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show other findings, the most important first; none hides the panel."""
        self._findings = tuple(findings)
        with QSignalBlocker(self.tabs):
            while self.tabs.count():
                self.tabs.removeTab(0)
            for at, one in enumerate(findings):
                self.tabs.addTab(one.title)
                self.tabs.setTabToolTip(at, tip(one.text, named_terms(one.title)))
        self._dress()
        self._show_current()
        self.setVisible(bool(findings))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown."""
        return self._findings

    def _current(self) -> Finding | None:
        at = self.tabs.currentIndex()
        return self._findings[at] if 0 <= at < len(self._findings) else None

    @Slot()
    def _show_current(self) -> None:
        one = self._current()
        if one is None:
            return
        self.seen.setText(_unbroken(one.text))
        self.advice.setText(_unbroken(f"Next: {one.advice}"))
        text, help_text = words.next_step(one)
        self.button.setText(text)
        self.button.setToolTip(help_text)
        self.button.setEnabled(True)
        self.button.setVisible(bool(text) and self.fold.isChecked())

    @Slot()
    def _act(self) -> None:
        one = self._current()
        if one is None:
            return
        if one.suggestion is None:
            self.data_wanted.emit()
        else:
            self.suggestion_taken.emit(one.suggestion)
            self.button.setText("Taken over")
            self.button.setEnabled(False)

    @Slot(int)
    def _unfold(self, at: int) -> None:
        if at >= 0:
            self.fold.setChecked(True)

    @Slot(bool)
    def _fold(self, is_open: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._details.setVisible(is_open)
        self.button.setVisible(is_open and bool(self.button.text()))  # the names of the findings need its room

    @Slot()
    def _dress(self) -> None:
        palette = theme.current()
        colors = {"warning": palette.warn, "info": palette.muted, "good": palette.good}
        for at, one in enumerate(self._findings):
            self.tabs.setTabIcon(at, theme.icon(_ICONS[one.level], colors[one.level]))


def _unbroken(text: str) -> str:
    return text.replace(" %", "\u00a0%")


def _paragraph(name: str) -> QLabel:
    label = named(QLabel(), name)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of classes are shown as they are
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
