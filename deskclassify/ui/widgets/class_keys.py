"""Classes beside pictures: each with its key; a click or a drop gives it to the pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets import dragged

MOST_KEYS = 10  # 1 to 9, then 0
_CAP = 18  # pixels, edge of a key
_SPOT = 10  # pixels, of a class's colour
_PAD, _GAP = 7, 6  # pixels
_WIDEST = 150  # pixels of a name


def key_of(place: int) -> str:
    """The digit of the class at a place: 1 to 9, then 0; empty for those after it."""
    return str((place + 1) % 10) if place < MOST_KEYS else ""


def place_of(digit: int) -> int:
    """The place of the class that a digit stands for."""
    return (digit - 1) % 10


def draw_cap(painter: QPainter, place: QRectF, digit: str) -> None:
    """A key of the keyboard."""
    colors, font = theme.current(), QFont(painter.font())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colors.muted), 1))
    painter.setBrush(QColor(colors.surface))
    painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 4, 4)
    font.setPixelSize(round(place.height() * 0.62))
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(QColor(colors.text))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, digit)


def sign(color: str, digit: str) -> QPixmap:
    """The colour of a class as a spot and, where it has one, its key."""
    width = _SPOT + _GAP + _CAP
    made = QPixmap(2 * width, 2 * _CAP)
    made.fill(Qt.GlobalColor.transparent)
    made.setDevicePixelRatio(2)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(QRectF(0, (_CAP - _SPOT) / 2, _SPOT, _SPOT))
    if digit:
        draw_cap(painter, QRectF(_SPOT + _GAP, 0, _CAP, _CAP), digit)
    painter.end()
    return made


class ClassKey(QAbstractButton):
    """One class. Pictures can be dropped on it."""

    dropped = Signal(object, str)  # list of paths, name of the class

    def __init__(self, name: str, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color, self._digit, self._over = theme.class_color(place), key_of(place), False
        self.setText(name)
        self.setAcceptDrops(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the digits are the keyboard's way
        key = f" Key: {self._digit}." if self._digit else ""
        self.setAccessibleName(f"This is a {name}")
        self.setToolTip(f"Give the class “{name}” to the chosen pictures, or drop pictures here.{key}")

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Key and name in one line."""
        text = min(_WIDEST, self.fontMetrics().horizontalAdvance(self.text()) + 2)
        cap = _CAP if self._digit else _SPOT
        return QSize(2 * _PAD + cap + _GAP + text, max(_CAP, self.fontMetrics().height()) + _PAD)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Key, name, and a line in the colour of the class."""
        colors, area = theme.current(), QRectF(self.rect())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self._over or self.isDown()
        painter.setPen(QPen(QColor(colors.accent if lit else colors.border), 2 if lit else 1))
        painter.setBrush(QColor(colors.accent_soft if lit else colors.raised if self.underMouse() else colors.surface))
        painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)
        if self._digit:
            draw_cap(painter, QRectF(_PAD, (area.height() - _CAP) / 2, _CAP, _CAP), self._digit)
        left = _PAD + (_CAP if self._digit else 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._color))
        painter.drawRoundedRect(QRectF(_PAD, area.height() - 4, area.width() - 2 * _PAD, 2), 1, 1)
        painter.setFont(self.font())
        painter.setPen(QColor(colors.text))
        text = area.adjusted(left + _GAP, -1, -_PAD, -1)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Pictures of this window are welcome."""
        if event.mimeData().hasFormat(dragged.PICTURES):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._light(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        """They went elsewhere."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """They get this class."""
        self._light(False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(dragged.paths_of(event.mimeData()), self.text())

    def _light(self, over: bool) -> None:
        self._over = over
        self.update()


class ClassKeys(QWidget):
    """The classes in rows, as many as the width takes; beyond `most` they are left to the menu."""

    chosen = Signal(str)  # a class that was clicked
    dropped = Signal(object, str)  # list of paths, name of the class

    def __init__(self, parent: QWidget | None = None, most: int = MOST_KEYS) -> None:
        super().__init__(parent)
        self.setObjectName("classKeys")
        self.setAccessibleName("Classes and their keys")
        self._most = most
        self._keys: list[ClassKey] = []
        self._names: list[str] = []
        theme.notifier().changed.connect(self.update)

    def set_classes(self, names: Sequence[str]) -> None:
        """Show these classes, in the order of their keys."""
        names = list(names)
        if names == self._names:
            return
        self._names = names
        for key in self._keys:
            key.hide()
            key.deleteLater()
        self._keys = [ClassKey(name, place, self) for place, name in enumerate(names[: self._most])]
        for key in self._keys:
            key.clicked.connect(self._click)
            key.dropped.connect(self.dropped)
            key.show()
        self._lay_out()

    @Slot()
    def _click(self) -> None:
        key = self.sender()
        if isinstance(key, ClassKey):
            self.chosen.emit(key.text())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Other rows for another width."""
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        left = top = 0
        for key in self._keys:
            size = key.sizeHint()
            if left and left + size.width() > self.width():
                left, top = 0, top + size.height() + _GAP
            key.setGeometry(left, top, size.width(), size.height())
            left += size.width() + _GAP
        self.setFixedHeight(top + self._keys[0].sizeHint().height() if self._keys else 0)
