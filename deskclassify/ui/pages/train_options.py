"""The settings of a training: what the project's `TrainOptions` hold, as cards of fields."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from deskclassify.core import architectures, paths
from deskclassify.core.project import TrainOptions
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.train_advanced import AdvancedCard, select
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

_DETAILS_ROLE = Qt.ItemDataRole.UserRole + 1
_POPUP_WIDTH = 470
_SCROLL_BAR_WIDTH = 4  # pixels kept free beside the cards
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
        self.advanced = AdvancedCard(session)
        self.find_button = self.advanced.find_button
        self.advanced.changed.connect(self._store)
        layout.addWidget(self.advanced)
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
        for name, (title, note) in words.PRESETS.items():
            self.preset.addItem(title, name)
            self.preset.setItemData(self.preset.count() - 1, note, Qt.ItemDataRole.ToolTipRole)
        self._preset_note = common.muted("")
        card.body.addWidget(self.preset)
        card.body.addWidget(self._preset_note)
        self.preset.currentIndexChanged.connect(self._store)
        return card

    # -- fields and options -----------------------------------------------------------

    @Slot()
    def fill(self) -> None:
        """Show the project's options."""
        options = self._session.project.options
        self._filling = True
        try:
            self._describe_networks()
            select(self.architecture, options.architecture)
            select(self.preset, options.preset)
            self.advanced.show_options(options)
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

    @Slot()
    def _store(self) -> None:
        if self._filling:
            return
        self._session.change_options(self.options())
        self._show_notes()

    def options(self) -> TrainOptions:
        """What the fields say; a learning rate that is no number leaves the old one."""
        options = replace(
            self._session.project.options,
            architecture=self.architecture.currentData(),
            preset=self.preset.currentData(),
        )
        return self.advanced.read(options)

    def set_learning_rate(self, value: float) -> None:
        """Put a learning rate into the field."""
        self.advanced.learning_rate.setText(words.rate_text(value))

    def refresh_weights(self) -> None:
        """A download may have ended: say anew which weights are there."""
        self._describe_networks()
        self._show_notes()

    def _show_notes(self) -> None:
        details = str(self.architecture.currentData(_DETAILS_ROLE)).split(" · ")
        self._network_note.setText("\n".join((" · ".join(details[:2]), *details[2:])))
        self._preset_note.setText(words.PRESETS[self.preset.currentData()][1])
        self.advanced.show_notes()
