"""Small parts that all pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure
from deskclassify.ui import theme
from deskclassify.ui.session import Session

_ButtonT = TypeVar("_ButtonT", bound=QAbstractButton)
_EMPTY_ICON_PIXELS = 56
_SPIN_PADDING = 7  # pixels
_EMPTY_TEXT_PIXELS = 440


class Card(QFrame):
    """A rounded surface that holds what belongs together; `body` is its layout."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.MARGIN - 4, theme.MARGIN - 6, theme.MARGIN - 4, theme.MARGIN - 6)
        self.body.setSpacing(theme.GAP)
        self.title_label = subheading(title)
        self.body.addWidget(self.title_label)  # first: a visible label without a parent would be a window
        self.title_label.setVisible(bool(title))


def heading(text: str) -> QLabel:
    """The title of a page."""
    return _label(text, "heading")


def subheading(text: str) -> QLabel:
    """The title of a card or a group."""
    return _label(text, "subheading")


def muted(text: str) -> QLabel:
    """Secondary text that wraps."""
    label = _label(text, "muted")
    label.setWordWrap(True)
    return label


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of classes and files are shown as they are
    return label


def set_role(label: QLabel, role: str) -> None:
    """Give a label that may be in sight another role of the style sheet."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def fill_scroll(scroll: QScrollArea, inner: QWidget) -> None:
    """Put a widget into a scroll area that lies in a card: without a frame, and showing the card's surface."""
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setWidget(inner)
    scroll.setStyleSheet("QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }")


def primary(button: _ButtonT) -> _ButtonT:
    """Make a button the one that stands out. Set its icon before."""
    button.setProperty("role", "primary")
    theme.recolour_for_accent(button)
    return button


class EmptyState(QWidget):
    """What a page shows while there is nothing to show yet: an icon, a sentence, and what to do."""

    def __init__(
        self,
        icon_name: str,
        title: str,
        text: str,
        button: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self.icon_label = QLabel()
        self.title_label = subheading(title)
        self.text_label = muted(text)
        self.text_label.setMaximumWidth(_EMPTY_TEXT_PIXELS)
        self.text_label.setMinimumWidth(min(_EMPTY_TEXT_PIXELS, 280))
        self.text_label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.GAP + 4)
        layout.addStretch(1)
        parts: list[QWidget] = [self.icon_label, self.title_label, self.text_label]
        for part in [*parts, button] if button is not None else parts:
            # Stretches, not an alignment: with that, the height of wrapped text is asked for the wrong width.
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(part, 1000 if part is self.text_label else 0)
            row.addStretch(1)
            layout.addLayout(row)
            if isinstance(part, QLabel):
                part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        theme.notifier().changed.connect(self._recolour)
        self._recolour()

    @Slot()
    def _recolour(self) -> None:
        ratio = self.devicePixelRatioF()
        self.icon_label.setPixmap(theme.pixmap(self._icon_name, _EMPTY_ICON_PIXELS, theme.current().accent, ratio))


def pad_spin_boxes(parent: QWidget) -> None:
    """Move the text of all spin boxes off the border; Qt ignores a style sheet's horizontal padding there."""
    for line in parent.findChildren(QLineEdit, "qt_spinbox_lineedit"):
        line.setTextMargins(_SPIN_PADDING, 0, 0, 0)


def run_guarded(session: Session, function: Callable[..., Any], *args: Any) -> None:
    """Call something that may raise; the error becomes a sentence at the top of the window."""
    try:
        function(*args)
    except Exception as error:
        session.failed.emit(Failure.of(error))
