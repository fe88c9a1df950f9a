"""How a running job is told to stop or to pause."""

from __future__ import annotations

import threading
from collections.abc import Callable

ShouldStop = Callable[[], bool]


class Control:
    """Passed to a job as its `should_stop`: calling it answers whether to stop.

    | state   | the call                                      |
    | ------- | --------------------------------------------- |
    | running | returns False at once                         |
    | paused  | blocks until resumed or stopped               |
    | stopped | returns True at once, also out of a pause     |
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._may_run = threading.Event()
        self._may_run.set()

    def __call__(self) -> bool:
        """Whether the job must stop now; waits here while it is paused."""
        self._may_run.wait()
        return self._stopped.is_set()

    @property
    def stopped(self) -> bool:
        """Whether stop was asked for, without waiting."""
        return self._stopped.is_set()

    @property
    def paused(self) -> bool:
        """Whether the job is held, without waiting."""
        return not self._may_run.is_set()

    def stop(self) -> None:
        """Ask the job to stop; it ends at the next safe point."""
        self._stopped.set()
        self._may_run.set()

    def pause(self, hold: bool) -> None:
        """Hold the job at its next safe point, or let it go on."""
        if hold and not self._stopped.is_set():
            self._may_run.clear()
        else:
            self._may_run.set()


def never() -> bool:
    """A `should_stop` for a job that is always run to its end."""
    return False
