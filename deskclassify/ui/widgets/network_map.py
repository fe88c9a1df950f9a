"""A network as a picture: from the image to the answer, stage by stage, and where one is in it."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import (
    Network,
    parameter_text,
    percent,
    shape_text,
    sight_text,
    title_of,
    training_text,
)
from deskclassify.ui import theme
from deskclassify.ui.widgets.images import to_pixmap
from deskclassify.ui.widgets.map_layout import Column, StageBox, lay_out
from deskclassify.ui.widgets.map_painter import MapPainter

HEIGHT = 108  # pixels
FLOOR = 75.0  # pixels from the top: what the network stands on
_TALLEST = 58.0  # pixels of a layer as large as the network's input
_PICTURE = 56  # pixels
_PAD = 5  # pixels left and right
_ARROW = 24.0  # pixels between picture, network and answer
_ANSWER = 104.0  # pixels
WIDE = 700  # pixels from which on there is room for the answer
_TRAINING = {"trained": "trained: training has changed it", "frozen": "frozen: as it was before training"}


class NetworkMap(QWidget):
    """Blocks from left to right, in the order in which a picture passes them.

    A layer is the higher the larger its maps are, a stage goes the further back the more channels it has, and is the
    wider the more layers it has. A click, or an arrow key, chooses a layer: `chosen` tells it.
    """

    chosen = Signal(object)  # Layer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._network = Network()
        self._input_size = 1
        self._name = ""
        self._picture = QPixmap()
        self._answer: tuple[tuple[str, float], ...] = ()
        self._boxes: tuple[StageBox, ...] = ()
        self._laid_out_for = -1.0
        self._hovered: Column | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Map of the network")
        self.setAccessibleDescription("Left and right arrow keys go to the layer before or behind")
        theme.notifier().changed.connect(self.update)

    # -- what is shown ----------------------------------------------------------------

    @property
    def network(self) -> Network:
        """The network that is drawn."""
        return self._network

    @property
    def layer(self) -> Layer | None:
        """The layer that is marked."""
        place = self._network.place(self._name)
        return place.layer if place is not None else None

    def set_network(self, layers: Sequence[Layer], input_size: int) -> None:
        """Draw another network; `input_size` in pixels. None with no layers."""
        self._network, self._input_size = Network(layers), input_size
        self._name, self._hovered, self._laid_out_for = "", None, -1.0
        self.update()

    def set_layer(self, name: str) -> None:
        """Mark where one is."""
        self._name = name
        self.update()

    def set_picture(self, pixels: np.ndarray) -> None:
        """Show what the network sees, uint8 `[size, size, 3]`; nothing for an empty one."""
        if not pixels.size:
            self._picture = QPixmap()
        else:
            edge = round(_PICTURE * self.devicePixelRatioF())
            scaled = to_pixmap(pixels).scaled(
                edge, edge, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            scaled.setDevicePixelRatio(self.devicePixelRatioF())
            self._picture = scaled
        self.update()

    def set_answer(self, answer: Sequence[tuple[str, float]]) -> None:
        """Show what the network says: classes with their probabilities, the likeliest first."""
        if bool(answer) != bool(self._answer):
            self._laid_out_for = -1.0
        self._answer = tuple(answer)
        self.update()

    # -- places -----------------------------------------------------------------------

    def boxes(self) -> tuple[StageBox, ...]:
        """Where the stages are drawn, in pixels of this widget."""
        if self._laid_out_for != self.width():
            left = _PAD + _PICTURE + _ARROW
            right = self.width() - _PAD - (_ARROW + _ANSWER if self._shows_answer else 0)
            self._boxes = lay_out(self._network, self._input_size, left, right, _TALLEST)
            self._laid_out_for = self.width()
        return self._boxes

    @property
    def _shows_answer(self) -> bool:
        return bool(self._answer) and self.width() >= WIDE

    def layer_at(self, place: QPointF) -> Layer | None:
        """The layer at a place; below the network, where a stage is named, its first one."""
        column = self._column_at(place)
        return column.layer if column is not None else None

    def _column_at(self, place: QPointF) -> Column | None:
        for box in self.boxes():
            if box.left - 3 <= place.x() <= box.right + box.depth:
                if place.y() > FLOOR + 2:
                    return box.columns[0]
                return min(box.columns, key=lambda column: abs(column.middle - place.x()))
        return None

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide and flat."""
        return QSize(760, HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As narrow as a network of ten stages can be read."""
        return QSize(420, HEIGHT)

    # -- mouse and keys ---------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show what a click would choose."""
        self._hover(self._column_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._hover(None)

    def _hover(self, column: Column | None) -> None:
        if column != self._hovered:
            self._hovered = column
            shape = Qt.CursorShape.ArrowCursor if column is None else Qt.CursorShape.PointingHandCursor
            self.setCursor(shape)
            self.setToolTip(self.tip(column.layer) if column is not None else "")
            if QToolTip.isVisible():  # Qt would go on saying what was said of the layer before
                QToolTip.showText(QCursor.pos(), self.toolTip(), self)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the layer."""
        layer = self.layer_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and layer is not None:
            self._choose(layer)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """The layer before or behind, the first or the last."""
        layers, place = self._network.layers, self._network.place(self._name)
        at = place.number if place is not None else -1
        steps = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(layers) - 1,
        }
        target = steps.get(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
        elif 0 <= target < len(layers):
            self._choose(layers[target])

    def _choose(self, layer: Layer) -> None:
        self.set_layer(layer.name)
        self.chosen.emit(layer)

    # -- painting ---------------------------------------------------------------------

    def tip(self, layer: Layer) -> str:
        """What is said of a layer, formatted."""
        place = self._network.place(layer.name)
        weights = parameter_text(layer.parameters)
        if layer.parameters:
            weights += f", {percent(self._network.share(layer.parameters))} of all"
        lines = (layer.name, f"gives {shape_text(layer.shape)}", weights, sight_text(layer))
        status = _TRAINING.get(training_text(layer), "")
        told = "<br>".join(html.escape(line) for line in (*lines, status) if line)
        title = html.escape(place.title if place is not None else title_of(layer))
        return f"<p><b>{title}</b></p><p>{told}</p>"

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Picture, network, answer."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        boxes = self.boxes()
        if not boxes:
            return
        drawn = MapPainter(painter, self.font(), FLOOR)
        drawn.picture(QRectF(_PAD, FLOOR - _PICTURE, _PICTURE, _PICTURE), self._picture, self._input_size)
        drawn.arrow(_PAD + _PICTURE + 4, boxes[0].left - 4)
        place = self._network.place(self._name)
        for box in boxes:
            drawn.stage(box)
        drawn.captions(boxes, place.stage if place is not None else None)
        columns = [column for box in boxes for column in box.columns]
        if self._hovered in columns:
            drawn.hover(self._hovered)
        if place is not None:
            drawn.here(columns[place.number], boxes)
        right = float(self.width() - _PAD)
        if self._shows_answer:
            drawn.arrow(right - _ANSWER - _ARROW + 3, right - _ANSWER - 5)
            drawn.answer(QRectF(right - _ANSWER, 0, _ANSWER, FLOOR), self._answer)
            right -= _ANSWER + _ARROW
        drawn.legend(right, {column.trained for column in columns})
        if self.hasFocus():
            drawn.focus(QRectF(self.rect()))
