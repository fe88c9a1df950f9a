"""Answers about a live picture, calmed: single frames jump, and nobody can read what changes thirty times a second."""

from __future__ import annotations

import math

from deskclassify.core.events import Prediction

HALF_SECONDS = 0.2  # after which an answer counts half; what is shown follows a new thing within half a second


class Smoothed:
    """The moving average of answers, each weighted by its age (exponential smoothing, for uneven distances in time).

    Args:
        half_seconds: after which an answer counts half as much as a new one.
    """

    def __init__(self, half_seconds: float = HALF_SECONDS) -> None:
        self._half = half_seconds
        self._shares: dict[str, float] = {}
        self._refused = 0.0
        self._last: float | None = None

    @property
    def is_refused(self) -> bool:
        """Whether most of what counts were answered “none of these”."""
        return self._refused > 0.5

    def add(self, prediction: Prediction, seconds: float) -> None:
        """Take one more answer, given at a time of a clock; classes that are not among its best count as zero."""
        old = 0.0 if self._last is None else math.exp2(-max(0.0, seconds - self._last) / self._half)
        self._last = seconds
        new = dict(prediction.top)
        labels = self._shares.keys() | new.keys()
        blended = {label: old * self._shares.get(label, 0.0) + (1 - old) * new.get(label, 0.0) for label in labels}
        self._shares = {label: share for label, share in blended.items() if share > 1e-4}
        self._refused = old * self._refused + (1 - old) * float(prediction.refused)

    def best(self, count: int) -> tuple[tuple[str, float], ...]:
        """The likeliest classes and their shares, 0 to 1, the likeliest first."""
        ranked = sorted(self._shares.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ranked[:count])
