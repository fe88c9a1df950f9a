"""A tab that is made when it is first seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.ui.widgets.explained import explain_all

T = TypeVar("T", bound=QWidget)


class LateTab(QWidget, Generic[T]):
    """Holds the place of a tab: the window opens sooner without what nobody looks at yet.

    Args:
        make: the tab; it may import what it is made of.
    """

    def __init__(self, make: Callable[[], T], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._place = QVBoxLayout(self)
        self._place.setContentsMargins(0, 0, 0, 0)

    @cached_property
    def content(self) -> T:
        """The tab itself, made now at the latest."""
        made = self._make()
        self._place.addWidget(made)
        explain_all(made)
        return made

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Now somebody looks."""
        super().showEvent(event)
        self.content  # noqa: B018 - makes it
