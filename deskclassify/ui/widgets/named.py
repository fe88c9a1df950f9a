"""Object names, by which tests and style sheets find widgets."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject

_ObjectT = TypeVar("_ObjectT", bound=QObject)


def named(thing: _ObjectT, name: str) -> _ObjectT:
    """Give an object its name and return it."""
    thing.setObjectName(name)
    return thing
