"""The list of the kinds of problems, each with how many are left."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from deskclassify.core.data_events import PROBLEM_KINDS, ProblemKind
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate.mend_words import WORDS
from deskclassify.ui.widgets.tables import ON_CARD

_ICONS: dict[ProblemKind, str] = {
    "suspect": "tag",
    "leak": "link",
    "duplicate": "copy",
    "near": "duplicate",
    "mirrored": "refresh",
    "outlier": "search",
}
_ROW_PIXELS = 30


class KindList(QListWidget):
    """A row for each kind: icon, name and number; those without any are pale."""

    kind_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(ON_CARD)
        self.setAccessibleName("Kinds of problems")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows: dict[ProblemKind, QListWidgetItem] = {}
        for kind in PROBLEM_KINDS:
            row = QListWidgetItem()
            row.setData(Qt.ItemDataRole.UserRole, kind)
            row.setToolTip(f"{WORDS[kind].title}. {WORDS[kind].text}")
            row.setSizeHint(QSize(0, _ROW_PIXELS))
            self.addItem(row)
            self._rows[kind] = row
        self.currentItemChanged.connect(self._choose)
        theme.notifier().changed.connect(self._recolour)
        self._counts: dict[ProblemKind, int] = dict.fromkeys(PROBLEM_KINDS, 0)
        self._recolour()

    @property
    def kind(self) -> ProblemKind:
        """The kind that is chosen."""
        item = self.currentItem()
        found: ProblemKind = item.data(Qt.ItemDataRole.UserRole) if item is not None else PROBLEM_KINDS[0]
        return found

    def set_counts(self, counts: dict[ProblemKind, int]) -> None:
        """Show how many there are."""
        self._counts = counts
        self._recolour()

    def choose(self, kind: ProblemKind) -> None:
        """Choose a kind."""
        self.setCurrentItem(self._rows[kind])

    @Slot()
    def _recolour(self) -> None:
        colors = theme.current()
        for kind, row in self._rows.items():
            count = self._counts[kind]
            row.setText(f"{WORDS[kind].name} ({count:,})" if count else WORDS[kind].name)
            row.setForeground(QColor(colors.text if count else colors.muted))
            row.setIcon(theme.icon(_ICONS.get(kind, "image")))
            font = row.font()
            font.setWeight(font.Weight.DemiBold if count else font.Weight.Normal)
            row.setFont(font)

    @Slot()
    def _choose(self) -> None:
        self.kind_chosen.emit(self.kind)
