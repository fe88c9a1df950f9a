"""The program's icon in all sizes, drawn from resources/icons/app.svg: PNG, .ico for Windows, .icns for macOS.

Runs in the bundle's environment, which has Qt to draw and Pillow to write.
"""

from __future__ import annotations

import os
from pathlib import Path

from installers.definitions import ROOT

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
SOURCE = ROOT / "resources" / "icons" / "app.svg"


def draw(folder: Path) -> None:
    """Write `SIZE.png` for all sizes, `deskclassify.ico` and `deskclassify.icns` into a folder."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PIL import Image
    from PySide6.QtCore import QSize, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    drawing = QSvgRenderer(str(SOURCE))
    for size in SIZES:
        picture = QImage(QSize(size, size), QImage.Format.Format_ARGB32)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        drawing.render(painter)
        painter.end()
        picture.save(str(folder / f"{size}.png"))
    del application
    largest = Image.open(folder / "512.png")
    largest.save(folder / "deskclassify.ico", sizes=[(size, size) for size in (16, 24, 32, 48, 64, 128, 256)])
    largest.save(folder / "deskclassify.icns")
