"""A picture with heat laid over it: where the reasons for an answer lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import signed_color, table
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.images import to_pixmap
from deskclassify.ui.widgets.named import named

_SCALE = 10  # pixels, height of the colour scale
_TEXT = 18  # pixels, a line below it
_SPACE = 8
_USUAL = 75  # per cent of opacity
_STRONGEST = 0.92  # opacity of the strongest heat at 100 %: the picture is never hidden altogether
_FAINT = 0.06  # of the heat: what is less is not shown, lest a veil lie over the whole picture
_GREYED = 0.6  # how far the picture's own colours fade at 100 %, so that those of the heat stand out


@dataclass(frozen=True)
class Heat:
    """Heat for a picture.

    Attributes:
        values: float32 `[h, w]`, from −1 to 1, or from 0 to 1.
        is_signed: whether there is heat below 0.
        low, high: what the two ends of the scale mean, in a word or two.
        spot: top, left, height and width of a place to be marked, in pixels of the picture; of height 0 for none.
    """

    values: np.ndarray
    is_signed: bool
    low: str
    high: str
    spot: tuple[int, int, int, int] = (0, 0, 0, 0)


def overlay(values: np.ndarray, is_signed: bool) -> np.ndarray:
    """Heat as colours: the more, the less one sees through it.

    Args:
        values: float `[h, w]`, −1 to 1.
        is_signed: blue for negative and orange for positive values, instead of viridis from 0 to 1.

    Returns:
        uint8 `[h, w, 4]`, RGB and opacity.
    """
    size = np.clip(np.abs(values) if is_signed else values, 0, 1)
    shown = np.empty((*values.shape, 4), dtype=np.uint8)
    if is_signed:
        below, above = ((end.red(), end.green(), end.blue()) for end in (signed_color(-1, 1), signed_color(1, 1)))
        shown[..., :3] = np.where((values > 0)[..., None], above, below)
    else:
        shown[..., :3] = table("viridis")[np.rint(size * 255).astype(np.uint8)]
    seen = np.clip((size - _FAINT) / (1 - _FAINT), 0, 1) ** 0.7
    shown[..., 3] = np.rint(seen * 255 * _STRONGEST)
    return shown


class HeatView(QWidget):
    """The picture as large as fits, the heat over it, and a scale that says what the colours mean."""

    hovered = Signal(object)  # the heat under the cursor, a float; None where there is none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heat: Heat | None = None
        self._picture: QPixmap | None = None
        self._grey: QPixmap | None = None
        self._overlay: QPixmap | None = None
        self._opacity = _USUAL / 100
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def heat(self) -> Heat | None:
        """What lies over the picture."""
        return self._heat

    def show_picture(self, picture: np.ndarray | None, heat: Heat | None = None) -> None:
        """Show a picture, uint8 `[h, w, 3]`, with heat or without."""
        self._heat = heat
        self._picture = self._grey = self._overlay = None
        if picture is not None and picture.size:
            self._picture = to_pixmap(picture)
            if heat is not None:
                light = (picture @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
                self._grey = to_pixmap(light)
                self._overlay = to_pixmap(overlay(heat.values, heat.is_signed))
        name = "Picture" if heat is None else f"Picture with heat, from “{heat.low}” to “{heat.high}”"
        self.setAccessibleName(name if self._picture is not None else "")
        self.update()

    def set_opacity(self, share: float) -> None:
        """How strongly the heat covers the picture, 0 to 1."""
        self._opacity = share
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough for an impression."""
        return QSize(360, 400)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(180, 200)

    def area(self) -> QRectF:
        """Where the picture is painted: as large as fits above the scale, whose room is always kept."""
        if self._picture is None:
            return QRectF()
        room = self.size() - QSize(0, _SPACE + _SCALE + _TEXT)
        size = self._picture.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF((self.width() - size.width()) / 2, 0, size.width(), size.height())

    def heat_at(self, point: QPointF) -> float | None:
        """The heat under a point of the widget; None outside, and where there is none."""
        area = self.area()
        if self._heat is None or not area.contains(point):
            return None
        rows, columns = self._heat.values.shape
        row = min(rows - 1, int((point.y() - area.top()) / area.height() * rows))
        column = min(columns - 1, int((point.x() - area.left()) / area.width() * columns))
        return float(self._heat.values[row, column])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the heat under the cursor."""
        self.hovered.emit(self.heat_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No heat without a cursor."""
        self.hovered.emit(None)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Picture, heat, marked place and scale."""
        if self._picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = self.area()
        corners = QPainterPath()
        corners.addRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setClipPath(corners)
        painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
        for pixmap, opacity in ((self._grey, _GREYED * self._opacity), (self._overlay, self._opacity)):
            if pixmap is not None:
                painter.setOpacity(opacity)
                painter.drawPixmap(area, pixmap, QRectF(pixmap.rect()))
        painter.setOpacity(1)
        if self._heat is not None:
            self._paint_spot(painter, area, self._heat)
            painter.setClipping(False)
            self._paint_scale(painter, area, self._heat)

    def _paint_spot(self, painter: QPainter, area: QRectF, heat: Heat) -> None:
        """A white frame in a dark one: to be seen on any picture."""
        top, left, height, width = heat.spot
        if height == 0:
            return
        rows, columns = heat.values.shape
        across, down = area.width() / columns, area.height() / rows
        frame = QRectF(area.left() + left * across, area.top() + top * down, width * across, height * down)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, pixels in (("#111111", 4.0), ("#ffffff", 2.0)):
            painter.setPen(QPen(QColor(color), pixels))
            painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), 3, 3)

    def _paint_scale(self, painter: QPainter, area: QRectF, heat: Heat) -> None:
        bar = QRectF(area.left(), area.bottom() + _SPACE, area.width(), _SCALE)
        colors = QLinearGradient(bar.topLeft(), bar.topRight())
        if heat.is_signed:
            colors.setColorAt(0, signed_color(-1, 1))
            colors.setColorAt(0.5, QColor(theme.current().raised))
            colors.setColorAt(1, signed_color(1, 1))
        else:
            for level in range(0, 256, 17):
                colors.setColorAt(level / 255, QColor(*map(int, table("viridis")[level])))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors)
        painter.drawRoundedRect(bar, _SCALE / 2, _SCALE / 2)
        painter.setPen(QColor(theme.current().muted))
        line = QRectF(bar.left(), bar.bottom() + 2, bar.width(), _TEXT)
        metrics = painter.fontMetrics()
        room = int(bar.width()) - metrics.horizontalAdvance(heat.low) - 3 * _SPACE
        high = metrics.elidedText(heat.high, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, heat.low)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, high)


class HeatPanel(QWidget):
    """A heat view with a slider between picture and heat, and a line for the value under the cursor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = named(HeatView(), "heatView")
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "heatOpacitySlider")
        self.slider.setRange(0, 100)
        self.slider.setValue(_USUAL)
        self.slider.setPageStep(25)
        self.slider.setMaximumWidth(260)
        self.slider.setMinimumHeight(22)  # with its border; in less room the handle is cut off
        self.slider.setAccessibleName("How strongly the heat covers the picture")
        self.slider.setToolTip("From the bare picture to the full heat")
        self.slider.valueChanged.connect(self._slide)
        self.value_label = named(muted(""), "heatValueLabel")
        self.value_label.setWordWrap(False)
        self.value_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # Its room is kept, and it may be cut: a label that comes and goes would make the picture jump.
        self.value_label.setMinimumHeight(self.value_label.fontMetrics().height() + 2)
        self.value_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addStretch(1)
        row.addWidget(QLabel("Picture"))
        row.addWidget(self.slider, 4)
        row.addWidget(QLabel("Heat"))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.view, 1)
        column.addWidget(self.value_label)
        column.addLayout(row)
        self.show_picture(None)

    def show_picture(self, picture: np.ndarray | None, heat: Heat | None = None) -> None:
        """As `HeatView.show_picture`."""
        self.view.show_picture(picture, heat)
        self.slider.setEnabled(heat is not None)
        self.value_label.clear()

    @Slot(int)
    def _slide(self, percent: int) -> None:
        self.view.set_opacity(percent / 100)
