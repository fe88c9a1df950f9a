"""The bar at the top of the window that says what went wrong, in one sentence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.ui import theme

_ICON_PIXELS = 20


class ProblemBar(QFrame):
    """Hidden until `show_failure`; Details opens the technical text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemBar")
        self._failure: Failure | None = None
        self._sign = QLabel()
        self.text = QLabel()
        self.text.setObjectName("problemText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.details_button = QPushButton("Details")
        self.details_button.setObjectName("problemDetailsButton")
        self.details_button.clicked.connect(self._show_details)
        self.close_button = QToolButton()
        self.close_button.setObjectName("problemCloseButton")
        self.close_button.setIcon(theme.icon("close"))
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.GAP, theme.GAP, theme.GAP)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.details_button)
        layout.addWidget(self.close_button)
        theme.notifier().changed.connect(self._recolour)
        self._recolour()
        self.hide()

    @Slot(object)
    def show_failure(self, failure: Failure) -> None:
        """Show a failure in place of the one before."""
        self._failure = failure
        self.text.setText(failure.sentence)
        self.details_button.setVisible(bool(failure.details))
        self.show()

    @Slot()
    def _show_details(self) -> None:
        if self._failure is not None:
            DetailsDialog(self._failure, self.window()).exec()

    @Slot()
    def _recolour(self) -> None:
        ratio = self.devicePixelRatioF()
        self._sign.setPixmap(theme.pixmap("error", _ICON_PIXELS, theme.current().bad, ratio))


class DetailsDialog(QDialog):
    """The technical text of a failure, to be copied into a report."""

    def __init__(self, failure: Failure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Details")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 420)
        self._failure = failure
        sentence = QLabel(failure.sentence)
        sentence.setWordWrap(True)
        sentence.setTextFormat(Qt.TextFormat.PlainText)
        text = QPlainTextEdit(failure.details)
        text.setReadOnly(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setIcon(theme.icon("copy"))
        self.copy_button.clicked.connect(self._copy)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(sentence)
        layout.addWidget(text, 1)
        layout.addWidget(buttons)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._failure.sentence}\n\n{self._failure.details}")
