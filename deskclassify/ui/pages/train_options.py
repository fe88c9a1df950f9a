"""The settings of a training: what the project's `TrainOptions` hold, as cards of fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import architectures, paths
from deskclassify.core.errors import InputError
from deskclassify.core.project import TrainOptions
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

_DETAILS_ROLE = Qt.ItemDataRole.UserRole + 1
_POPUP_WIDTH = 470
_SCROLL_BAR_WIDTH = 4  # pixels kept free beside the cards
_BATCH_SIZES = (4, 8, 16, 32, 64, 128, 256)
_IMAGE_SIZES = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
Index = QModelIndex | QPersistentModelIndex


class _TwoLines(QStyledItemDelegate):
    """A network's title, and its facts beneath."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw both lines."""
        palette = theme.current()
        rect = option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, QColor(palette.accent_soft))
        half = rect.height() // 2
        painter.setPen(QColor(palette.text))
        top = rect.adjusted(10, 5, -10, -half)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        painter.setPen(QColor(palette.muted))
        below = rect.adjusted(10, half, -10, -5)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, str(index.data(_DETAILS_ROLE)))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Two lines and some air."""
        return QSize(_POPUP_WIDTH, 2 * option.fontMetrics.height() + 14)


class Collapsible(QWidget):
    """A title that opens and closes what is beneath it."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.content = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.content)
        self.button.toggled.connect(self._toggle)
        self._toggle(False)

    @Slot(bool)
    def _toggle(self, is_open: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.content.setVisible(is_open)


class TrainOptionsPanel(QWidget):
    """Maps the fields to `session.project.options` and back."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP * 2)
        layout.setContentsMargins(0, 0, _SCROLL_BAR_WIDTH, 0)
        layout.addWidget(self._network_card())
        layout.addWidget(self._recipe_card())
        layout.addWidget(self._advanced_card())
        layout.addStretch(1)
        common.pad_spin_boxes(self)
        session.project_changed.connect(self.fill)
        self.fill()

    # -- building ---------------------------------------------------------------------

    def _network_card(self) -> QWidget:
        card = common.Card("Network")
        self.architecture = named(QComboBox(), "architectureBox")
        self.architecture.setAccessibleName("Network")
        self.architecture.setToolTip(
            "The pretrained network to start from. It has seen 1.3 million photographs of ImageNet already."
        )
        self.architecture.setItemDelegate(_TwoLines(self.architecture))
        self.architecture.view().setMinimumWidth(_POPUP_WIDTH)
        for one in architectures.ARCHITECTURES.values():
            self.architecture.addItem(one.title, one.name)
        self._network_note = common.muted("")
        card.body.addWidget(self.architecture)
        card.body.addWidget(self._network_note)
        self.architecture.currentIndexChanged.connect(self._store)
        return card

    def _recipe_card(self) -> QWidget:
        card = common.Card("Recipe")
        self.preset = named(QComboBox(), "presetBox")
        self.preset.setAccessibleName("Recipe")
        self.preset.setToolTip("How long and how deep the network learns.")
        for name, (title, note) in words.PRESETS.items():
            self.preset.addItem(title, name)
            self.preset.setItemData(self.preset.count() - 1, note, Qt.ItemDataRole.ToolTipRole)
        self._preset_note = common.muted("")
        card.body.addWidget(self.preset)
        card.body.addWidget(self._preset_note)
        self.preset.currentIndexChanged.connect(self._store)
        return card

    def _advanced_card(self) -> QWidget:
        card = common.Card()
        advanced = Collapsible("Advanced")
        advanced.button.setObjectName("advancedButton")
        advanced.button.setToolTip("Every field has a sensible automatic value.")
        card.body.addWidget(advanced)
        form = QGridLayout(advanced.content)
        form.setContentsMargins(0, 4, 0, 0)
        form.setHorizontalSpacing(theme.GAP)
        form.setVerticalSpacing(theme.GAP)
        form.setColumnStretch(1, 1)
        self._build_numbers()
        self._build_choices()
        rows: list[tuple[str, QWidget]] = [
            ("Epochs", self.epochs),
            ("Learning rate", self.learning_rate),
            ("", self._rate_problem),
            ("", self.find_button),
            ("Batch size", self.batch_size),
            ("Image size", self.image_size),
            ("Resize", self.resize_method),
            ("", self._resize_note),
            ("Weights", self._weights_row()),
            ("Device", self.device),
        ]
        for at, (text, field) in enumerate(rows):
            if text:
                label = QLabel(text)
                label.setBuddy(field if field.focusPolicy() != Qt.FocusPolicy.NoFocus else self.weights)
                form.addWidget(label, at, 0)
                form.addWidget(field, at, 1)
            else:
                form.addWidget(field, at, 0, 1, 2)
        for box in card.findChildren(QComboBox):  # the longest item does not widen the column
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        return card

    def _build_numbers(self) -> None:
        self.epochs = named(QSpinBox(), "epochsSpin")
        self.epochs.setRange(0, 1000)
        self.epochs.setSpecialValueText("automatic")
        self.epochs.setToolTip("How many times the network sees every training picture; 0 chooses by itself.")
        self.learning_rate = named(QLineEdit(), "learningRateEdit")
        self.learning_rate.setPlaceholderText("automatic")
        self.learning_rate.setToolTip("How large a step each correction takes, for example 1e-3.")
        self._rate_problem = common.muted("")
        self._rate_problem.hide()
        self.find_button = named(QPushButton("Find a learning rate"), "lrFinderButton")
        self.find_button.setToolTip("Tries ever larger learning rates on your pictures and suggests one.")
        self.batch_size = self._numbers("batchSizeBox", _BATCH_SIZES)
        self.batch_size.setToolTip("How many pictures are learned from at once; smaller needs less memory.")
        self.image_size = self._numbers("imageSizeBox", _IMAGE_SIZES)
        self.image_size.setToolTip("Edge of the square, in pixels, that every picture is scaled to.")
        self.epochs.valueChanged.connect(self._store)
        self.learning_rate.textChanged.connect(self._store)

    def _numbers(self, name: str, values: tuple[int, ...]) -> QComboBox:
        box = named(QComboBox(), name)
        box.addItem("automatic", None)
        for value in values:
            box.addItem(str(value), value)
        box.currentIndexChanged.connect(self._store)
        return box

    def _build_choices(self) -> None:
        self.resize_method = named(QComboBox(), "resizeBox")
        self.resize_method.setToolTip("What happens to pictures that are not square.")
        for name, (title, _) in words.RESIZE.items():
            self.resize_method.addItem(title, name)
        self._resize_note = common.muted("")
        self.device = named(QComboBox(), "deviceBox")
        self.device.setToolTip("What computes. Automatic takes a graphics card if there is one that works.")
        for name, title in words.DEVICES.items():
            self.device.addItem(title, name)
        for box in (self.resize_method, self.device):
            box.currentIndexChanged.connect(self._store)

    def _weights_row(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        self.weights = named(QLineEdit(), "weightsEdit")
        self.weights.setPlaceholderText("the usual ones")
        self.weights.setToolTip("A file with pretrained weights of this network, if you want others than the usual.")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a file with weights.")
        browse.setAccessibleName("Choose a file with weights")
        browse.clicked.connect(self._browse)
        self.weights.textChanged.connect(self._store)
        layout.addWidget(self.weights, 1)
        layout.addWidget(browse)
        return row

    @Slot()
    def _browse(self) -> None:
        kinds = "Weights (*.pth *.pt *.safetensors *.bin);;All files (*)"
        chosen = dialogs.ask_file(self, self._session, "Choose pretrained weights", kinds)
        if chosen is not None:
            self.weights.setText(str(chosen))

    # -- fields and options -----------------------------------------------------------

    @Slot()
    def fill(self) -> None:
        """Show the project's options."""
        options = self._session.project.options
        self._filling = True
        try:
            self._describe_networks()
            _select(self.architecture, options.architecture)
            _select(self.preset, options.preset)
            if self.epochs.value() != (options.epochs or 0):
                self.epochs.setValue(options.epochs or 0)
            if self._typed_rate() != options.learning_rate:
                rate = options.learning_rate
                self.learning_rate.setText("" if rate is None else f"{rate:g}")
            _select(self.batch_size, options.batch_size)
            _select(self.image_size, options.image_size)
            _select(self.resize_method, options.resize)
            _select(self.device, options.device)
            if self.weights.text() != options.weights:
                self.weights.setText(options.weights)
        finally:
            self._filling = False
        self._show_notes()

    def _describe_networks(self) -> None:
        folder = paths.weights_dir()
        for at in range(self.architecture.count()):
            one = architectures.get(self.architecture.itemData(at))
            details = words.architecture_details(one, folder)
            self.architecture.setItemData(at, details, _DETAILS_ROLE)
            self.architecture.setItemData(at, details, Qt.ItemDataRole.ToolTipRole)

    def _typed_rate(self) -> float | None:
        try:
            return words.parse_learning_rate(self.learning_rate.text())
        except InputError:
            return self._session.project.options.learning_rate

    @Slot()
    def _store(self) -> None:
        if self._filling:
            return
        self._session.change_options(self.options())
        self._show_notes()

    def options(self) -> TrainOptions:
        """What the fields say; a learning rate that is no number leaves the old one."""
        return replace(
            self._session.project.options,
            architecture=self.architecture.currentData(),
            preset=self.preset.currentData(),
            epochs=self.epochs.value() or None,
            learning_rate=self._typed_rate(),
            batch_size=self.batch_size.currentData(),
            image_size=self.image_size.currentData(),
            resize=self.resize_method.currentData(),
            weights=self.weights.text().strip(),
            device=self.device.currentData(),
        )

    def set_learning_rate(self, value: float) -> None:
        """Put a learning rate into the field."""
        self.learning_rate.setText(words.rate_text(value))

    def refresh_weights(self) -> None:
        """A download may have ended: say anew which weights are there."""
        self._describe_networks()
        self._show_notes()

    def _show_notes(self) -> None:
        details = str(self.architecture.currentData(_DETAILS_ROLE)).split(" · ")
        self._network_note.setText("\n".join((" · ".join(details[:2]), *details[2:])))
        self._preset_note.setText(words.PRESETS[self.preset.currentData()][1])
        self._resize_note.setText(words.RESIZE[self.resize_method.currentData()][1])
        problem = ""
        try:
            words.parse_learning_rate(self.learning_rate.text())
        except InputError as error:
            problem = error.sentence
        self._rate_problem.setText(problem)
        self._rate_problem.setVisible(bool(problem))
        border = f"QLineEdit {{ border: 1px solid {theme.current().bad}; }}"
        self.learning_rate.setStyleSheet(border if problem else "")


def _select(box: QComboBox, value: Any) -> None:
    """Select the item of a value; one that the box does not know is added, for a project may come from elsewhere."""
    at = box.findData(value) if value is not None else 0
    if at < 0:
        box.addItem(str(value), value)
        at = box.count() - 1
    box.setCurrentIndex(at)
