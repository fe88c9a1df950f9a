"""Class names beside and above a confusion matrix: as many as there is room for."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QWidget

from deskclassify.ui import theme

SMALLEST = 2  # pixels of a cell
_LONGEST_NAME = 130  # pixels of a class name
_WIDE_ENOUGH, _TALL_ENOUGH = 40, 28  # pixels of a cell: names lie flat, cut, rather than leave less height to the rows
_TINY, _SHORT_NAME = 6, 58  # pixels of a cell, of which the names give way to the matrix, and of these
_AIR = 1  # pixels between two names that lie above one another


class NameHeader(QHeaderView):
    """Class names, elided; above the columns they are turned by 90 degrees where they do not fit.

    Where the cells are smaller than a line of text, every second or third name is written, and that under the pointer.
    """

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self._table = parent
        self._widest: int | None = None
        self._marked = -1
        self.setMinimumSectionSize(SMALLEST)
        self.setSectionsClickable(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def names_changed(self) -> None:
        """The names are others: measure them anew."""
        self._widest, self._marked = None, -1
        self.viewport().update()

    def mark(self, section: int) -> None:
        """Write a name so that it stands out; −1 for none."""
        if section != self._marked:
            self._marked = section
            self.viewport().update()

    def is_turned(self) -> bool:
        """Whether the names stand upright."""
        if self.orientation() == Qt.Orientation.Vertical or not self.count():
            return False
        wide = self.sectionSize(0)
        has_height = (self._table.height() - self._longest()) // self.count() >= _TALL_ENOUGH
        return self._longest() + 8 > wide and (wide < _WIDE_ENOUGH or has_height)

    def named_every(self) -> int:
        """1 where every name is written, 2 where every second is, and so on."""
        line = self.fontMetrics().height() + _AIR
        lies_flat = self.orientation() == Qt.Orientation.Horizontal and not self.is_turned()
        return 1 if lies_flat or not self.count() else math.ceil(line / max(1, self.sectionSize(0)))

    def _longest(self) -> int:
        if self._widest is None:
            metrics, model = self.fontMetrics(), self.model()
            names = (str(model.headerData(at, self.orientation())) for at in range(self.count()))
            self._widest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        share = 3 if self.orientation() == Qt.Orientation.Horizontal else 4
        room = self._table.height() if self.orientation() == Qt.Orientation.Horizontal else self._table.width()
        most = _SHORT_NAME if self.count() and self.sectionSize(0) < _TINY else _LONGEST_NAME
        return min(most, max(48, room // share), self._widest)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the longest name."""
        line = self.fontMetrics().height() + 10
        if self.orientation() == Qt.Orientation.Vertical:
            return QSize(self._longest() + 18, line)
        return QSize(line, self._longest() + 14 if self.is_turned() else line)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The names in sight; that under the pointer last, over its neighbours."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(theme.current().surface))
        if not self.count():
            return
        length = self.width() if self.orientation() == Qt.Orientation.Horizontal else self.height()
        first, last = self.visualIndexAt(0), self.visualIndexAt(length - 1)
        last = self.count() - 1 if last < 0 else last
        step, free = self.named_every(), 0
        for section in range(math.ceil(max(0, first) / step) * step, last + 1, step):
            begin, thick = self._place(section)
            if begin >= free or step == 1:  # the first name may have been moved onto the second
                self._write(painter, section, False)
                free = begin + thick
        if 0 <= self._marked < self.count():
            self._write(painter, self._marked, True)

    def _place(self, section: int) -> tuple[int, int]:
        """Where a name begins along the header, and how much room it takes there, in pixels."""
        line = self.fontMetrics().height() + _AIR
        at, size = self.sectionViewportPosition(section), self.sectionSize(section)
        across = self.orientation() == Qt.Orientation.Horizontal
        thick = size if across and not self.is_turned() else max(size, line)
        begin = at + (size - thick) // 2
        end = self.width() if across else self.height()
        return (max(0, min(begin, end - thick)) if thick > size else begin), thick  # at the ends, nothing is cut

    def _write(self, painter: QPainter, section: int, strong: bool) -> None:
        colors = theme.current()
        across, turned = self.orientation() == Qt.Orientation.Horizontal, self.is_turned()
        begin, thick = self._place(section)
        place = QRect(begin, 0, thick, self.height()) if across else QRect(0, begin, self.width(), thick)
        painter.save()
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        painter.setFont(font)
        if strong:
            painter.fillRect(place, QColor(colors.accent_soft))
        painter.setPen(QColor(colors.text if strong else colors.muted))
        name = str(self.model().headerData(section, self.orientation()))
        room = (place.height() - 10) if turned else place.width() - (4 if across else 10)
        text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        centre = Qt.AlignmentFlag.AlignVCenter
        if turned:
            painter.translate(place.left(), place.bottom() + 1)
            painter.rotate(-90)
            box = QRect(6, 0, place.height() - 6, place.width())
            painter.drawText(box, centre | Qt.AlignmentFlag.AlignLeft, text)
        elif across:
            painter.drawText(place, centre | Qt.AlignmentFlag.AlignHCenter, text)
        else:
            painter.drawText(place.adjusted(2, 0, -6, 0), centre | Qt.AlignmentFlag.AlignRight, text)
        painter.restore()
