"""How pictures come to the Predict page: dropped, pasted, chosen, watched for, or taken with the camera.

What something is, its name tells here: the disk is not asked in the window's thread, for a path may lie on a share that
does not answer. What is wrong with a path, the job says that opens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from deskclassify.core.archive_names import is_archive_name
from deskclassify.core.bare_pictures import BareKept, BareKind, BareRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.project import SUFFIX as PROJECT_SUFFIX
from deskclassify.core.words import counted
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.bring_in.pasting import to_array
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.pages.predict.fetching import Fetching
from deskclassify.ui.pages.predict.live_camera import LivePredict, open_live_predict
from deskclassify.ui.pages.predict.state_line import StateLine
from deskclassify.ui.pages.predict.watching import Watching
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded
from deskclassify.ui.widgets.drop_area import Brought, DropArea, contents
from deskclassify.ui.widgets.named import named

MODEL_SUFFIX = ".onnx"
_NOTHING = "There is no picture on the clipboard. Copy one, then paste it here."
_HINT = "or click to choose, or paste with Ctrl+V"
_TALLEST = 170  # pixels of the drop area: the answers need the room


class Intake(QWidget):
    """The drop area, what is on its way below it, and the buttons that the page puts where they belong."""

    chosen = Signal(object)  # list of Path: files and folders of pictures

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._camera: LivePredict | None = None
        self.fetching = Fetching(session, self)
        self.watching = Watching(session, self)
        self._make_buttons()
        self.drop_area = named(DropArea("Drop pictures, folders or archives here", _HINT), "dropArea")
        self.drop_area.setMaximumHeight(_TALLEST)
        self.fetch_line = StateLine("link", "Cancel", "fetch", "Gives up what is on its way")
        self.watch_line = StateLine("eye", "Stop", "watch", "Watches the folder no more; the answers stay")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 2)
        for widget in (self.drop_area, self.fetch_line, self.watch_line):
            layout.addWidget(widget)
        self._connect()

    def _make_buttons(self) -> None:
        self.camera_button = button(
            "camera", "Camera…", "cameraButton", "Classify what the camera sees, live", self._open_camera
        )
        self.folder_button = button(
            "folder", "Choose folder…", "chooseFolderButton", "Classify every picture in a folder", self._choose_folder
        )
        self.watch_button: QPushButton = button(
            "eye",
            "Watch a folder…",
            "watchButton",
            "Classify new pictures in a folder as they appear, such as those of a camera or a scanner",
            self._choose_watched,
        )

    def _connect(self) -> None:
        self.drop_area.clicked.connect(self._choose_files)
        self.drop_area.brought.connect(self._brought)
        self.fetching.come.connect(self._fetched)
        self.fetching.changed.connect(self._show_fetching)
        self.fetch_line.button.clicked.connect(self.fetching.cancel)
        self.watching.changed.connect(self._show_watching)
        self.watch_line.button.clicked.connect(self.watching.stop)
        self._session.predictions.changed.connect(self._show_waiting)

    # -- what comes ---------------------------------------------------------------------

    def add_paste(self, page: QWidget) -> None:
        """Let the page take what is pasted anywhere on it."""
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), page)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    def welcomes(self, mime: QMimeData) -> bool:
        """Whether a drag over the window holds something that can be used here; shows it, too."""
        is_welcome = bool(contents(mime))
        self.drop_area.light(is_welcome)
        return is_welcome

    def take(self, mime: QMimeData) -> bool:
        """Take a drop on the window; returns whether there was anything that can be used."""
        self.drop_area.light(False)
        return self.drop_area.take(mime)

    @Slot()
    def paste(self) -> None:
        """Classify what is on the clipboard: files, a picture, or the path or the address of one."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None or not self.drop_area.take(mime):
            self._session.status.emit(_NOTHING)

    @Slot(object)
    def _brought(self, brought: Brought) -> None:
        given = brought.given
        bare: tuple[np.ndarray | str, ...] = given.data
        if not brought.picture.isNull():
            bare = (*bare, to_array(brought.picture))
        self.bring([Path(one) for one in given.files], given.addresses)
        if bare:
            self.keep(bare)

    def bring(self, files: Sequence[Path], addresses: Sequence[str] = ()) -> None:
        """First the model, if there is one, then the pictures; archives and addresses follow when they have come."""
        models = [path for path in files if path.suffix.lower() == MODEL_SUFFIX]
        projects = [path for path in files if path.suffix == PROJECT_SUFFIX]
        archives = [path for path in files if is_archive_name(path.name)]
        others = {*models, *projects, *archives}
        pictures = [path for path in files if path not in others]
        for project in projects[:1]:
            run_guarded(self._session, self._session.open_path, project)
        for model in models[:1]:
            run_guarded(self._session, self._session.open_model, model)
        if len(models) > 1:
            rest = counted(len(models) - 1, "other model")
            self._session.status.emit(f"“{models[0].name}” is used; {rest} dropped with it: not opened.")
        if pictures:
            self.chosen.emit(pictures)
        if archives or addresses:
            run_guarded(self._session, self._fetch, [*map(str, archives), *addresses])

    def _fetch(self, sources: Sequence[str]) -> None:
        """Nothing is downloaded for nobody."""
        if self._session.model is None and not self._session.model_is_coming:
            raise InputError("There is no model yet. Train one, or open an .onnx file, then drop pictures here.")
        self.fetching.fetch(sources)

    def keep(self, pictures: tuple[np.ndarray | str, ...], kind: BareKind = "pasted") -> None:
        """Classify pictures that have no file: pixels or `data:` addresses. They are written in the background."""
        self._session.ask(BareRequest(pictures, kind), self._kept)

    @Slot(object)
    def _kept(self, event: Event) -> None:
        if isinstance(event, BareKept) and event.files:
            self.chosen.emit([Path(file) for file in event.files])

    @Slot(object)
    def _fetched(self, folder: Path) -> None:
        self.chosen.emit([folder])

    @Slot()
    def _choose_files(self) -> None:
        self.bring(dialogs.ask_pictures(self, self._session))

    @Slot()
    def _choose_folder(self) -> None:
        folder = dialogs.ask_folder(self, self._session, "Choose a folder of pictures")
        if folder is not None:
            self.chosen.emit([folder])

    @Slot()
    def _choose_watched(self) -> None:
        folder = dialogs.ask_folder(self, self._session, "Choose a folder to watch")
        if folder is not None:
            run_guarded(self._session, self.watching.start, folder)

    # -- camera -------------------------------------------------------------------------

    @Slot()
    def _open_camera(self) -> None:
        if self._camera is not None:
            self._camera.raise_()
            self._camera.activateWindow()
        else:
            run_guarded(self._session, self._begin_camera)

    def _begin_camera(self) -> None:
        self._camera = open_live_predict(self._session, self)
        self._camera.shot.connect(self._shot)
        self._camera.finished.connect(self._camera_closed)

    @Slot(object)
    def _shot(self, pixels: np.ndarray) -> None:
        self.keep((pixels,), "camera")

    @Slot()
    def _camera_closed(self) -> None:
        self._camera = None

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Nobody is filmed by a page that is not seen."""
        super().hideEvent(event)
        if self._camera is not None and not event.spontaneous():
            self._camera.reject()

    # -- what is on its way -------------------------------------------------------------

    @Slot()
    def _show_fetching(self) -> None:
        self.fetch_line.say(self.fetching.text)
        self.fetch_line.show_share(self.fetching.share)

    @Slot()
    def _show_watching(self) -> None:
        self.watch_line.say(self.watching.text, self.watching.has_trouble)
        self.watch_line.label.setToolTip(str(self.watching.folder))

    @Slot()
    def _show_waiting(self) -> None:
        """Where the eye is when something was dropped and nothing seems to happen."""
        files = sum(len(request.paths) for request in self._session.predictions.waiting)
        self.drop_area.set_hint(f"{files:,} more will be classified next" if files else _HINT)
