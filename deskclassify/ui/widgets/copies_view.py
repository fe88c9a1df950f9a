"""Pictures in rows: the original first, then its changed copies."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.core.events import Augmented
from deskclassify.ui import theme
from deskclassify.ui.widgets.images import to_pixmap

_LEAST_SHARE = 0.005  # of another picture, that is worth a word
_CORNER = 6.0  # pixels


class CopiesView(QWidget):
    """Paints what an `Augmented` holds; in its place a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._rows: list[list[QPixmap]] = []
        self._captions: list[list[str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def rows(self) -> list[list[QPixmap]]:
        """What is shown."""
        return self._rows

    @property
    def text(self) -> str:
        """The sentence that is shown; empty where there are pictures."""
        return self._text

    def captions(self) -> list[list[str]]:
        """What stands below the pictures."""
        return self._captions

    def show_copies(self, event: Augmented, labels: list[str]) -> None:
        """Show pictures; `labels` are the class names of the originals."""
        self._text = ""
        self._rows = [[to_pixmap(pixels) for pixels in row] for row in event.pictures]
        self._captions = [
            [labels[number], *(_mixed_in(copy, number, labels) for copy in shares)]
            for number, shares in enumerate(event.shares)
        ]
        self.setAccessibleName(f"{len(self._rows)} training pictures with changed copies")
        self.update()

    def show_text(self, text: str) -> None:
        """Show a sentence where there is nothing to see yet."""
        self._text, self._rows, self._captions = text, [], []
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Six pictures beside each other."""
        return QSize(880, 470)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(480, 260)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Rows of squares with round corners, each with its caption; the first column apart from the others."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        colors, metrics = theme.current(), painter.fontMetrics()
        painter.setPen(QColor(colors.muted))
        if not self._rows:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), flags, self._text)
            return
        line = metrics.height() + 4
        columns, count, gap = len(self._rows[0]), len(self._rows), theme.GAP
        apart = 2 * gap  # between the original and the copies
        edge = min((self.width() - apart - (columns - 1) * gap) / columns, (self.height() - line) / count - line - gap)
        left = (self.width() - columns * edge - (columns - 1) * gap - apart) / 2
        for row, pixmaps in enumerate(self._rows):
            for column, pixmap in enumerate(pixmaps):
                x = left + column * (edge + gap) + (apart if column else 0)
                y = line + row * (edge + line + gap)
                if row == 0 and column < 2:
                    title = "Original" if column == 0 else "As the network sees it"
                    painter.drawText(QRectF(x, 0, 3 * edge, line), Qt.AlignmentFlag.AlignVCenter, title)
                area = QRectF(x, y, edge, edge)
                self._paint(painter, area, pixmap)
                below = QRectF(x, area.bottom() + 1, edge, line)
                painter.drawText(
                    below, Qt.AlignmentFlag.AlignCenter, _fitted(self._captions[row][column], metrics, edge)
                )

    @staticmethod
    def _paint(painter: QPainter, area: QRectF, pixmap: QPixmap) -> None:
        corners = QPainterPath()
        corners.addRoundedRect(area, _CORNER, _CORNER)
        painter.save()
        painter.setClipPath(corners)
        painter.drawPixmap(area, pixmap, QRectF(pixmap.rect()))
        painter.restore()


def _mixed_in(shares: np.ndarray, own: int, labels: list[str]) -> str:
    """“+ 40 % paper” where a picture of another class is mixed in; nothing where none is."""
    parts: dict[str, float] = {}
    for share, label in zip(shares, labels, strict=True):
        if share >= _LEAST_SHARE and label != labels[own]:
            parts[label] = parts.get(label, 0.0) + float(share)
    return ", ".join(f"+ {100 * share:.0f} % {label}" for label, share in parts.items())


def _fitted(text: str, metrics: QFontMetrics, width: float) -> str:
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(width))
