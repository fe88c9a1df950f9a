"""The right side of the Train page: charts, table of epochs, learning rates and messages."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.events import BatchDone, EpochDone, LrFound, Message
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.run_library import Overlay
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.epoch_table import EpochTable
from deskclassify.ui.widgets.line_chart import LineChart
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import ON_CARD

_REPAINT_MILLISECONDS = 100
_LEAST_HEIGHT = 380  # pixels
_MOST_MESSAGES = 500
_LEVEL_ROLE = Qt.ItemDataRole.UserRole
_MOST_BATCHES = 200  # points of one epoch
TRAINING, VALIDATION, BATCH = "training", "validation", "each batch"
ACCURACY, ERROR_RATE = "accuracy", "error rate"


class BatchTrace:
    """Places the losses of batches on the axis of epochs: epoch 3 covers 2 to 3.

    How many batches an epoch has is known when it ends; until then the epoch before is the guide.
    """

    def __init__(self) -> None:
        self._epochs: dict[int, list[BatchDone]] = {}
        self._steps: dict[int, tuple[int, int]] = {}  # first and last step of each epoch
        self._ended: set[int] = set()

    def add(self, batch: BatchDone) -> None:
        """Take one more batch; a long epoch is thinned, for a chart has few pixels."""
        rows = self._epochs.setdefault(batch.epoch, [])
        if rows and batch.step < rows[-1].step:
            rows.clear()  # the epoch was begun anew
        if len(rows) >= _MOST_BATCHES:
            del rows[::2]
        first = self._steps[batch.epoch][0] if rows else batch.step
        self._steps[batch.epoch] = (first, batch.step)
        rows.append(batch)

    def end(self, epoch: int) -> None:
        """The epoch is over."""
        self._ended.add(epoch)

    def points(self) -> tuple[list[float], list[float], list[float]]:
        """Places in epochs, smoothed losses, learning rates."""
        xs: list[float] = []
        ordered: list[BatchDone] = []
        guide = 0
        for epoch, rows in sorted(self._epochs.items()):
            first, last = self._steps[epoch]
            length = last - first + 1
            if epoch not in self._ended:
                length = max(length, guide)
            guide = length
            xs += [epoch - 1 + (row.step - first + 1) / length for row in rows]
            ordered += rows
        return xs, [row.loss for row in ordered], [row.learning_rate for row in ordered]


class TrainCharts(QWidget):
    """Shows a history as it grows. Any number of rows may come at once: painting waits for a timer."""

    rate_chosen = Signal(float)  # a learning rate that the user takes from the finder
    failed = Signal(object)  # Failure of saving a chart

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[EpochDone] = []
        self._best = 0
        self._trace = BatchTrace()
        self._suggestion = 0.0
        self._overlays: tuple[Overlay, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REPAINT_MILLISECONDS)
        self._timer.timeout.connect(self.flush)
        self._make_charts()
        theme.notifier().changed.connect(self._recolour)
        above = QWidget()
        top = QHBoxLayout(above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GAP * 2)
        for chart in (self.loss, self.accuracy):
            card = common.Card()
            card.body.addWidget(chart, 1)
            top.addWidget(card, 1)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(theme.GAP * 2)
        for part, share in ((above, 56), (self._make_tabs(), 44)):
            parts.addWidget(part)
            parts.setStretchFactor(parts.count() - 1, share)
        parts.setSizes([560, 440])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(parts)
        # The page scrolls rather than that the charts become too small to read.
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)

    def _make_charts(self) -> None:
        self.loss = LineChart(
            "Loss",
            "loss",
            empty_text="Appears during training: how wrong the network is.",
        )
        self.loss.setObjectName("lossChart")
        self.accuracy = LineChart(
            "Accuracy",
            "share",
            percent=True,
            empty_text="Appears during training: how many validation pictures are right, and wrong.",
        )
        self.accuracy.setObjectName("accuracyChart")
        self.rate = LineChart(
            "Learning rate", "learning rate", empty_text="Appears during training: the size of the steps."
        )
        self.rate.setObjectName("learningRateChart")
        self.finder = LineChart(
            "Rate finder",
            "loss",
            x_label="learning rate",
            log_x=True,
            empty_text="“Find a learning rate” tries ever larger ones here; the loss falls fastest at a good one.",
        )
        self.finder.setObjectName("lrFinderChart")
        self.finder.clicked_x.connect(self._take_rate)
        for chart in (self.loss, self.accuracy, self.rate, self.finder):
            chart.failed.connect(self.failed)

    def _make_tabs(self) -> QWidget:
        self.table = EpochTable()
        self.table.setObjectName("epochTable")
        self.messages = named(QListWidget(), "messagesList")
        self.messages.setStyleSheet(ON_CARD)
        self.messages.setWordWrap(True)
        self.messages.setAccessibleName("Messages of the training")
        self.use_button = named(QPushButton(), "useRateButton")
        self.use_button.setToolTip("Takes the suggested learning rate. A click into the chart takes any other.")
        self.use_button.clicked.connect(self._use_suggestion)
        self.use_button.hide()
        self.finder.add_tool(self.use_button)
        rates = QWidget()
        columns = QHBoxLayout(rates)
        columns.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, 0)
        columns.setSpacing(theme.MARGIN)
        columns.addWidget(self.rate, 2)
        columns.addWidget(self.finder, 3)
        self.tabs = named(QTabWidget(), "trainTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.table, "Epochs")
        self.tabs.addTab(rates, "Learning rate")
        self.tabs.addTab(self.messages, "Messages")
        card = common.Card()
        card.body.setContentsMargins(theme.GAP, theme.GAP // 2, theme.GAP, theme.GAP)
        card.body.addWidget(self.tabs)
        return card

    # -- history ----------------------------------------------------------------------

    @property
    def rows(self) -> tuple[EpochDone, ...]:
        """The epochs shown."""
        return tuple(self._rows)

    def clear(self) -> None:
        """A new training begins."""
        self._trace = BatchTrace()
        self.messages.clear()
        self._name_messages()
        self.show_history([])

    def show_history(self, rows: Sequence[EpochDone], best: int = 0) -> None:
        """Show a run's epochs. `best` is the number of the best one; 0 to work it out."""
        if list(rows) != self._rows[: len(rows)]:
            self._trace = BatchTrace()
        self._rows, self._best = list(rows), best
        self.flush()

    def add_epoch(self, row: EpochDone) -> None:
        """One more epoch; an epoch that is run again takes its place and those after it away."""
        self._rows = [old for old in self._rows if old.epoch < row.epoch] + [row]
        self._best = 0
        self._trace.end(row.epoch)
        self._schedule()

    def add_batch(self, batch: BatchDone) -> None:
        """One more batch."""
        self._trace.add(batch)
        self._schedule()

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def flush(self) -> None:
        """Show now what the timer would show soon."""
        self._timer.stop()
        rows = self._rows
        self.table.set_rows(rows, self._best)
        for chart in (self.loss, self.accuracy, self.rate):
            chart.clear()
        xs = [float(row.epoch) for row in rows]
        batch_xs, losses, rates = self._trace.points()
        palette = theme.CLASS_COLORS
        self.loss.set_series(TRAINING, xs, [row.train_loss for row in rows], palette[0])
        self.loss.set_series(VALIDATION, xs, [row.valid_loss for row in rows], palette[1])
        if batch_xs:
            self.loss.set_series(BATCH, batch_xs, losses, palette[0], stroke="faint")
            self.rate.set_series("learning rate", batch_xs, rates, palette[2])
        else:
            self.rate.set_series("learning rate", xs, [row.lr for row in rows], palette[2])
        self.accuracy.set_series(ACCURACY, xs, [row.accuracy for row in rows], palette[2])
        self.accuracy.set_series(ERROR_RATE, xs, [row.error_rate for row in rows], palette[6])
        self._draw_overlays()
        unfrozen = next((row.epoch for row in rows if row.phase == "unfrozen"), None)
        if unfrozen is not None and unfrozen > 1:
            for chart in (self.loss, self.accuracy, self.rate):
                chart.mark(unfrozen - 0.5, "unfrozen")

    # -- other runs -------------------------------------------------------------------

    def add_tab(self, page: QWidget, name: str, tools: QWidget) -> None:
        """Add a tab below the charts, and its `tools` beside the tabs; the page hides and shows them."""
        self.tabs.addTab(page, name)
        self.tabs.setCornerWidget(tools)

    def show_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Draw other runs beside the one that is shown, now and through the trainings to come."""
        self._overlays = tuple(overlays)
        self._schedule()

    def _draw_overlays(self) -> None:
        for one in self._overlays:
            xs = [float(row.epoch) for row in one.rows]
            losses, shares = [row.valid_loss for row in one.rows], [row.accuracy for row in one.rows]
            self.loss.set_series(f"{one.name}: {VALIDATION}", xs, losses, one.color, stroke="thin")
            self.accuracy.set_series(f"{one.name}: {ACCURACY}", xs, shares, one.color, stroke="thin")

    # -- learning-rate finder ---------------------------------------------------------

    def show_finder(self, found: LrFound) -> None:
        """Show what the range test found."""
        self._suggestion = found.suggestion
        self.finder.clear()
        self.finder.set_series("loss", found.rates, found.losses, theme.CLASS_COLORS[0])
        self.finder.mark(found.suggestion, words.rate_text(found.suggestion))
        self.use_button.setText(f"Use {words.rate_text(found.suggestion)}")
        self.use_button.show()
        self.tabs.setCurrentIndex(1)

    @Slot()
    def _use_suggestion(self) -> None:
        self.rate_chosen.emit(self._suggestion)

    @Slot(float)
    def _take_rate(self, rate: float) -> None:
        if self.finder.series_names():
            self.rate_chosen.emit(rate)

    # -- messages ---------------------------------------------------------------------

    def add_message(self, message: Message) -> None:
        """One more line; warnings stand out, also in the tab's name."""
        item = QListWidgetItem(message.text)
        item.setData(_LEVEL_ROLE, message.level)
        _dress(item)
        self.messages.addItem(item)
        if self.messages.count() > _MOST_MESSAGES:
            self.messages.takeItem(0)
        self.messages.scrollToBottom()
        self._name_messages()

    @Slot()
    def _recolour(self) -> None:
        for row in range(self.messages.count()):
            _dress(self.messages.item(row))

    def _name_messages(self) -> None:
        count = self.messages.count()
        self.tabs.setTabText(2, f"Messages ({count})" if count else "Messages")


def _dress(item: QListWidgetItem) -> None:
    """Give a message the colours of the theme; warnings stand out."""
    palette = theme.current()
    warning = item.data(_LEVEL_ROLE) == "warning"
    item.setIcon(theme.icon("warning", palette.warn) if warning else theme.icon("info", palette.muted))
    item.setForeground(QColor(palette.warn if warning else palette.text))
