"""A picture file as large as fits."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from deskclassify.core import pictures
from deskclassify.ui.widgets.images import to_pixmap

_DRAFT_PIXELS = 900  # shorter side that is enough for a window; large JPEG files decode faster
_LARGEST_GROWTH = 3  # times its size


class LargePicture(QLabel):
    """Shows a file, or says why it cannot be read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = QPixmap()
        self._path = ""
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumSize(QSize(240, 160))

    def show_file(self, path: str) -> None:
        """Show a picture, or say why it cannot be read."""
        if path == self._path:
            return
        self._path = path
        try:
            image = pictures.open_rgb(path, draft=_DRAFT_PIXELS)
        except Exception as error:
            self._full = QPixmap()
            self.setText(pictures.reason(error))
            return
        self._full = to_pixmap(np.asarray(image))
        self._fit()

    def _fit(self) -> None:
        if self._full.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = (self.size() * ratio).boundedTo(self._full.size() * _LARGEST_GROWTH)
        fitted = self._full.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        fitted.setDevicePixelRatio(ratio)
        self.setPixmap(fitted)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Scale to the new room."""
        super().resizeEvent(event)
        self._fit()
