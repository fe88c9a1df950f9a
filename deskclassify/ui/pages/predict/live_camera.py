"""The camera, classified live: what the network says stands over the moving picture."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Prediction
from deskclassify.core.smoothing import Smoothed
from deskclassify.core.use_requests import FrameRequest
from deskclassify.core.words import percent
from deskclassify.jobs.job import Job
from deskclassify.ui import theme
from deskclassify.ui.pages.bring_in.pasting import to_array
from deskclassify.ui.pages.camera import CameraDialog, Preview, find_camera
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.named import named

_SHORTER_SIDE = 480  # pixels of what is sent: networks look at half of that, and more only takes time
_BARS = 3
_TOP = 8  # classes that are asked for, so that those that come up are not cut off
_AGAIN_MILLISECONDS = 2_000  # after a failure
_FACTS_MILLISECONDS = 500
_SPAN_SECONDS = 2.0  # that the rates are taken over
_ROW, _PAD = 26, 10
_SMOOTHED = "One picture at a time is classified, always the newest; the bars are smoothed over about half a second."
_NO_MODEL = "There is no model yet: train one, or open one, and the answer stands over the picture."


class LivePreview(Preview):
    """The camera's picture with the likeliest classes as bars over its lower edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[tuple[str, float], ...] = ()
        self.is_refused = False
        self.setMinimumSize(320, 240)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough to be seen from a step away."""
        return QSize(640, 480)

    def show_answer(self, rows: tuple[tuple[str, float], ...], is_refused: bool) -> None:
        """Show other classes and shares; none takes the bars away."""
        self.rows, self.is_refused = rows, is_refused
        said = "; ".join(f"{label}: {percent(share)}" for label, share in rows)
        self.setAccessibleDescription(f"{NO_ANSWER}; {said}" if is_refused else said)
        self.update()

    def paint_over(self, painter: QPainter, target: QRect) -> None:
        """White on a dark band, whatever the picture and the theme are."""
        if not self.rows:
            return
        lines = len(self.rows) + self.is_refused
        band = QRect(target.left(), 0, target.width(), lines * _ROW + 2 * _PAD)
        band.moveBottom(target.bottom())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(band, QColor(0, 0, 0, 175))
        inner = band.adjusted(_PAD + 4, _PAD, -_PAD - 4, -_PAD)
        top = inner.top()
        if self.is_refused:
            painter.setFont(self._font(True))
            painter.setPen(QColor("white"))
            line = QRect(inner.left(), top, inner.width(), _ROW)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, NO_ANSWER.capitalize())
            top += _ROW
        for place, (label, share) in enumerate(self.rows):
            self._paint_row(painter, QRect(inner.left(), top + place * _ROW, inner.width(), _ROW), label, share, place)

    def _paint_row(self, painter: QPainter, row: QRect, label: str, share: float, place: int) -> None:
        strong = place == 0 and not self.is_refused
        painter.setFont(self._font(strong))
        metrics, widest = painter.fontMetrics(), QFontMetrics(self._font(True))
        name = QRect(row.left(), row.top(), row.width() * 2 // 5, row.height())
        number = QRect(0, row.top(), widest.horizontalAdvance("> 99.9 %") + 4, row.height())
        number.moveRight(row.right())
        painter.setPen(QColor("white" if strong else "#d0d4da"))
        short = metrics.elidedText(label, Qt.TextElideMode.ElideRight, name.width() - _PAD)
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, short)
        painter.drawText(number, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(share))
        groove = QRectF(name.right(), row.center().y() - 4, number.left() - _PAD - name.right(), 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255, 45))
        painter.drawRoundedRect(groove, 4.5, 4.5)
        groove.setWidth(max(9.0, groove.width() * share))
        painter.setBrush(QColor("#5aa9ff" if strong else "#aab4c0"))
        painter.drawRoundedRect(groove, 4.5, 4.5)

    def _font(self, strong: bool) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() + (1.5 if strong else 0.5))
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font


class LivePredict(CameraDialog):
    """Shows the camera and classifies its newest frame whenever the last answer has come: none are queued up.

    `shot` tells the pixels of a picture that is to be kept, uint8 `[h, w, 3]`.

    Args:
        media: the module QtMultimedia.
        device: the `QCameraDevice` to begin with; both come from `find_camera`.
    """

    shot = Signal(object)

    def __init__(self, session: Session, media: Any, device: Any, parent: QWidget | None = None) -> None:
        self._session = session
        self._begun = 0.0  # when the last frame was sent
        self._job: Job | None = None  # the one frame that is being looked at
        self._sent = QImage()
        self._said = ""  # what went wrong
        self._ended = False
        self._smoothed = Smoothed()
        self._answers: deque[tuple[float, float]] = deque()  # when they came, and after how many seconds
        self._paints: deque[tuple[float, int]] = deque()
        super().__init__(media, device, parent)
        named(self, "livePredict")
        self.setWindowTitle("Camera, classified live")
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MILLISECONDS)
        self._again.timeout.connect(self._send)
        self._facts = QTimer(self)
        self._facts.setInterval(_FACTS_MILLISECONDS)
        self._facts.timeout.connect(self._show_facts)
        self._build(media, device)
        session.model_changed.connect(self._model_changed)
        self._facts.start()

    def make_preview(self) -> Preview:
        """With the answer over it."""
        return LivePreview()

    @property
    def live(self) -> LivePreview:
        """The preview."""
        return cast(LivePreview, self.preview)

    def _build(self, media: Any, device: Any) -> None:
        named(self.take_button, "liveTakeButton")
        self.take_button.setToolTip("Keeps this picture in the cache, and its answer in the table")
        self.mirror_box = named(QCheckBox("Mirror"), "liveMirrorBox")
        self.mirror_box.setToolTip("Shows left and right exchanged, as in a mirror. What is classified stays as it is.")
        self.mirror_box.toggled.connect(self.preview.set_mirrored)
        self._devices = list(media.QMediaDevices.videoInputs())
        self.camera_box = named(QComboBox(), "liveCameraBox")
        self.camera_box.setAccessibleName("Camera")
        self.camera_box.addItems([one.description() for one in self._devices])
        self.camera_box.setCurrentText(device.description())
        self.camera_box.setVisible(len(self._devices) > 1)
        self.camera_box.currentIndexChanged.connect(self._camera_chosen)
        self.facts_label = named(ElidedLabel(), "liveFacts")
        choices = QHBoxLayout()
        choices.setSpacing(theme.GAP)
        choices.addWidget(self.facts_label, 1)
        choices.addWidget(self.camera_box)
        choices.addWidget(self.mirror_box)
        layout = cast(QVBoxLayout, self.layout())
        layout.setSpacing(theme.GAP)
        layout.insertLayout(1, choices)
        self._show_facts()

    @Slot(int)
    def _camera_chosen(self, at: int) -> None:
        self._forget()
        self.use(self._devices[at])

    @Slot()
    def _model_changed(self) -> None:
        self._forget()
        self._say("")

    def _forget(self) -> None:
        """What was seen by another camera, or with another model, must not be mixed with what comes."""
        self._smoothed = Smoothed()
        self._answers.clear()
        self.live.show_answer((), False)

    # -- frames --------------------------------------------------------------------------

    @Slot(object)
    def show_frame(self, frame: Any) -> None:
        """Show a `QVideoFrame`, and send it if no other is being looked at."""
        super().show_frame(frame)
        if self._said:
            self.state_label.setText(self._said)
        if self._job is None:
            self._send()

    @Slot()
    def _send(self) -> None:
        """Send the newest frame, unless it was sent before."""
        if self._ended or self._job is not None or self._again.isActive():
            return
        model, frame = self._session.model, self.preview.frame
        if model is None:
            self._say(_NO_MODEL)
            return
        if frame.isNull() or frame.cacheKey() == self._sent.cacheKey():
            return
        self._sent = frame
        request = FrameRequest(str(model), pixels_of(frame), _TOP, self._session.settings.device)
        self._begun = time.monotonic()
        self._job = self._session.ask(request, self._answered, self._failed, self._succeeded)

    @Slot(object)
    def _answered(self, event: Event) -> None:
        if self.sender() is not self._job or not isinstance(event, Prediction) or self._ended:
            return
        now = time.monotonic()
        self._answers.append((now, now - self._begun))
        self._smoothed.add(event, now)
        self.live.show_answer(self._smoothed.best(_BARS), self._smoothed.is_refused)
        self._say("")

    @Slot(object)
    def _succeeded(self, event: Event | None) -> None:
        if self.sender() is self._job:
            self._job = None
            self._send()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._job = None
            self._forget()
            self._say(failure.sentence)
            if not self._ended:
                self._again.start()  # the next frame may do better, but not thirty times a second

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.state_label.setText(text or self._name)

    @Slot()
    def _show_facts(self) -> None:
        now = time.monotonic()
        self._paints.append((now, self.preview.painted))
        while len(self._paints) > 1 and now - self._paints[0][0] > _SPAN_SECONDS:
            self._paints.popleft()
        while self._answers and now - self._answers[0][0] > _SPAN_SECONDS:
            self._answers.popleft()
        self.facts_label.set_text(self._facts_text(), _SMOOTHED)

    def _facts_text(self) -> str:
        (begun, first), (ended, last) = self._paints[0], self._paints[-1]
        parts = []
        if ended > begun and last > first:
            parts.append(f"{(last - first) / (ended - begun):.0f} pictures a second")
        if self._answers:
            seconds = sorted(one for _, one in self._answers)
            span = max(_FACTS_MILLISECONDS / 1000, ended - self._answers[0][0])
            middle = 1000 * seconds[len(seconds) // 2]
            parts.append(f"{len(seconds) / span:.0f} answers a second, after {middle:.0f} ms, smoothed")
        return " · ".join(parts) or _SMOOTHED

    # -- keeping -------------------------------------------------------------------------

    @Slot()
    def _take(self) -> None:
        """Whoever gets it writes it, in the background: a large picture takes longer than a window may stand still."""
        self.shot.emit(to_array(self.preview.frame.convertToFormat(QImage.Format.Format_RGB888)))

    def done(self, result: int) -> None:
        """Give the camera back at once; what is being looked at is no longer wanted."""
        self._ended = True
        self._again.stop()
        self._facts.stop()
        if self._job is not None:
            self._job.control.stop()
        super().done(result)


def pixels_of(frame: QImage) -> np.ndarray:
    """A frame as it is sent: uint8 `[h, w, 3]`, its shorter side 480 pixels at most."""
    if min(frame.width(), frame.height()) > _SHORTER_SIDE:
        factor = _SHORTER_SIDE / min(frame.width(), frame.height())
        size = QSize(round(frame.width() * factor), round(frame.height() * factor))
        frame = frame.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return to_array(frame.convertToFormat(QImage.Format.Format_RGB888))


def open_live_predict(session: Session, parent: QWidget) -> LivePredict:
    """Open the usual camera beside the page.

    Raises:
        InputError: there is none, or QtMultimedia is missing; the sentence says what to do.
    """
    dialog = LivePredict(session, *find_camera(), parent)
    dialog.show()
    return dialog
