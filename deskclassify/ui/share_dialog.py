"""Using a model elsewhere: what its file contains, and code for other programs, ready to be copied or saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import atomic
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event
from deskclassify.core.model_words import about
from deskclassify.core.share import Usage, usages
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import fill_scroll, muted, set_role, subheading
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.facts_grid import FactsGrid
from deskclassify.ui.widgets.named import named

_SIZE = QSize(860, 630)
_FACTS_PIXELS = 124


class UsageTab(QWidget):
    """The code of one language."""

    def __init__(self, usage: Usage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.usage = usage
        self.code = named(QPlainTextEdit(usage.code), f"{usage.key}Code")
        self.code.setReadOnly(True)
        self.code.setTabChangesFocus(True)
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF())
        self.code.setFont(font)
        self.code.setStyleSheet("QAbstractScrollArea::corner { border: none; background: transparent; }")
        self.code.setAccessibleName(f"Code for {usage.title}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(muted(usage.note))
        layout.addWidget(self.code, 1)


class ShareDialog(QDialog):
    """Facts above, languages below.

    Args:
        session: asks what a file is.
        model: what is known of it, or the path of a file that is to be looked at.
    """

    def __init__(self, session: Session, model: ModelRead | str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shareDialog")
        self.setWindowTitle("Use it elsewhere")
        self.finished.connect(self.deleteLater)
        self._session = session
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self.title_label = subheading(Path(model if isinstance(model, str) else model.model).name)
        self.text = named(muted("Looking at the file…"), "shareText")
        self.facts = FactsGrid()
        self.tabs = named(QTabWidget(), "shareTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.currentChanged.connect(self._refresh)
        self.copy_button = named(QPushButton(theme.icon("copy"), "Copy"), "shareCopyButton")
        self.copy_button.setToolTip("Copies the whole code")
        self.copy_button.clicked.connect(self._copy)
        self.save_button = named(QPushButton(theme.icon("save"), "Save as…"), "shareSaveButton")
        self.save_button.clicked.connect(self._save)
        self.close_button = named(QPushButton("Close"), "shareCloseButton")
        self.close_button.clicked.connect(self.close)
        for button in (self.copy_button, self.save_button):
            button.setAutoDefault(False)
        self._lay_out()
        if isinstance(model, ModelRead):
            self._show(model)
        else:
            self._latest.ask(ModelRequest(model, device=session.settings.device))
        self._refresh()

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        fill_scroll(area, self.facts)
        area.setFixedHeight(_FACTS_PIXELS)
        end = QHBoxLayout()
        end.setSpacing(theme.GAP)
        end.addWidget(self.copy_button)
        end.addWidget(self.save_button)
        end.addStretch(1)
        end.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.title_label)
        layout.addWidget(self.text)
        layout.addWidget(area)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(end)
        self.resize(_SIZE)

    def _show(self, read: ModelRead) -> None:
        if read.state != "good":
            self.text.setText(read.problem)
            set_role(self.text, "bad" if read.state == "altered" else "warn")
            return
        self.text.setText(
            "All that a program needs is in this one file:"
            if read.origin == "deskclassify"
            else "The file itself does not say how it is used; the code below does."
        )
        set_role(self.text, "muted")
        self.facts.show_rows(about(read))
        for usage in usages(read):
            self.tabs.addTab(UsageTab(usage), usage.title)
        explain_all(self.facts)
        self._refresh()

    def done(self, result: int) -> None:
        """The dialog closes: nothing is asked any more."""
        self._latest.drop()
        super().done(result)

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, ModelRead):
            self._show(event)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.text.setText(failure.sentence)
        set_role(self.text, "bad")

    @Slot()
    def _refresh(self) -> None:
        tab = self.tabs.currentWidget()
        self.copy_button.setEnabled(isinstance(tab, UsageTab))
        self.save_button.setVisible(isinstance(tab, UsageTab) and bool(tab.usage.file_name))

    @Slot()
    def _copy(self) -> None:
        tab = self.tabs.currentWidget()
        if isinstance(tab, UsageTab):
            QGuiApplication.clipboard().setText(tab.usage.code)
            self._say("It is on the clipboard.")

    @Slot()
    def _save(self) -> None:
        tab = self.tabs.currentWidget()
        if not isinstance(tab, UsageTab):
            return
        suffix = Path(tab.usage.file_name).suffix
        kinds = f"{tab.usage.title} (*{suffix})"
        target = dialogs.ask_target(self, self._session, "Save the code", tab.usage.file_name, kinds)
        if target is None:
            return
        try:
            atomic.write_bytes(target, tab.usage.code.encode())
        except OSError as error:
            self.text.setText(Failure.of(error).sentence)
            set_role(self.text, "bad")
        else:
            self._say(f"Saved as “{target.name}”. Put the model file beside it.")

    def _say(self, text: str) -> None:
        self.text.setText(text)
        set_role(self.text, "good")
