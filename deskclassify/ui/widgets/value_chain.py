"""The way of one value through the steps of a calculation: a line of boxes, each with its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import muted, subheading
from deskclassify.ui.widgets.formula_text import exact

_TITLE, _NUMBER = 11, 15  # pixels of text
_HEIGHT = 50
_ARROW = 18
_USUAL = "−0.0000"  # boxes are as wide as for this, so that they keep their places while the window moves


@dataclass(frozen=True)
class Link:
    """One step.

    Attributes:
        title: of its box.
        value: what it gives.
        formula: in words and names; `numbers`: the same with numbers; both are shown when it is chosen.
        explanation: one sentence.
        agrees: whether the network gives the same.
    """

    title: str
    value: float
    formula: str
    numbers: str
    explanation: str
    agrees: bool = True


class _Box(QAbstractButton):
    """A step that can be chosen."""

    def __init__(self, link: Link, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_link(link)

    def show_link(self, link: Link) -> None:
        """Show another value of the same step."""
        self._link = link
        self.setText(link.title)
        self.setAccessibleName(f"{link.title}: {exact(link.value)}")
        self.setToolTip(f"{link.explanation}\n{link.numbers}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as title and number."""
        wide = max(
            QFontMetricsF(self._sized(_TITLE, QFont.Weight.Medium)).horizontalAdvance(self.text()),
            QFontMetricsF(self._sized(_NUMBER, QFont.Weight.DemiBold)).horizontalAdvance(
                max(_USUAL, exact(self._link.value), key=len)
            ),
        )
        return QSize(round(wide) + 18, _HEIGHT)

    def _sized(self, pixels: int, weight: QFont.Weight) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(pixels)
        font.setWeight(weight)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The title above the number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme.current()
        strong = self.isChecked() or self.underMouse()
        edge = colors.bad if not self._link.agrees else colors.accent if strong or self.hasFocus() else colors.border
        painter.setPen(QPen(QColor(edge), 2 if self.hasFocus() or not self._link.agrees else 1.2))
        painter.setBrush(QColor(colors.accent_soft if self.isChecked() else colors.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 8, 8)
        painter.setFont(self._sized(_TITLE, QFont.Weight.Medium))
        painter.setPen(QColor(colors.muted))
        painter.drawText(QRectF(0, 6, self.width(), 16), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(self._sized(_NUMBER, QFont.Weight.DemiBold))
        painter.setPen(QColor(colors.bad if not self._link.agrees else colors.text))
        painter.drawText(QRectF(0, 22, self.width(), 22), Qt.AlignmentFlag.AlignCenter, exact(self._link.value))


class _Arrow(QWidget):
    """From one step to the next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(_ARROW, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A line with a head."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().muted), 1.6))
        end, middle = QPointF(self.width() - 4, self.height() / 2), self.height() / 2
        painter.drawLine(QPointF(3, middle), end)
        painter.drawLine(end, QPointF(end.x() - 4, middle - 4))
        painter.drawLine(end, QPointF(end.x() - 4, middle + 4))


class ValueChain(QWidget):
    """Boxes with arrows between; below them the formula of the chosen one, with its numbers put in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._links: tuple[Link, ...] = ()
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._show_formula)
        self._row = QHBoxLayout()
        self._row.setSpacing(0)
        self._row.addStretch(1)
        self.formula_label = muted("")
        self.numbers_label = subheading("")
        self.numbers_label.setWordWrap(True)
        self.numbers_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(self._row)
        column.addWidget(self.formula_label)
        column.addWidget(self.numbers_label)

    @property
    def links(self) -> tuple[Link, ...]:
        """The steps."""
        return self._links

    @property
    def boxes(self) -> list[QAbstractButton]:
        """The boxes, in order."""
        return self._group.buttons()

    @property
    def chosen(self) -> int:
        """Number of the step whose formula is shown; −1 without one."""
        return self._group.checkedId()

    def set_links(self, links: Sequence[Link]) -> None:
        """Show other values. Where the steps are the same, the chosen one stays; else it is the first."""
        same = [link.title for link in links] == [link.title for link in self._links]
        self._links = tuple(links)
        if not same:
            self._build()
        for box, link in zip(self._group.buttons(), self._links, strict=True):
            if isinstance(box, _Box):
                box.show_link(link)
        self._show_formula()

    def _build(self) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
        while self._row.count() > 1:  # the stretch stays
            item = self._row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for at, link in enumerate(self._links):
            if at:
                self._row.insertWidget(2 * at - 1, _Arrow(self))
            box = _Box(link, self)
            self._group.addButton(box, at)
            self._row.insertWidget(2 * at, box)
        if self._links:
            self._group.buttons()[0].setChecked(True)

    @Slot()
    def _show_formula(self) -> None:
        at = self.chosen
        link = self._links[at] if 0 <= at < len(self._links) else None
        self.formula_label.setText("" if link is None else f"{link.title}: {link.formula}")
        self.formula_label.setToolTip("" if link is None else link.explanation)
        self.numbers_label.setText("" if link is None else link.numbers)
