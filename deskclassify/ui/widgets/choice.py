"""One of several choices, with a line that says what it means."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted


class Choice(QPushButton):
    """A button that stays down: its name, and below it an explanation that wraps."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.title_label = QLabel(title)
        font = self.title_label.font()
        font.setWeight(font.Weight.DemiBold)
        self.title_label.setFont(font)
        self.text_label = muted(text)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP + 4, theme.GAP - 2, theme.GAP, theme.GAP - 2)
        column.setSpacing(0)
        for label in (self.title_label, self.text_label):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)

    # A button asks its style how large it should be, and not its layout.

    def sizeHint(self) -> QSize:  # noqa: N802
        """As its layout."""
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As its layout."""
        return QSize(160, 44)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Its text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """As its layout."""
        layout = self.layout()
        return layout.totalHeightForWidth(width) if layout is not None else 0
