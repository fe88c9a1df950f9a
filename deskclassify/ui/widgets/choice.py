"""One of several choices, with a line that says what it means."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted


class Choice(QPushButton):
    """A button that stays down.

    Args:
        title: its name.
        text: an explanation below it, which wraps.
        aside: a word beside the name.
    """

    def __init__(self, title: str, text: str, aside: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{text} {aside}".rstrip())
        self.title_label = QLabel(title)
        font = self.title_label.font()
        font.setWeight(font.Weight.DemiBold)
        self.title_label.setFont(font)
        self.text_label, self.aside_label = muted(text), muted(aside)
        self.aside_label.setWordWrap(False)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP + 4, 4, theme.GAP, 5)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.addWidget(self.title_label, 1)
        row.addWidget(self.aside_label)
        column.addLayout(row)
        column.addWidget(self.text_label)
        for label in (self.title_label, self.text_label, self.aside_label):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

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
