"""What is said of a picture while the pointer rests on its point."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.common import muted, set_role, subheading

_EDGE = 88  # pixels of the picture
_TEXT_PIXELS = 150
_AWAY = 14  # pixels from the point


class PictureTip(QFrame):
    """A small card beside a point of its parent, inside of it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._key: thumbnails.Key = ("", 0)
        self.picture = QLabel()
        self.picture.setFixedSize(_EDGE, _EDGE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self.title_label = subheading("")
        self.title_label.setWordWrap(True)
        self.answer_label = muted("")
        self.name_label = muted("")
        self.name_label.setWordWrap(False)
        text = QVBoxLayout()
        text.setSpacing(3)
        for label in (self.title_label, self.answer_label, self.name_label):
            label.setFixedWidth(_TEXT_PIXELS)
            text.addWidget(label)
        text.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        row.setSpacing(theme.GAP + 2)
        row.addWidget(self.picture)
        row.addLayout(text)
        thumbnails.shared().ready.connect(self._arrived)
        self.hide()

    def show_picture(self, path: str, title: str, answer: str, is_wrong: bool, place: QPoint) -> None:
        """Show a picture and what is said of it, beside a place of the parent."""
        self._key = (path, round(_EDGE * self.devicePixelRatioF()))
        self.title_label.setText(title)
        self.answer_label.setText(answer)
        set_role(self.answer_label, "bad" if is_wrong else "good")
        metrics = self.name_label.fontMetrics()
        name = metrics.elidedText(Path(path).name, Qt.TextElideMode.ElideMiddle, _TEXT_PIXELS)
        self.name_label.setText(name)
        self._show_thumbnail()
        thumbnails.shared().want(id(self), [self._key])
        self.adjustSize()
        self.move(_beside(place, self.size(), self._parent.size()))
        self.show()

    @Slot(object)
    def _arrived(self, key: thumbnails.Key) -> None:
        if key == self._key and self.isVisible():
            self._show_thumbnail()

    def _show_thumbnail(self) -> None:
        known = thumbnails.shared().get(self._key)
        if isinstance(known, QPixmap):
            known = QPixmap(known)
            known.setDevicePixelRatio(self.devicePixelRatioF())
            self.picture.setPixmap(known)
        else:
            self.picture.setText("It cannot be read" if known else "")


def _beside(place: QPoint, size: QSize, room: QSize) -> QPoint:
    """Right of a place and below it; on the other side where there is no room."""
    x, y = place.x() + _AWAY, place.y() + _AWAY
    if x + size.width() > room.width():
        x = place.x() - _AWAY - size.width()
    if y + size.height() > room.height():
        y = place.y() - _AWAY - size.height()
    return QPoint(max(0, min(x, room.width() - size.width())), max(0, min(y, room.height() - size.height())))
