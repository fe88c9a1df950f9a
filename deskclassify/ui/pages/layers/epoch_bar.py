"""Looking at a network over the epochs of its training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QStyle, QStyleOptionSlider, QToolButton, QWidget

from deskclassify.core.events import EpochDone
from deskclassify.core.run_folder import RunFolder
from deskclassify.ui import theme
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.named import named

_STEP_MILLISECONDS = 700  # of a stop while it plays, at the least: time to look
_MARK, _BEST_MARK = 5, 3  # pixels: height of a stop's tick, and what the best one's is higher and wider
_HEIGHT = 2 * (9 + _MARK + _BEST_MARK)  # pixels: the groove is in the middle
_LABEL = 214  # pixels
_TIP = "The network as it was after an epoch of its training"
_NONE = "No earlier epochs"
_NO_EPOCHS = "This network was trained before epochs were kept: train again to see how its weights came about."
_NO_WEIGHTS = "Earlier epochs cannot be shown: this network's pretrained weights are not on this computer."


class EpochSlider(QSlider):
    """A slider with a tick for each epoch that was kept, and a mark at the best one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._best = -1
        self.setPageStep(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)

    def set_best(self, at: int) -> None:
        """Mark a value; −1 for none."""
        self._best = at
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the handle, with the mark below."""
        return QSize(130, _HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A handle and some way."""
        return QSize(110, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Ticks and mark, under the groove."""
        super().paintEvent(event)
        painter, colors = QPainter(self), theme.current()
        top = self.height() // 2 + 9
        for at in range(self.minimum(), self.maximum() + 1):
            x = self._middle(at)
            more = _BEST_MARK if at == self._best else 0
            mark = QRectF(x - (1 + more) / 2, top, 1 + more, _MARK + more)
            painter.fillRect(mark, QColor(colors.accent if more else colors.muted))

    def _middle(self, at: int) -> float:
        """Where the handle's middle is at a value."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        style, control = self.style(), QStyle.ComplexControl.CC_Slider
        handle = style.subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
        groove = style.subControlRect(control, option, QStyle.SubControl.SC_SliderGroove, self)
        way = groove.width() - handle.width()
        place = QStyle.sliderPositionFromValue(self.minimum(), self.maximum(), at, way)
        return groove.left() + place + handle.width() / 2


class EpochBar(QWidget):
    """Chooses the epoch that is looked at; hidden for a network without any, and in its place says why."""

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._is_compact = False
        self._epochs: tuple[int, ...] = ()
        self._rows: dict[int, EpochDone] = {}
        self.play_button = named(QToolButton(), "epochPlayButton")
        self.play_button.setIcon(theme.icon("play"))
        self.play_button.setAccessibleName("Play the epochs")
        self.play_button.setToolTip("Shows one epoch after the other")
        self.play_button.clicked.connect(self._toggle)
        self.slider = named(EpochSlider(), "epochSlider")
        self.slider.setFixedWidth(self.slider.sizeHint().width())
        self.slider.setAccessibleName("Epoch")
        self.slider.setToolTip(_TIP)
        self.slider.valueChanged.connect(self._moved)
        self.label = ElidedLabel()
        self.label.setFixedWidth(_LABEL)
        self.reason_label = muted(_NONE)
        self.reason_label.setWordWrap(False)
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MILLISECONDS)
        self._timer.timeout.connect(self._step)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.play_button)
        for part in (self.slider, self.label, self.reason_label):
            row.addWidget(part)
        looking.network_changed.connect(self._forget)
        looking.listed_changed.connect(self._show_list)
        looking.epoch_changed.connect(self._follow)
        self._forget()

    def set_compact(self, compact: bool) -> None:
        """Take less room: the words are the slider's tooltip."""
        self._is_compact = compact
        hint = self.slider.minimumSizeHint() if compact else self.slider.sizeHint()
        self.slider.setFixedWidth(hint.width())
        self.label.setVisible(bool(self._epochs) and not compact)

    @property
    def is_playing(self) -> bool:
        """Whether one epoch after the other is shown."""
        return self._timer.isActive()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """What is not seen does not play."""
        self._stop()
        super().hideEvent(event)

    @Slot()
    def _forget(self) -> None:
        self._stop()
        self._epochs, self._rows = (), {}
        self.hide()

    @Slot()
    def _show_list(self) -> None:
        listed = self._looking.listed
        if listed is None or not self._looking.is_run:
            return
        self._epochs = listed.epochs
        for widget in (self.play_button, self.slider):
            widget.setVisible(bool(self._epochs))
        self.label.setVisible(bool(self._epochs) and not self._is_compact)
        self.reason_label.setVisible(not self._epochs)
        self.reason_label.setToolTip(_NO_EPOCHS if listed.has_pretrained else _NO_WEIGHTS)
        if self._epochs:
            self._rows = _history(listed.model)
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, len(self._epochs) - 1)
            best = listed.best_epoch
            self.slider.set_best(self._epochs.index(best) if best in self._epochs else -1)
            self._follow()
        self.show()

    @Slot()
    def _follow(self) -> None:
        """Show the epoch that is looked at, whoever has chosen it."""
        listed = self._looking.listed
        if not self._epochs or listed is None:
            return
        epoch = self._looking.epoch if self._looking.epoch is not None else listed.best_epoch
        if epoch in self._epochs:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._epochs.index(epoch))
            words = self._words(epoch)
            self.label.set_text(words)
            row = self._rows.get(epoch)
            phase = f"; the network was {row.phase}" if row is not None else ""
            self.label.setToolTip(f"{words}{phase}")
            self.slider.setToolTip(f"{_TIP}. {words}{phase}")

    def _words(self, epoch: int) -> str:
        if epoch == 0:
            return "Before training: pretrained"
        row = self._rows.get(epoch)
        if row is None:
            return f"Epoch {epoch}"
        accuracy = "" if row.accuracy is None else f": accuracy {100 * row.accuracy:.1f}\u00a0%"
        total = max(self._rows)
        return f"Epoch {epoch} of {total}{accuracy}"

    @Slot(int)
    def _moved(self, at: int) -> None:
        self._stop()
        self._look_at(at)

    def _look_at(self, at: int) -> None:
        listed = self._looking.listed
        if listed is not None and 0 <= at < len(self._epochs):
            epoch = self._epochs[at]
            self._looking.set_epoch(None if epoch == listed.best_epoch else epoch)

    # -- playing ----------------------------------------------------------------------

    @Slot()
    def _toggle(self) -> None:
        if self.is_playing:
            self._stop()
            return
        self.play_button.setIcon(theme.icon("pause"))
        self.play_button.setAccessibleName("Pause")
        self._timer.start()
        if self.slider.value() == self.slider.maximum():
            self._look_at(0)

    def _stop(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self.play_button.setIcon(theme.icon("play"))
            self.play_button.setAccessibleName("Play the epochs")

    @Slot()
    def _step(self) -> None:
        # Parts of the page ask for themselves: only when nothing is asked any more has everything been seen.
        jobs = self._looking.session.owner.jobs
        if self._looking.is_busy or any(job.request.process == "viewer" for job in jobs):
            return
        self._look_at(self.slider.value() + 1)
        if self.slider.value() == self.slider.maximum():
            self._stop()


def _history(model: str) -> dict[int, EpochDone]:
    """The rows of a run's history by epoch; none where it cannot be read."""
    try:
        return {row.epoch: row for row in RunFolder(Path(model)).history()}
    except (OSError, UnicodeError):
        return {}
