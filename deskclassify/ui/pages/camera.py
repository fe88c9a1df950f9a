"""A small window with the camera's live picture. QtMultimedia comes with the extra `camera` only."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure, InputError
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted, primary
from deskclassify.ui.widgets.drop_area import keep_picture

MISSING = (
    'The camera needs a part that is not installed. Type: pip install "deskclassify[camera]", '
    "then start deskclassify again."
)
NO_LIBRARY = (
    "The camera needs a system library that is missing; on Debian and Ubuntu type: sudo apt install libpulse0, "
    "then start deskclassify again."
)
NO_CAMERA = "No camera was found. Connect one, allow this program to use it, then try again."


def multimedia() -> Any:
    """The module QtMultimedia, imported late: it is large, optional, and fails on some servers.

    Raises:
        InputError: it is not installed, or its system libraries are missing.
    """
    try:
        return importlib.import_module("PySide6.QtMultimedia")
    except ModuleNotFoundError as error:
        raise InputError(MISSING, str(error)) from error
    except ImportError as error:
        raise InputError(f"{NO_LIBRARY} ({error}.)", str(error)) from error


def find_camera() -> tuple[Any, Any]:
    """The module QtMultimedia and the usual camera, a `QCameraDevice`.

    Raises:
        InputError: one of them is missing; the sentence says what to do.
    """
    media = multimedia()
    device = media.QMediaDevices.defaultVideoInput()
    if device.isNull():
        raise InputError(NO_CAMERA)
    return media, device


class Preview(QWidget):
    """Paints the newest frame. A frame is decoded when it is painted or asked for: those in between cost nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._waiting: Any = None  # a QVideoFrame
        self._mirrored = False
        self._last = 0  # key of the frame that was painted last
        self.painted = 0  # frames, so far
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Live picture of the camera")

    @property
    def frame(self) -> QImage:
        """The newest frame, as the camera gave it; null before the first."""
        if self._waiting is not None:
            image, self._waiting = self._waiting.toImage(), None
            if not image.isNull():
                self._image = image
        return self._image

    def take(self, frame: Any) -> bool:
        """Take a `QVideoFrame`; one that holds no picture is passed over.

        Returns:
            whether there is anything to show.
        """
        self._waiting = frame
        self.update()
        # The first ones are looked at at once: only then is it known that there is a picture.
        return not (self.frame if self._image.isNull() else self._image).isNull()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show left and right exchanged, as in a mirror; the frames stay as they are."""
        self._mirrored = mirrored
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Four to three."""
        return QSize(480, 360)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The frame, as large as fits."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        frame = self.frame
        if frame.isNull():
            return
        self.painted += frame.cacheKey() != self._last
        self._last = frame.cacheKey()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = self.frame_rect()
        if self._mirrored:
            painter.translate(2 * target.center().x() + 1, 0)
            painter.scale(-1, 1)
        painter.drawImage(target, frame)
        painter.resetTransform()
        self.paint_over(painter, target)

    def frame_rect(self) -> QRect:
        """Where the frame lies."""
        target = self._image.rect()
        target.setSize(self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(self.rect().center())
        return target

    def paint_over(self, painter: QPainter, target: QRect) -> None:
        """What is painted over the frame: nothing here."""


class CameraDialog(QDialog):
    """Live picture and one button; `taken` tells the path of each saved picture.

    Args:
        media: the module QtMultimedia.
        device: the `QCameraDevice` to use; both come from `find_camera`.
    """

    taken = Signal(object)  # Path
    failed = Signal(object)  # Failure

    def __init__(self, media: Any, device: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Camera")
        self.finished.connect(self.deleteLater)
        self.preview = self.make_preview()
        self.state_label = muted(f"{device.description()}: starting…")
        self.take_button = primary(QPushButton(theme.icon("camera"), "Take picture"))
        self.take_button.setToolTip("Saves the picture in the cache and classifies it")
        self.take_button.setEnabled(False)
        self.take_button.setDefault(True)
        self.take_button.clicked.connect(self._take)
        row = QHBoxLayout()
        row.addWidget(self.state_label, 1)
        row.addWidget(self.take_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.addWidget(self.preview, 1)
        layout.addLayout(row)
        self._media = media
        self._sink = media.QVideoSink(self)
        self._sink.videoFrameChanged.connect(self.show_frame)
        self._capture = media.QMediaCaptureSession(self)
        self._capture.setVideoSink(self._sink)
        self._camera: Any = None
        self.use(device)

    def make_preview(self) -> Preview:
        """The widget that shows the frames."""
        return Preview()

    def use(self, device: Any) -> None:
        """Show another camera, a `QCameraDevice`; the one before is given back."""
        if self._camera is not None:
            self._camera.stop()
            self._camera.deleteLater()
        self._name = device.description()
        self._camera = self._media.QCamera(device, self)
        self._camera.errorOccurred.connect(self._camera_failed)
        self._capture.setCamera(self._camera)
        self._camera.start()

    @Slot(object)
    def show_frame(self, frame: Any) -> None:
        """Show a `QVideoFrame`; frames that hold no picture are passed over."""
        if self.preview.take(frame):
            self.take_button.setEnabled(True)
            self.state_label.setText(self._name)

    @Slot()
    def _take(self) -> None:
        try:
            path: Path = keep_picture(self.preview.frame, "camera")
        except Exception as error:
            self.failed.emit(Failure.of(error))
        else:
            self.taken.emit(path)

    @Slot()
    def _camera_failed(self) -> None:
        self.state_label.setText(f"The camera does not work: {self._camera.errorString()}")

    def done(self, result: int) -> None:
        """Give the camera back at once, so that its light goes out."""
        self._camera.stop()
        super().done(result)
