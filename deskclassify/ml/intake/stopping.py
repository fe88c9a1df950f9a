"""How the steps of an intake end when the user has cancelled."""

from __future__ import annotations

import time

from deskclassify.core.control import ShouldStop

_LOOK_SECONDS = 0.1


class StoppedError(Exception):
    """The user has cancelled. Each step clears away what it had begun; the job then ends without a result."""


def check(should_stop: ShouldStop) -> None:
    """Go on, or end.

    Raises:
        StoppedError: it was cancelled.
    """
    if should_stop():
        raise StoppedError


def wait(seconds: float, should_stop: ShouldStop) -> None:
    """Wait, but no longer than the user wants.

    Raises:
        StoppedError: it was cancelled.
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check(should_stop)
        time.sleep(min(_LOOK_SECONDS, left))
