"""Buttons of the Predict page."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from deskclassify.ui import theme


def button(icon: str, text: str, name: str, tip: str, slot: object) -> QPushButton:
    """A button with an icon, an object name, a tooltip, and what it calls."""
    made = QPushButton(theme.icon(icon), text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.clicked.connect(slot)
    return made
