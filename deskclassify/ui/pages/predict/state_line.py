"""A line below the drop area: what goes on in the background, and a button that ends it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.named import named

_ICON = 18
_BAR_PIXELS = 90


class StateLine(QFrame):
    """Hidden while there is nothing to say.

    Args:
        icon: name of an icon.
        verb: text of the button.
        name: beginning of the object names.
        tip: of the button.
    """

    def __init__(self, icon: str, verb: str, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._icon_name, self._is_warning = icon, False
        self._icon = QLabel()
        self.label = named(ElidedLabel(), f"{name}Label")
        self.bar = QProgressBar()
        self.bar.setFixedSize(_BAR_PIXELS, 6)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.hide()
        self.button = named(QPushButton(verb), f"{name}StopButton")
        self.button.setToolTip(tip)
        self.button.setStyleSheet("QPushButton { padding: 1px 10px; } QPushButton:focus { padding: 0px 9px; }")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP + 2, 3, 4, 3)
        row.setSpacing(theme.GAP)
        row.addWidget(self._icon)
        row.addWidget(self.label, 1)
        row.addWidget(self.bar)
        row.addWidget(self.button)
        theme.notifier().changed.connect(self._recolour)
        self._recolour()
        self.hide()

    def say(self, text: str, is_warning: bool = False) -> None:
        """Show another text; none hides the line."""
        self.label.set_text(text)
        self.setVisible(bool(text))
        if is_warning != self._is_warning:
            self._is_warning = is_warning
            self._recolour()

    def show_share(self, share: float | None, is_busy: bool = True) -> None:
        """Show how far it is, 0 to 1; None for what cannot be said."""
        self.bar.setVisible(is_busy)
        self.bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.bar.setValue(round(1000 * share))

    @Slot()
    def _recolour(self) -> None:
        colors = theme.current()
        name = "warning" if self._is_warning else self._icon_name
        color = colors.warn if self._is_warning else colors.accent
        self._icon.setPixmap(theme.pixmap(name, _ICON, color, self.devicePixelRatioF()))
