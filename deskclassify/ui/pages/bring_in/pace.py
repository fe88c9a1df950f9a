"""How far a job is, in words: how much of how much, how fast, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from deskclassify.core import words
from deskclassify.core.events import Progress
from deskclassify.core.words import about, counted

_SPAN_SECONDS = 4.0  # that the rate is taken over
_FIRST_SECONDS = 1.0  # before which no rate is told
_DOING = {
    "download": "Downloading",
    "unpack": "Unpacking",
    "draw": "Drawing",
    "keep": "Copying",
    "check": "Checking",
    "read": "Reading",
}
_IN_BYTES = ("download", "check", "unpack")  # stages whose `done` and `total` are bytes


class Pace:
    """Turns the progress of one job into a line of text.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._seen: deque[tuple[float, int]] = deque()

    def line(self, progress: Progress) -> str:
        """The line for the newest event."""
        rate = self._rate(progress)
        parts = [_amount(progress)]
        if rate and progress.stage in _IN_BYTES:
            parts.append(f"{size(rate)}/s")
        elif progress.images_per_second:
            parts.append(f"{progress.images_per_second:,.0f} a second")
        left = progress.seconds_left
        if left is None and rate and progress.total > progress.done:
            left = (progress.total - progress.done) / rate
        if left is not None and progress.done < progress.total:
            parts.append(f"{about(left)} left")
        return " · ".join(parts)

    def _rate(self, progress: Progress) -> float:
        """What is done in a second, over the last few; 0 while that cannot be said."""
        now = self._clock()
        if progress.stage != self._stage or (self._seen and progress.done < self._seen[-1][1]):
            self._stage = progress.stage
            self._seen.clear()
        self._seen.append((now, progress.done))
        while len(self._seen) > 2 and now - self._seen[1][0] > _SPAN_SECONDS:
            self._seen.popleft()
        seconds, done = now - self._seen[0][0], progress.done - self._seen[0][1]
        return done / seconds if seconds >= _FIRST_SECONDS else 0.0


def size(count: float) -> str:
    """Bytes, also few of them: “12 KB”, “3.4 MB”, “640 MB”, “1.4 GB”."""
    if count < 1e6:
        return f"{count / 1e3:.0f} KB"
    if count < 1e7:
        return f"{count / 1e6:.1f} MB"
    return words.size(count)


def _amount(progress: Progress) -> str:
    doing = _DOING.get(progress.stage, progress.stage[:1].upper() + progress.stage[1:])
    if progress.stage in _IN_BYTES:
        done = size(progress.done)
        return f"{doing} … {done} of {size(progress.total)}" if progress.total else f"{doing} … {done}"
    if progress.total:
        return f"{doing} … {progress.done:,} of {progress.total:,}"
    return f"{doing} … {counted(progress.done, 'file')}"
