"""One picture large: what the network says of it and why, what is like it, what it shows, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.events import Verdict
from deskclassify.core.sources import Item
from deskclassify.ui import theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages import picture_words as words
from deskclassify.ui.pages.picture_facts import PictureFacts
from deskclassify.ui.pages.picture_heat import PictureHeat
from deskclassify.ui.pages.picture_labels import PictureLabels
from deskclassify.ui.pages.picture_neighbours import PictureNeighbours
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.class_keys import place_of
from deskclassify.ui.widgets.large_picture import LargePicture
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.probability_bars import ProbabilityBars

if TYPE_CHECKING:
    # The page that shows the dialog imports this module.
    from deskclassify.ui.pages.evaluate.state import Evaluation

_SIDE_PIXELS = 330  # width of the column beside the picture
_LARGEST, _ALONE = (1160, 780), (860, 640)  # pixels: with and without a network to ask
_SHARE = 0.94  # of the window that it lies on
_MOST_BARS, _FEW_BARS, _LOW = 5, 3, 680  # classes; few in a window that is lower than so many pixels


class PictureDialog(QDialog):
    """Steps through pictures with the arrow keys; digits give a class, Delete leaves out.

    Args:
        verdicts: the pictures to step through.
        at: the one to begin with.
        remarks: for each, a text in place of the network's numbers, where it is not the window's
            network that is spoken of; looking inside is not offered then.
        session: answers why the network said so, and mends; None: that is not offered.
        model: the run folder of the network that is spoken of.
        evaluation: whose answers follow the labels; None: they stay as they are.
    """

    look_inside = Signal(str)  # path

    def __init__(
        self,
        verdicts: Sequence[Verdict],
        at: int,
        parent: QWidget | None = None,
        remarks: Sequence[str] = (),
        session: Session | None = None,
        model: str = "",
        evaluation: Evaluation | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pictureDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._verdicts = list(verdicts)
        self._at = at
        self._aside = ""  # a neighbour that is looked at instead
        self._remarks = tuple(remarks)
        self._session, self._evaluation = session, evaluation
        self._mender = Mender(session, self) if session is not None else None
        self._answers = words.Answers(evaluation.view if evaluation is not None else None)
        self._accuracy = words.accuracy(self._answers.view)
        self._make_parts(session, model)
        self._lay_out()
        self._make_keys()
        self._resize(parent)
        if session is not None:
            session.listing_changed.connect(self._refresh)
        if evaluation is not None:
            evaluation.view_changed.connect(self._view_changed)
        theme.notifier().changed.connect(self._refresh)
        self._next.setFocus()
        self._show()

    # -- building ---------------------------------------------------------------------

    def _make_parts(self, session: Session | None, model: str) -> None:
        self._picture = named(LargePicture(), "picture")
        self._heat: PictureHeat | None = None
        self._neighbours: PictureNeighbours | None = None
        if session is not None and model:
            known = self._evaluation.class_of_model if self._evaluation is not None else str
            self._heat = PictureHeat(session, model, class_of_model=known)
            self._heat.shown_changed.connect(self._show_heat)
            self._neighbours = PictureNeighbours(session, model, self._label_of, self._color_of)
            self._neighbours.chosen.connect(self.show_picture)
        self._answer = common.subheading("")
        self._answer.setWordWrap(True)
        self._numbers = named(common.muted(""), "pictureNumbers")
        self._bars = named(ProbabilityBars(1.0), "probabilityBars")
        self._labels = PictureLabels()
        self._labels.chosen.connect(self._relabel)
        self._labels.left_out.connect(self._leave_out)
        self._facts = PictureFacts()
        self._path = QLabel()  # the whole path, for screen readers and tests; people see the name
        self._path.hide()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self._picture)
        if self._heat is not None:
            self._stack.addWidget(self._heat)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP)
        left.addWidget(self._stack, 1)
        left.addLayout(self._make_steps())
        columns = QHBoxLayout()
        columns.setSpacing(theme.MARGIN)
        columns.addLayout(left, 1)
        columns.addWidget(self._make_side())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN - 4, theme.MARGIN, theme.MARGIN - 4)
        layout.setSpacing(theme.GAP + 2)
        layout.addLayout(columns, 1)
        if self._neighbours is not None:
            card = common.Card()
            card.body.setContentsMargins(theme.GAP + 4, theme.GAP, theme.GAP, theme.GAP - 4)
            card.body.addWidget(self._neighbours)
            layout.addWidget(card)
        layout.addLayout(self._make_buttons())

    def _make_side(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        for part in (self._answer, self._numbers, self._bars):
            column.addWidget(part)
        column.addSpacing(theme.GAP)
        column.addWidget(self._labels)
        column.addSpacing(theme.GAP)
        column.addWidget(self._facts)
        column.addWidget(self._path)
        column.addStretch(1)
        scroll = QScrollArea()
        common.fill_scroll(scroll, inner)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_SIDE_PIXELS)
        return scroll

    def _make_steps(self) -> QHBoxLayout:
        self._previous = named(QPushButton("Previous"), "previousButton")
        self._next = named(QPushButton("Next"), "nextButton")
        self._previous.setIcon(theme.icon("left"))
        self._next.setIcon(theme.icon("right"))
        self._previous.clicked.connect(self._go_back)
        self._next.clicked.connect(self._go_on)
        self._previous.setToolTip("The picture before (left arrow)")
        self._next.setToolTip("The next picture (right arrow)")
        self._place = named(common.muted(""), "placeLabel")
        self._place.setWordWrap(False)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for part in (self._previous, self._next, self._place):
            row.addWidget(part)
        row.addStretch(1)
        if self._heat is not None:
            self._heat_button = named(QPushButton("Heat map"), "heatMapButton")
            self._heat_button.setIcon(theme.icon("eye"))
            self._heat_button.setCheckable(True)
            self._heat_button.setToolTip("Shows where in the picture the reasons for the answer lie (Grad-CAM). Key: H")
            self._heat_button.toggled.connect(self._heat.set_wanted)
            row.addWidget(self._heat_button)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        self._moved = named(QLabel(), "pictureAccuracy")
        inside = named(QPushButton("Look inside"), "lookInsideButton")
        folder = named(QPushButton("Show in its folder"), "showInFolderButton")
        close = QPushButton("Close")
        inside.setIcon(theme.icon("layers"))
        folder.setIcon(theme.icon("open"))
        inside.setToolTip("Shows on the Layers page what each layer of the network makes of this picture.")
        inside.clicked.connect(self._look_inside)
        folder.clicked.connect(self._show_in_folder)
        close.clicked.connect(self.close)
        inside.setVisible(not self._remarks)
        for button in (inside, folder, close, self._previous, self._next):
            button.setAutoDefault(False)  # Enter is for the button that has the focus
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self._moved)
        row.addStretch(1)
        for button in (inside, folder, close):
            row.addWidget(button)
        return row

    def _make_keys(self) -> None:
        # Shortcuts, for as key presses the arrows would only move the focus from button to button.
        QShortcut(Qt.Key.Key_Left, self, self._go_back)
        QShortcut(Qt.Key.Key_Right, self, self._go_on)
        if self._heat is not None:
            QShortcut(Qt.Key.Key_H, self, self._heat_button.toggle)
        if self._session is not None:
            for digit in range(10):
                QShortcut(QKeySequence(str(digit)), self, lambda digit=digit: self._press(digit))
            QShortcut(Qt.Key.Key_Delete, self, self._turn_out)
            # The window's own do not work while this one lies on it.
            QShortcut(QKeySequence.StandardKey.Undo, self, self._session.undo_stack.undo)
            QShortcut(QKeySequence.StandardKey.Redo, self, self._session.undo_stack.redo)

    def _resize(self, parent: QWidget | None) -> None:
        width, height = _LARGEST if self._session is not None else _ALONE
        if parent is not None:
            room = parent.window().size()
            width = min(width, round(room.width() * _SHARE))
            height = min(height, round(room.height() * _SHARE))
        self.resize(width, height)

    # -- what is shown ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """More or less is said."""
        super().resizeEvent(event)
        if event.size().height() != event.oldSize().height():
            self._refresh()

    @property
    def path(self) -> str:
        """Of the picture that is shown."""
        return self._aside or self._verdicts[self._at].path

    @Slot(str)
    def show_picture(self, path: str) -> None:
        """Show one of the pictures, or another one; from there the arrows lead back."""
        at = next((at for at, one in enumerate(self._verdicts) if one.path == path), None)
        self._at, self._aside = (self._at, path) if at is None else (at, "")
        self._show()

    def _show(self) -> None:
        """Another picture."""
        path, count = self.path, len(self._verdicts)
        self.setWindowTitle(Path(path).name)
        self._picture.show_file(path)
        self._path.setText(path)
        place = f"{self._at + 1:,} of {count:,}"
        self._place.setText(f"Like {place}; an arrow leads back" if self._aside else place)
        self._previous.setEnabled(bool(self._aside) or self._at > 0)
        self._next.setEnabled(bool(self._aside) or self._at < count - 1)
        self._refresh()
        if self._neighbours is not None:
            self._neighbours.show_of(path)

    @Slot()
    def _view_changed(self) -> None:
        if self._evaluation is not None:
            self._answers = words.Answers(self._evaluation.view)
            self._verdicts = [self._answers.verdicts.get(one.path, one) for one in self._verdicts]
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """The same picture, but perhaps other labels."""
        path, item = self.path, self._item(self.path)
        verdict = self._answers.verdicts.get(path) if self._aside else self._verdicts[self._at]
        if verdict is not None and item is not None:
            verdict = replace(verdict, label=item.label)
        is_out = item is not None and self._is_out(item)
        label = item.label if item is not None else verdict.label if verdict is not None else self._label_of(path)
        text, role = words.answer(verdict, label, is_out)
        self._answer.setText(text)
        self._answer.setStyleSheet(f"color: {getattr(theme.current(), role)};")
        remark = self._remarks[self._at] if self._remarks and not self._aside else ""
        self._numbers.setText(remark or words.numbers(verdict, item is not None and item.subset == "train"))
        most = _FEW_BARS if self.height() < _LOW else _MOST_BARS
        bars = self._answers.bars(path, label, most) if not self._remarks else ()
        self._bars.set_bars(bars)
        self._bars.setVisible(bool(bars))
        if self._heat is not None:
            self._heat.set_verdict(verdict or Verdict(path, label, label, 0.0, 0.0))
        self._refresh_labels(item, label, is_out)
        moved, role = words.moved(self._accuracy, words.accuracy(self._answers.view))
        self._moved.setText(moved)
        common.set_role(self._moved, role)
        if self._neighbours is not None:
            self._neighbours.refresh()

    def _refresh_labels(self, item: Item | None, label: str, is_out: bool) -> None:
        self._labels.setVisible(item is not None)
        if item is not None and self._mender is not None:
            likely = self._answers.likely(item.path)
            self._labels.show_label(self._mender.classes(), label, likely, is_out)
        subset = item.subset if item is not None else None
        self._facts.show_file(self.path, subset)

    def _item(self, path: str) -> Item | None:
        """The picture of the project; None if it is none."""
        found = self._mender.items([path]) if self._mender is not None and not self._remarks else []
        return found[0] if found else None

    def _is_out(self, item: Item) -> bool:
        listing = self._session.listing if self._session is not None else None
        return listing is not None and any(one.key == item.key for one in listing.left_out)

    def _label_of(self, path: str) -> str:
        item = self._item(path)
        known = self._answers.verdicts.get(path)
        return item.label if item is not None else known.label if known is not None else ""

    def _color_of(self, name: str) -> str:
        return self._answers.color(name)

    @Slot(bool)
    def _show_heat(self, shown: bool) -> None:
        self._stack.setCurrentIndex(1 if shown else 0)

    # -- what is done -----------------------------------------------------------------

    @Slot()
    def _go_back(self) -> None:
        self._step(-1)

    @Slot()
    def _go_on(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        if self._aside:
            self._aside = ""  # back to where it was left
        else:
            self._at = min(max(0, self._at + by), len(self._verdicts) - 1)
        self._show()

    @Slot(str)
    def _relabel(self, label: str) -> None:
        if self._mender is not None and not self._mender.relabel([self.path], label):
            self._refresh()  # the button that was pressed shows what is so

    def _press(self, digit: int) -> None:
        names = self._mender.classes() if self._mender is not None else []
        item = self._item(self.path)
        if place_of(digit) < len(names) and item is not None and not self._is_out(item):
            self._relabel(names[place_of(digit)])

    @Slot(bool)
    def _leave_out(self, out: bool) -> None:
        if self._mender is not None:
            (self._mender.exclude if out else self._mender.put_back)([self.path])

    @Slot()
    def _turn_out(self) -> None:
        item = self._item(self.path)
        if item is not None:
            self._leave_out(not self._is_out(item))

    @Slot()
    def _look_inside(self) -> None:
        path = self.path
        self.close()
        self.look_inside.emit(path)

    @Slot()
    def _show_in_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.path).parent)))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        for part in (self._heat, self._neighbours):
            if part is not None:
                part.drop()
        super().hideEvent(event)
