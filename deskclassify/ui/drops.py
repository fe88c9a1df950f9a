"""What a drop on the window does: one path or many."""

from __future__ import annotations

import os
from pathlib import Path

from deskclassify.core.archive_names import is_archive_name
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.project import SUFFIX
from deskclassify.ui.session import Session


def holds_pictures(folder: Path) -> bool:
    """Whether pictures lie directly in a folder."""
    try:
        with os.scandir(folder) as entries:
            return any(is_picture_name(entry.name) and entry.is_file() for entry in entries)
    except OSError:
        return False


def is_file_name(name: str) -> bool:
    """Whether a name is that of something that is opened as a file: a picture, an archive, a model or a project."""
    return is_picture_name(name) or is_archive_name(name) or name.lower().endswith((".onnx", SUFFIX))


def open_all(session: Session, dropped: list[Path]) -> None:
    """Open what was dropped.

    Several folders of pictures become a class each, and so does one more folder of pictures for
    a project that has class folders. Pictures are classified together. All else is opened one by one.

    Raises:
        InputError: something of it cannot be opened; what comes before it has been.
    """
    # By their names: to ask the disk of hundreds of files takes long where they lie on a share.
    pictures = [path for path in dropped if is_picture_name(path.name)]
    folders = [path for path in dropped if not is_file_name(path.name) and path.is_dir()]
    classes = [folder for folder in folders if holds_pictures(folder) and _as_class(session, len(folders))]
    if classes and not session.has_project:
        session.new_project(classes[0].resolve().parent.name or "Project")
    for folder in classes:
        session.add_folder(folder, folder.resolve().name)
    if classes:
        session.page_wanted.emit("data")
    for path in dropped:
        if path not in classes and path not in pictures:
            session.open_path(path)
    if pictures:
        session.page_wanted.emit("predict")
        session.predict(pictures)


def _as_class(session: Session, folders: int) -> bool:
    data = session.project.data
    return folders > 1 or any(source.label for source in data.sources)
