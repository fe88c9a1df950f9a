"""A grid of small pictures of a network: the channels or the kernels of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import Colors, Span, shade, span_of
from deskclassify.ui.widgets.images import to_pixmap

_Index = QModelIndex | QPersistentModelIndex
EDGE = 84  # pixels of a tile's picture at the least
_PAIR_EDGE = 64  # of each of two
_CAPTION = 18
_PAD = 5
_BETWEEN = 3  # the two pictures of a pair
_WEIGHT = 3  # height of the bar for a tile's weight
_LEVELS = np.arange(256) / 255
_FOR, _AGAINST = theme.CLASS_COLORS[1], theme.CLASS_COLORS[0]  # orange and blue, as on the scale for signed numbers


@dataclass(frozen=True)
class Tile:
    """One small picture.

    Attributes:
        pixels: uint8 `[h, w]`, levels that are coloured, or `[h, w, 3]`, which is shown as it is.
        low, high: what levels 0 and 255 stand for.
        beside: the other one of a pair.
        weight: from −1 to 1, a bar beneath: to the left or to the right of the middle; None for no bar.
    """

    pixels: np.ndarray
    caption: str
    number: int
    tip: str = ""
    low: float = 0.0
    high: float = 1.0
    beside: Tile | None = None
    weight: float | None = None


class TileModel(QAbstractListModel):
    """The tiles; pictures are made when they are first painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: Sequence[Tile] = ()
        self._pixmaps: dict[int, tuple[QPixmap, ...]] = {}
        self._colors: Colors = "viridis"
        self._span: Span | None = None

    def set_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other tiles; the sequence is kept, and asked for a tile when that is seen."""
        self.beginResetModel()
        self._tiles = tiles
        self._pixmaps.clear()
        self.endResetModel()

    def set_colors(self, colors: Colors, span: Span | None = None) -> None:
        """Colour the values otherwise; `span` is one scale for all tiles, None gives each (or each pair) its own."""
        if (colors, span) != (self._colors, self._span):
            self._colors, self._span = colors, span
            self._pixmaps.clear()
            if self._tiles:
                self.dataChanged.emit(self.index(0), self.index(len(self._tiles) - 1))

    def tile(self, row: int) -> Tile:
        """The tile of a row."""
        return self._tiles[row]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's own signature)
        """Number of tiles."""
        return 0 if parent.isValid() else len(self._tiles)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Caption, picture and tooltip."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self.pixmaps(index.row())[0]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._tiles[index.row()].caption
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tiles[index.row()].tip or None
        if role == Qt.ItemDataRole.UserRole:
            return self._tiles[index.row()].number
        return None

    def pixmaps(self, row: int) -> tuple[QPixmap, ...]:
        """The picture of a tile, or the two of a pair."""
        if row not in self._pixmaps:
            tile = self._tiles[row]
            both = (tile,) if tile.beside is None else (tile, tile.beside)
            span = self._span or span_of(min(one.low for one in both), max(one.high for one in both), self._colors)
            self._pixmaps[row] = tuple(to_pixmap(self._painted(one, span)) for one in both)
        return self._pixmaps[row]

    def _painted(self, tile: Tile, span: Span) -> np.ndarray:
        if tile.pixels.ndim == 3:
            return tile.pixels
        # 256 colours are worked out instead of one for each pixel.
        colors: np.ndarray = shade(tile.low + _LEVELS * (tile.high - tile.low), span, self._colors)[tile.pixels]
        return colors


class _TileDelegate(QStyledItemDelegate):
    """Paints the picture with sharp pixels, its caption beneath, and a ring around the chosen one."""

    def __init__(self, model: TileModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.cell = QSize(EDGE + 2 * _PAD, EDGE + _CAPTION + 2 * _PAD)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return self.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view: Any = option
        area: QRect = view.rect
        state: QStyle.StateFlag = view.state
        colors = theme.current()
        tile, pixmaps = self._model.tile(index.row()), self._model.pixmaps(index.row())
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        caption = QRect(area.left(), area.bottom() - _PAD - _CAPTION + 1, area.width(), _CAPTION)
        above = QRect(area.left(), area.top() + _PAD, area.width(), caption.top() - area.top() - _PAD)
        target = self._paint_pictures(painter, above, pixmaps)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or hovered:
            painter.setPen(QPen(QColor(colors.accent), 3 if chosen else 1))
            painter.drawRoundedRect(target.adjusted(-2, -2, 1, 1), 3, 3)
        if tile.weight is not None:
            self._paint_weight(painter, QRectF(target.left(), caption.top() + 3, target.width(), _WEIGHT), tile.weight)
        font = painter.font()
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colors.accent if chosen else colors.muted))
        painter.drawText(caption.adjusted(0, 4, 0, 4), Qt.AlignmentFlag.AlignCenter, tile.caption)
        painter.restore()

    def _paint_pictures(self, painter: QPainter, area: QRect, pixmaps: tuple[QPixmap, ...]) -> QRect:
        """Side by side, in the middle of their part each; returns the place they take together."""
        edge, around = area.height(), QRect()
        part = edge + _BETWEEN
        left = area.left() + (area.width() - part * len(pixmaps) + _BETWEEN) // 2
        for at, pixmap in enumerate(pixmaps):
            size = pixmap.size().scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio)
            x = left + at * part + (edge - size.width()) // 2
            target = QRect(x, area.top() + (edge - size.height()) // 2, size.width(), size.height())
            # Enlarged pixels stay sharp, because they are what the network has; a reduced picture is smoothed.
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > size.width())
            painter.drawPixmap(target, pixmap)
            around = around.united(target)
        return around

    def _paint_weight(self, painter: QPainter, bar: QRectF, weight: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().border))
        painter.drawRect(bar)
        middle, reach = bar.center().x(), bar.width() / 2 * min(1.0, abs(weight))
        painter.setBrush(QColor(_FOR if weight > 0 else _AGAINST))
        painter.drawRect(QRectF(middle if weight > 0 else middle - reach, bar.top(), reach, bar.height()))


class TileGrid(QListView):
    """Tiles in columns that fill the width; keyboard and mouse choose one."""

    chosen = Signal(int)  # row of the current tile

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = TileModel(self)
        self._pictures = 1  # of a tile
        self.setModel(self._model)
        self._delegate = _TileDelegate(self._model, self)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(0)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMinimumWidth(2 * (EDGE + 2 * _PAD) + 20)  # two columns and a scroll bar
        theme.notifier().changed.connect(self.viewport().update)

    @property
    def tiles(self) -> TileModel:
        """The model, by its own type."""
        return self._model

    def set_tiles(self, tiles: Sequence[Tile], current: int = -1) -> None:
        """Show other tiles and make row `current` the chosen one."""
        self._pictures = 2 if len(tiles) and tiles[0].beside is not None else 1
        self._model.set_tiles(tiles)
        self._fit()
        if 0 <= current < len(tiles):
            self.setCurrentIndex(self._model.index(current))
        else:
            self.scrollToTop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Find the columns for the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Make cells that fill the width."""
        # Whether there is a scroll bar is decided here: left to Qt, the columns and the bar would chase each other.
        room, count = self.contentsRect().size(), self._model.rowCount()
        cell = self._cell(room.width())
        rows = -(-count // max(1, room.width() // cell.width()))
        needs_bar = rows * cell.height() > room.height()
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if needs_bar else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if self.verticalScrollBarPolicy() != policy:
            self.setVerticalScrollBarPolicy(policy)  # resizes the viewport
        cell = self._cell(self.viewport().width())
        if self.gridSize() != cell:
            self._delegate.cell = cell
            self.setGridSize(cell)

    def _cell(self, width: int) -> QSize:
        around = 2 * _PAD + (self._pictures - 1) * _BETWEEN
        width -= 1  # Qt begins a new row one pixel early
        least = EDGE if self._pictures == 1 else _PAIR_EDGE * self._pictures
        columns = max(1, width // (least + around))
        across = max(1, width // columns)
        edge = (across - around) // self._pictures
        return QSize(across, edge + _CAPTION + 2 * _PAD)

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell which tile is looked at."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(current.row())
