"""A whole picture, upright and as large as fits, decoded off the window's thread."""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
from PySide6.QtCore import QRectF, QRunnable, QSize, Qt, QThreadPool, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.core.errors import UserError
from deskclassify.core.pictures import open_rgb, reason
from deskclassify.ui import theme
from deskclassify.ui.widgets.images import to_qimage

_EDGE = 900  # pixels of the longer side
_POLL_MILLISECONDS = 15

_Answer = tuple[str, QImage | str]


class _Decoder(QRunnable):
    """Decodes one picture. It knows a queue only: a widget must not be touched by another thread."""

    def __init__(self, path: str, answers: SimpleQueue[_Answer]) -> None:
        super().__init__()
        self._path = path
        self._answers = answers

    def run(self) -> None:
        try:
            image = open_rgb(self._path, draft=_EDGE)
            image.thumbnail((_EDGE, _EDGE), reducing_gap=2.0)
            self._answers.put((self._path, to_qimage(np.asarray(image))))
        except UserError as error:
            self._answers.put((self._path, error.sentence))
        except Exception as error:
            self._answers.put((self._path, reason(error)))


class PictureView(QWidget):
    """Shows the picture of a path; in its place the reason why it cannot be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = ""
        self._shown: QPixmap | str = ""
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def pixmap(self) -> QPixmap | None:
        """What is shown, once it is there."""
        return self._shown if isinstance(self._shown, QPixmap) else None

    def show_picture(self, path: str) -> None:
        """Show another picture; an empty path shows none."""
        if path == self._path:
            return
        self._path = path
        self._shown = "Opening…" if path else ""
        self._answers = SimpleQueue()  # what is still being decoded answers into the old one
        self.setAccessibleName(Path(path).name)
        if path:
            QThreadPool.globalInstance().start(_Decoder(path, self._answers))
            self._timer.start()
        else:
            self._timer.stop()
        self.update()

    @Slot()
    def _look(self) -> None:
        try:
            _, answer = self._answers.get_nowait()
        except Empty:
            return
        self._timer.stop()
        self._shown = QPixmap.fromImage(answer) if isinstance(answer, QImage) else answer
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough to recognise what it shows."""
        return QSize(300, 240)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(160, 110)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture with round corners; or the reason why there is none."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if isinstance(self._shown, QPixmap):
            size = self._shown.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            area = QRectF(left, top, size.width(), size.height())
            corners = QPainterPath()
            corners.addRoundedRect(area, theme.RADIUS, theme.RADIUS)
            painter.setClipPath(corners)
            painter.drawPixmap(area, self._shown, QRectF(self._shown.rect()))
        elif self._shown:
            painter.setPen(QColor(theme.current().muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), flags, self._shown)
