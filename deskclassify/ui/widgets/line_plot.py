"""The drawing part of `LineChart`: a bare pyqtgraph view box with two axes.

Import this module only when a chart is shown: pyqtgraph takes 0.7 s to import. `PlotItem` is
not used, for it makes context menus and forms without a parent, which outlive the chart.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.line_chart import Stroke

pg.setConfigOptions(useOpenGL=False, useCupy=False, useNumba=False, antialias=True)

_FEW_POINTS = 24  # up to here each point gets a marker, so that a single epoch can be seen at all
_AXIS_WIDTH = 52  # pixels, the same in all charts, so that charts above one another line up
_MARKER = 6  # pixels
_ALPHA: dict[Stroke, int] = {"main": 255, "thin": 190, "faint": 90}
_DEPTH: dict[Stroke, int] = {"main": 2, "thin": 1, "faint": 0}


@dataclass(frozen=True)
class Series:
    """One line: `xs` and `ys` are float64 `[n]`; `ys` may hold NaN, where the line is broken."""

    name: str
    xs: np.ndarray
    ys: np.ndarray
    color: str
    stroke: Stroke = "main"


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """An axis with a unit after each number, and with whole numbers only where halves have no meaning."""

    def __init__(self, side: str, suffix: str = "", whole: bool = False) -> None:
        super().__init__(side, showValues=True)
        self._suffix, self._whole = suffix, whole
        self.enableAutoSIPrefix(False)

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """The texts at the ticks."""
        if self.logMode:
            return [f"{10**value:.0e}".replace("e-0", "e-").replace("e+0", "e+") for value in values]
        texts: list[str] = super().tickStrings(values, scale, spacing)
        return [text + self._suffix for text in texts]

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:  # noqa: N802
        """Distances of the ticks; only the coarsest, so that the grid stays quiet."""
        levels: list[tuple[float, float]] = super().tickSpacing(low, high, size)
        spacing, offset = levels[0]
        if size / max((high - low) / spacing, 1e-9) > 110 and len(levels) > 1 and not self.logMode:
            spacing, offset = levels[1]
        if size / max((high - low) / spacing, 1e-9) < 20 and self.orientation == "left":
            spacing *= 2  # numbers would touch in a low chart
        if self._whole:
            spacing = max(1.0, float(math.ceil(spacing)))
        return [(spacing, offset)]


class LinePlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Lines, vertical marks, a crosshair with the values, zoom by wheel and drag."""

    clicked_x = Signal(float)
    x_suffix = ""  # the unit after each number of the lower axis

    def __init__(self, percent: bool, log_x: bool, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._percent, self._log_x = percent, log_x
        self._items: dict[str, Any] = {}
        self._marks: list[Any] = []
        self._series: list[Series] = []
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = self.ci.layout
        layout.setContentsMargins(0, 4, 6, 0)
        layout.setSpacing(0)
        self._left = _Axis("left", " %" if percent else "")
        self._bottom = _Axis("bottom", self.x_suffix, whole=not log_x)
        self._bottom.setLogMode(log_x)
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0.03)
        self._box.setMouseMode(self._box.RectMode)
        self._left.setWidth(_AXIS_WIDTH)
        self.addItem(self._left, 0, 0)
        self.addItem(self._box, 0, 1)
        self.addItem(self._bottom, 1, 1)
        self._left.linkToView(self._box)
        self._bottom.linkToView(self._box)
        self._cross = pg.InfiniteLine(angle=90)
        self._cross.hide()
        self._box.addItem(self._cross, ignoreBounds=True)
        self._overlay = QLabel(self)
        self._overlay.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._overlay.setTextFormat(Qt.TextFormat.RichText)
        self._overlay.hide()
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigMouseClicked.connect(self._click)

    # -- content ----------------------------------------------------------------------

    def show_series(self, series: Sequence[Series], marks: Sequence[tuple[float, str]]) -> None:
        """Draw these lines and marks, in place of those before."""
        self._series = [self._shown(one) for one in series]
        for name in self._items.keys() - {one.name for one in series}:
            self._box.removeItem(self._items.pop(name))
        for one in self._series:
            if one.name not in self._items:
                item = pg.PlotDataItem(connect="finite", antialias=True)
                item.setDownsampling(auto=True, method="peak")
                self._items[one.name] = item
                self._box.addItem(item)
            self._draw(self._items[one.name], one)
        self._draw_marks(marks)
        self._set_limits()

    def _shown(self, one: Series) -> Series:
        xs = np.log10(one.xs) if self._log_x else one.xs
        ys = one.ys * 100.0 if self._percent else one.ys
        return Series(one.name, xs, ys, one.color, one.stroke)

    def _draw(self, item: Any, one: Series) -> None:
        color = QColor(one.color)
        color.setAlpha(_ALPHA[one.stroke])
        # Wider pens are many times slower: https://github.com/pyqtgraph/pyqtgraph/issues/533
        item.setPen(pg.mkPen(color, width=1))
        few = len(one.xs) <= (_FEW_POINTS if one.stroke == "main" else 1)
        item.setSymbol("o" if few and one.stroke != "faint" else None)
        item.setSymbolSize(_MARKER)
        item.setSymbolPen(None)
        item.setSymbolBrush(color)
        item.setZValue(_DEPTH[one.stroke])
        item.setData(one.xs, one.ys)

    def _draw_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        for old in self._marks:
            self._box.removeItem(old)
        palette = theme.current()
        self._marks = []
        for x, text in marks:
            line = pg.InfiniteLine(
                math.log10(x) if self._log_x else x,
                angle=90,
                pen=pg.mkPen(palette.muted, width=1, style=Qt.PenStyle.DashLine),
                label=text,
                labelOpts={
                    "position": 0.5 if self._percent else 0.93,
                    "color": palette.muted,
                    "anchors": [(0.0, 0.5), (1.0, 0.5)],
                },
            )
            self._box.addItem(line, ignoreBounds=True)
            self._marks.append(line)

    def _set_limits(self) -> None:
        if self._percent:
            self._box.setLimits(yMin=-5, yMax=105)
        xs = [one.xs for one in self._series if len(one.xs)]
        if xs and not self._log_x:
            low, high = float(min(x.min() for x in xs)), float(max(x.max() for x in xs))
            self._box.setLimits(xMin=low - 1, xMax=high + max(1.0, 0.1 * (high - low)))

    def recolour(self) -> None:
        """Take the theme's colours."""
        palette = theme.current()
        self.setBackground(palette.surface)
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(palette.border))
            axis.setTextPen(pg.mkPen(palette.muted))
            axis.setGrid(40)
            axis.setStyle(tickLength=0, hideOverlappingLabels=True)
        self._cross.setPen(pg.mkPen(palette.muted, width=1))
        self._overlay.setStyleSheet(
            f"background: {palette.raised}; color: {palette.text}; border: 1px solid {palette.border};"
            f" border-radius: {theme.RADIUS // 2}px; padding: 4px 7px;"
        )

    def reset(self) -> None:
        """Show everything again."""
        self._box.enableAutoRange()

    def in_view(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What is in view, `(x from, x to), (y from, y to)` in drawn units."""
        (left, right), (low, high) = self._box.viewRange()
        return (left, right), (low, high)

    # -- mouse ------------------------------------------------------------------------

    def leaveEvent(self, event: Any) -> None:  # noqa: N802
        """Take the crosshair away."""
        super().leaveEvent(event)
        self._cross.hide()
        self._overlay.hide()

    @Slot(object)
    def _hover(self, scene_position: QPointF) -> None:
        inside = self._box.sceneBoundingRect().contains(scene_position)
        x = self.nearest(self._box.mapSceneToView(scene_position).x()) if inside else None
        self._cross.setVisible(x is not None)
        self._overlay.setVisible(x is not None)
        if x is None:
            return
        self._cross.setPos(x)
        self._overlay.setText(self._values(x))
        self._overlay.adjustSize()
        at = self.mapFromScene(scene_position)
        left = (
            at.x() + 14 if at.x() + 20 + self._overlay.width() < self.width() else at.x() - 14 - self._overlay.width()
        )
        self._overlay.move(max(0, left), max(0, min(at.y(), self.height() - self._overlay.height())))

    @Slot(object)
    def _click(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.reset()
        elif self._box.sceneBoundingRect().contains(event.scenePos()):
            x = self._box.mapSceneToView(event.scenePos()).x()
            self.clicked_x.emit(10**x if self._log_x else x)

    def nearest(self, x: float) -> float | None:
        """The x of the nearest point of the main lines; None without any."""
        candidates = [one.xs for one in self._series if len(one.xs) and one.stroke != "faint"]
        candidates = candidates or [one.xs for one in self._series if len(one.xs)]
        if not candidates:
            return None
        xs = np.concatenate(candidates)
        return float(xs[np.abs(xs - x).argmin()])

    def _values(self, x: float) -> str:
        shown = f"{10**x:.2e}" if self._log_x else f"{x:g}"
        rows = [f"<b>{shown}</b>"]
        for one in self._series:
            if not len(one.xs) or (one.stroke == "faint" and len(self._series) > 1):
                continue
            at = int(np.abs(one.xs - x).argmin())
            value = one.ys[at]
            if abs(one.xs[at] - x) < 1e-9 and np.isfinite(value):
                number = f"{value:.1f} %" if self._percent else f"{value:.4g}"
                rows.append(f"<span style='color:{one.color}'>●</span> {html.escape(one.name)} {number}")
        return "<br>".join(rows)
