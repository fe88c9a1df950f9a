"""Thumbnails made off the window's thread: the latest wish first, forgotten when scrolled away."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

import numpy as np
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from deskclassify.core.pictures import PictureError, open_rgb
from deskclassify.ui.widgets.images import to_qimage

THREADS = 2
_KEPT = 1500  # pictures; 230 MB at 196 pixels
_log = logging.getLogger(__name__)

Key = tuple[str, int]  # path, edge in pixels


class _Decoder(QRunnable):
    """Decodes wanted pictures until none is left."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails

    def run(self) -> None:
        """Runs in a thread of the pool."""
        while (key := self._thumbnails.take()) is not None:
            picture, reason = QImage(), ""
            try:
                picture = _decode(*key)
            except PictureError as error:
                reason = error.sentence
            except Exception as error:
                _log.exception("thumbnail of %s", key[0])
                reason = f"The picture cannot be shown: {type(error).__name__}."
            self._thumbnails.decoded.emit(key, picture, reason)


class Thumbnails(QObject):
    """All thumbnails of the window: one memory, two threads. Use `shared()`."""

    decoded = Signal(object, QImage, str)  # Key, picture, reason why there is none; from a worker thread
    ready = Signal(object)  # Key: `get` answers now

    def __init__(self) -> None:
        super().__init__()
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(THREADS)
        self._pool.setExpiryTimeout(2_000)
        self._lock = threading.Lock()
        self._wanted: dict[int, list[Key]] = {}  # who wants → keys, the most urgent last
        self._working: set[Key] = set()
        self._running = 0
        self._kept: OrderedDict[Key, QPixmap | str] = OrderedDict()
        self.decoded.connect(self._keep)

    def get(self, key: Key) -> QPixmap | str | None:
        """The thumbnail, the reason why there is none, or None as long as it is not known."""
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        return known

    def want(self, who: int, keys: list[Key]) -> None:
        """Ask for pictures, the most urgent first; what the same asker wanted before is forgotten."""
        missing = [key for key in reversed(keys) if key not in self._kept]
        with self._lock:
            self._wanted.pop(who, None)
            if not missing:
                return
            self._wanted[who] = missing
            starting = min(THREADS - self._running, len(missing))
            self._running += starting
        for _ in range(starting):
            self._pool.start(_Decoder(self))

    def take(self) -> Key | None:
        """The next picture to decode; None ends the decoder that asked. Called from worker threads."""
        with self._lock:
            while self._wanted:
                who = next(reversed(self._wanted))
                keys = self._wanted[who]
                while keys:
                    key = keys.pop()
                    if key not in self._working:
                        self._working.add(key)
                        return key
                del self._wanted[who]
            self._running -= 1
            return None

    def finish(self) -> None:
        """Drop all wishes and wait for the pictures at hand. Call before the window goes."""
        with self._lock:
            self._wanted.clear()
        self._pool.waitForDone()

    @Slot(object, QImage, str)
    def _keep(self, key: Key, picture: QImage, reason: str) -> None:
        with self._lock:
            self._working.discard(key)
        self._kept[key] = reason if reason else QPixmap.fromImage(picture)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(key)


_shared: list[Thumbnails] = []


def shared() -> Thumbnails:
    """The thumbnails of this process; made in the window's thread at the first call."""
    if not _shared:
        _shared.append(Thumbnails())
    return _shared[0]


def finish() -> None:
    """End the threads, if there are any."""
    if _shared:
        _shared.pop().finish()


def _decode(path: str, edge: int) -> QImage:
    """The central square, as a network sees it that crops; `edge` pixels wide."""
    image = open_rgb(path, draft=edge)
    left, top = (image.width - min(image.size)) / 2, (image.height - min(image.size)) / 2
    box = (left, top, left + min(image.size), top + min(image.size))
    return to_qimage(np.asarray(image.resize((edge, edge), box=box, reducing_gap=2.0)))
