"""The fields of a training that have a sensible automatic value, beneath a title that opens."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from deskclassify.core import balance
from deskclassify.core.errors import InputError
from deskclassify.core.project import TrainOptions
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.augment_preview import AugmentPreview
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.collapsible import Collapsible
from deskclassify.ui.widgets.explained import tip
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.strength_slider import StrengthSlider

_BATCH_SIZES = (4, 8, 16, 32, 64, 128, 256)
_IMAGE_SIZES = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
_MOST_PATIENCE = 100  # epochs


class AdvancedCard(common.Card):
    """Maps its fields to `TrainOptions` and back; `changed` tells that the user has changed one."""

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._session = session
        self._collapsible = advanced = Collapsible("Advanced")
        advanced.button.setObjectName("advancedButton")
        advanced.button.setToolTip("Every field has a sensible automatic value.")
        self.body.addWidget(advanced)
        self._form = QGridLayout(advanced.content)
        self._form.setContentsMargins(0, 4, 0, 0)
        self._form.setHorizontalSpacing(theme.GAP)
        self._form.setVerticalSpacing(theme.GAP)
        self._form.setColumnStretch(1, 1)
        self._build_learning()
        self._build_pictures()
        self._build_checking()
        self._build_computing()
        for box in self.findChildren(QComboBox):  # the longest item does not widen the column
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        session.listing_changed.connect(self._show_listing)

    def open(self) -> None:
        """Show the fields."""
        self._collapsible.button.setChecked(True)

    # -- building ---------------------------------------------------------------------

    def _build_learning(self) -> None:
        self.epochs = named(QSpinBox(), "epochsSpin")
        self.epochs.setRange(0, 1000)
        self.epochs.setSpecialValueText("automatic")
        self.epochs.setToolTip("How many there are of the last phase; 0 chooses by itself.")
        self.patience = named(QSpinBox(), "patienceSpin")
        self.patience.setRange(0, _MOST_PATIENCE)
        self.patience.setSpecialValueText("never")
        self.patience.setSuffix(" epochs")
        self.patience.setToolTip(
            "Ends before its time when so many epochs in a row were no better than the best one "
            "(early stopping); 0 never does. The best epoch is kept in any case."
        )
        self.learning_rate = named(QLineEdit(), "learningRateEdit")
        self.learning_rate.setPlaceholderText("automatic")
        self.learning_rate.setToolTip("The highest of the cycle, for example 1e-3; empty chooses by itself.")
        self._rate_problem = named(common.muted(""), "rateProblem")
        self._rate_problem.hide()
        self.find_button = named(QPushButton("Find a learning rate"), "lrFinderButton")
        self.find_button.setToolTip("Takes some seconds, with your own pictures.")
        self.gradual = self._check(
            "gradualBox",
            "Unfreeze step by step",
            "The last layers of the network learn first, and the earlier ones join them one stage after the other "
            "(gradual unfreezing). Without it they all begin at once.",
        )
        self._title("Learning", first=True)
        self._row("Epochs", self.epochs)
        self._row("Stop early after", self.patience)
        self._row("Learning rate", self.learning_rate)
        self._row("", self._rate_problem)
        self._row("", self.find_button)
        self._row("", self.gradual)
        for spin in (self.epochs, self.patience):
            spin.valueChanged.connect(self.changed)
        self.learning_rate.textChanged.connect(self.changed)

    def _build_pictures(self) -> None:
        self.image_size = self._numbers("imageSizeBox", _IMAGE_SIZES)
        self.image_size.setToolTip("Edge of the square, in pixels, that every picture is scaled to.")
        self.resize_method = self._choices("resizeBox", words.RESIZE)
        self.resize_method.setToolTip("What happens to pictures that are not square.")
        self._resize_note = common.muted("")
        self.strength = StrengthSlider()
        self.strength.settled.connect(self.changed)
        self.mix = self._choices("mixBox", words.MIXES)
        self.mix.setToolTip("Whether two training pictures are put into one, which then belongs to both classes.")
        self.preview_button = named(QPushButton("Preview augmentation…"), "augmentPreviewButton")
        self.preview_button.setIcon(theme.icon("eye"))
        self.preview_button.clicked.connect(self._open_preview)
        self._unused_note = named(common.muted(words.UNUSED_BY_QUICK), "unusedNote")
        self.progressive = self._check(
            "progressiveBox",
            "Begin with smaller pictures",
            "The first epochs use smaller pictures, which is faster and often no worse (progressive image size).",
        )
        self.balance = self._choices("balanceBox", words.BALANCES)
        self.balance.setToolTip("What is done when some classes have far more pictures than others.")
        self._balance_note = named(common.muted(""), "balanceNote")
        self._title("Pictures")
        self._row("Image size", self.image_size)
        self._row("Resize", self.resize_method)
        self._row("", self._resize_note)
        self._row("Augmentation", self.strength)
        self._row("Mix pictures", self.mix)
        self._row("", self.preview_button)
        self._row("", self.progressive)
        self._row("", self._unused_note)
        self._row("Rare classes", self.balance)
        self._row("", self._balance_note)

    def _build_checking(self) -> None:
        self.tta = self._check(
            "ttaBox",
            "Also look at changed copies",
            "At the end, the network also looks at changed copies of each validation picture, and the mean of its "
            "answers is measured (test-time augmentation). Often a little more accurate, and several times slower.",
        )
        self._title("Checking")
        self._row("", self.tta)

    def _build_computing(self) -> None:
        self.batch_size = self._numbers("batchSizeBox", _BATCH_SIZES)
        self.batch_size.setToolTip("Automatic suits most sets; take less where memory runs out.")
        self.device = self._choices("deviceBox", {name: (title, "") for name, title in words.DEVICES.items()})
        self.device.setToolTip("What computes. Automatic takes a graphics card if there is one that works.")
        self.weights = named(QLineEdit(), "weightsEdit")
        self.weights.setPlaceholderText("the usual ones")
        self.weights.setToolTip("A file with pretrained weights of this network, if you want others than the usual.")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a file with weights.")
        browse.setAccessibleName("Choose a file with weights")
        browse.clicked.connect(self._browse)
        self.weights.textChanged.connect(self.changed)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.weights, 1)
        layout.addWidget(browse)
        row.setFocusProxy(self.weights)
        self._title("Computing")
        self._row("Batch size", self.batch_size)
        self._row("Weights", row)
        self._row("Device", self.device)

    def _title(self, text: str, first: bool = False) -> None:
        label = QLabel(text)
        font = label.font()
        font.setWeight(QFont.Weight.DemiBold)
        label.setFont(font)
        label.setContentsMargins(0, 0 if first else theme.GAP, 0, 0)
        self._form.addWidget(label, self._form.rowCount(), 0, 1, 2)

    def _row(self, text: str, field: QWidget) -> None:
        at = self._form.rowCount()
        if not text:
            self._form.addWidget(field, at, 0, 1, 2)
            return
        label = QLabel(text)
        label.setBuddy(field.focusProxy() or field)
        self._form.addWidget(label, at, 0)
        self._form.addWidget(field, at, 1)

    def _check(self, name: str, text: str, tip: str) -> QCheckBox:
        box = named(QCheckBox(text), name)
        box.setToolTip(tip)
        box.toggled.connect(self.changed)
        return box

    def _numbers(self, name: str, values: tuple[int, ...]) -> QComboBox:
        box = named(QComboBox(), name)
        box.addItem("automatic", None)
        for value in values:
            box.addItem(str(value), value)
        box.currentIndexChanged.connect(self.changed)
        return box

    def _choices(self, name: str, titles: dict[str, tuple[str, str]]) -> QComboBox:
        box = named(QComboBox(), name)
        for value, (title, note) in titles.items():
            box.addItem(title, value)
            box.setItemData(box.count() - 1, note, Qt.ItemDataRole.ToolTipRole)
        box.currentIndexChanged.connect(self.changed)
        return box

    @Slot()
    def _browse(self) -> None:
        kinds = "Weights (*.pth *.pt *.safetensors *.bin);;All files (*)"
        chosen = dialogs.ask_file(self, self._session, "Choose pretrained weights", kinds)
        if chosen is not None:
            self.weights.setText(str(chosen))

    # -- fields and options -----------------------------------------------------------

    def show_options(self, options: TrainOptions) -> None:
        """Put options into the fields; `changed` is emitted while this goes on."""
        self.epochs.setValue(options.epochs or 0)
        self.patience.setValue(options.patience or 0)
        if self.typed_rate() != options.learning_rate:
            rate = options.learning_rate
            self.learning_rate.setText("" if rate is None else f"{rate:g}")
        select(self.batch_size, options.batch_size)
        select(self.image_size, options.image_size)
        select(self.resize_method, options.resize)
        select(self.mix, options.mix)
        select(self.balance, options.balance)
        select(self.device, options.device)
        self.strength.set_strength(options.augment)
        self.gradual.setChecked(options.gradual)
        self.progressive.setChecked(options.progressive)
        self.tta.setChecked(options.tta)
        if self.weights.text() != options.weights:
            self.weights.setText(options.weights)

    def read(self, options: TrainOptions) -> TrainOptions:
        """The options with what the fields say; a learning rate that is no number leaves the old one."""
        return replace(
            options,
            epochs=self.epochs.value() or None,
            learning_rate=self.typed_rate(),
            batch_size=self.batch_size.currentData(),
            image_size=self.image_size.currentData(),
            resize=self.resize_method.currentData(),
            augment=self.strength.strength(),
            mix=self.mix.currentData(),
            balance=self.balance.currentData(),
            gradual=self.gradual.isChecked(),
            progressive=self.progressive.isChecked(),
            patience=self.patience.value() or None,
            tta=self.tta.isChecked(),
            weights=self.weights.text().strip(),
            device=self.device.currentData(),
        )

    def typed_rate(self) -> float | None:
        """The learning rate in the field; the project's, if it is no number."""
        try:
            return words.parse_learning_rate(self.learning_rate.text())
        except InputError:
            return self._session.project.options.learning_rate

    def show_notes(self) -> None:
        """Say what the chosen values mean, and what is wrong with the learning rate."""
        self._resize_note.setText(words.RESIZE[self.resize_method.currentData()][1])
        self._unused_note.setVisible(self._session.project.options.preset == "quick")
        self._show_listing()
        problem = ""
        try:
            words.parse_learning_rate(self.learning_rate.text())
        except InputError as error:
            problem = error.sentence
        self._rate_problem.setText(problem)
        self._rate_problem.setVisible(bool(problem))
        border = f"QLineEdit {{ border: 1px solid {theme.current().bad}; }}"
        self.learning_rate.setStyleSheet(border if problem else "")

    @Slot()
    def _show_listing(self) -> None:
        """What the pictures at hand come to: the remedy for rare classes, and whether there is a preview."""
        listing = self._session.listing
        counts = Counter(item.label for item in listing.items if item.subset == "train") if listing is not None else {}
        plan = balance.plan(counts, self.balance.currentData())
        self._balance_note.setText(plan.sentence if counts else "")
        self._balance_note.setVisible(bool(counts))
        self.preview_button.setEnabled(bool(counts))
        seen = "Shows on your own pictures what the network gets to see."
        self.preview_button.setToolTip(
            tip(seen if counts else "Add pictures on the Data page first.", ["augmentation"])
        )

    @Slot()
    def _open_preview(self) -> None:
        preview = AugmentPreview(self._session, self)
        preview.accepted_settings.connect(self._take_preview)
        preview.open()

    @Slot(float, str, str)
    def _take_preview(self, strength: float, resize: str, mix: str) -> None:
        self.strength.set_strength(strength)
        select(self.resize_method, resize)
        select(self.mix, mix)
        self.changed.emit()


def select(box: QComboBox, value: Any) -> None:
    """Select the item of a value; one that the box does not know is added, for a project may come from elsewhere."""
    at = box.findData(value) if value is not None else 0
    if at < 0:
        box.addItem(str(value), value)
        at = box.count() - 1
    box.setCurrentIndex(at)
