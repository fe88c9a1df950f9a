"""A grid of small pictures of a network: the channels or the kernels of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import Colors, colorize
from deskclassify.ui.widgets.images import to_pixmap

_Index = QModelIndex | QPersistentModelIndex
EDGE = 84  # pixels of a tile's picture
_CAPTION = 18
_PAD = 5


@dataclass(frozen=True)
class Tile:
    """One small picture: uint8 `[h, w]`, which is coloured, or `[h, w, 3]`, which is shown as it is."""

    pixels: np.ndarray
    caption: str
    number: int
    tip: str = ""


class TileModel(QAbstractListModel):
    """The tiles; pictures are made when they are first painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: tuple[Tile, ...] = ()
        self._pixmaps: dict[int, QPixmap] = {}
        self._colors: Colors = "viridis"

    def set_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other tiles."""
        self.beginResetModel()
        self._tiles = tuple(tiles)
        self._pixmaps.clear()
        self.endResetModel()

    def set_colors(self, colors: Colors) -> None:
        """Colour the values otherwise."""
        if colors != self._colors:
            self._colors = colors
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
        tile = self._tiles[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return tile.caption
        if role == Qt.ItemDataRole.ToolTipRole:
            return tile.tip or None
        if role == Qt.ItemDataRole.UserRole:
            return tile.number
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pixmap(index.row())
        return None

    def _pixmap(self, row: int) -> QPixmap:
        if row not in self._pixmaps:
            pixels = self._tiles[row].pixels
            self._pixmaps[row] = to_pixmap(colorize(pixels, self._colors) if pixels.ndim == 2 else pixels)
        return self._pixmaps[row]


class _TileDelegate(QStyledItemDelegate):
    """Paints the picture with sharp pixels, its caption beneath, and a ring around the chosen one."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return QSize(EDGE + 2 * _PAD, EDGE + _CAPTION + 2 * _PAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view: Any = option
        area: QRect = view.rect
        state: QStyle.StateFlag = view.state
        colors = theme.current()
        pixmap: QPixmap = index.data(Qt.ItemDataRole.DecorationRole)
        size = pixmap.size().scaled(EDGE, EDGE, Qt.AspectRatioMode.KeepAspectRatio)
        left = area.left() + (area.width() - size.width()) // 2
        top = area.top() + _PAD + (EDGE - size.height()) // 2
        target = QRect(left, top, size.width(), size.height())
        painter.save()
        # Enlarged pixels stay sharp, because they are what the network has; a reduced picture is smoothed.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > size.width())
        painter.drawPixmap(target, pixmap)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or hovered:
            painter.setPen(QPen(QColor(colors.accent), 3 if chosen else 1))
            painter.drawRoundedRect(target.adjusted(-2, -2, 1, 1), 3, 3)
        caption = QRect(area.left(), area.top() + _PAD + EDGE + 2, area.width(), _CAPTION)
        font = painter.font()
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colors.accent if chosen else colors.muted))
        painter.drawText(caption, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        painter.restore()


class TileGrid(QListView):
    """Tiles in rows that fill the width; keyboard and mouse choose one."""

    chosen = Signal(int)  # row of the current tile

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = TileModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_TileDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QListView.Shape.NoFrame)
        theme.notifier().changed.connect(self.viewport().update)

    @property
    def tiles(self) -> TileModel:
        """The model, by its own type."""
        return self._model

    def set_tiles(self, tiles: Sequence[Tile], current: int = -1) -> None:
        """Show other tiles and make row `current` the chosen one."""
        self._model.set_tiles(tiles)
        if 0 <= current < len(tiles):
            self.setCurrentIndex(self._model.index(current))
        else:
            self.scrollToTop()

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell which tile is looked at."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(current.row())
