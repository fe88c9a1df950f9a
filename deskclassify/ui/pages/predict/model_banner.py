"""A coloured line about the model: red where it must not be used, amber where something is not as it was wanted."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix
from deskclassify.ui.widgets.named import named

Tone = Literal["bad", "warn"]
_ICON_PIXELS = 20


class ModelBanner(QFrame):
    """Hidden until `show_text`; `button` is for what mends it, and hidden where nothing does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelBanner")
        self.tone: Tone = "warn"
        self._sign = QLabel()
        self.text = named(QLabel(), "modelBannerText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = named(QPushButton(), "modelBannerButton")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.GAP + 4, theme.GAP, theme.GAP, theme.GAP)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        theme.notifier().changed.connect(self._recolour)
        self.show_text("")

    def show_text(self, text: str, tone: Tone = "warn", button: str = "") -> None:
        """Show a sentence, or nothing.

        Args:
            text: empty to hide the banner.
            tone: its colour.
            button: what the button says; empty for none.
        """
        self.tone = tone
        self.text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setVisible(bool(text))
        self._recolour()

    @Slot()
    def _recolour(self) -> None:
        colors = theme.current()
        color = colors.bad if self.tone == "bad" else colors.warn
        self._sign.setPixmap(
            theme.pixmap("error" if self.tone == "bad" else "warning", _ICON_PIXELS, color, self.devicePixelRatioF())
        )
        soft = mix(colors.surface, color, 0.14)
        self.setStyleSheet(f"#modelBanner {{ background: {soft}; border: 1px solid {color}; border-radius: 8px; }}")
