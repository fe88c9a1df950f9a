"""The largest of many products as bars: what a convolution of a single place mixes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number, signed_color

_ROW = 23  # pixels
_TEXT = 12
_FEWEST, _MOST = 4, 14  # rows
_COLUMNS = (("Input channel", 0.0, 92.0), ("value", 92.0, 62.0), ("× weight", 154.0, 78.0), ("= product", 232.0, 80.0))
_BAR_FROM = 326.0


class ShareBars(QWidget):
    """One row for each of the inputs that count most: value × weight = product; and one for all the others together."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = self._weights = self._products = np.zeros(0)
        self._order = np.zeros(0, dtype=int)
        self._first = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    def set_products(self, values: np.ndarray, weights: np.ndarray, first: int = 0) -> None:
        """Show other numbers, each float `[inputs]`; `first` is the number of the first input channel."""
        self._values, self._weights = values.astype(float), weights.astype(float)
        self._products = self._values * self._weights
        self._order = np.argsort(-np.abs(self._products), kind="stable")
        self._first = first
        self.setMaximumHeight((min(_MOST, len(values)) + 2) * _ROW)
        self.setAccessibleName("; ".join(" ".join(row) for row, _ in self.rows()))
        self.update()

    def rows(self) -> list[tuple[tuple[str, str, str, str], float]]:
        """The texts of each row, and its product: the largest first, the others together last."""
        room = max(_FEWEST, min(_MOST, self.height() // _ROW - 1))
        count = len(self._order)
        shown = count if count <= room else room - 1
        rows = []
        for at in map(int, self._order[:shown]):
            value, weight, product = (float(of[at]) for of in (self._values, self._weights, self._products))
            rows.append(
                ((f"{self._first + at}", number(value), f"× {number(weight)}", f"= {number(product)}"), product)
            )
        if count > shown:
            rest = float(self._products[self._order[shown:]].sum())
            rows.append(((f"{count - shown:,} others", "", "", f"= {number(rest)}"), rest))
        return rows

    def sizeHint(self) -> QSize:  # noqa: N802
        """Few rows, for there are more where there is room."""
        return QSize(440, (min(_FEWEST, len(self._order)) + 1) * _ROW)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The numbers with a short bar."""
        return QSize(380, (_FEWEST + 1) * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A head, and a line for each row with its bar from zero."""
        rows = self.rows()
        if not rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme.current()
        self._write(painter, 0, tuple(title for title, _, _ in _COLUMNS), colors.muted, False)
        largest = max(abs(product) for _, product in rows) or 1.0
        track = QRectF(_BAR_FROM, 0, max(30.0, self.width() - _BAR_FROM - 8), 0)
        has_both = min(product for _, product in rows) < 0 < max(product for _, product in rows)
        zero = track.center().x() if has_both else track.left()
        length = track.width() / 2 if has_both else track.width()
        for at, (texts, product) in enumerate(rows, 1):
            self._write(painter, at, texts, colors.text, at == 1)
            size = length * abs(product) / largest
            left = zero - size if product < 0 and has_both else zero
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(signed_color(product, abs(product)))
            painter.drawRoundedRect(QRectF(left, at * _ROW + 5, max(1.5, size), _ROW - 10), 2, 2)
        painter.fillRect(QRectF(zero - 0.5, _ROW + 1, 1, len(rows) * _ROW - 2), QColor(colors.muted))

    def _write(self, painter: QPainter, row: int, texts: tuple[str, ...], color: str, strong: bool) -> None:
        font = painter.font()
        font.setPixelSize(_TEXT)
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(color))
        for (_, left, width), text in zip(_COLUMNS, texts, strict=True):
            box = QRectF(left, row * _ROW, width, _ROW)
            side = Qt.AlignmentFlag.AlignLeft if left == 0 else Qt.AlignmentFlag.AlignRight
            painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, text)
