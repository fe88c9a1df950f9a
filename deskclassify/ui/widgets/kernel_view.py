"""One kernel, large: its weights as coloured squares with their numbers, or as bars where it has no pattern."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number, signed_color, text_on

_TITLE = 20  # pixels, above each panel
_SCALE = 36  # pixels, below the panels
_APART = 12  # pixels between panels
_LARGEST_CELL = 64  # pixels
_SMALL = 11  # pixels, of numbers in cells
_ROW = 22  # pixels, of a bar
_BAR = 10
_RIGHT = 8  # pixels, between numbers and the scroll bar


@dataclass(frozen=True)
class Panel:
    """A kernel at one moment.

    Attributes:
        title: above it.
        values: float32 `[kh, kw]`; `[kh, kw, 3]` is shown in colour, with middle grey for zero.
        largest: the amount that has the full colour.
    """

    title: str
    values: np.ndarray
    largest: float

    def color(self, row: int, column: int) -> QColor:
        """Of one weight."""
        if self.values.ndim == 2:
            return signed_color(float(self.values[row, column]), self.largest)
        levels = np.rint(127.5 + 127.5 * (self.values[row, column] / (self.largest or 1.0)).clip(-1, 1))
        return QColor(*map(int, levels))


class KernelView(QWidget):
    """Panels side by side, all as large as there is room; `hovered` tells the weights under the cursor."""

    hovered = Signal(str)  # a line of text; empty when the cursor has left

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panels: tuple[Panel, ...] = ()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.notifier().changed.connect(self.update)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What is shown."""
        return self._panels

    def set_panels(self, panels: Sequence[Panel]) -> None:
        """Show other panels; all have kernels of one size."""
        self._panels = tuple(panels)
        self.setAccessibleName("; ".join(f"{one.title}: {_spoken(one.values)}" for one in self._panels))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for three panels."""
        return QSize(400, 220)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The smallest that is of use."""
        return QSize(240, 120)

    def _areas(self) -> list[QRectF]:
        """Where the panels are painted."""
        if not self._panels:
            return []
        rows, columns = self._panels[0].values.shape[:2]
        count = len(self._panels)
        # Below each other, where that makes them much larger.
        cells = {
            across: min(
                (self.width() - (across - 1) * _APART) / (across * columns),
                (self.height() - _SCALE - (-(-count // across)) * (_TITLE + _APART)) / (-(-count // across) * rows),
            )
            for across in {count, min(2, count)}
        }
        across = count if cells[count] * 1.25 >= max(cells.values()) else min(2, count)
        cell = max(2, int(min(_LARGEST_CELL, cells[across])))
        width, height = cell * columns, cell * rows
        down = -(-count // across)
        left = (self.width() - across * width - (across - 1) * _APART) / 2
        top = max(0.0, (self.height() - _SCALE - down * (height + _TITLE + _APART)) / 2) + _TITLE
        return [
            QRectF(
                int(left + at % across * (width + _APART)),
                int(top + at // across * (height + _TITLE + _APART)),
                width,
                height,
            )
            for at in range(count)
        ]

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column of the weight under a point of the widget; None outside."""
        for panel, area in zip(self._panels, self._areas(), strict=True):
            if area.contains(point):
                rows, columns = panel.values.shape[:2]
                row = int((point.y() - area.top()) / area.height() * rows)
                column = int((point.x() - area.left()) / area.width() * columns)
                return min(row, rows - 1), min(column, columns - 1)
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the weights under the cursor."""
        place = self.place_at(event.position())
        if place is None:
            self.hovered.emit("")
            return
        told = "  ·  ".join(f"{panel.title} {_words(panel.values[place])}" for panel in self._panels)
        self.hovered.emit(f"Row {place[0]}, column {place[1]}:  {told}")

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No weight without a cursor."""
        self.hovered.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The panels with their titles, then the scale of the first."""
        areas = self._areas()
        if not areas:
            return
        painter = QPainter(self)
        has_numbers = self._has_room_for_numbers(areas[0])
        for panel, area in zip(self._panels, areas, strict=True):
            self._paint_panel(painter, panel, area, has_numbers)
        if self._panels[0].values.ndim == 2 and self._panels[0].largest:
            width = min(260.0, self.width() - 40.0)
            bar = QRectF((self.width() - width) / 2, max(area.bottom() for area in areas) + 12, width, 8)
            paint_scale(painter, bar, self._panels[0].largest)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(_SMALL)
        return font

    def _has_room_for_numbers(self, area: QRectF) -> bool:
        if any(panel.values.ndim == 3 for panel in self._panels):
            return False
        rows, columns = self._panels[0].values.shape
        metrics = QFontMetrics(self._small_font())
        texts = {_short(float(value), panel.largest) for panel in self._panels for value in panel.values.flat}
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        return bool(widest + 3 <= area.width() / columns and metrics.height() <= area.height() / rows)

    def _paint_panel(self, painter: QPainter, panel: Panel, area: QRectF, has_numbers: bool) -> None:
        colors = theme.current()
        line = QRectF(area.left() - _APART / 2, area.top() - _TITLE, area.width() + _APART, 18)
        painter.setPen(QColor(colors.text))
        short = painter.fontMetrics().elidedText(panel.title, Qt.TextElideMode.ElideRight, int(line.width()))
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, short)
        rows, columns = panel.values.shape[:2]
        width, height = area.width() / columns, area.height() / rows
        painter.save()
        painter.setFont(self._small_font())
        for row in range(rows):
            for column in range(columns):
                cell = QRectF(area.left() + column * width, area.top() + row * height, width, height)
                color = panel.color(row, column)
                painter.fillRect(cell, color)
                if has_numbers:
                    painter.setPen(text_on(color))
                    painter.drawText(
                        cell, Qt.AlignmentFlag.AlignCenter, _short(float(panel.values[row, column]), panel.largest)
                    )
        painter.setPen(QPen(QColor(colors.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.restore()


def paint_scale(painter: QPainter, bar: QRectF, largest: float) -> None:
    """A strip from the colour of −`largest` to that of +`largest`, with numbers beneath."""
    steps = 64
    for at in range(steps):
        left = round(bar.left() + bar.width() * at / steps)
        right = round(bar.left() + bar.width() * (at + 1) / steps)
        color = signed_color(2 * (at + 0.5) / steps - 1, 1.0)
        painter.fillRect(QRectF(left, bar.top(), right - left, bar.height()), color)
    painter.setPen(QColor(theme.current().muted))
    line = QRectF(bar.left(), bar.bottom() + 2, bar.width(), 18)
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft, number(-largest))
    painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, "0")
    painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"+{number(largest)}")


@dataclass(frozen=True)
class MixRow:
    """One weight of a mix; `before` is None where that is not known."""

    name: str
    after: float
    before: float | None = None


class MixView(QWidget):
    """Weights as bars from a middle line, to be put into a scroll area. A dark line marks a weight before training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[MixRow, ...] = ()
        self._largest = 0.0
        self._decimals = 1
        self._knows_before = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)

    @property
    def rows(self) -> tuple[MixRow, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[MixRow]) -> None:
        """Show other weights, in the given order."""
        self._rows = tuple(rows)
        self._largest = max((max(abs(row.after), abs(row.before or 0.0)) for row in self._rows), default=0.0)
        # Three digits of the largest weight, and one more for the changes, which are smaller.
        self._decimals = max(0, 2 - math.floor(math.log10(self._largest))) if self._largest else 1
        self._knows_before = any(row.before is not None for row in self._rows)
        self.setAccessibleName("; ".join(f"{row.name}: {number(row.after)}" for row in self._rows))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """One line a weight, and one for the titles."""
        return QSize(320, (len(self._rows) + 1) * _ROW)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrow, but all lines."""
        return QSize(220, (len(self._rows) + 1) * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Name, bar, number and change of each visible row."""
        if not self._rows:
            return
        painter = QPainter(self)
        metrics, colors = painter.fontMetrics(), theme.current()
        middle = Qt.AlignmentFlag.AlignVCenter
        names = max(metrics.horizontalAdvance(row.name) for row in self._rows)
        numbers = metrics.horizontalAdvance("−0." + "0" * (self._decimals + 1)) + 12
        changes = numbers if self._knows_before else 0
        right = self.width() - _RIGHT
        track = QRectF(names + 10, 0, max(40, right - names - 10 - numbers - changes), _ROW)
        value, change = QRectF(0, 0, right - changes, _ROW), QRectF(0, 0, right, _ROW)
        painter.setPen(QColor(colors.muted))
        painter.drawText(value, middle | Qt.AlignmentFlag.AlignRight, "Weight")
        if changes:
            painter.drawText(change, middle | Qt.AlignmentFlag.AlignRight, "Change")
        first, last = event.rect().top() // _ROW - 1, event.rect().bottom() // _ROW - 1
        for at in range(max(0, first), min(len(self._rows), last + 1)):
            row, top = self._rows[at], (at + 1) * _ROW
            self._paint_bar(painter, row, track.translated(0, top))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(0, top, names, _ROW), middle | Qt.AlignmentFlag.AlignLeft, row.name)
            if row.before is not None:
                change_of = row.after - row.before
                text = f"{change_of:+.{self._decimals + 1}f}".replace("-", "−") if change_of else "0"
                painter.drawText(change.translated(0, top), middle | Qt.AlignmentFlag.AlignRight, text)
            painter.setPen(QColor(colors.text))
            text = f"{row.after:.{self._decimals}f}".replace("-", "−")
            painter.drawText(value.translated(0, top), middle | Qt.AlignmentFlag.AlignRight, text)

    def _paint_bar(self, painter: QPainter, row: MixRow, track: QRectF) -> None:
        colors, half = theme.current(), track.width() / 2
        middle, scale = track.center().x(), self._largest or 1.0
        end = middle + half * row.after / scale
        top = track.top() + (_ROW - _BAR) / 2
        bar = QRectF(min(middle, end), top, abs(end - middle), _BAR)
        painter.fillRect(bar, signed_color(float(np.sign(row.after)), 1.0))
        painter.fillRect(QRectF(middle - 0.5, track.top(), 1, _ROW), QColor(colors.border))
        if row.before is not None:
            at = middle + half * row.before / scale
            painter.fillRect(QRectF(at - 1, top - 3, 2, _BAR + 6), QColor(colors.text))


def _short(value: float, largest: float) -> str:
    """As much of a number as a cell has room for: two digits of the `largest` one on its scale."""
    decimals = min(4, max(0, 1 - math.floor(math.log10(largest)))) if largest else 1
    text = f"{value:.{decimals}f}".replace("-", "−")
    if float(f"{value:.{decimals}f}") == 0:
        return "≈ 0" if value else "0"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _words(value: np.ndarray) -> str:
    return number(float(value)) if not value.ndim else "/".join(number(float(one)) for one in value)


def _spoken(values: np.ndarray) -> str:
    return f"from {number(float(values.min()))} to {number(float(values.max()))}" if values.size else ""
