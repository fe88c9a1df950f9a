"""What training makes of the user's own pictures, live while the strength is moved."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.core.events import Augmented, Event
from deskclassify.core.preprocess import RESIZE_METHODS
from deskclassify.core.requests import AugmentRequest
from deskclassify.core.sources import Item
from deskclassify.jobs.job import Job
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.copies_view import CopiesView
from deskclassify.ui.widgets.images import to_pixmap
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.strength_slider import StrengthSlider

_PICTURES, _COPIES = 3, 5
_PIXELS = 160  # of each picture, whatever size training takes: it is the changes that are looked at
_RESIZED_PIXELS = 72
_PAUSE_MILLISECONDS = 30  # while the slider moves, at most so often


class AugmentPreview(QDialog):
    """A few training pictures, and beside each what the network would see of it in five epochs.

    The settings are the dialog's own until `accepted_settings` gives them to whoever opened it.
    One question is on its way at a time. While the slider moves, each answer is shown as it comes;
    an answer about other pictures or another way of resizing or mixing than now is dropped.
    """

    accepted_settings = Signal(float, str, str)  # strength, resize, mix

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("augmentPreview")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preview of augmentation")
        self._session = session
        options = session.project.options
        self._items = [item for item in session.listing.items if item.subset == "train"] if session.listing else []
        self._labels = {item.path: item.label for item in self._items}
        self._wanted = AugmentRequest((), options.resize, _PIXELS, options.augment, options.mix, _COPIES, seed=0)
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MILLISECONDS)
        self._timer.timeout.connect(self._ask)
        self._build()
        self.strength.set_strength(options.augment)
        self.mix.setCurrentIndex(max(0, self.mix.findData(options.mix)))
        self.strength.moved.connect(self._changed)
        self.mix.currentIndexChanged.connect(self._changed)
        self._resize_group.idClicked.connect(self._changed)
        self.resize(940, 760)
        self.strength.setFocus()
        self._other_pictures()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(
            common.muted(
                "In each epoch the network sees every training picture in another of such versions. "
                "Choose changes that leave it clear to you what the picture shows."
            )
        )
        layout.addLayout(self._make_resize_row())
        layout.addLayout(self._make_controls())
        self.view = named(CopiesView(), "augmentCopies")
        layout.addWidget(self.view, 1)
        layout.addLayout(self._make_buttons())

    def _make_resize_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(QLabel("Resize"))
        self._resize_group = QButtonGroup(self)
        for number, method in enumerate(RESIZE_METHODS):
            title, note = words.RESIZE[method]
            button = named(QToolButton(), f"{method}Button")
            button.setProperty("role", "button")
            button.setText(title)
            button.setToolTip(note)
            button.setCheckable(True)
            button.setChecked(method == self._wanted.resize)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(_RESIZED_PIXELS, _RESIZED_PIXELS))
            self._resize_group.addButton(button, number)
            row.addWidget(button)
        self._resize_note = common.muted(words.RESIZE[self._wanted.resize][1])
        row.addSpacing(theme.GAP)
        row.addWidget(self._resize_note, 1)
        return row

    def _make_controls(self) -> QHBoxLayout:
        self.strength = StrengthSlider()
        self.mix = named(QComboBox(), "mixBox")
        for value, (title, note) in words.MIXES.items():
            self.mix.addItem(title, value)
            self.mix.setItemData(self.mix.count() - 1, note, Qt.ItemDataRole.ToolTipRole)
        others = named(QPushButton(theme.icon("refresh"), "Other pictures"), "otherPicturesButton")
        others.clicked.connect(self._other_pictures)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for text, field, stretch in (("Augmentation", self.strength, 1), ("Mix pictures", self.mix, 0)):
            label = QLabel(text)
            label.setBuddy(field.focusProxy() or field)
            row.addWidget(label)
            row.addWidget(field, stretch)
            row.addSpacing(theme.GAP)
        row.addWidget(others)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        use = common.primary(named(QPushButton(theme.icon("check"), "Use these settings"), "usePreviewButton"))
        close = QPushButton("Close")
        use.clicked.connect(self._use)
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(use)
        row.addWidget(close)
        return row

    # -- asking -----------------------------------------------------------------------

    @Slot()
    def _other_pictures(self) -> None:
        seed = self._wanted.seed + 1
        self._wanted = replace(self._wanted, files=pick(self._items, _PICTURES, seed), seed=seed)
        self.view.show_text("Looking at your pictures…")
        self._ask_soon()

    @Slot()
    def _changed(self) -> None:
        method = RESIZE_METHODS[self._resize_group.checkedId()]
        self._resize_note.setText(words.RESIZE[method][1])
        self._wanted = replace(
            self._wanted, resize=method, strength=self.strength.strength(), mix=self.mix.currentData()
        )
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._job is None and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _ask(self) -> None:
        self._job = self._session.ask(self._wanted, self._answered, self._failed)

    @Slot(object)
    def _answered(self, event: Event) -> None:
        if self._ends(self.sender()) and isinstance(event, Augmented):
            self.view.show_copies(event, [self._labels.get(path, "") for path in event.files])
            for button, pixels in zip(self._resize_group.buttons(), event.resized, strict=False):
                button.setIcon(QIcon(to_pixmap(pixels)))

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        if self._ends(self.sender()):
            self.view.show_text(failure.sentence)

    def _ends(self, sender: object) -> bool:
        """Take note that the question at hand is answered, and ask anew if more was wanted meanwhile.

        Returns:
            whether the answer is still of interest.
        """
        if self._job is None or sender is not self._job:
            return False
        asked, self._job = self._job.request, None
        if asked != self._wanted:
            self._ask_soon()
        return isinstance(asked, AugmentRequest) and replace(asked, strength=self._wanted.strength) == self._wanted

    # -- leaving ----------------------------------------------------------------------

    @Slot()
    def _use(self) -> None:
        self.accepted_settings.emit(self._wanted.strength, self._wanted.resize, self._wanted.mix)
        self.close()

    def done(self, result: int) -> None:
        """Escape comes here as well."""
        self._forget()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Want nothing any more."""
        self._forget()
        super().closeEvent(event)

    def _forget(self) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.control.stop()
            self._job = None


def pick(items: Sequence[Item], count: int, seed: int) -> tuple[str, ...]:
    """Paths of pictures drawn at random, of as many classes as possible."""
    drawn = random.Random(seed)
    by_class: dict[str, list[str]] = {}
    for item in drawn.sample(list(items), len(items)):
        by_class.setdefault(item.label, []).append(item.path)
    rounds = zip_longest(*by_class.values())
    return tuple([path for one in rounds for path in one if path is not None][:count])
