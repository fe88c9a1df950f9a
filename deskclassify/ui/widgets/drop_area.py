"""A large target for pictures: drop, paste or click."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFont,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from deskclassify.core import paths
from deskclassify.core.errors import Failure, UserError
from deskclassify.ui import theme

_ICON = 34


class DropArea(QAbstractButton):
    """Takes files, folders and pictures without a file; a click asks for files.

    Signals:
        dropped: list of `Path`, of files and folders.
        failed: a `Failure`, when a picture without a file cannot be kept.
    """

    dropped = Signal(object)
    failed = Signal(object)

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
        return QSize(220, 110)

    def take(self, mime: QMimeData) -> bool:
        """Take what was dropped or pasted.

        Returns:
            whether there was anything that can be used.
        """
        files = local_paths(mime)
        if files:
            self.dropped.emit(files)
            return True
        image = mime.imageData() if mime.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            try:
                self.dropped.emit([keep_picture(image, "pasted")])
            except Exception as error:
                self.failed.emit(Failure.of(error))
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter is a click, as the space bar is."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Light up for what can be used."""
        if local_paths(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._light(True)
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        """Back to normal."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take it. The source keeps its files: this is always a copy, never a move."""
        self._light(False)
        if self.take(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def _light(self, on: bool) -> None:
        self._over = on
        self.update()

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
        middle = self.height() / 2
        icon = theme.pixmap("image", _ICON, colors.accent, self.devicePixelRatioF())
        painter.drawPixmap(int((self.width() - _ICON) / 2), int(middle - _ICON - 12), icon)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() + 2)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(QRectF(8, middle - 4, self.width() - 16, 26), center, self.text())
        painter.setFont(self.font())
        painter.setPen(QColor(colors.muted))
        wrapped = center | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(12, middle + 22, self.width() - 24, 40), wrapped, self._hint)


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
