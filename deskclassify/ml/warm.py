"""Getting ready before anyone asks: importing torch and building a network takes some seconds."""

from __future__ import annotations

from collections.abc import Iterator

from deskclassify.core.architectures import get
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event
from deskclassify.core.requests import WarmRequest


def warm(request: WarmRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Import what a training needs; yields nothing."""
    from deskclassify.ml import ort, tracing, training, zoo

    del ort, tracing, training
    if not should_stop() and get(request.architecture).bundled:
        zoo.build(get(request.architecture), 2)
    yield from ()
