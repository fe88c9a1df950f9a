"""How pictures that were brought in become data of a project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import InputError
from deskclassify.core.sources import Source
from deskclassify.ui.session import Session


def has_data(session: Session) -> bool:
    """Whether a project is open that has pictures already."""
    return session.has_project and bool(session.project.data.sources)


def is_there(session: Session, fetched: Fetched) -> bool:
    """Whether the pictures are part of the open project already, as when the same archive is unpacked again."""
    return Source(str(Path(fetched.folder).resolve())) in session.project.data.sources


def why_not_added(session: Session, fetched: Fetched) -> str:
    """Why pictures cannot be added to the open project; empty if they can."""
    data = session.project.data
    if data.sources and data.rule != fetched.rule:
        return "Their classes are found in another way than those of this project, so they need one of their own."
    return ""


def take_in(session: Session, fetched: Fetched, as_new: bool) -> None:
    """Make the pictures data of the project, in one undoable step; with `as_new`, of a new one.

    Training does not change drawings of sounds and numbers: mirrored, they would mean something else.
    """
    folder = Path(fetched.folder)
    if is_there(session, fetched) and not as_new:
        return
    is_first = as_new or not has_data(session)
    _add(session, fetched, folder, as_new)
    if is_first and fetched.is_drawn:
        session.change_options(replace(session.project.options, augment=0.0))


def _add(session: Session, fetched: Fetched, folder: Path, as_new: bool) -> None:
    if not has_data(session) and fetched.rule == session.project.data.rule:
        session.add_folder(folder)  # which finds the project that was made of this folder before
        return
    if as_new or not session.has_project:
        session.new_project(fetched.name)
    data = session.project.data
    sources = (*data.sources, Source(str(folder.resolve())))
    session.change_data(f"add {fetched.name}", replace(data, sources=sources, rule=fetched.rule))


def take_unlabelled(session: Session, folder: Path) -> None:
    """Add a folder of pictures that have no classes yet.

    Raises:
        InputError: it is part of the project already.
    """
    source = Source(str(folder.resolve()), unlabelled=True)
    if any(other.path == source.path for other in session.project.data.sources):
        raise InputError(f"The folder “{folder.name}” is part of the project already.")
    if not session.has_project:
        session.new_project(folder.name or "Project")
    data = session.project.data
    session.change_data(f"add {folder.name} without labels", replace(data, sources=(*data.sources, source)))
