"""A small drawing of what a folder, an archive or a table should look like inside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme

_ROW_PIXELS = 26
_ICON_PIXELS = 16
_INDENT_PIXELS = 24
_PADDING = 14

Row = tuple[int, str, str, str]  # depth, icon, name, remark


class Sketch(QWidget):
    """Rows as in a file manager: an icon, a name, and a remark in secondary colour.

    Args:
        title: above the rows.
        rows: from top to bottom.
    """

    def __init__(self, title: str, rows: Sequence[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._rows = tuple(rows)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        lines = ", ".join(f"{name} {remark}".strip() for _, _, name, remark in rows)
        self.setAccessibleName(f"{title}: {lines}")
        theme.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as its rows."""
        return QSize(320, _ROW_PIXELS * (len(self._rows) + 1) + 2 * _PADDING)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """All rows, however narrow."""
        return QSize(200, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The rows on a raised surface."""
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.raised))
        painter.drawRoundedRect(self.rect(), theme.RADIUS, theme.RADIUS)
        metrics = QFontMetrics(self.font())
        painter.setPen(QColor(colors.muted))
        line = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRect(_PADDING, _PADDING, self.width() - 2 * _PADDING, _ROW_PIXELS), line, self._title)
        for place, (depth, icon, name, remark) in enumerate(self._rows, 1):
            left, top = _PADDING + depth * _INDENT_PIXELS, _PADDING + place * _ROW_PIXELS
            middle = top + (_ROW_PIXELS - _ICON_PIXELS) // 2
            painter.drawPixmap(left, middle, theme.pixmap(icon, _ICON_PIXELS, colors.accent, self.devicePixelRatioF()))
            left += _ICON_PIXELS + theme.GAP
            painter.setPen(QColor(colors.text))
            painter.drawText(QRect(left, top, self.width() - left, _ROW_PIXELS), line, name)
            left += metrics.horizontalAdvance(name) + theme.GAP
            painter.setPen(QColor(colors.muted))
            room = self.width() - left - _PADDING
            text = metrics.elidedText(remark, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRect(left, top, room, _ROW_PIXELS), line, text)
