"""Titles and texts in two columns, which can be selected and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted


class FactsGrid(QWidget):
    """Shows rows of a title and a text that wraps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP + 8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What is shown."""
        texts = [label.text() for label in self._labels]
        return list(zip(texts[::2], texts[1::2], strict=True))

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show others; labels that are there are used again."""
        while len(self._labels) > 2 * len(rows):
            label = self._labels.pop()
            self._grid.removeWidget(label)
            label.deleteLater()
        while len(self._labels) < 2 * len(rows):
            row, column = divmod(len(self._labels), 2)
            label = QLabel() if column else muted("")
            label.setParent(self)
            label.setWordWrap(bool(column))
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop if not column else Qt.AlignmentFlag(0))
            self._labels.append(label)
        for at, (title, text) in enumerate(rows):
            self._labels[2 * at].setText(title)
            self._labels[2 * at + 1].setText(text)
