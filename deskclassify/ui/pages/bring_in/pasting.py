"""Pictures of the clipboard, into a class of the project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QObject, Slot
from PySide6.QtGui import QImage

from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.own_pictures import KeepRequest, Kept, Kind, with_addition
from deskclassify.core.words import counted
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.drop_area import local_paths

NOTHING = "There is no picture on the clipboard. Copy a picture, or picture files, in another program, then paste here."
NEW_PROJECT = "My pictures"


class Keeper(QObject):
    """Copies pictures into the project and makes them pictures of a class; undo takes them out again."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def keep(self, label: str, pictures: Sequence[str | np.ndarray], kind: Kind) -> None:
        """Copy pictures and add them; the rest happens in the background.

        Raises:
            InputError: no project can be made.
        """
        project = project_for(self._session)
        data = self._session.project.data
        self._session.ask(KeepRequest(str(project), label, tuple(pictures), kind, data=data), self._kept)

    @Slot(object)
    def _kept(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._session.status.emit(f"Copying pictures … {event.done:,} of {event.total:,}")
        elif isinstance(event, Kept):
            if event.files:
                add_kept(self._session, event.project, event.folder, event.label, len(event.files))
            if event.refused:
                self._session.failed.emit(_refusal(event))


def project_for(session: Session) -> Path:
    """The folder of the project that pictures are added to; a new one if none is open."""
    if not session.has_project:
        session.new_project(NEW_PROJECT)
    return session.project.folder


def add_kept(session: Session, project: str, folder: str, label: str, images: int) -> None:
    """Make the pictures of an addition data, undoably; nothing happens if another project was opened meanwhile."""
    if session.project.folder != Path(project):
        return
    try:
        data = with_addition(session.project.data, folder, label)
    except InputError as error:
        session.failed.emit(Failure.of(error))
        return
    session.change_data(f"add {counted(images, 'picture')} to {label}", data)
    session.status.emit(f"Added to “{label}”: {counted(images, 'picture')}. Undo takes them out again.")


def _refusal(event: Kept) -> Failure:
    """A sentence for what was not added."""
    first, rest = event.refused[0], len(event.refused) - 1
    name = Path(first.path).name
    more = f" And {counted(rest, 'other file')} could not be added either." if rest else ""
    details = "\n".join(f"{problem.path}: {problem.reason}" for problem in event.refused)
    return Failure(f"“{name}” was not added. {first.reason}{more}", details, is_input=True)


def of_clipboard(mime: QMimeData) -> tuple[tuple[str | np.ndarray, ...], Kind]:
    """The pictures of the clipboard, as `KeepRequest` takes them.

    Raises:
        InputError: there is none.
    """
    files = tuple(str(path) for path in local_paths(mime) if path.exists())
    if files:
        return files, "copied"
    image = mime.imageData() if mime.hasImage() else None
    if isinstance(image, QImage) and not image.isNull():
        return (to_array(image),), "pasted"
    raise InputError(NOTHING)


def to_array(image: QImage) -> np.ndarray:
    """The pixels of a picture, copied: uint8 `[h, w, 3]`, with opacity `[h, w, 4]`."""
    has_alpha = image.hasAlphaChannel()
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888 if has_alpha else QImage.Format.Format_RGB888)
    channels = 4 if has_alpha else 3
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * channels].reshape(plain.height(), plain.width(), channels).copy()
