"""How the map of a network is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from deskclassify.core.network_parts import Stage, percent
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix
from deskclassify.ui.widgets.map_layout import BlockBox, Column, StageBox

_FONT_PIXELS = 11
_LINE = 14.0  # pixels of a caption's line
_MOST_CLASSES = 3
_BETWEEN = 5.0  # pixels between two captions
_WIDEST_BAR = 8.0  # pixels
_MARK = 4.5  # pixels: half the width of the mark “you are here”
_WORDS = {True: "trained", False: "frozen"}


def small_font(font: QFont) -> QFont:
    """The font of captions."""
    small = QFont(font)
    small.setPixelSize(_FONT_PIXELS)
    return small


class MapPainter:
    """Draws on one painter; `floor` is the height that everything stands on."""

    def __init__(self, painter: QPainter, font: QFont, floor: float) -> None:
        self._painter = painter
        self._floor = floor
        self._font = small_font(font)
        self._bold = small_font(font)
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._metrics = QFontMetricsF(self._bold)
        painter.setFont(self._font)

    # -- the network ------------------------------------------------------------------

    def stage(self, box: StageBox) -> None:
        """A slab: its faces in front, its sides and tops behind them."""
        faces = [(part, self._face(columns)) for block in box.blocks for part, columns in _alike(block)]
        for trained, path in faces:
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.setBrush(QColor(_side(trained)))
            steps = max(1, round(box.depth))
            for step in range(steps, 0, -1):
                back = box.depth * step / steps
                self._painter.drawPath(path.translated(back * 0.8, -back * 0.6))
        for trained, path in faces:
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.setBrush(QColor(_fill(trained)))
            self._painter.drawPath(path)
            if trained is False:
                self._painter.setBrush(QBrush(QColor(_hatch()), Qt.BrushStyle.BDiagPattern))
                self._painter.drawPath(path)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for block in box.blocks:
            self._painter.setPen(QPen(QColor(_edge(block.columns[0].trained)), 1))
            self._painter.drawPath(self._face(block.columns))

    def _face(self, columns: Sequence[Column]) -> QPainterPath:
        path = QPainterPath(QPointF(columns[0].left, self._floor))
        for column in columns:
            path.lineTo(column.left, self._floor - column.height)
            path.lineTo(column.right, self._floor - column.height)
        path.lineTo(columns[-1].right, self._floor)
        path.closeSubpath()
        return path

    def hover(self, column: Column) -> None:
        """What a click would choose."""
        self._bar(column, theme.current().muted)

    def here(self, column: Column, boxes: Sequence[StageBox]) -> None:
        """Mark the layer that is looked at."""
        color = theme.current().text
        self._bar(column, color)
        depth = next(box.depth for box in boxes if box.left <= column.middle <= box.right)
        tip = QPointF(column.middle, self._floor - column.height - depth * 0.6 - 1)
        mark = QPolygonF([tip, tip + QPointF(-_MARK, -_MARK * 1.6), tip + QPointF(_MARK, -_MARK * 1.6)])
        self._painter.setPen(QPen(QColor(theme.current().surface), 1.5))
        self._painter.setBrush(QColor(color))
        self._painter.drawPolygon(mark)

    def _bar(self, column: Column, color: str) -> None:
        width = min(_WIDEST_BAR, max(3.0, column.right - column.left))
        self._painter.setPen(QPen(QColor(theme.current().surface), 1))
        self._painter.setBrush(QColor(color))
        self._painter.drawRect(
            QRectF(column.middle - width / 2, self._floor - column.height, width, column.height).adjusted(-1, 0, 1, 0)
        )

    # -- words ------------------------------------------------------------------------

    def captions(self, boxes: Sequence[StageBox], here: Stage | None) -> None:
        """Name and size of each stage, as long as they fit; the same wording for all."""
        titles = self._fitting(
            boxes, ([box.stage.title for box in boxes], [box.stage.title.removeprefix("Stage ") for box in boxes])
        )
        texts = self._fitting(boxes, tuple([_size(box.stage, parts) for box in boxes] for parts in (3, 2, 1)))
        for box, title, text in zip(boxes, titles, texts, strict=True):
            middle = (box.left + box.right) / 2
            is_here = box.stage is here
            self._line(middle, 0, title, theme.current().text, is_here)
            self._line(middle, 1, text, theme.current().muted)

    def _fitting(self, boxes: Sequence[StageBox], variants: Sequence[list[str]]) -> list[str]:
        """The first wording where no text touches its neighbour; of the last one, what does not."""
        middles = [(box.left + box.right) / 2 for box in boxes]
        for texts in variants:
            widths = [self._metrics.horizontalAdvance(text) for text in texts]
            ends = [middle + width / 2 + _BETWEEN for middle, width in zip(middles, widths, strict=True)]
            starts = [middle - width / 2 for middle, width in zip(middles, widths, strict=True)]
            touching = [end > start for end, start in zip(ends, starts[1:], strict=False)]
            if not any(touching):
                return texts
        return [text if fits else "" for text, fits in zip(texts, [True, *(not one for one in touching)], strict=True)]

    def _line(self, middle: float, number: int, text: str, color: str, is_bold: bool = False) -> None:
        self._painter.setFont(self._bold if is_bold else self._font)
        self._painter.setPen(QColor(color))
        place = QRectF(middle - 100, self._floor + 3 + number * _LINE, 200, _LINE)
        self._painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)

    def legend(self, right: float, states: set[bool | None]) -> None:
        """What the colours mean; nothing where there is only one."""
        for state in (False, True):
            if state not in states:
                continue
            right -= self._metrics.horizontalAdvance(_WORDS[state])
            self._painter.setFont(self._font)
            self._painter.setPen(QColor(theme.current().muted))
            vertical = Qt.AlignmentFlag.AlignVCenter
            self._painter.drawText(QRectF(right, 0, 100, _LINE), vertical, _WORDS[state])
            swatch(self._painter, QRectF(right - 17, 2, 12, 10), state)
            right -= 17 + 14

    # -- what goes in and comes out ---------------------------------------------------

    def picture(self, place: QRectF, picture: QPixmap, size: int) -> None:
        """What the network sees."""
        colors = theme.current()
        self._painter.setPen(QPen(QColor(colors.border), 1))
        self._painter.setBrush(QColor(colors.raised))
        self._painter.drawRect(place)
        if picture.isNull():
            sign = theme.pixmap("image", 20, colors.muted, self._painter.device().devicePixelRatio())
            self._painter.drawPixmap(place.center() - QPointF(10, 10), sign)
        else:
            self._painter.drawPixmap(place.topLeft(), picture)
        self._line(place.center().x(), 0, "Picture", colors.text)
        self._line(place.center().x(), 1, f"{size}×{size}", colors.muted)

    def arrow(self, left: float, right: float) -> None:
        """From one thing to the next."""
        color, y = QColor(theme.current().muted), self._floor - 7
        self._painter.setPen(QPen(color, 1.4))
        self._painter.drawLine(QPointF(left, y), QPointF(right - 3, y))
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(color)
        tip = QPointF(right, y)
        self._painter.drawPolygon(QPolygonF([tip, tip + QPointF(-6, -3.5), tip + QPointF(-6, 3.5)]))

    def answer(self, place: QRectF, answer: Sequence[tuple[str, float]]) -> None:
        """The likeliest classes, as bars."""
        colors = theme.current()
        shown = answer[:_MOST_CLASSES]
        top = place.bottom() - len(shown) * 22
        for at, (name, probability) in enumerate(shown):
            line = QRectF(place.left(), top + at * 22, place.width(), 15)
            number = percent(probability)
            room = line.width() - self._metrics.horizontalAdvance(number) - 6
            self._painter.setFont(self._font if at else self._bold)
            self._painter.setPen(QColor(colors.muted if at else colors.text))
            vertical = Qt.AlignmentFlag.AlignVCenter
            self._painter.drawText(line, vertical, self._metrics.elidedText(name, Qt.TextElideMode.ElideRight, room))
            self._painter.drawText(line, vertical | Qt.AlignmentFlag.AlignRight, number)
            track = QRectF(line.left(), line.bottom() + 1, line.width(), 3)
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.setBrush(QColor(colors.raised))
            self._painter.drawRect(track)
            track.setWidth(track.width() * probability)
            self._painter.setBrush(QColor(colors.muted if at else colors.accent))
            self._painter.drawRect(track)
        self._line(place.center().x(), 0, "Answer", colors.text)

    def focus(self, place: QRectF) -> None:
        """A frame while the keys go to the map."""
        self._painter.setPen(QPen(QColor(theme.current().accent), 1))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)


def _size(stage: Stage, parts: int) -> str:
    """“7×7×320”, “7×7” or “7”; what has no places any more gives values."""
    high, _, channels = stage.size
    if high == 1:
        return counted(channels, "value") if parts > 1 else f"{channels:,}"
    return "×".join(str(size) for size in stage.size[:parts])


def swatch(painter: QPainter, place: QRectF, trained: bool) -> None:
    """A small field filled as a layer is on the map: hatched where frozen, so that no colour is needed to tell."""
    painter.setPen(QPen(QColor(_edge(trained)), 1))
    painter.setBrush(QColor(_fill(trained)))
    painter.drawRect(place)
    if not trained:
        painter.setBrush(QBrush(QColor(_hatch()), Qt.BrushStyle.BDiagPattern))
        painter.drawRect(place)


def _alike(block: BlockBox) -> list[tuple[bool | None, tuple[Column, ...]]]:
    """The parts of a block that training has treated alike."""
    return [(trained, tuple(part)) for trained, part in groupby(block.columns, lambda column: column.trained)]


def _fill(trained: bool | None) -> str:
    colors = theme.current()
    if trained is None:
        return mix(colors.surface, colors.accent, 0.35)
    return mix(colors.surface, colors.accent, 0.8) if trained else colors.raised


def _edge(trained: bool | None) -> str:
    colors = theme.current()
    return mix(colors.surface, colors.muted, 0.75) if trained is False else mix(colors.accent, colors.text, 0.2)


def _side(trained: bool | None) -> str:
    """Of the sides and tops: they lie in the shade."""
    colors = theme.current()
    if trained is False:
        return mix(colors.raised, colors.muted, 0.3)
    return mix(_fill(trained), "#000000", 0.35 if colors.is_dark else 0.2)


def _hatch() -> str:
    colors = theme.current()
    return mix(colors.raised, colors.muted, 0.55)
