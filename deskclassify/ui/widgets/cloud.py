"""Pictures as points, and the part of the plane that is seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

MARGIN = 22  # pixels that are free around all points
_LARGEST_ZOOM = 60.0


@dataclass(frozen=True)
class Cloud:
    """Pictures as points.

    Attributes:
        points: float32 `[n, 2]`, the second axis upwards.
        paths: of the pictures.
        labels: number of each one's class, int64 `[n]`.
        predicted: number of the class that the network says, int64 `[n]`.
        classes: their names.
        probability: of the predicted class, float32 `[n]`; empty where that is not known.
    """

    points: np.ndarray
    paths: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    classes: tuple[str, ...]
    probability: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))

    @staticmethod
    def of(
        points: np.ndarray,
        paths: Sequence[str],
        labels: Sequence[str],
        predicted: Sequence[str],
        classes: Sequence[str],
        probability: np.ndarray,
    ) -> Cloud:
        """From names of classes; a label that is none of `classes` is added to them."""
        every = (*classes, *sorted(set(labels) - set(classes)))
        number = {name: at for at, name in enumerate(every)}
        actual, said = (np.array([number[name] for name in names], np.int64) for names in (labels, predicted))
        return Cloud(points, tuple(paths), actual, said, every, probability)

    @property
    def wrong(self) -> np.ndarray:
        """Which answers are wrong, bool `[n]`."""
        result: np.ndarray = self.labels != self.predicted
        return result

    def __len__(self) -> int:
        return len(self.paths)


NOTHING = Cloud(np.empty((0, 2), np.float32), (), np.empty(0, np.int64), np.empty(0, np.int64), ())


class Plane:
    """From points to pixels and back: both axes have the same scale, so that distances are true.

    Attributes:
        zoom: 1 where all points just fit.
        centre: the point in the middle, float64 `[2]`.
    """

    def __init__(self) -> None:
        self.zoom = 1.0
        self.centre = np.zeros(2)
        self._low, self._high = -np.ones(2), np.ones(2)
        self._size = np.array([100.0, 100.0])

    def set_size(self, width: int, height: int) -> None:
        """The room there is, in pixels."""
        self._size = np.array([max(1, width), max(1, height)], float)

    def set_extent(self, points: np.ndarray) -> None:
        """What is to be seen: points, `[n, 2]`, where nothing is zoomed."""
        if len(points):
            self._low, self._high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        self._hold()

    @property
    def scale(self) -> float:
        """Pixels a unit."""
        room = np.maximum(self._size / 2 - MARGIN, 8.0)
        halves = np.maximum((self._high - self._low) / 2, 1e-3)
        return float((room / halves).min()) * self.zoom

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points `[n, 2]` → pixels, float64 `[n, 2]`."""
        result: np.ndarray = (points - self.centre) * (self.scale, -self.scale) + self._size / 2
        return result

    def to_point(self, x: float, y: float) -> np.ndarray:
        """A pixel → the point there, float64 `[2]`."""
        result: np.ndarray = (np.array([x, y]) - self._size / 2) / (self.scale, -self.scale) + self.centre
        return result

    def zoom_at(self, x: float, y: float, factor: float) -> None:
        """Come nearer, by a factor above 1, or go away; what is at a pixel stays there."""
        before = self.to_point(x, y)
        self.zoom = min(_LARGEST_ZOOM, max(1.0, self.zoom * factor))
        self.centre += before - self.to_point(x, y)
        self._hold()

    def move(self, across: float, down: float) -> None:
        """Move what is seen by pixels."""
        self.centre -= np.array([across, -down]) / self.scale
        self._hold()

    def reset(self) -> None:
        """See all again."""
        self.zoom = 1.0
        self._hold()

    def _hold(self) -> None:
        """There is always something to be seen: all of it where it fits, else what lies between its borders."""
        middle, reach = (self._low + self._high) / 2, (self._high - self._low) / 2 * (1 - 1 / self.zoom)
        self.centre = np.clip(self.centre, middle - reach, middle + reach)
