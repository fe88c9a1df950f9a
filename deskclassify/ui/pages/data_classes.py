"""The card of the Data page for the classes: renamed, made, merged, left out, and filled by dropping pictures."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from deskclassify.ui import dialogs, theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.widgets import dragged
from deskclassify.ui.widgets.class_table import ClassTable, class_rows
from deskclassify.ui.widgets.common import Card
from deskclassify.ui.widgets.named import named

_FEWEST_ROWS, _MOST_ROWS = 4, 8  # in sight without scrolling the table


class ClassCard(Card):
    """The table of classes, and what can be done with them."""

    def __init__(self, mender: Mender, parent: QWidget | None = None) -> None:
        super().__init__("Classes", parent)
        self._mender = mender
        self.table = ClassTable()
        self.new_button = named(_DropButton("New class…"), "newClassButton")
        self.new_button.setIcon(theme.icon("new"))
        self.new_button.setToolTip(
            "Make a class that has no pictures yet; or drop pictures here, to begin one with them"
        )
        self.merge_button = named(QPushButton("Merge…"), "mergeClassesButton")
        self.merge_button.setToolTip("Make one class of several: choose them in the table with Ctrl or Shift")
        self.merge_button.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.new_button)
        row.addWidget(self.merge_button)
        row.addStretch(1)
        self.body.addWidget(self.table, 1)
        self.body.addLayout(row)
        self.table.model_.renamed.connect(self._rename)
        self.table.remove_wanted.connect(mender.leave_out_classes)
        self.table.merge_wanted.connect(self._merge)
        self.table.dropped.connect(self._dropped)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.new_button.clicked.connect(self._make)
        self.new_button.dropped.connect(self._make_of)
        self.merge_button.clicked.connect(self._merge_selected)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the classes as they are now."""
        session = self._mender.session
        self.table.set_rows(class_rows(session.listing, session.project.data.created))
        self._selected()
        rows = min(max(self.table.model_.rowCount(), _FEWEST_ROWS), _MOST_ROWS)
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setMinimumHeight(head + rows * self.table.verticalHeader().defaultSectionSize() + 2)

    @Slot()
    def _selected(self) -> None:
        self.merge_button.setEnabled(len(self.table.chosen_classes()) > 1)

    @Slot(str, str)
    def _rename(self, old: str, new: str) -> None:
        # Later: the table resets its rows, and must not while its editor is still closing.
        QTimer.singleShot(0, self, _Later(self._mender, old, new))

    @Slot(object, str)
    def _dropped(self, paths: list[str], name: str) -> None:
        self._mender.relabel(paths, name)

    @Slot()
    def _make(self) -> None:
        name = dialogs.ask_name(self.window(), "New class", "What will its pictures show?", "")
        if name:
            self._mender.create_class(name)

    @Slot(object)
    def _make_of(self, paths: list[str]) -> None:
        name = dialogs.ask_name(self.window(), "New class", "What do these pictures show?", "")
        if name:
            self._mender.relabel(paths, name)

    @Slot()
    def _merge_selected(self) -> None:
        self._merge(self.table.chosen_classes())

    @Slot(list)
    def _merge(self, names: list[str]) -> None:
        question = f"One class of {len(names)}: what is it called?"
        into = dialogs.ask_choice(self.window(), "Merge classes", question, names)
        if into:
            self._mender.merge_classes(names, into)


class _DropButton(QPushButton):
    """A button that takes pictures of this window."""

    dropped = Signal(object)  # list of paths

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Pictures are welcome."""
        if event.mimeData().hasFormat(dragged.PICTURES):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.setDown(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        """They went elsewhere."""
        self.setDown(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin something with them."""
        self.setDown(False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        # Later: a dialog within a drop would hold the mouse of the whole desktop.
        paths = dragged.paths_of(event.mimeData())
        QTimer.singleShot(0, self, lambda: self.dropped.emit(paths))


class _Later:
    """A renaming that waits for its turn."""

    def __init__(self, mender: Mender, old: str, new: str) -> None:
        self._mender, self._names = mender, (old, new)

    def __call__(self) -> None:
        self._mender.rename_class(*self._names)
