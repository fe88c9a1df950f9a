"""A picture with a part of it marked: what lies outside is dimmed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme

_DIM = 120  # of 255
_LEAST_BOX = 9.0  # pixels on the screen: a smaller box would not be found


class BoxedPicture(QWidget):
    """Shows a picture as large as fits, with a box around a part of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: QPixmap | None = None
        self._box = (0, 0, 0, 0)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)  # the network's input is square
        self.setSizePolicy(policy)
        theme.notifier().changed.connect(self.update)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, height and width, in pixels of the picture."""
        return self._box

    def show_box(self, picture: QPixmap | None, box: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        """Show another picture, or none."""
        self._picture, self._box = picture, box
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large enough to recognise what it shows."""
        return QSize(180, 180)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(90, 90)

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """As high as it is wide, where there is room."""
        return width

    def area(self) -> QRectF:
        """Where the picture is painted."""
        if self._picture is None:
            return QRectF()
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(0, 0, size.width(), size.height())

    def marked(self) -> QRectF:
        """Where the box is painted; empty where it holds the whole picture."""
        if self._picture is None:
            return QRectF()
        top, left, height, width = self._box
        if height >= self._picture.height() and width >= self._picture.width():
            return QRectF()
        area = self.area()
        scale = area.width() / self._picture.width()
        box = QRectF(area.left() + left * scale, area.top() + top * scale, width * scale, height * scale)
        wider, higher = max(0.0, _LEAST_BOX - box.width()) / 2, max(0.0, _LEAST_BOX - box.height()) / 2
        return box.adjusted(-wider, -higher, wider, higher)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture with round corners, the veil with a hole in it, and a frame around the hole."""
        if self._picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area, box = self.area(), self.marked()
        corners = QPainterPath()
        corners.addRoundedRect(area, 6, 6)
        painter.setClipPath(corners)
        painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
        if box.isEmpty():
            return
        hole = QPainterPath()
        hole.addRect(box)
        painter.fillPath(corners.subtracted(hole), QColor(0, 0, 0, _DIM))
        painter.setClipping(False)
        # Two colours: one of them stands out on any picture.
        painter.setPen(QPen(QColor(0, 0, 0, 170), 4))
        painter.drawRect(box)
        painter.setPen(QPen(QColor(theme.DARK.accent), 2))
        painter.drawRect(box)
