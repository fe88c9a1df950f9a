"""What there is to say of a picture's file."""

from __future__ import annotations

import datetime
from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from deskclassify.core import pictures
from deskclassify.ui import theme
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.named import named

SIDES = {
    "train": "training: it is learned from",
    "valid": "validation: it is measured on",
    "test": "test: it is kept apart",
    "": "none",
}


def size_text(path: str) -> str:
    """Pixels and bytes: “512 × 384 pixels, 21 KB”; why not, where the file cannot be read."""
    try:
        size = Path(path).stat().st_size
        with Image.open(path, formats=pictures.FORMATS) as image:
            width, height = image.size
    except Exception as error:  # whatever is wrong with the file
        return pictures.reason(error)
    kilobytes = size / 1000
    amount = f"{kilobytes:.0f} KB" if kilobytes < 1000 else f"{kilobytes / 1000:.1f} MB"
    return f"{width:,} × {height:,} pixels, {amount}"


def date_text(path: str) -> str:
    """When the file was written: “27 November 2026, 09:41”; empty where it is gone."""
    try:
        written = datetime.datetime.fromtimestamp(Path(path).stat().st_mtime)
    except (OSError, OverflowError, ValueError):
        return ""
    return f"{written.day} {written:%B %Y, %H:%M}"


class PictureFacts(QWidget):
    """Name, size, date and side of the split, a line each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP * 2)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self.values: dict[str, ElidedLabel] = {}
        self._names: dict[str, QLabel] = {}
        for row, title in enumerate(("File", "Size", "Written", "Subset")):
            name = common.muted(title)
            name.setWordWrap(False)
            value = named(ElidedLabel(), f"fact{title}")
            value.setProperty("role", "")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1)
            self.values[title], self._names[title] = value, name

    def show_file(self, path: str, subset: str | None) -> None:
        """Show those of a file; without a subset, nothing is said of it."""
        self.values["File"].set_text(Path(path).name, path)
        self.values["Size"].set_text(size_text(path))
        self.values["Written"].set_text(date_text(path))
        if subset is not None:
            self.values["Subset"].set_text(SIDES.get(subset, subset))
        for part in (self._names["Subset"], self.values["Subset"]):
            part.setVisible(subset is not None)
