"""Asking for files, folders and names; the last folder is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

from deskclassify.ui import theme
from deskclassify.ui.session import Session


def ask_folder(parent: QWidget, session: Session, title: str) -> Path | None:
    """Ask for a folder."""
    chosen = QFileDialog.getExistingDirectory(parent, title, session.settings.last_folder)
    return _remember(session, chosen, Path(chosen))


def ask_file(parent: QWidget, session: Session, title: str, kinds: str) -> Path | None:
    """Ask for a file that is there."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, session.settings.last_folder, kinds)
    return _remember(session, chosen, Path(chosen).parent)


def ask_target(parent: QWidget, session: Session, title: str, suggested: str, kinds: str) -> Path | None:
    """Ask for a file to write."""
    start = str(Path(session.settings.last_folder) / suggested)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, kinds)
    target = _remember(session, chosen, Path(chosen).parent)
    return target.with_suffix(Path(suggested).suffix) if target is not None and not target.suffix else target


def ask_name(parent: QWidget, title: str, question: str, suggested: str) -> str:
    """Ask for a name; empty when the user thought better of it."""
    name, agreed = QInputDialog.getText(parent, title, question, text=suggested)
    return name.strip() if agreed else ""


def apply_theme(name: theme.Theme) -> None:
    """Use a theme in the running application."""
    app = QApplication.instance()
    if isinstance(app, QApplication) and app.property("deskclassifyTheme") != name:
        theme.apply(app, name)


def _remember(session: Session, chosen: str, folder: Path) -> Path | None:
    if not chosen:
        return None
    session.change_settings(replace(session.settings, last_folder=str(folder)))
    return Path(chosen)
