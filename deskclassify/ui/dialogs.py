"""Asking for files, folders and names; the last folder is remembered."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

from deskclassify.core.pictures import SUFFIXES
from deskclassify.ui import theme
from deskclassify.ui.session import Session

# Kinds of files, as the dialogs of Qt want them.
MODELS = "Models (*.onnx)"
PICTURES = f"Pictures ({' '.join(f'*{suffix}' for suffix in sorted(SUFFIXES))})"


def ask_folder(parent: QWidget, session: Session, title: str) -> Path | None:
    """Ask for a folder."""
    chosen = QFileDialog.getExistingDirectory(parent, title, session.settings.last_folder)
    return _remember(session, chosen, Path(chosen))


def ask_file(parent: QWidget, session: Session, title: str, kinds: str) -> Path | None:
    """Ask for a file that is there."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, session.settings.last_folder, kinds)
    return _remember(session, chosen, Path(chosen).parent)


def ask_pictures(parent: QWidget, session: Session) -> list[Path]:
    """Ask for pictures; none when the user thought better of it."""
    chosen, _ = QFileDialog.getOpenFileNames(
        parent, "Choose pictures", session.settings.last_folder, f"{PICTURES};;All files (*)"
    )
    if chosen:
        _remember(session, chosen[0], Path(chosen[0]).parent)
    return [Path(name) for name in chosen]


def ask_target(parent: QWidget, session: Session, title: str, suggested: str, kinds: str) -> Path | None:
    """Ask for a file to write; a name without a suffix of the kinds gets that of the chosen or the suggested one."""
    start = str(Path(session.settings.last_folder) / suggested)
    chosen, kind = QFileDialog.getSaveFileName(parent, title, start, kinds)
    target = _remember(session, chosen, Path(chosen).parent)
    usual = [Path(suggested).suffix]
    if target is None or target.suffix.lower() in [*_suffixes(kinds), *usual]:
        return target
    return target.with_name(target.name + (_suffixes(kind) or usual)[0])


def _suffixes(kinds: str) -> list[str]:
    return re.findall(r"\*(\.\w+)", kinds)


def ask_model_target(parent: QWidget, session: Session, suggested: str = "") -> Path | None:
    """Ask where the trained model is to be exported to; without a suffix, `suggested` is the name of a new folder."""
    suggested = suggested or f"{session.project.name or 'model'}.onnx"
    suffix = Path(suggested).suffix
    kinds = {".onnx": MODELS, ".zip": "Archives (*.zip)"}.get(suffix, "New folder (*)")
    return ask_target(parent, session, "Export model", suggested, kinds)


def free(folder: Path, stem: str, suffix: str = "") -> Path:
    """A file or folder of that name, or with a number before the suffix, that does not exist."""
    target, number = folder / f"{stem}{suffix}", 2
    while os.path.lexists(target):
        target, number = folder / f"{stem} {number}{suffix}", number + 1
    return target


def ask_name(parent: QWidget, title: str, question: str, suggested: str) -> str:
    """Ask for a name; empty when the user thought better of it."""
    name, agreed = QInputDialog.getText(parent, title, question, text=suggested)
    return name.strip() if agreed else ""


def ask_choice(parent: QWidget, title: str, question: str, choices: Sequence[str]) -> str:
    """Ask for one of several, or a name of one's own; empty when the user thought better of it."""
    name, agreed = QInputDialog.getItem(parent, title, question, list(choices))
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
