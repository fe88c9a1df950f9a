"""The grid of the Data page: the pictures of the project, filtered, to be mended by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.sources import Item
from deskclassify.ui import theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded, subheading
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid

_SUBSETS = {
    "": "All subsets",
    "train": "Training pictures",
    "valid": "Validation pictures",
    "test": "Test pictures",
}
_BADGES = {"valid": "validation", "test": "test"}


class DataPictures(QWidget):
    """All pictures, those of one class, or those of one subset."""

    all_wanted = Signal()  # no longer one class only

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._class = ""
        self._items: list[Item] = []
        self._entries: list[GridEntry] = []
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
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._show_menu)
        self.leave_out_action = QAction(theme.icon("remove"), "Leave out", self.grid)
        self.leave_out_action.setShortcut(QKeySequence("Delete"))
        self.leave_out_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.leave_out_action.triggered.connect(self._leave_out)
        self.grid.addAction(self.leave_out_action)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
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

    @Slot(str)
    def show_class(self, name: str) -> None:
        """Show one class only; all with an empty name."""
        self._class = name
        self.all_button.setVisible(bool(name))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the listing says now."""
        listing = self._session.listing
        wanted = str(self.subset_box.currentData())
        every = listing.items if listing is not None else ()
        self._items = [
            item
            for item in every
            if (not self._class or item.label == self._class) and (not wanted or item.subset == wanted)
        ]
        names = list(listing.classes()) if listing is not None else []
        colors = {name: theme.class_color(place) for place, name in enumerate(names)}
        unreadable = self._unreadable()
        self._entries = [
            GridEntry(
                item.path, item.label, "", colors[item.label], item.path in unreadable, _BADGES.get(item.subset, "")
            )
            for item in self._items
        ]
        self.grid.set_entries(self._entries)
        self.title.setText(f"{self._class or 'All pictures'} ({len(self._items):,})")

    def mark_unreadable(self) -> None:
        """The check has ended: frame the pictures that cannot be read, without scrolling away."""
        unreadable = self._unreadable()
        if unreadable:
            for place, entry in enumerate(self._entries):
                if entry.path in unreadable and not entry.bad:
                    self._entries[place] = replace(entry, bad=True)
            self.grid.viewport().update()

    def _unreadable(self) -> frozenset[str]:
        result = self._session.scan_result
        return frozenset(problem.path for problem in result.unreadable) if result is not None else frozenset()

    def leave_out_class(self, name: str) -> None:
        """Leave out all pictures of a class; nothing on the disk changes."""
        listing = self._session.listing
        keys = [item.key for item in listing.items if item.label == name] if listing is not None else []
        self._exclude(f"leave out {name}", keys)

    def _exclude(self, text: str, keys: list[str]) -> None:
        data = self._session.project.data
        excluded = tuple(dict.fromkeys([*data.excluded, *keys]))
        self._session.change_data(text, replace(data, excluded=excluded))

    def _selected(self) -> list[Item]:
        return [self._items[index.row()] for index in self.grid.selectionModel().selectedIndexes()]

    @Slot()
    def _leave_out(self) -> None:
        keys = [item.key for item in self._selected()]
        if keys:
            text = f"leave out {len(keys)} pictures" if len(keys) > 1 else f"leave out {Path(keys[0]).name}"
            run_guarded(self._session, self._exclude, text, keys)

    def _relabel(self, label: str) -> None:
        data, items = self._session.project.data, self._selected()
        mended = {**data.relabelled, **{item.key: label for item in items}}
        self._session.change_data(f"give {label} to {len(items)} pictures", replace(data, relabelled=mended))

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        listing = self._session.listing
        if listing is None or not self._selected():
            return
        menu = QMenu(self.grid)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        classes = menu.addMenu(theme.icon("tag"), "This is a …")
        for name in listing.classes():
            action = classes.addAction(name.replace("&", "&&"))
            action.setData(name)
            action.triggered.connect(self._relabel_chosen)
        menu.addAction(self.leave_out_action)
        menu.addSeparator()
        menu.addAction(theme.icon("open"), "Show in its folder", self._show_in_folder)
        menu.popup(self.grid.viewport().mapToGlobal(place))

    @Slot()
    def _relabel_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            run_guarded(self._session, self._relabel, str(action.data()))

    @Slot()
    def _show_in_folder(self) -> None:
        for item in self._selected()[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(item.path).parent)))

    @Slot(object)
    def _open(self, entry: GridEntry) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(entry.path))
