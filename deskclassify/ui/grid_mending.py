"""The pictures of a grid can be mended: digits for classes, Delete, a menu, and dragging."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu

from deskclassify.ui import dialogs, theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.widgets.class_keys import key_of, place_of
from deskclassify.ui.widgets.class_table import swatch
from deskclassify.ui.widgets.image_grid import ImageGrid

_MOST_IN_MENU = 30  # classes; more are found by typing


class GridMending(QObject):
    """Made by `Mender.attach`; lives as long as the grid.

    A digit gives its class and goes on to the next picture, so that many are labelled without the mouse.
    """

    def __init__(self, mender: Mender, grid: ImageGrid) -> None:
        super().__init__(grid)
        self._mender, self._grid = mender, grid
        grid.setDragEnabled(True)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        grid.customContextMenuRequested.connect(self._show_menu)
        grid.digit_pressed.connect(self._press)
        self.leave_out_action = QAction(theme.icon("remove"), "Leave out", grid)
        self.leave_out_action.setObjectName("leaveOutAction")
        self.leave_out_action.setShortcut(QKeySequence("Delete"))
        self.leave_out_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.leave_out_action.triggered.connect(self._leave_out)
        grid.addAction(self.leave_out_action)

    @Slot(int)
    def _press(self, digit: int) -> None:
        names, place = self._mender.classes(), place_of(digit)
        if place >= len(names):
            self._mender.session.status.emit(f"No class has the key {digit}.")
            return
        paths = self._grid.selected_paths()
        if not paths:
            self._mender.session.status.emit("Choose a picture first, then press the digit of its class.")
            return
        self._grid.go_on()  # before: where pictures are filtered, the ones that are mended may go
        self._mender.relabel(paths, names[place])

    @Slot()
    def _leave_out(self) -> None:
        paths = self._grid.selected_paths()
        if paths and not self._left_out(paths):
            self._mender.exclude(paths)

    def _left_out(self, paths: list[str]) -> bool:
        listing = self._mender.session.listing
        gone = {item.path for item in listing.left_out} if listing is not None else set()
        return bool(gone) and all(path in gone for path in paths)

    # -- menu -----------------------------------------------------------------------------

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        menu = self.menu()
        if menu is not None:
            menu.popup(self._grid.viewport().mapToGlobal(place))

    def menu(self) -> QMenu | None:
        """What can be done with the selected pictures; it deletes itself when it closes. None without a selection."""
        paths = self._grid.selected_paths()
        if not paths:
            return None
        menu = QMenu(self._grid)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add_classes(menu, paths)
        if self._left_out(paths):
            menu.addAction(theme.icon("undo"), "Put back", self._put_back)
        else:
            menu.addAction(self.leave_out_action)
        menu.addSeparator()
        menu.addAction(theme.icon("eye"), "Open large", self._open)
        menu.addAction(theme.icon("open"), "Show in its folder", self._show_in_folder)
        return menu

    def _add_classes(self, menu: QMenu, paths: list[str]) -> None:
        classes = menu.addMenu(theme.icon("tag"), "This is a …" if len(paths) == 1 else f"These {len(paths):,} are …")
        present = {item.label for item in self._mender.items(paths)}
        names = self._mender.classes()
        for place, name in enumerate(names[:_MOST_IN_MENU]):
            key = key_of(place)
            text = name.replace("&", "&&")
            # Beside the name, where shortcuts stand; it is no shortcut of the menu's: the grid takes the key.
            action = classes.addAction(QIcon(swatch(theme.class_color(place))), f"{text}\t{key}" if key else text)
            action.setData(name)
            action.setCheckable(present == {name})
            action.setChecked(present == {name})
            action.triggered.connect(self._relabel_chosen)
        if len(names) > _MOST_IN_MENU:
            classes.addAction(f"All {len(names)} classes…", self._ask_any)
        classes.addSeparator()
        classes.addAction(theme.icon("new"), "New class…", self._ask_new)

    @Slot()
    def _relabel_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._mender.relabel(self._grid.selected_paths(), str(action.data()))

    @Slot()
    def _ask_any(self) -> None:
        name = dialogs.ask_choice(self._grid.window(), "Class", "What do the pictures show?", self._mender.classes())
        if name:
            self._mender.relabel(self._grid.selected_paths(), name)

    @Slot()
    def _ask_new(self) -> None:
        name = dialogs.ask_name(self._grid.window(), "New class", "What do the pictures show?", "")
        if name:
            self._mender.relabel(self._grid.selected_paths(), name)

    @Slot()
    def _put_back(self) -> None:
        self._mender.put_back(self._grid.selected_paths())

    @Slot()
    def _open(self) -> None:
        rows = self._grid.selected_rows()
        if rows:
            self._grid.activated_entry.emit(self._grid.model_.entry(rows[0]))

    @Slot()
    def _show_in_folder(self) -> None:
        for path in self._grid.selected_paths()[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).parent)))
