"""Charts of a training: our own small face of pyqtgraph, which is imported when a chart is first shown."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import atomic
from deskclassify.core.errors import Failure
from deskclassify.core.glossary import terms_in
from deskclassify.ui import theme
from deskclassify.ui.widgets import common, explained

if TYPE_CHECKING:
    from deskclassify.ui.widgets.line_plot import LinePlot, Series

Stroke = Literal["main", "thin", "faint"]
_REPAINT_MILLISECONDS = 100
_FIRST_PAINT_MILLISECONDS = 30  # lets the page paint before the import of pyqtgraph holds it up
_PNG_SCALE = 2.0


class LineChart(QWidget):
    """Lines over epochs or learning rates, with legend, zoom, crosshair, and saving.

    Calls that change it are cheap at any rate: it repaints at most ten times a second.

    Args:
        title: above the chart.
        y_label: of the axis; used in the CSV file and for screen readers.
        x_label: what the x axis counts.
        percent: values are shares, 0 to 1, and are shown as percentages.
        log_x: the x axis is logarithmic; all x must be positive.
        empty_text: what will appear here, shown while there is nothing.
    """

    clicked_x = Signal(float)
    failed = Signal(object)  # Failure of saving

    def __init__(
        self,
        title: str,
        y_label: str,
        x_label: str = "epoch",
        percent: bool = False,
        log_x: bool = False,
        empty_text: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._y_label, self._x_label = title, y_label, x_label
        self._percent, self._log_x = percent, log_x
        self._series: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._styles: dict[str, tuple[str | None, Stroke]] = {}
        self._marks: list[tuple[float, str]] = []
        self._plot: LinePlot | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REPAINT_MILLISECONDS)
        self._timer.timeout.connect(self._on_timer)
        self.setAccessibleName(f"{title}: {y_label} by {x_label}")
        self.setMinimumSize(QSize(180, 140))
        self._build(empty_text or f"The {title.lower()} appears here during training.")
        theme.notifier().changed.connect(self._recolour)

    def _build(self, empty_text: str) -> None:
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        self._menu_button = self._make_menu()
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(common.subheading(self._title))
        head.addStretch(1)
        head.addWidget(self._menu_button)
        self._head = head
        empty = common.muted(empty_text)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(empty)
        x_label = common.muted(self._x_label)
        x_label.setWordWrap(False)
        self._foot = QWidget()
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, theme.GAP, 0)
        self._legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self._legend, 1)
        row.addWidget(x_label)
        self._foot.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addLayout(self._stack, 1)
        layout.addWidget(self._foot)

    def add_tool(self, widget: QWidget) -> None:
        """Put a button beside the title."""
        self._head.insertWidget(self._head.count() - 1, widget)

    def _make_menu(self) -> QToolButton:
        button = QToolButton()
        button.setText("⋯")
        button.setToolTip("Save this chart as a picture or as numbers, or show all of it again.")
        button.setAccessibleName(f"{self._title}: save or reset")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAutoRaise(True)
        button.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        menu = QMenu(button)
        menu.addAction("Show everything (double click)", self.reset)
        menu.addSeparator()
        menu.addAction("Save as PNG…", self._ask_png)
        menu.addAction("Save as CSV…", self._ask_csv)
        button.setMenu(menu)
        button.setEnabled(False)
        return button

    # -- content ----------------------------------------------------------------------

    def set_series(
        self,
        name: str,
        xs: Sequence[float] | np.ndarray,
        ys: Sequence[float | None] | np.ndarray,
        color: str | None = None,
        stroke: Stroke = "main",
    ) -> None:
        """Set a line; one of the same name is replaced.

        Args:
            name: shown in the legend.
            xs: any length.
            ys: as many; None and NaN break the line.
            color: `#rrggbb`; by default the theme's colours in turn.
            stroke: `thin` is drawn behind the main lines and without dots; `faint` behind all, and is
                left out of the legend and of the crosshair's values.

        Raises:
            ValueError: `xs` and `ys` differ in length.
        """
        values = np.array([np.nan if y is None else y for y in ys], dtype=np.float64)
        places = np.asarray(xs, dtype=np.float64)
        if places.shape != values.shape:
            raise ValueError(f"{places.shape} x for {values.shape} y")
        self._series[name] = (places, values)
        self._styles[name] = (color, stroke)
        self._schedule()

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The `xs` and `ys` of a line.

        Raises:
            KeyError: there is no line of that name.
        """
        return self._series[name]

    def series_names(self) -> tuple[str, ...]:
        """The lines, in the order of the legend."""
        return tuple(self._series)

    def mark(self, x: float, text: str) -> None:
        """Draw a vertical line with a short text."""
        self._marks.append((x, text))
        self._schedule()

    def marks(self) -> tuple[tuple[float, str], ...]:
        """The vertical lines."""
        return tuple(self._marks)

    def clear_marks(self) -> None:
        """Remove the vertical lines only."""
        self._marks.clear()
        self._schedule()

    def clear(self) -> None:
        """Remove all lines and marks."""
        self._series.clear()
        self._styles.clear()
        self._marks.clear()
        self._schedule()

    def _has_points(self) -> bool:
        return any(np.isfinite(ys).any() for _, ys in self._series.values())

    # -- painting ---------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start(_REPAINT_MILLISECONDS)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Get pyqtgraph ready after the first paint, so that the first point of data comes without a hitch."""
        super().showEvent(event)
        self._timer.start(_FIRST_PAINT_MILLISECONDS)

    @Slot()
    def _on_timer(self) -> None:
        if self.isVisible():  # a hidden chart is painted when it is shown
            self.flush()

    @Slot()
    def flush(self) -> None:
        """Paint now what the timer would paint soon."""
        self._timer.stop()
        plot = self._ensure_plot()
        plot.show_series(self._styled(), self._marks)
        has_points = self._has_points()
        self._stack.setCurrentIndex(1 if has_points else 0)
        self._foot.setVisible(has_points)
        self._menu_button.setEnabled(has_points)
        self._legend.setText(self._legend_text())
        terms = [term for name in self._series for term in terms_in(f"{name} {self._title}")]
        self._legend.setToolTip(explained.tip("", dict.fromkeys(terms)))

    def _ensure_plot(self) -> LinePlot:
        if self._plot is None:
            self._plot = self._make_plot()
            self._plot.setAccessibleName(self.accessibleName())
            self._plot.recolour()
            self._plot.clicked_x.connect(self.clicked_x)
            self._stack.addWidget(self._plot)
        return self._plot

    def _make_plot(self) -> LinePlot:
        from deskclassify.ui.widgets.line_plot import LinePlot

        return LinePlot(self._percent, self._log_x, self)

    def _styled(self) -> list[Series]:
        from deskclassify.ui.widgets.line_plot import Series

        return [
            Series(name, xs, ys, self._color(name), self._styles[name][1]) for name, (xs, ys) in self._series.items()
        ]

    def _color(self, name: str) -> str:
        return self._styles[name][0] or theme.class_color(list(self._series).index(name))

    def _legend_text(self) -> str:
        named = [name for name in self._series if self._styles[name][1] != "faint"]
        shown = [name for name in named if np.isfinite(self._series[name][1]).any()]
        if len(shown) < 2 and all(self._styles[name][1] == "main" for name in shown):
            return ""
        spots = (f"<span style='color:{self._color(name)}'>●</span>&nbsp;{html.escape(name)}" for name in shown)
        return "&nbsp;&nbsp; ".join(spots)

    @Slot()
    def _recolour(self) -> None:
        if self._plot is not None:
            self._plot.recolour()
            self._schedule()

    @Slot()
    def reset(self) -> None:
        """Undo zooming."""
        if self._plot is not None:
            self._plot.reset()

    # -- saving -----------------------------------------------------------------------

    def save_png(self, path: Path) -> None:
        """Write the chart with title and legend as a picture, at twice its size on the screen.

        Raises:
            OSError: the file cannot be written.
        """
        self.flush()
        image = QImage(self.size() * _PNG_SCALE, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(_PNG_SCALE)
        image.fill(theme.current().surface)
        self._menu_button.hide()
        self.render(image)
        self._menu_button.show()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        atomic.write_bytes(path, bytes(buffer.data().data()))

    def save_csv(self, path: Path) -> None:
        """Write all points, one row per x and a column per line; shares stay between 0 and 1.

        Raises:
            OSError: the file cannot be written.
        """
        rows: dict[float, dict[str, float]] = {}
        for name, (xs, ys) in self._series.items():
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                if np.isfinite(y):
                    rows.setdefault(x, {})[name] = y
        names = list(self._series)
        table = (
            [f"{x:.10g}", *(f"{rows[x][name]:.10g}" if name in rows[x] else "" for name in names)] for x in sorted(rows)
        )
        atomic.write_csv(path, [self._x_label, *names], table)

    @Slot()
    def _ask_png(self) -> None:
        self._ask("PNG picture (*.png)", ".png")

    @Slot()
    def _ask_csv(self) -> None:
        self._ask("Table (*.csv)", ".csv")

    def _ask(self, kind: str, suffix: str) -> None:
        name = self._title.lower().replace(" ", "-") + suffix
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the chart", name, kind)
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix else Path(chosen + suffix)
        try:
            (self.save_png if suffix == ".png" else self.save_csv)(path)
        except OSError as error:
            self.failed.emit(Failure.of(error))
