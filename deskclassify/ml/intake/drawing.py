"""What sounds and tables have in common: many pictures are drawn into a new folder, in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import UserError, is_disk_full
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.machine import cpu_count
from deskclassify.ml.images import map_ahead
from deskclassify.ml.intake import places, stopping
from deskclassify.ml.intake.places import Mark

T = TypeVar("T")


def draw_all(
    things: Sequence[T],
    draw: Callable[[Path, T], str],
    mark: Mark,
    should_stop: ShouldStop,
    begun: float,
) -> Generator[Event, None, tuple[Fetched | None, list[tuple[T, str]]]]:
    """Draw a picture of each thing.

    Args:
        things: what to draw.
        draw: writes one picture into a folder; returns why it could not, or an empty text.
        mark: where they are from; the counts are filled in here.
        should_stop: of the job.
        begun: `time.monotonic()` at the start of the job.

    Yields:
        Progress of the stage `draw`.

    Returns:
        the event that tells of the folder, None where nothing could be drawn; what could not be, with the reason.

    Raises:
        UserError: it cannot be written; nothing is left behind.
        StoppedError: it was cancelled; nothing is left behind.
    """
    failed: list[tuple[T, str]] = []
    throttle = Throttle()
    with places.under_way() as folder:
        results = map_ahead(lambda thing: (thing, draw(folder, thing)), things, cpu_count())
        try:
            for done, (thing, why) in enumerate(results, 1):
                if why:
                    failed.append((thing, why))
                if throttle.ready(done == len(things)):
                    rate = done / max(1e-6, time.monotonic() - begun)
                    yield Progress("draw", done, len(things), rate, (len(things) - done) / rate)
                stopping.check(should_stop)
        except OSError as error:
            what = "is full" if is_disk_full(error) else f"cannot be written ({error.strerror})"
            raise UserError(
                f"The disk that holds “{folder.parent}” {what}. Nothing was kept. Free some space."
            ) from error
        finally:
            results.close()  # no thread may write into a folder that is being removed
        drawn = len(things) - len(failed)
        if not drawn:
            return None, failed
        mark = replace(mark, images=drawn, left_out=mark.left_out + len(failed))
        place = places.settle(folder, places.folder_name(mark.title), mark)
    return places.fetched(place, mark, time.monotonic() - begun), failed
