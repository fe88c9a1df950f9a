"""The drawing part of `CurveChart`: lines whose single points can be pointed at. Import it when a chart is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.line_plot import LinePlot, Series

_REACH = 60  # pixels from the pointer to a point that it means
_DOT, _HOVERED = 11, 8  # pixels
_PERCENT = (-6.0, 106.0)


class CurvePlot(LinePlot):
    """Both axes are shares, 0 to 100 %.

    Args:
        describe: what a point says, as rich text: name of the line and number of the point.
    """

    point_clicked = Signal(str, int)  # name of the line, number of the point
    x_suffix = " %"

    def __init__(self, describe: Callable[[str, int], str], parent: QWidget) -> None:
        super().__init__(True, False, parent)
        self._describe = describe
        self._pinned = pg.ScatterPlotItem(size=_DOT)
        self._under = pg.ScatterPlotItem(size=_HOVERED)
        for item in (self._pinned, self._under):
            item.setZValue(9)
            self._box.addItem(item, ignoreBounds=True)

    def pin(self, places: list[tuple[float, float, str]]) -> None:
        """Draw dots: x and y in percent, and a colour each."""
        edge = pg.mkPen(theme.current().text, width=2)
        spots = [{"pos": (x, y), "brush": pg.mkBrush(color), "pen": edge} for x, y, color in places]
        self._pinned.setData(spots)

    def _set_limits(self) -> None:
        low, high = _PERCENT
        self._box.setLimits(xMin=low, xMax=high, yMin=low, yMax=high)

    def reset(self) -> None:
        """Show everything again."""
        self._box.setRange(xRange=(0, 100), yRange=(0, 100), padding=0.05)

    def point_at(self, place: QPointF) -> tuple[str, int] | None:
        """The line and the number of the point that is nearest to a place of the scene; None where there is none."""
        nearest, found = float(_REACH), None
        box = self._box.sceneBoundingRect()
        (left, right), (low, high) = self._box.viewRange()
        for one in self._series:
            if one.stroke == "faint" or not len(one.xs):
                continue
            across = box.left() + (one.xs - left) / (right - left) * box.width() - place.x()
            down = box.bottom() - (one.ys - low) / (high - low) * box.height() - place.y()
            distances = np.hypot(across, down)
            at = int(np.nanargmin(distances)) if np.isfinite(distances).any() else -1
            if at >= 0 and distances[at] < nearest:
                nearest, found = float(distances[at]), (one.name, at)
        return found

    def _series_of(self, name: str) -> Series:
        return next(one for one in self._series if one.name == name)

    def leaveEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._under.setData([])

    @Slot(object)
    def _hover(self, scene_position: QPointF) -> None:
        inside = self._box.sceneBoundingRect().contains(scene_position)
        found = self.point_at(scene_position) if inside else None
        self._overlay.setVisible(found is not None)
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)
        if found is None:
            self._under.setData([])
            return
        one = self._series_of(found[0])
        self._under.setData(
            [{"pos": (one.xs[found[1]], one.ys[found[1]]), "brush": pg.mkBrush(one.color), "pen": None}]
        )
        self._overlay.setText(self._describe(*found))
        self._overlay.adjustSize()
        at = self.mapFromScene(scene_position)
        left = at.x() + 14
        if left + self._overlay.width() + 6 > self.width():
            left = at.x() - 14 - self._overlay.width()
        self._overlay.move(max(0, left), max(0, min(at.y() + 10, self.height() - self._overlay.height())))

    @Slot(object)
    def _click(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.reset()
            return
        found = self.point_at(event.scenePos()) if self._box.sceneBoundingRect().contains(event.scenePos()) else None
        if found is not None:
            self.point_clicked.emit(*found)
