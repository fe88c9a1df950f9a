"""Which value of a convolution's output is looked at, and the animation that goes through them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import pad_spin_boxes

_SPEEDS = (("Slow", 1000), ("Normal", 350), ("Fast", 60))  # milliseconds a place
_NORMAL = 1
_NARROW = 560  # pixels of the row
_SPIN_FRAME = 40  # pixels, of a spin box's arrows and border


class StepControls(QWidget):
    """Channel, row and column; play and its speed. `moved` tells that another place is chosen."""

    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_waiting = False  # for an answer: the animation goes no faster than these come
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self.channel_spin = self._spin("Channel", "Channel of the output; each has its own kernel")
        self.row_spin = self._spin("Row", "Row of the output")
        self.column_spin = self._spin("Column", "Column of the output")
        self.play_button = QPushButton(theme.icon("play"), "Play")
        self.play_button.setCheckable(True)
        self.play_button.setToolTip("Slides the window over the picture, row by row")
        self.play_button.toggled.connect(self._play)
        self.speed_box = QComboBox()
        self.speed_box.setAccessibleName("Speed")
        self.speed_box.setToolTip("How fast the window slides; it waits for each calculation")
        for name, milliseconds in _SPEEDS:
            self.speed_box.addItem(name, milliseconds)
        self.speed_box.setCurrentIndex(_NORMAL)
        self.speed_box.currentIndexChanged.connect(self._set_speed)
        self._set_speed()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for spin in (self.channel_spin, self.row_spin, self.column_spin):
            label = QLabel(spin.accessibleName())
            label.setBuddy(spin)
            row.addWidget(label)
            row.addWidget(spin)
            row.addSpacing(2)
        row.addStretch(1)
        row.addWidget(self.play_button)
        row.addWidget(self.speed_box)
        # The button must not change its width with its text.
        self._play_width = self.play_button.sizeHint().width() + 14
        pad_spin_boxes(self)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """In little room the button is its icon alone."""
        super().resizeEvent(event)
        self._name_button()

    def _name_button(self) -> None:
        is_narrow = self.width() < _NARROW
        name = "Pause" if self.play_button.isChecked() else "Play"
        self.play_button.setText("" if is_narrow else name)
        self.play_button.setAccessibleName(name)
        self.play_button.setMinimumWidth(0 if is_narrow else self._play_width)

    def _spin(self, name: str, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setAccessibleName(name)
        spin.setToolTip(tip)
        spin.setKeyboardTracking(False)
        spin.setFixedWidth(spin.fontMetrics().horizontalAdvance("0000") + _SPIN_FRAME)
        spin.valueChanged.connect(self._changed)
        return spin

    @property
    def place(self) -> tuple[int, int, int]:
        """Channel, row and column that are chosen."""
        return self.channel_spin.value(), self.row_spin.value(), self.column_spin.value()

    @property
    def is_playing(self) -> bool:
        """Whether the animation runs."""
        return self._timer.isActive()

    def set_sizes(self, channels: int, rows: int, columns: int, channel: int) -> None:
        """Choose in another layer: its middle."""
        self.stop()
        spins = (self.channel_spin, self.row_spin, self.column_spin)
        values = (channel, rows // 2, columns // 2)
        for spin, size, value in zip(spins, (channels, rows, columns), values, strict=True):
            with QSignalBlocker(spin):
                spin.setRange(0, max(0, size - 1))
                spin.setValue(value)

    @Slot(int, int)
    def go_to(self, row: int, column: int) -> None:
        """Choose another row and column."""
        with QSignalBlocker(self.row_spin), QSignalBlocker(self.column_spin):
            self.row_spin.setValue(row)
            self.column_spin.setValue(column)
        self.moved.emit()

    def stop(self) -> None:
        """End the animation."""
        self.is_waiting = False
        self.play_button.setChecked(False)

    @Slot()
    def _changed(self) -> None:
        self.moved.emit()

    @Slot(bool)
    def _play(self, on: bool) -> None:
        self._name_button()
        self.play_button.setIcon(theme.icon("pause" if on else "play"))
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def _set_speed(self) -> None:
        self._timer.setInterval(self.speed_box.currentData())

    @Slot()
    def _advance(self) -> None:
        if self.is_waiting:
            return
        _, row, column = self.place
        column += 1
        if column > self.column_spin.maximum():
            column, row = 0, row + 1
        self.go_to(row if row <= self.row_spin.maximum() else 0, column)
