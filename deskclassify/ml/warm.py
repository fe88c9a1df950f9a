"""Getting ready before anyone asks: importing torch and loading a network takes some seconds."""

from __future__ import annotations

from collections.abc import Iterator

from deskclassify.core.architectures import get
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event
from deskclassify.core.requests import WarmRequest


def warm(request: WarmRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Import and load what a training needs; downloads and tells nothing."""
    from deskclassify.ml import ort, tracing, training, weights, zoo

    del ort, tracing, training
    architecture = get(request.architecture)
    if not should_stop() and weights.present(architecture) is not None:
        for _ in zoo.load_pretrained(architecture, 2, "", should_stop):
            pass
    yield from ()
