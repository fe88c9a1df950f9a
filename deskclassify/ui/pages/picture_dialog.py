"""One picture large, with what the network said of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QPixmap, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import pictures
from deskclassify.core.events import Verdict
from deskclassify.ui import theme
from deskclassify.ui.pages.picture_heat import PictureHeat
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.images import to_pixmap
from deskclassify.ui.widgets.named import named

_DRAFT_PIXELS = 900  # shorter side that is enough for the dialog; large JPEG files decode faster


class _Picture(QLabel):
    """A picture as large as fits, never larger than three times its size."""

    def __init__(self) -> None:
        super().__init__()
        self._full = QPixmap()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumSize(QSize(320, 260))

    def show_file(self, path: str) -> None:
        """Show a picture, or say why it cannot be read."""
        try:
            image = pictures.open_rgb(path, draft=_DRAFT_PIXELS)
        except Exception as error:
            self._full = QPixmap()
            self.setText(pictures.reason(error))
            return
        self._full = to_pixmap(np.asarray(image))
        self._fit()

    def _fit(self) -> None:
        if self._full.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = (self.size() * ratio).boundedTo(self._full.size() * 3)
        fitted = self._full.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        fitted.setDevicePixelRatio(ratio)
        self.setPixmap(fitted)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Scale to the new room."""
        super().resizeEvent(event)
        self._fit()


class PictureDialog(QDialog):
    """Steps through pictures with the arrow keys.

    Args:
        verdicts: the pictures to step through.
        at: the one to begin with.
        remarks: for each, a text in place of the network's numbers, where it is not the window's
            network that is spoken of; looking inside is not offered then.
        session: answers why the network said so; None: that is not offered.
        model: the run folder of the network that is spoken of.
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
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pictureDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._verdicts = list(verdicts)
        self._at = at
        self._remarks = tuple(remarks)
        self._picture = named(_Picture(), "picture")
        self._heat = PictureHeat(session, model) if session is not None else None
        self._answer = common.subheading("")
        self._answer.setWordWrap(True)
        self._numbers = QLabel()
        self._numbers.setTextFormat(Qt.TextFormat.PlainText)
        self._numbers.setWordWrap(True)
        self._path = common.muted("")
        self._path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self._make_pictures(), 1)
        layout.addWidget(self._answer)
        layout.addWidget(self._numbers)
        layout.addWidget(self._path)
        layout.addLayout(self._make_buttons())
        self.resize(720, 700)
        self._show()

    def _make_pictures(self) -> QWidget:
        """The file's picture; in its place, once it is there, the network's input with the heat."""
        if self._heat is None:
            return self._picture
        self._stack = QStackedWidget()
        self._stack.addWidget(self._picture)
        self._stack.addWidget(self._heat)
        self._heat.shown_changed.connect(self._show_heat)
        return self._stack

    def _make_buttons(self) -> QHBoxLayout:
        self._previous = named(QPushButton("Previous"), "previousButton")
        self._next = named(QPushButton("Next"), "nextButton")
        inside = named(QPushButton("Look inside"), "lookInsideButton")
        close = QPushButton("Close")
        self._previous.setIcon(theme.icon("left"))
        self._next.setIcon(theme.icon("right"))
        inside.setIcon(theme.icon("layers"))
        inside.setToolTip("Shows on the Layers page what each layer of the network makes of this picture.")
        self._previous.clicked.connect(self._go_back)
        self._next.clicked.connect(self._go_on)
        inside.clicked.connect(self._look_inside)
        if self._remarks:
            inside.hide()
        close.clicked.connect(self.close)
        # Shortcuts, for as key presses the arrows would only move the focus from button to button.
        QShortcut(Qt.Key.Key_Left, self, self._go_back)
        QShortcut(Qt.Key.Key_Right, self, self._go_on)
        self._previous.setToolTip("The picture before (left arrow)")
        self._next.setToolTip("The next picture (right arrow)")
        row = QHBoxLayout()
        row.addWidget(self._previous)
        row.addWidget(self._next)
        row.addStretch(1)
        if self._heat is not None:
            self._heat_button = named(QPushButton("Heat map"), "heatMapButton")
            self._heat_button.setIcon(theme.icon("eye"))
            self._heat_button.setCheckable(True)
            self._heat_button.setToolTip("Shows where in the picture the reasons for the answer lie (Grad-CAM).")
            self._heat_button.toggled.connect(self._heat.set_wanted)
            row.addWidget(self._heat_button)
        row.addWidget(inside)
        row.addWidget(close)
        return row

    def _show(self) -> None:
        one = self._verdicts[self._at]
        right = one.label == one.predicted
        self.setWindowTitle(f"{Path(one.path).name} ({self._at + 1} of {len(self._verdicts)})")
        self._picture.show_file(one.path)
        answer = f"Recognised as “{one.label}”" if right else f"Taken for “{one.predicted}”, but labelled “{one.label}”"
        self._answer.setText(answer)
        self._answer.setStyleSheet(f"color: {theme.current().good if right else theme.current().bad};")
        self._numbers.setText(
            self._remarks[self._at]
            if self._remarks
            else f"The network gives “{one.predicted}” a probability of {100 * one.probability:.1f} %. "
            f"Loss: {one.loss:.3f}"
        )
        self._path.setText(one.path)
        if self._heat is not None:
            self._heat.set_verdict(one)
        self._previous.setEnabled(self._at > 0)
        self._next.setEnabled(self._at < len(self._verdicts) - 1)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is wanted any more."""
        if self._heat is not None:
            self._heat.drop()
        super().hideEvent(event)

    @Slot(bool)
    def _show_heat(self, shown: bool) -> None:
        self._stack.setCurrentIndex(1 if shown else 0)

    @Slot()
    def _go_back(self) -> None:
        self._step(-1)

    @Slot()
    def _go_on(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        self._at = min(max(0, self._at + by), len(self._verdicts) - 1)
        self._show()

    @Slot()
    def _look_inside(self) -> None:
        path = self._verdicts[self._at].path
        self.close()
        self.look_inside.emit(path)
