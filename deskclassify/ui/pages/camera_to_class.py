"""Pictures of the camera into classes, several in a row."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event
from deskclassify.core.own_pictures import KeepRequest, Kept, found_name, new_folder
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.pages.bring_in.class_choice import ClassBox, class_names
from deskclassify.ui.pages.bring_in.pasting import add_kept, project_for, to_array
from deskclassify.ui.pages.camera import CameraDialog, find_camera
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.named import named

_REPEAT_MILLISECONDS = 200  # between two pictures while the button is held down
_REPEAT_AFTER_MILLISECONDS = 500
_MOST_WAITING = 12  # pictures that are still being written; a slow disk must not fill the memory
_THUMB_PIXELS = 56
_THUMBS = 7


class Series(QObject):
    """Pictures of one class, taken one after the other: they are added together, as one step to undo.

    Raises:
        InputError: the name of the class was given up for another one.
        OSError: there is no room for them.
    """

    changed = Signal()  # `images`
    failed = Signal(object)  # Failure: a picture could not be written

    def __init__(self, session: Session, label: str) -> None:
        super().__init__(session)  # it outlives the dialog until the last picture is written
        self._session = session
        self.label = label
        self._project = project_for(session)
        found_name(session.project.data, label)
        self._folder = new_folder(self._project, label, "camera")
        self._files: list[Path] = []
        self._waiting = 0
        self._ended = False

    @property
    def images(self) -> int:
        """How many were taken, and not discarded."""
        return len(self._files) + self._waiting

    @property
    def is_full(self) -> bool:
        """Whether the disk does not keep up."""
        return self._waiting >= _MOST_WAITING

    def take(self, pixels: np.ndarray) -> None:
        """Keep a picture, uint8 `[h, w, 3]`."""
        self._waiting += 1
        request = KeepRequest(
            str(self._project), self.label, (pixels,), "camera", str(self._folder), self._session.project.data
        )
        self._session.ask(request, self._kept, self._not_kept)
        self.changed.emit()

    def discard_last(self) -> bool:
        """Take the last picture back; one that is still being written stays.

        Returns:
            whether there was one.
        """
        if not self._files:
            return False
        self._files.pop().unlink(missing_ok=True)
        self.changed.emit()
        return True

    def end(self) -> None:
        """Add the pictures to the data, as soon as the last is written."""
        self._ended = True
        self._finish()

    @Slot(object)
    def _kept(self, event: Event) -> None:
        if isinstance(event, Kept):
            self._waiting -= 1
            self._files += map(Path, event.files)
            self.changed.emit()
            self._finish()

    @Slot(object)
    def _not_kept(self, failure: Failure) -> None:
        self._waiting -= 1
        self.failed.emit(failure)
        self.changed.emit()
        self._finish()

    def _finish(self) -> None:
        if not self._ended or self._waiting:
            return
        if self._files:
            add_kept(self._session, str(self._project), str(self._folder), self.label, len(self._files))
        else:
            with suppress(OSError):
                self._folder.rmdir()
        self.deleteLater()


class ClassCamera(CameraDialog):
    """Live picture, the class that it is for, and what was taken so far.

    Another class begins another series. Closing it adds what was taken.

    Args:
        label: the class that is chosen first; may be empty.
        media: the module QtMultimedia.
        device: the `QCameraDevice` to use; both come from `find_camera`.
    """

    def __init__(self, session: Session, label: str, media: Any, device: Any, parent: QWidget | None = None) -> None:
        super().__init__(media, device, parent)
        self.setObjectName("classCamera")
        self.setWindowTitle("Pictures from the camera")
        self._session = session
        self._series: Series | None = None
        self._before = 0  # taken in earlier series
        self.class_box = named(ClassBox(class_names(session), label), "cameraClassBox")
        self.count = named(muted(""), "cameraCount")
        self.discard_button = named(QPushButton(theme.icon("undo"), "Discard the last"), "cameraDiscardButton")
        self.done_button = named(QPushButton("Done"), "cameraDoneButton")
        self._thumbs = [QLabel() for _ in range(_THUMBS)]
        self._pixmaps: list[QPixmap] = []
        self._said = ""  # what went wrong with the last picture
        self._build()
        self.class_box.currentTextChanged.connect(self._class_changed)
        self.discard_button.clicked.connect(self._discard)
        self.done_button.clicked.connect(self.accept)
        self._show()

    def _build(self) -> None:
        named(self.take_button, "cameraTakeButton")
        self.take_button.setToolTip("Hold it down to take five a second, while you move the thing or the camera")
        self.take_button.setAutoRepeat(True)
        self.take_button.setAutoRepeatDelay(_REPEAT_AFTER_MILLISECONDS)
        self.take_button.setAutoRepeatInterval(_REPEAT_MILLISECONDS)
        for button in (self.discard_button, self.done_button):
            button.setAutoDefault(False)
        self.done_button.setToolTip("Adds the pictures to the class; undo takes them out again")
        label = QLabel("&What it shows")
        label.setBuddy(self.class_box)
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(label)
        top.addWidget(self.class_box, 1)
        strip = QHBoxLayout()
        strip.setSpacing(theme.GAP // 2)
        for thumb in self._thumbs:
            thumb.setFixedSize(_THUMB_PIXELS, _THUMB_PIXELS)
            thumb.setAlignment(Qt.AlignmentFlag.AlignCenter)
            strip.addWidget(thumb)
        strip.addStretch(1)
        last = QHBoxLayout()
        last.setSpacing(theme.GAP)
        last.addWidget(self.count, 1)
        last.addWidget(self.discard_button)
        last.addWidget(self.done_button)
        layout = cast(QVBoxLayout, self.layout())
        layout.setSpacing(theme.GAP + 4)
        layout.insertLayout(0, top)
        layout.addLayout(strip)
        layout.addLayout(last)

    @Slot(object)
    def show_frame(self, frame: Any) -> None:
        """Show a `QVideoFrame`; what went wrong stays in sight until the next picture."""
        super().show_frame(frame)
        if self._said:
            self.state_label.setText(self._said)

    @Slot()
    def _take(self) -> None:
        """One picture, into the class that is chosen."""
        label = self.class_box.name()
        self._tell("" if label else "Choose a class, or type the name of a new one, first.")
        if not label:
            self.class_box.setFocus()
            return
        frame = self.preview.frame
        try:
            series = self._series or self._begin(label)
        except (InputError, OSError) as error:
            self._say(Failure.of(error))
            return
        if not series.is_full:
            series.take(to_array(frame.convertToFormat(QImage.Format.Format_RGB888)))
            edge = round(_THUMB_PIXELS * self.devicePixelRatioF())
            small = frame.scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio)
            self._pixmaps = [*self._pixmaps, QPixmap.fromImage(small)][-_THUMBS:]
            self._show()

    def _begin(self, label: str) -> Series:
        self._series = Series(self._session, label)
        self._series.changed.connect(self._show)
        self._series.failed.connect(self._say)
        return self._series

    @Slot()
    def _class_changed(self) -> None:
        self._end_series()
        self._show()

    def _end_series(self) -> None:
        series, self._series = self._series, None
        self._pixmaps = []
        if series is not None:
            self._before += series.images
            series.changed.disconnect(self._show)
            series.failed.disconnect(self._say)
            series.failed.connect(self._session.failed)
            series.end()

    @Slot()
    def _discard(self) -> None:
        if self._series is not None and self._series.discard_last():
            self._pixmaps = self._pixmaps[:-1]
            self._show()

    @Slot()
    def _show(self) -> None:
        images = self._series.images if self._series is not None else 0
        text = f"{counted(images, 'picture')} for “{self._series.label}”" if self._series is not None else ""
        if self._before:
            text += f"{' · ' if text else ''}{counted(self._before, 'picture')} before"
        self.count.setText(text or "Ten pictures a class are enough to begin with. Hold the button for several.")
        self.discard_button.setEnabled(images > 0)
        newest = self._pixmaps[-images:] if images else []
        for place, thumb in enumerate(self._thumbs):
            thumb.setPixmap(newest[place] if place < len(newest) else QPixmap())

    @Slot(object)
    def _say(self, failure: Failure) -> None:
        self._tell(failure.sentence)

    def _tell(self, text: str) -> None:
        self._said = text
        self.state_label.setText(text or self._name)

    def done(self, result: int) -> None:
        """Give the camera back, and add what was taken."""
        super().done(result)
        self._end_series()


def open_class_camera(session: Session, label: str, parent: QWidget) -> ClassCamera:
    """Open the usual camera over the window.

    Raises:
        InputError: there is none, or QtMultimedia is missing; the sentence says what to do.
    """
    dialog = ClassCamera(session, label, *find_camera(), parent)
    dialog.open()  # the window waits: the project must not be closed under a series
    return dialog
