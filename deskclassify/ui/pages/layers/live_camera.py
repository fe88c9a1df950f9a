"""The camera's pictures through the network, one after the other, as fast as it answers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from deskclassify.core import paths
from deskclassify.core.errors import Failure, UserError
from deskclassify.core.network_parts import percent
from deskclassify.ui.pages.camera import CameraDialog, find_camera
from deskclassify.ui.pages.layers.looking import Looking

_SHORTEST_MILLISECONDS = 200  # between two pictures: five a second can be followed, more only heat the computer
_JPEG_QUALITY = 90
_NAMES = ("live-a.jpg", "live-b.jpg")  # in turn: the network reads one while the other is written


class LiveCamera(CameraDialog):
    """Shows the camera, and looks at its newest picture whenever the network is free.

    Closing it brings back the picture that was pinned before, unless one was kept, or another one chosen meanwhile.

    Args:
        looking: whose picture is set.
        media: the module QtMultimedia.
        device: the `QCameraDevice` to use; both come from `find_camera`.
    """

    kept = Signal(str)  # path of the picture that stays pinned

    def __init__(self, looking: Looking, media: Any, device: Any, parent: QWidget | None = None) -> None:
        super().__init__(media, device, parent)
        self._looking = looking
        self._before = looking.image
        # Where the cache is trimmed: should the program be ended by force, the files go some day.
        folder = paths.cache_dir() / "pasted"
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="live-", dir=folder, ignore_cleanup_errors=True)
        self._files = [Path(self._folder.name) / name for name in _NAMES]
        self._waiting: QImage | None = None
        self._said = ""  # the answer, or what went wrong
        self._ended = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_SHORTEST_MILLISECONDS)
        self._pause.timeout.connect(self._send)
        self.setObjectName("liveCamera")
        self.setWindowTitle("Camera, live through the network")
        self.take_button.setText("Keep this picture")
        self.take_button.setToolTip("Saves the picture in the cache and goes on looking at it")
        self.taken.connect(self._keep)
        self.failed.connect(self._say)
        looking.busy_changed.connect(self._send)
        looking.image_changed.connect(self._image_changed)
        looking.shown_changed.connect(self._show_answer)

    @Slot(object)
    def show_frame(self, frame: Any) -> None:
        """Show a `QVideoFrame`, and send it if the network is free; only the newest one waits."""
        shown = self.preview.frame
        super().show_frame(frame)
        if self._said:  # that is what the line below the picture is for, and no longer the camera's name
            self.state_label.setText(self._said)
        if self.preview.frame is not shown:
            self._waiting = self.preview.frame
            self._send()

    @Slot()
    def _send(self) -> None:
        if self._waiting is None or self._ended or self._looking.is_busy or self._pause.isActive():
            return
        frame, self._waiting = self._waiting, None
        try:
            path = self._write(frame)
        except (OSError, UserError) as error:
            self._say(Failure.of(error))
            return
        self._pause.start()
        self._looking.set_image(str(path))

    def _write(self, frame: QImage) -> Path:
        """Write a picture whole, in place of the one before the last.

        Raises:
            UserError: it cannot be written.
            OSError: the file is being read (on Windows).
        """
        self._files.reverse()
        target = self._files[0]
        draft = target.with_name("draft.jpg")
        if not frame.save(str(draft), quality=_JPEG_QUALITY):
            raise UserError(f"The camera's picture could not be saved in {target.parent}. Is the disk full?")
        os.replace(draft, target)
        return target

    @Slot()
    def _show_answer(self) -> None:
        shown = self._looking.shown
        if shown is not None and not self._ended and shown.answer:
            name, probability = shown.answer[0]
            self._tell(f"{name} {percent(probability)}")

    @Slot(object)
    def _say(self, failure: Failure) -> None:
        self._tell(failure.sentence)

    def _tell(self, text: str) -> None:
        self._said = text
        self.state_label.setText(text)

    @Slot(object)
    def _keep(self, path: Path) -> None:
        self._looking.set_image(str(path))  # which ends this
        self.kept.emit(str(path))

    @Slot()
    def _image_changed(self) -> None:
        """Another picture is wanted: there is nothing to bring back."""
        if not self._ended and Path(self._looking.image) not in self._files:
            self._before = self._looking.image
            self.accept()

    def done(self, result: int) -> None:
        """Give the camera back, then the picture before; the files go."""
        super().done(result)
        if not self._ended:
            self._ended = True
            self._pause.stop()
            self._looking.set_image(self._before)
            self._folder.cleanup()


def open_live_camera(looking: Looking, parent: QWidget | None = None) -> LiveCamera:
    """Open the usual camera beside the page.

    Raises:
        InputError: there is none, or QtMultimedia is missing; the sentence says what to do.
    """
    dialog = LiveCamera(looking, *find_camera(), parent)
    dialog.show()
    return dialog
