"""A tab that needs some height to be of use: where there is less, it scrolls instead of being squeezed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from deskclassify.ui import theme
from deskclassify.ui.widgets.common import fill_scroll

_LEAST = 90  # pixels that are always in sight


class _Scroll(QScrollArea):
    """Sizes its widget itself: Qt would ask labels that wrap how high they would like to be, and scroll too soon."""

    def __init__(self, least_height: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._least = least_height

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """All of the width; all of the height, if that is enough."""
        super().resizeEvent(event)
        room = self.viewport().size()
        if (inner := self.widget()) is not None:
            inner.resize(room.width(), max(self._least, room.height()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Little, for it scrolls."""
        return QSize(super().minimumSizeHint().width(), _LEAST)


def fill_roomy(tab: QWidget, inner: QWidget, least_height: int) -> None:
    """Put a widget into a tab, which scrolls below a height in pixels."""
    scroll = _Scroll(least_height, tab)
    fill_scroll(scroll, inner)
    scroll.setWidgetResizable(False)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    layout = QVBoxLayout(tab)
    layout.setContentsMargins(0, theme.GAP, 0, 0)
    layout.addWidget(scroll)
