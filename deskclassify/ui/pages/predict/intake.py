"""How pictures come to the Predict page: dropped, pasted, chosen, or taken with the camera."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.ui import dialogs
from deskclassify.ui.pages.camera import CameraDialog, find_camera
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.drop_area import DropArea


class Intake(QWidget):
    """The drop area, and the buttons that the page puts where they belong."""

    chosen = Signal(object)  # list of Path: files, folders and models

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.camera_button = button(
            "camera", "Camera…", "cameraButton", "Take a picture with the camera and classify it", self._open_camera
        )
        self.folder_button = button(
            "folder", "Choose folder…", "chooseFolderButton", "Classify every picture in a folder", self._choose_folder
        )
        self.drop_area = DropArea("Drop pictures or folders here", "or click to choose, or paste with Ctrl+V")
        self.drop_area.setObjectName("dropArea")
        self.drop_area.clicked.connect(self._choose_files)
        self.drop_area.dropped.connect(self.chosen)
        self.drop_area.failed.connect(session.failed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.drop_area)

    def add_paste(self, page: QWidget) -> None:
        """Let the page take what is pasted anywhere on it."""
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), page)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    @Slot()
    def paste(self) -> None:
        """Classify the files or the picture on the clipboard."""
        if not self.drop_area.take(QGuiApplication.clipboard().mimeData()):
            self._session.status.emit("There is no picture on the clipboard. Copy one, then paste it here.")

    @Slot()
    def _choose_files(self) -> None:
        self.chosen.emit(dialogs.ask_pictures(self, self._session))

    @Slot()
    def _choose_folder(self) -> None:
        folder = dialogs.ask_folder(self, self._session, "Choose a folder of pictures")
        if folder is not None:
            self.chosen.emit([folder])

    @Slot()
    def _open_camera(self) -> None:
        try:
            dialog = CameraDialog(*find_camera(), self)
        except Exception as error:
            self._session.failed.emit(Failure.of(error))
            return
        dialog.taken.connect(self._picture_taken)
        dialog.failed.connect(self._session.failed)
        dialog.open()

    @Slot(object)
    def _picture_taken(self, path: Path) -> None:
        self.chosen.emit([path])
