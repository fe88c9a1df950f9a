"""Pictures in one row: as many as fit; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.tables import ON_CARD


class PictureStrip(ImageGrid):
    """A grid of one row, which never scrolls: what does not fit is not shown.

    Args:
        edge: pixels of a picture on the screen.
    """

    chosen = Signal(str)  # path

    def __init__(self, edge: int = 72, parent: QWidget | None = None) -> None:
        super().__init__(parent, edge=edge, lines=2)
        self._every: Sequence[GridEntry] = ()
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(ON_CARD)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._choose)
        self.activated_entry.connect(self._choose_entry)
        self._fit()

    def show_entries(self, entries: Sequence[GridEntry]) -> None:
        """Show these, the first ones first."""
        self._every = entries
        self.clearSelection()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """More or fewer fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        cell = self.gridSize()
        self.setFixedHeight(cell.height() + 2 * self.frameWidth() + 2)
        fitting = self._every[: max(1, self._layout_width() // max(1, cell.width()))]
        if [*fitting] != [self.model_.entry(row) for row in range(self.model_.rowCount())]:
            self.set_entries(fitting)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.entry_at(index).path)

    @Slot(object)
    def _choose_entry(self, entry: GridEntry) -> None:
        self.chosen.emit(entry.path)
