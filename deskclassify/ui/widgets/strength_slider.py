"""How strongly training pictures are changed: a slider and its value in per cent."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from deskclassify.core.requests import STRONGEST_AUGMENT
from deskclassify.ui import theme
from deskclassify.ui.widgets.named import named

_STEP, _PAGE = 5, 25  # per cent
_HANDLE_PIXELS = 22  # with its border; in less room it is cut off


class StrengthSlider(QWidget):
    """From 0 % (no changes) over 100 % (the usual ones) to 200 % (strong ones)."""

    moved = Signal()  # at every step
    settled = Signal()  # when a step was made with the keys, or the mouse has let go

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exact = 1.0
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "augmentSlider")
        self.slider.setRange(0, round(100 * STRONGEST_AUGMENT))
        self.slider.setSingleStep(_STEP)
        self.slider.setPageStep(_PAGE)
        self.slider.setAccessibleName("Strength of the changes to training pictures")
        self.slider.setToolTip(
            "Each time a picture is learned from, it is flipped, turned, zoomed, warped, lit and partly covered a "
            "little differently, so that the network does not learn it by heart (augmentation). "
            "0 % leaves the pictures as they are, 100 % is usual, 200 % is strong."
        )
        self.slider.setMinimumHeight(_HANDLE_PIXELS)
        self.label = QLabel()
        self.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.label.setMinimumWidth(self.label.fontMetrics().horizontalAdvance("200 %"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self.settled)
        self.set_strength(1.0)

    def strength(self) -> float:
        """0 to 2; what was set is kept as exactly as it was until somebody moves the slider."""
        value = self.slider.value()
        return self._exact if value == round(100 * self._exact) else value / 100

    def set_strength(self, strength: float) -> None:
        """Show another strength."""
        self._exact = strength
        self.slider.setValue(round(100 * strength))
        self.label.setText(f"{self.slider.value()} %")

    @Slot()
    def _moved(self) -> None:
        self.label.setText(f"{self.slider.value()} %")
        self.moved.emit()
        if not self.slider.isSliderDown():
            self.settled.emit()
