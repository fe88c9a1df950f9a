"""The grid of the Data page: the pictures of the project, filtered, to be mended by hand."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.sources import Item, Listing
from deskclassify.ui import theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.class_table import class_names
from deskclassify.ui.widgets.common import subheading
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid, LazyEntries

_SUBSETS = {
    "": "All subsets",
    "train": "Training pictures",
    "valid": "Validation pictures",
    "test": "Test pictures",
    "unlabelled": "Without a class",
    "left out": "Left out by hand",
}
_TITLES = {"unlabelled": "Without a class", "left out": "Left out"}
_HINT_TIP = (
    "Choose pictures, then press the digit of a class (it stands in the table), or drag them onto a class. "
    "Delete leaves them out. Your files stay as they are, and Undo takes everything back."
)
_HINTS = {
    "": "Digits give a class, Delete leaves out",
    "unlabelled": "Digits give a class; until then they are not used",
    "left out": "A right click puts them back",
}
_BADGES = {"valid": "validation", "test": "test"}


class DataPictures(QWidget):
    """All pictures, those of one class, or those of one subset."""

    all_wanted = Signal()  # no longer one class only

    def __init__(self, session: Session, mender: Mender, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._mender = session, mender
        self._class = ""
        self._items: list[Item] = []
        self._unreadable: frozenset[str] = frozenset()
        self.title = subheading("All pictures")
        self.subset_box = QComboBox()
        self.subset_box.setObjectName("subsetBox")
        self.subset_box.setAccessibleName("Which pictures are shown")
        self.subset_box.setToolTip("Show the pictures for training, for validation or for testing only")
        self.all_button = QPushButton("Show all classes")
        self.all_button.setObjectName("allClassesButton")
        self.all_button.setToolTip("The pictures of one class are shown, because it is selected in the table")
        self.all_button.hide()
        for value, text in _SUBSETS.items():
            self.subset_box.addItem(text, value)
        self.grid = ImageGrid()
        self.grid.setObjectName("imageGrid")
        self.mending = mender.attach(self.grid)
        self.hint = ElidedLabel()
        self.hint.setObjectName("mendingHint")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.title)
        row.addWidget(self.hint, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.all_button)
        row.addWidget(self.subset_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addLayout(row)
        layout.addWidget(self.grid, 1)
        self.subset_box.currentIndexChanged.connect(self.refresh)
        self.all_button.clicked.connect(self.all_wanted)
        self.grid.activated_entry.connect(self._open)
        self.refresh()

    @Slot(str)
    def show_class(self, name: str) -> None:
        """Show one class only; all with an empty name."""
        self._class = name
        self.all_button.setVisible(bool(name))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the listing says now."""
        listing, wanted = self._session.listing, str(self.subset_box.currentData())
        self._items = self._wanted(listing, wanted) if listing is not None else []
        names = class_names(listing, self._session.project.data.created)
        colors = {name: theme.class_color(place) for place, name in enumerate(names)}
        items = self._items

        def make(row: int) -> GridEntry:
            item = items[row]
            bad = item.path in self._unreadable
            badge = _BADGES.get(item.subset, "")
            return GridEntry(item.path, item.label or "no class", "", colors.get(item.label, ""), bad, badge)

        self._find_unreadable()
        self.grid.set_entries(LazyEntries([item.path for item in items], make))
        self.title.setText(f"{self._class or _TITLES.get(wanted, 'All pictures')} ({len(self._items):,})")
        self.hint.set_text(_HINTS.get(wanted, _HINTS[""]) if self._items else "", _HINT_TIP)
        self._show_choices(listing)

    def _wanted(self, listing: Listing, wanted: str) -> list[Item]:
        if wanted == "unlabelled":
            return list(listing.unlabelled)
        every = listing.left_out if wanted == "left out" else listing.items
        subset = "" if wanted == "left out" else wanted
        return [
            item
            for item in every
            if (not self._class or item.label == self._class) and (not subset or item.subset == subset)
        ]

    def _show_choices(self, listing: Listing | None) -> None:
        """What there is none of cannot be chosen."""
        count = {"unlabelled": len(listing.unlabelled), "left out": len(listing.left_out)} if listing else {}
        model = self.subset_box.model()
        for row in range(self.subset_box.count()):
            value = str(self.subset_box.itemData(row))
            if value in count and isinstance(model, QStandardItemModel):
                model.item(row).setEnabled(bool(count[value]) or row == self.subset_box.currentIndex())
                self.subset_box.setItemText(row, f"{_SUBSETS[value]} ({count[value]:,})")

    def mark_unreadable(self) -> None:
        """The check has ended: frame the pictures that cannot be read, without scrolling away."""
        self._find_unreadable()
        self.grid.viewport().update()

    def _find_unreadable(self) -> None:
        result = self._session.scan_result
        self._unreadable = frozenset(problem.path for problem in result.unreadable) if result else frozenset()

    @Slot(object)
    def _open(self, entry: GridEntry) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(entry.path))
