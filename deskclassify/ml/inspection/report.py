"""Writing the walk of a picture as one HTML file: the other views' jobs are asked one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from deskclassify.core import atomic
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Progress
from deskclassify.core.layer_events import Explained, KernelsShown, LayerShown, LayersListed, ReportWritten
from deskclassify.core.layer_requests import ExplainRequest, KernelsRequest, LayerRequest, LayersRequest, ReportRequest
from deskclassify.core.pictures import open_rgb
from deskclassify.core.requests import Request, generator
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.walk_report import Walk, as_html, check_target, kernels_wanted, layers_wanted


def write(request: ReportRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Write a report. Stopped, it leaves no file, and one that was there as it was.

    Raises:
        InputError: the network or the picture cannot be had, or the target is no HTML file.
        OSError: the file cannot be written.
    """
    target = Path(request.target)
    check_target(target)
    photo = open_rgb(request.image)
    listed, first = None, LayersRequest(request.model)
    for event in generator(first)(first, should_stop):
        if isinstance(event, LayersListed):
            listed = event
        else:
            yield event  # of a download
    if listed is None or should_stop():
        return
    asked: list[Request] = [LayerRequest(request.model, one.name, request.image) for one in layers_wanted(listed)]
    asked += [KernelsRequest(request.model, one.name) for one in kernels_wanted(listed)]
    if listed.classes:
        asked.append(ExplainRequest(request.model, request.image))
    answers: list[Event] = []
    for done, one in enumerate(asked):
        yield Progress("report", done, len(asked) + 1)
        answers += [event for event in generator(one)(one, should_stop) if event.event == "finished"]
        if should_stop():
            return
    yield Progress("report", len(asked), len(asked) + 1)
    data = as_html(_walk(request, listed, photo, answers)).encode("utf-8", "replace")
    if should_stop():
        return
    atomic.write_bytes(target, data)
    yield ReportWritten(str(target), len(data), len(listed.layers))


def _walk(request: ReportRequest, listed: LayersListed, photo: Image.Image, answers: list[Event]) -> Walk:
    run = RunFolder(Path(request.model))
    return Walk(
        name=run.name if listed.classes else "",
        listed=listed,
        image=Path(request.image).name,
        photo=photo,
        shown={one.layer.name: one for one in answers if isinstance(one, LayerShown)},
        kernels={one.layer: one for one in answers if isinstance(one, KernelsShown) and len(one.tiles)},
        explained=next((one for one in answers if isinstance(one, Explained)), None),
        created=time.strftime("%Y-%m-%d"),
    )
