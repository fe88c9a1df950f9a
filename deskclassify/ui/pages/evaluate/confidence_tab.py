"""The tab of the Evaluate page: to be built."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from deskclassify.ui.pages.evaluate.state import Evaluation


class ConfidenceTab(QWidget):
    """To be built."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
