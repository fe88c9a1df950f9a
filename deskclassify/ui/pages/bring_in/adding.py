"""The commands of the Data page that bring pictures in: the dialog, the clipboard and the camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from deskclassify.core.archive_names import is_address, is_archive_name
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.pages.bring_in.class_choice import ask_class
from deskclassify.ui.pages.bring_in.pasting import Keeper, of_clipboard
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded
from deskclassify.ui.widgets.named import named

if TYPE_CHECKING:  # imported when they are opened: the window is up sooner without them
    from deskclassify.ui.pages.bring_in.dialog import BringInDialog
    from deskclassify.ui.pages.camera_to_class import ClassCamera


class Adding(QObject):
    """Holds the actions, and the dialogs that they open.

    Args:
        page: the dialogs' parent; Ctrl+V works in it.
        chosen_class: tells the class that is selected there; empty for none.
    """

    def __init__(self, session: Session, page: QWidget, chosen_class: Callable[[], str]) -> None:
        super().__init__(page)
        self._session = session
        self._page = page
        self._chosen_class = chosen_class
        self._keeper = Keeper(session, self)
        self._dialog: BringInDialog | None = None
        self._camera: ClassCamera | None = None
        self.bring_in_action = self._action(
            "bringInAction", "link", "Bring in from web, archive, public set…", self.bring_in
        )
        self.paste_action = self._action("pasteAction", "paste", "Paste picture", self.paste)
        self.paste_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Paste))
        self.paste_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.camera_action = self._action("cameraAction", "camera", "From the camera…", self.open_camera)
        page.addAction(self.paste_action)
        session.archive_wanted.connect(self.bring_in)

    def _action(self, name: str, icon: str, text: str, command: Callable[[], None]) -> QAction:
        action = named(QAction(theme.icon(icon), text, self._page), name)
        action.triggered.connect(command)
        return action

    def fill(self, menu: QMenu) -> None:
        """Put the actions into a menu."""
        menu.addAction(self.bring_in_action)
        menu.addSeparator()
        menu.addActions([self.paste_action, self.camera_action])

    @Slot()
    @Slot(str)
    def bring_in(self, source: str | bool = "") -> None:
        """Open the dialog, filled in with an archive or an address if one is given."""
        from deskclassify.ui.pages.bring_in.dialog import BringInDialog

        if self._dialog is None:
            self._dialog = BringInDialog(self._session, self._page.window())
            self._dialog.finished.connect(self._dialog_closed)
        if isinstance(source, str) and source:
            self._dialog.open_archive(source)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot()
    def _dialog_closed(self) -> None:
        self._dialog = None

    @Slot()
    def paste(self) -> None:
        """The pictures of the clipboard become pictures of the class that is selected, or of one that is asked for."""
        run_guarded(self._session, self._paste)

    def _paste(self) -> None:
        mime = QGuiApplication.clipboard().mimeData() or QMimeData()  # None for an empty clipboard
        text = mime.text().strip() if mime.hasText() else ""
        if is_address(text) and is_archive_name(text.partition("?")[0]):
            self.bring_in(text)
            return
        pictures, kind = of_clipboard(mime)
        what = "the picture" if len(pictures) == 1 else f"these {counted(len(pictures), 'file')}"
        label = self._chosen_class() or ask_class(self._page, self._session, f"Which class does {what} belong to?")
        if label:
            self._keeper.keep(label, pictures, kind)

    @Slot()
    def open_camera(self) -> None:
        """Open the camera for the class that is selected."""
        if self._camera is None:
            run_guarded(self._session, self._open_camera)

    def _open_camera(self) -> None:
        from deskclassify.ui.pages.camera_to_class import open_class_camera

        self._camera = open_class_camera(self._session, self._chosen_class(), self._page.window())
        self._camera.finished.connect(self._camera_closed)

    @Slot()
    def _camera_closed(self) -> None:
        self._camera = None
