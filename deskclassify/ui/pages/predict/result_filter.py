"""Which answers are shown: by text, by class, and by how sure the model is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.columns import Counts, Kind, Wanted
from deskclassify.ui.pages.predict.table import PredictionModel, dot
from deskclassify.ui.widgets.common import muted, pad_spin_boxes, subheading
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.range_slider import RangeSlider

_BINS = 20
_PRESETS = ((0, 50), (0, 80), (0, 95), (95, 100))
_TITLES: dict[Kind, str] = {
    "all": "All answers",
    "none": NO_ANSWER.capitalize(),
    "unreadable": "Could not be read",
    "corrected": "Corrected",
}
_LABEL_ROLE = Qt.ItemDataRole.UserRole + 1


def certainty_text(low: int, high: int) -> str:
    """A range of certainty as people say it."""
    if (low, high) == (0, 100):
        return "Any certainty"
    if low == 0:
        return f"Up to {high} % sure"
    return f"At least {low} % sure" if high == 100 else f"{low} to {high} % sure"


class ClassBox(QComboBox):
    """The kinds of answers and how many there are of each; counted when the list is opened."""

    about_to_open = Signal()

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        """Count first."""
        self.about_to_open.emit()
        super().showPopup()


class CertaintyPanel(QWidget):
    """The range, as a slider over a histogram, as numbers, and some usual ones."""

    changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = named(RangeSlider(), "certaintySlider")
        self.slider.setAccessibleName("How sure the model is")
        self.low_spin, self.high_spin = self._spin("Least certainty"), self._spin("Most certainty")
        self.high_spin.setValue(100)
        numbers = QHBoxLayout()
        numbers.addWidget(QLabel("From"))
        numbers.addWidget(self.low_spin)
        numbers.addWidget(QLabel("to"))
        numbers.addWidget(self.high_spin)
        numbers.addStretch(1)
        usual = QHBoxLayout()
        for low, high in _PRESETS:
            preset = QPushButton(f"≤ {high} %" if low == 0 else f"≥ {low} %")
            preset.setAccessibleName(certainty_text(low, high))
            preset.setToolTip(certainty_text(low, high))
            preset.setProperty("range", (low, high))
            preset.clicked.connect(self._use_preset)
            usual.addWidget(preset)
        self.any_button = QPushButton("Any")
        self.any_button.setProperty("range", (0, 100))
        self.any_button.clicked.connect(self._use_preset)
        usual.addWidget(self.any_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN - 6, theme.GAP, theme.MARGIN - 6, theme.GAP)
        column.setSpacing(theme.GAP)
        column.addWidget(subheading("How sure the model is"))
        column.addWidget(muted("The bars show how many answers there are."))
        column.addWidget(self.slider)
        column.addLayout(numbers)
        column.addLayout(usual)
        pad_spin_boxes(self)
        self.slider.changed.connect(self.set_range)

    def _spin(self, name: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(0, 100)
        spin.setSuffix(" %")
        spin.setAccessibleName(name)
        spin.setMinimumWidth(88)
        spin.valueChanged.connect(self._spun)
        return spin

    @Slot()
    def _spun(self) -> None:
        # The number that is being changed takes the other one along.
        low, high = self.low_spin.value(), self.high_spin.value()
        if self.sender() is self.low_spin:
            self.set_range(low, max(low, high))
        else:
            self.set_range(min(low, high), high)

    @Slot()
    def _use_preset(self) -> None:
        self.set_range(*self.sender().property("range"))

    @Slot(int, int)
    def set_range(self, low: int, high: int) -> None:
        """Use a range."""
        with QSignalBlocker(self.low_spin), QSignalBlocker(self.high_spin):
            self.low_spin.setValue(low)
            self.high_spin.setValue(high)
        self.slider.set_range(low, high)
        self.changed.emit(low, high)


class ResultFilter(QWidget):
    """The controls above the answers. They hold what is wanted; the page of answers does it."""

    changed = Signal(object)  # Wanted

    def __init__(self, model: PredictionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._wish = Wanted()
        self.text_edit = named(QLineEdit(), "filterEdit")
        self.text_edit.setPlaceholderText("Filter by name, class or remark")
        self.text_edit.setAccessibleName("Filter the answers")
        self.text_edit.setClearButtonEnabled(True)
        self.text_edit.textChanged.connect(self._typed)
        self.class_box = named(ClassBox(), "classFilterBox")
        self.class_box.setAccessibleName("Show answers of a class")
        self.class_box.setToolTip("Show only the answers of one class, or those that need a look")
        self.class_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.class_box.setMinimumContentsLength(13)
        self.class_box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.class_box.addItem("All answers", "all")
        self.class_box.about_to_open.connect(self.count)
        self.class_box.activated.connect(self._choose_class)
        self.panel = CertaintyPanel()
        menu = QMenu(self)
        menu.aboutToShow.connect(self._show_histogram)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self.panel)
        menu.addAction(action)
        self.certainty_button = named(QPushButton(certainty_text(0, 100)), "certaintyButton")
        self.certainty_button.setProperty("hasMenu", True)
        self.certainty_button.setToolTip("Show only answers of which the model is so sure")
        self.certainty_button.setMenu(menu)
        self.panel.changed.connect(self._choose_certainty)
        self.hide()  # it only holds the controls; the page of answers puts them where they belong

    @property
    def wish(self) -> Wanted:
        """What is to be shown."""
        return self._wish

    @Slot()
    def clear(self) -> None:
        """Show everything."""
        with QSignalBlocker(self.text_edit), QSignalBlocker(self.panel):
            self.text_edit.clear()
            self.panel.set_range(0, 100)
        self.certainty_button.setText(certainty_text(0, 100))
        self.class_box.setCurrentIndex(0)
        self._use(Wanted())

    def show_class(self, kind: Kind, label: str = "") -> None:
        """Show one kind of answers."""
        self._use(replace(self._wish, kind=kind, label=label))
        self.count()

    def _use(self, wish: Wanted) -> None:
        if wish != self._wish:
            self._wish = wish
            self.changed.emit(wish)

    @Slot(str)
    def _typed(self, text: str) -> None:
        self._use(replace(self._wish, text=text))

    @Slot(int, int)
    def _choose_certainty(self, low: int, high: int) -> None:
        self.certainty_button.setText(certainty_text(low, high))
        self._use(replace(self._wish, least=low / 100, most=high / 100))

    @Slot(int)
    def _choose_class(self, place: int) -> None:
        kind, label = self.class_box.itemData(place), self.class_box.itemData(place, _LABEL_ROLE) or ""
        self._use(replace(self._wish, kind=kind, label=label))

    @Slot()
    def _show_histogram(self) -> None:
        heights, _ = np.histogram(self._model.columns.shares(), bins=_BINS, range=(0.0, 1.0))
        self.panel.slider.set_bars(np.sqrt(heights).tolist())  # else the sure ones hide the rest

    @Slot()
    def count(self) -> None:
        """Show how many answers there are of each kind."""
        if self.class_box.view().isVisible():
            return  # an open list does not change under the pointer
        counts = self._model.columns.counts()
        with QSignalBlocker(self.class_box):
            self.class_box.clear()
            for icon, text, kind, label in self._items(counts):
                self.class_box.addItem(icon, text, kind)
                self.class_box.setItemData(self.class_box.count() - 1, label, _LABEL_ROLE)
                if (kind, label) == (self._wish.kind, self._wish.label):
                    self.class_box.setCurrentIndex(self.class_box.count() - 1)

    def count_chosen(self) -> None:
        """The same for the kind that is chosen alone: quick, with very many classes too."""
        wish, counts = self._wish, self._model.columns.counts()
        numbers: dict[Kind, int] = {
            "all": counts.total,
            "class": dict(counts.classes).get(wish.label, 0),
            "none": counts.none,
            "unreadable": counts.unreadable,
            "corrected": counts.corrected,
        }
        text = {"class": wish.label, **_TITLES}[wish.kind]
        self.class_box.setItemText(self.class_box.currentIndex(), f"{text} ({numbers[wish.kind]:,})")

    def _items(self, counts: Counts) -> list[tuple[QIcon, str, Kind, str]]:
        wish, muted_dot = self._wish, QIcon(dot(theme.current().muted))
        made: list[tuple[QIcon, str, Kind, str]] = [(QIcon(), f"{_TITLES['all']} ({counts.total:,})", "all", "")]
        classes = dict(counts.classes)
        if wish.kind == "class":
            classes.setdefault(wish.label, 0)  # what is chosen stays in the list
        for label, count in sorted(classes.items()):
            color = self._model.class_color(label)
            made.append((QIcon(dot(color)) if color else QIcon(), f"{label} ({count:,})", "class", label))
        others: tuple[tuple[Kind, int], ...] = (
            ("none", counts.none),
            ("unreadable", counts.unreadable),
            ("corrected", counts.corrected),
        )
        for kind, number in others:
            if number or wish.kind == kind:
                made.append((muted_dot, f"{_TITLES[kind]} ({number:,})", kind, ""))
        return made
