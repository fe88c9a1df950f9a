"""A chart of curves between two shares, such as ROC: each point of a curve can be pointed at and chosen."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from deskclassify.core import atomic
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.widgets.line_chart import LineChart

if TYPE_CHECKING:
    from deskclassify.ui.widgets.curve_plot import CurvePlot


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: what it shows, such as a class; unique in a chart.
        title: its words in the legend.
        xs: float64 `[n]`, shares 0 to 1.
        ys: float64 `[n]`, shares 0 to 1.
        thresholds: float64 `[n]`, the probability from which on an answer counts; empty for a mean, which has none.
        color: `#rrggbb`; empty for the colour of text.
    """

    name: str
    title: str
    xs: np.ndarray
    ys: np.ndarray
    thresholds: np.ndarray
    color: str = ""


class CurveChart(LineChart):
    """Curves with a legend; a click on a point of one that has thresholds chooses it.

    Args:
        title: above the chart.
        y_label: of the axis, for the pointer and the CSV file.
        x_label: likewise.
        guess: the ends of a line that shows what guessing gives, `(y at x = 0, y at x = 1)`; None for none.
    """

    point_chosen = Signal(str, float)  # name of the curve, threshold

    def __init__(
        self,
        title: str,
        y_label: str,
        x_label: str,
        guess: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, y_label, x_label, percent=True, empty_text="There is no class to draw.", parent=parent)
        self._guess = guess
        self._curves: dict[str, Curve] = {}  # by title
        self._pin: tuple[str, float] | None = None
        self._drawn: CurvePlot | None = None  # `_plot`, which is made when it is first seen

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Draw these curves, in the order of the legend, and no others."""
        self.clear()
        self._curves = {one.title: one for one in curves}
        if self._guess is not None and curves:
            self.set_series("guessing", [0.0, 100.0], list(self._guess), theme.current().muted, "faint")
        for one in curves:
            self.set_series(one.title, 100.0 * one.xs, one.ys, one.color or theme.current().text)

    def curves(self) -> tuple[Curve, ...]:
        """What is drawn."""
        return tuple(self._curves.values())

    def pin(self, name: str, threshold: float) -> None:
        """Draw a dot on the curve of a name, where its threshold is; an unknown name takes the dot away."""
        self._pin = (name, threshold)
        self._schedule()

    @Slot()
    def flush(self) -> None:
        """Paint now what the timer would paint soon."""
        super().flush()
        if self._drawn is not None:
            self._drawn.pin(self._pins())

    def _pins(self) -> list[tuple[float, float, str]]:
        for one in self._curves.values():
            if self._pin is not None and one.name == self._pin[0] and len(one.thresholds):
                at = int(np.searchsorted(-one.thresholds, -self._pin[1]))  # they fall
                at = min(at, len(one.xs) - 1)
                return [(100.0 * float(one.xs[at]), 100.0 * float(one.ys[at]), one.color or theme.current().text)]
        return []

    def _make_plot(self) -> CurvePlot:
        from deskclassify.ui.widgets.curve_plot import CurvePlot

        self._drawn = CurvePlot(self.describe, self)
        self._drawn.point_clicked.connect(self._click)
        self._drawn.reset()
        return self._drawn

    @Slot(str, int)
    def _click(self, title: str, at: int) -> None:
        curve = self._curves.get(title)
        if curve is not None and len(curve.thresholds):
            self.point_chosen.emit(curve.name, float(curve.thresholds[at]))

    def describe(self, title: str, at: int) -> str:
        """What a point says, as rich text."""
        curve = self._curves[title]
        lines = [f"<b>{html.escape(curve.name)}</b>"]
        if len(curve.thresholds) and np.isfinite(curve.thresholds[at]):
            lines.append(f"from {percent(float(curve.thresholds[at]))} on")
        lines.append(f"{html.escape(self._y_label)} {100 * curve.ys[at]:.1f} %")
        lines.append(f"{html.escape(self._x_label)} {100 * curve.xs[at]:.1f} %")
        return "<br>".join(lines)

    def save_csv(self, path: Path) -> None:
        """Write all points, a row each; shares and thresholds stay between 0 and 1.

        Raises:
            OSError: the file cannot be written.
        """
        rows = []
        for one in self._curves.values():
            thresholds = one.thresholds if len(one.thresholds) else np.full(len(one.xs), np.nan)
            for x, y, threshold in zip(one.xs.tolist(), one.ys.tolist(), thresholds.tolist(), strict=True):
                shown = f"{threshold:.7g}" if np.isfinite(threshold) else ""
                rows.append((one.name, f"{x:.7g}", f"{y:.7g}", shown))
        atomic.write_csv(path, ["class", self._x_label, self._y_label, "threshold"], rows)
