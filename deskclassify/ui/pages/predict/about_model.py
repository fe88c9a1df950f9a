"""All that is known of a model, in a dialog of its own: the page below has answers to show."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QScrollArea, QVBoxLayout, QWidget

from deskclassify.core.model_words import about
from deskclassify.core.use_events import ModelRead
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import Card, fill_scroll, subheading
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.facts_grid import FactsGrid

_SIZE = QSize(680, 470)


class AboutModelDialog(QDialog):
    """Facts as titles and texts, which can be selected and copied."""

    def __init__(self, read: ModelRead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("aboutModelDialog")
        self.setWindowTitle("About this model")
        self.finished.connect(self.deleteLater)
        self.facts = FactsGrid()
        self.facts.show_rows(about(read))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.GAP, 0)
        column.addWidget(self.facts)
        column.addStretch(1)
        area = QScrollArea()
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        fill_scroll(area, inner)
        card = Card()
        card.body.addWidget(area)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(subheading(Path(read.model).name))
        layout.addWidget(card, 1)
        layout.addWidget(buttons)
        self.resize(_SIZE)
        explain_all(self.facts)
