"""How pictures go into a model that does not say it: usual ways by name, and each value by hand."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.foreign import Handling
from deskclassify.core.foreign_presets import PRESETS, preset_of
from deskclassify.ui import theme
from deskclassify.ui.widgets.choice import Choice
from deskclassify.ui.widgets.collapsible import Collapsible
from deskclassify.ui.widgets.common import pad_spin_boxes, subheading
from deskclassify.ui.widgets.named import named

_MOST_PIXELS = 2048
Numbers = tuple[float, float, float]


class ForeignSettings(QWidget):
    """Gives a `Handling`; class names are asked for elsewhere.

    Args:
        how: to begin with.
        is_known: whether that was said before; else no preset is chosen, since nothing is guessed in silence.
        keep_output: the kind of output was measured, and presets leave it alone.
        size: pixels that the input must have; 0 where any will do.
    """

    changed = Signal()

    def __init__(
        self, how: Handling, is_known: bool, keep_output: bool, size: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._how = how
        self._keep_output = keep_output
        self.is_chosen = is_known
        self.presets: dict[str, Choice] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)  # none is chosen where the values are others
        for name, preset in PRESETS.items():
            choice = named(Choice(preset.title, preset.text), f"{name}PresetButton")
            choice.setAutoDefault(False)
            choice.clicked.connect(self._preset_clicked)
            self._group.addButton(choice)
            self.presets[name] = choice
        self._make_fields()
        self.size_spin.setEnabled(size == 0)
        self._lay_out()
        self._show()

    def _make_fields(self) -> None:
        self.mean_edit = named(QLineEdit(), "foreignMeanEdit")
        self.mean_edit.setToolTip("<p>Three numbers, for red, green and blue, on the scale 0 to 1; or one for all.</p>")
        self.std_edit = named(QLineEdit(), "foreignStdEdit")
        self.std_edit.setToolTip(
            "<p>What (value − mean) is divided by: three numbers on the scale 0 to 1, or one for all.</p>"
        )
        self.resize_box = _box(
            "foreignResizeBox", ("crop", "cut the middle out"), ("squish", "scale the whole picture")
        )
        self.resize_box.addItem("scale, and fill the border", "pad")
        self.to_spin = _pixels("foreignResizeToSpin")
        self.to_spin.setToolTip("The shorter side is scaled to this before the middle is cut out.")
        self.size_spin = _pixels("foreignSizeSpin")
        self.size_spin.setToolTip("Width and height of what goes in")
        self.filter_box = _box("foreignFilterBox", ("bilinear", "bilinear"), ("bicubic", "bicubic"))
        self.channels_box = _box("foreignChannelsBox", ("rgb", "red, green, blue"), ("bgr", "blue, green, red"))
        self.channels_box.setToolTip("Programs that read pictures with OpenCV put blue first.")
        self.output_box = _box(
            "foreignOutputBox", ("probabilities", "probabilities"), ("logits", "raw scores (logits)")
        )
        self.output_box.setToolTip(
            "<p>Probabilities add up to 1. Raw scores are any numbers, and go through softmax.</p>"
        )
        for edit in (self.mean_edit, self.std_edit):
            edit.editingFinished.connect(self._edited)
        for spin in (self.to_spin, self.size_spin):
            spin.valueChanged.connect(self._edited)
        for box in (self.resize_box, self.filter_box, self.channels_box, self.output_box):
            box.currentIndexChanged.connect(self._edited)

    def _lay_out(self) -> None:
        cards = QGridLayout()
        cards.setSpacing(theme.GAP)
        for at, choice in enumerate(self.presets.values()):
            cards.addWidget(choice, at // 2, at % 2)
        self.own = Collapsible("All values")
        self.own.button.setObjectName("foreignValuesButton")
        grid = QGridLayout(self.own.content)
        grid.setContentsMargins(theme.GAP, 0, 0, 0)
        grid.setSpacing(theme.GAP)
        fields: tuple[tuple[str, QWidget], ...] = (
            ("Mean", self.mean_edit),
            ("Spread (std)", self.std_edit),
            ("Resize", self.resize_box),
            ("Shorter side", self.to_spin),
            ("Size", self.size_spin),
            ("Filter", self.filter_box),
            ("Colours", self.channels_box),
            ("Output", self.output_box),
        )
        for at, (title, field) in enumerate(fields):
            label = QLabel(title)
            label.setBuddy(field)
            field.setAccessibleName(title)
            grid.addWidget(label, at // 2, 2 * (at % 2))
            grid.addWidget(field, at // 2, 2 * (at % 2) + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(subheading("How pictures go in"))
        layout.addLayout(cards)
        layout.addWidget(self.own)
        pad_spin_boxes(self)

    @property
    def handling(self) -> Handling:
        """What is chosen, with the class names that it began with."""
        return self._how

    def _show(self) -> None:
        """Bring all fields in line with the values."""
        how, p = self._how, self._how.preprocess
        chosen = preset_of(how) if self.is_chosen else ""
        for name, choice in self.presets.items():
            choice.setChecked(name == chosen)
        values: tuple[tuple[QComboBox, str], ...] = (
            (self.resize_box, p.resize),
            (self.filter_box, p.interpolation),
            (self.channels_box, how.channels),
            (self.output_box, how.output),
        )
        for box, value in values:
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(value))
        for spin, pixels in ((self.to_spin, p.resize_to), (self.size_spin, p.size)):
            with QSignalBlocker(spin):
                spin.setValue(pixels)
        self.to_spin.setEnabled(p.resize == "crop")
        self.mean_edit.setText(_written(p.mean))
        self.std_edit.setText(_written(p.std))

    @Slot()
    def _preset_clicked(self) -> None:
        name = next(name for name, choice in self.presets.items() if choice is self.sender())
        self._how = PRESETS[name].apply(self._how, self._keep_output)
        self._take()

    @Slot()
    def _edited(self) -> None:
        p = self._how.preprocess
        size = self.size_spin.value()
        made = replace(
            p,
            resize=self.resize_box.currentData(),
            size=size,
            resize_to=max(size, self.to_spin.value()),
            interpolation=self.filter_box.currentData(),
            mean=_read(self.mean_edit.text(), p.mean, -1e6),
            std=_read(self.std_edit.text(), p.std, 1e-9),
        )
        how = replace(
            self._how,
            preprocess=made,
            channels=self.channels_box.currentData(),
            output=self.output_box.currentData(),
        )
        if how != self._how:
            self._how = how
            self._take()
        else:
            self._show()  # what cannot be read goes back to what it was

    def _take(self) -> None:
        self.is_chosen = True
        self._show()
        self.changed.emit()


def _box(name: str, *choices: tuple[str, str]) -> QComboBox:
    made = named(QComboBox(), name)
    for value, text in choices:
        made.addItem(text, value)
    return made


def _pixels(name: str) -> QSpinBox:
    made = named(QSpinBox(), name)
    made.setRange(8, _MOST_PIXELS)
    made.setSuffix(" pixels")
    return made


def _written(values: Numbers) -> str:
    return f"{values[0]:.6g}" if len(set(values)) == 1 else ", ".join(f"{value:.6g}" for value in values)


def _read(text: str, before: Numbers, least: float) -> Numbers:
    """Three numbers of a text, or one for all; what was before where it is neither, or means the same."""
    if text == _written(before):
        return before  # 1/255 is not what six digits of it say
    parts = text.replace(";", ",").replace(",", " ").split()
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return before
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not all(least <= number <= 1e6 for number in numbers):
        return before
    return (numbers[0], numbers[1], numbers[2])
