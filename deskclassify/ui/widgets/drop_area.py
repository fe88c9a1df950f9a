"""A large target for pictures: drop, paste or click."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QRect, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from deskclassify.core import paths
from deskclassify.core.browser_drops import Dragged, Given, understand
from deskclassify.core.errors import UserError
from deskclassify.ui import theme

_ICON = 34


@dataclass(frozen=True)
class Brought:
    """What was dropped or pasted: see `browser_drops.Given`; `picture` is decoded, and null where there is none."""

    given: Given
    picture: QImage


class DropArea(QAbstractButton):
    """Takes files, folders, pictures without a file and pictures of the web; a click asks for files.

    Signals:
        brought: a `Brought`.
    """

    brought = Signal(object)

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self._hint = hint
        self._over = False
        self.setAccessibleDescription(hint)
        self.setAcceptDrops(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def is_highlighted(self) -> bool:
        """Whether something that can be dropped is held over it."""
        return self._over

    def sizeHint(self) -> QSize:  # noqa: N802
        """Inviting."""
        return QSize(360, 150)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Still easy to hit."""
        return QSize(220, 64)

    def take(self, mime: QMimeData) -> bool:
        """Take what was dropped or pasted.

        Returns:
            whether there was anything that can be used.
        """
        given = contents(mime)
        picture = QImage()
        if given.picture:
            image = mime.imageData()
            if not isinstance(image, QImage) or image.isNull():
                return False
            picture = image
        if given:
            self.brought.emit(Brought(given, picture))
        return bool(given)

    @property
    def hint(self) -> str:
        """The smaller line."""
        return self._hint

    def set_hint(self, hint: str) -> None:
        """Show another smaller line."""
        if hint != self._hint:
            self._hint = hint
            self.setAccessibleDescription(hint)
            self.update()

    def light(self, on: bool) -> None:
        """Show whether something that can be dropped is held over it, or over what surrounds it."""
        if on != self._over:
            self._over = on
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter is a click, as the space bar is."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Light up for what can be used."""
        if contents(event.mimeData()):
            event.acceptProposedAction()
            self.light(True)
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        """Back to normal."""
        self.light(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take it. The source keeps its files: this is always a copy, never a move."""
        self.light(False)
        if self.take(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """Show that it can be clicked."""
        super().enterEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A dashed frame, an icon and two lines."""
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self._over or self.isDown()
        near = lit or self.underMouse() or self.hasFocus()
        frame = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        pen = QPen(QColor(colors.accent if near else colors.muted), 2 if near else 1.5)
        pen.setStyle(Qt.PenStyle.SolidLine if self._over else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(colors.accent_soft if lit else colors.surface))
        painter.drawRoundedRect(frame, 12, 12)
        self._paint_text(painter)

    def _paint_text(self, painter: QPainter) -> None:
        """Icon over the lines, or beside them where there is too little height."""
        colors = theme.current()
        title_font = QFont(self.font())
        title_font.setPointSizeF(title_font.pointSizeF() + 2)
        title_font.setWeight(QFont.Weight.DemiBold)
        title_metrics, metrics = QFontMetrics(title_font), self.fontMetrics()
        lines = title_metrics.height() + 2 + metrics.height()
        is_tall = self.height() >= lines + _ICON + 40
        left, width = 12, self.width() - 24
        align = Qt.AlignmentFlag.AlignTop | (Qt.AlignmentFlag.AlignHCenter if is_tall else Qt.AlignmentFlag.AlignLeft)
        top = (self.height() - lines) // 2
        if is_tall:
            top += (_ICON + 8) // 2
            at = QPoint((self.width() - _ICON) // 2, top - _ICON - 8)
        else:
            widest = max(title_metrics.horizontalAdvance(self.text()), metrics.horizontalAdvance(self._hint))
            begin = max(left, (self.width() - widest - _ICON - 14) // 2)
            at = QPoint(begin, (self.height() - _ICON) // 2)
            left, width = begin + _ICON + 14, self.width() - begin - _ICON - 26
        painter.drawPixmap(at, theme.pixmap("image", _ICON, colors.accent, self.devicePixelRatioF()))
        for font, shown, color in ((title_font, self.text(), colors.text), (self.font(), self._hint, colors.muted)):
            painter.setFont(font)
            painter.setPen(QColor(color))
            short = painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, width)
            painter.drawText(QRect(left, top, width, painter.fontMetrics().height()), align, short)
            top += painter.fontMetrics().height() + 2


def contents(mime: QMimeData) -> Given:
    """What a drag or the clipboard holds that can be used. Nothing is looked up, and no picture decoded."""
    urls = mime.urls()
    return understand(
        Dragged(
            files=tuple(url.toLocalFile() for url in urls if url.isLocalFile() and url.toLocalFile()),
            addresses=tuple(
                url.toString(QUrl.ComponentFormattingOption.FullyEncoded) for url in urls if not url.isLocalFile()
            ),
            has_picture=mime.hasImage(),
            html=mime.html() if mime.hasHtml() else "",
            text=mime.text() if mime.hasText() else "",
            moz_url=bytes(mime.data("text/x-moz-url").data()) if mime.hasFormat("text/x-moz-url") else b"",
        )
    )


def local_paths(mime: QMimeData) -> list[Path]:
    """The files and folders of a drop or a paste."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]


def keep_picture(image: QImage, kind: str) -> Path:
    """Save a picture that has no file as PNG, in the folder `kind` of the cache.

    Raises:
        UserError: it cannot be written.
    """
    folder = paths.cache_dir() / kind
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=f"{kind}-", suffix=".png", dir=folder, delete=False) as file:
        target = Path(file.name)
    if not image.save(str(target)):
        target.unlink(missing_ok=True)
        raise UserError(f"The picture could not be saved in {folder}. Is the disk full?")
    return target
