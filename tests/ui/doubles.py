"""Stand-ins for what the tests of pages do not have: jobs, and a hand that drops files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, QUrl, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from deskclassify.core.control import Control
from deskclassify.core.events import Event
from deskclassify.core.requests import EvaluateRequest, FitRequest, LrFindRequest, Request

_PLACE = QPointF(50, 50)  # in the widget
PLAYED = FitRequest | LrFindRequest | EvaluateRequest


class Script:
    """A stream that plays `events` for each long job: waits at `gate` for None, raises what is an exception."""

    def __init__(self) -> None:
        self.events: list[Event | Exception | None] = []
        self.requests: list[Request] = []
        self.gate = threading.Event()

    def __call__(self, request: Request, control: Control) -> Iterator[Event]:
        self.requests.append(request)
        for event in self.events if isinstance(request, PLAYED) else []:
            if event is None:
                while not self.gate.wait(0.01) and not control.stopped:
                    pass
            elif isinstance(event, Exception):
                raise event
            else:
                yield event


def enter(widget: QWidget, what: QMimeData | Sequence[Path | str]) -> bool:
    """Drag something over a widget: whether it is welcome there."""
    mime = _mime(what)  # the event does not own it
    event = QDragEnterEvent(_PLACE.toPoint(), *_how(mime))
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget: QWidget, what: QMimeData | Sequence[Path | str]) -> bool:
    """Drag something over a widget and, if it is welcome, drop it there: whether it was taken."""
    mime = _mime(what)
    if not enter(widget, mime):
        return False  # Qt delivers a drop only where a drag was accepted
    event = QDropEvent(_PLACE, *_how(mime))
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def _mime(what: QMimeData | Sequence[Path | str]) -> QMimeData:
    if isinstance(what, QMimeData):
        return what
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in what])
    return mime


def _how(mime: QMimeData) -> tuple[Qt.DropAction, QMimeData, Qt.MouseButton, Qt.KeyboardModifier]:
    return Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def played_media(null: bool = False) -> ModuleType:
    """QtMultimedia with one camera, which the test plays; with `null` there is none."""

    class Camera(QObject):
        errorOccurred = Signal()  # noqa: N815
        running = False

        def __init__(self, device: object, parent: QObject) -> None:
            super().__init__(parent)

        def start(self) -> None:
            Camera.running = True

        def stop(self) -> None:
            Camera.running = False

    class Sink(QObject):
        videoFrameChanged = Signal(object)  # noqa: N815

    class Capture(QObject):
        def setCamera(self, camera: object) -> None:  # noqa: N802
            self.camera = camera

        def setVideoSink(self, sink: object) -> None:  # noqa: N802
            self.sink = sink

    device = SimpleNamespace(isNull=lambda: null, description=lambda: "Webcam")
    media = ModuleType("PySide6.QtMultimedia")
    media.QMediaDevices = SimpleNamespace(
        defaultVideoInput=lambda: device, videoInputs=lambda: [] if null else [device]
    )
    media.QCamera, media.QVideoSink, media.QMediaCaptureSession = Camera, Sink, Capture
    return media
