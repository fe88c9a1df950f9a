"""The legend of a plot of pictures: its classes with their marks, each of which can be hidden."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.widgets.cloud import NOTHING, Cloud
from deskclassify.ui.widgets.common import fill_scroll, muted
from deskclassify.ui.widgets.marks import Marks

_EDGE = 12  # pixels of a mark
_PAD = 6  # pixels
_FEWEST_ROWS = 4  # that are always in sight


class ClassRow(QAbstractButton):
    """One class: its mark, its name, how many pictures. Checked while it is shown."""

    double_clicked = Signal(int)  # number of the class

    def __init__(self, number: int, name: str, images: int, wrong: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self._name, self._count = name, f"{images:,}"
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        errors = "all of them right" if not wrong else f"{wrong:,} of them wrong"
        facts = f"{counted(images, 'picture')}, {errors}"
        self.setAccessibleName(f"{name}: {facts}")
        self.setToolTip(f"{name}: {facts}.\nA click hides or shows this class; a double-click shows no other.")

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """One line of text."""
        return QSize(120, self.fontMetrics().height() + _PAD)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show this class alone."""
        self.double_clicked.emit(self.number)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """It lights up under the pointer."""
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """And goes out again."""
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Mark, name and number; pale while the class is hidden."""
        colors, area = theme.current(), self.rect()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.raised))
            painter.drawRoundedRect(area, 5, 5)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)
        marks = Marks(_EDGE, self.devicePixelRatioF())
        left = _PAD - (marks.side - _EDGE) // 2
        mark = marks.get(self.number, is_faint=not self.isChecked())
        painter.drawPixmap(left, (area.height() - marks.side) // 2, mark)
        metrics = self.fontMetrics()
        count = metrics.horizontalAdvance(self._count)
        text = QRect(area).adjusted(2 * _PAD + _EDGE, 0, -_PAD, 0)
        painter.setPen(QColor(colors.muted))
        painter.drawText(text, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._count)
        text.setRight(text.right() - count - _PAD)
        font = painter.font()
        font.setStrikeOut(not self.isChecked())
        painter.setFont(font)
        painter.setPen(QColor(colors.text if self.isChecked() else colors.muted))
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)


class _Rows(QScrollArea):
    """Scrolls where there is no room for all."""

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """All that is in it: it is never higher. Qt's own size keeps to what was in it first."""
        return QSize(super().sizeHint().width(), self.maximumHeight())


class ClassLegend(QWidget):
    """Rows of classes, and what a ring means. `hidden` holds the numbers of the classes that are not shown."""

    hidden_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hidden: frozenset[int] = frozenset()
        self.rows: list[ClassRow] = []
        self._cloud = NOTHING
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._scroll = _Rows()
        fill_scroll(self._scroll, inner)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setMaximumHeight(0)  # of no row
        self._ring = QLabel()
        self._ring.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.ring_label = muted("A ring: wrong. Its colour: what the network says")
        self._key = QWidget()
        row = QHBoxLayout(self._key)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_PAD)
        row.addWidget(self._ring)
        row.addWidget(self.ring_label, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_PAD)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._key)
        self._key.hide()
        theme.notifier().changed.connect(self._draw_ring)

    def set_cloud(self, cloud: Cloud) -> None:
        """Show the classes of a cloud; those that were hidden stay so where the pictures are the same."""
        is_same = cloud.paths == self._cloud.paths and cloud.classes == self._cloud.classes
        self._cloud = cloud
        if is_same:
            return
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = []
        for number, name in enumerate(cloud.classes):
            of_it = cloud.labels == number
            row = ClassRow(number, name, int(of_it.sum()), int((of_it & cloud.wrong).sum()))
            row.toggled.connect(self._toggled)
            row.double_clicked.connect(self._show_alone)
            self._column.insertWidget(number, row)
            self.rows.append(row)
        self._scroll.setMaximumHeight(self._rows_height())
        self._scroll.setMinimumHeight(self._rows_height(_FEWEST_ROWS))
        self.show_key(True)
        self._draw_ring()
        self._set_hidden(frozenset())

    def show_key(self, is_wanted: bool) -> None:
        """Say what a ring means, where there is one."""
        self._key.setVisible(is_wanted and bool(self._cloud.wrong.any()))

    def _rows_height(self, most: int | None = None) -> int:
        return sum(row.sizeHint().height() for row in self.rows[:most])

    @Slot()
    def _toggled(self) -> None:
        self._set_hidden(frozenset(row.number for row in self.rows if not row.isChecked()))

    @Slot(int)
    def _show_alone(self, number: int) -> None:
        others = frozenset(row.number for row in self.rows) - {number}
        # The first of the two clicks has already hidden or shown the class itself.
        was_alone = self.hidden - {number} == others
        self._check(lambda row: was_alone or row.number == number)

    def _check(self, is_wanted: Callable[[ClassRow], bool]) -> None:
        for row in self.rows:
            row.blockSignals(True)
            row.setChecked(is_wanted(row))
            row.blockSignals(False)
            row.update()
        self._toggled()

    def _set_hidden(self, hidden: frozenset[int]) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            self.hidden_changed.emit()

    @Slot()
    def _draw_ring(self) -> None:
        wrong = self._cloud.wrong.nonzero()[0]
        if len(wrong):
            label, said = int(self._cloud.labels[wrong[0]]), int(self._cloud.predicted[wrong[0]])
            self._ring.setPixmap(Marks(_EDGE, self.devicePixelRatioF()).get(label, said))
