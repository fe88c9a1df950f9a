"""What `core.diagnosis` judges by: the numbers of a training's curves, and what they were made with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deskclassify.core.events import EpochDone
from deskclassify.core.requests import FitRequest
from deskclassify.core.sources import Item

_END = 8  # an eighth of the epochs is the end of a phase: the learning rate is almost nothing there


@dataclass(frozen=True)
class Setup:
    """What a history was made with.

    Attributes:
        counts: class → training pictures.
        valid_images: number of validation pictures.
        preset: as asked for.
        balance: as asked for.
        learning_rate: as asked for; None where it was automatic.
        stopped: whether the training was ended before its time.
        diverged: whether it ended because the loss was no number any more.
    """

    counts: Mapping[str, int]
    valid_images: int
    preset: str = "quick"
    balance: str = "auto"
    learning_rate: float | None = None
    stopped: bool = False
    diverged: bool = False

    @property
    def commonest(self) -> float:
        """Share of right answers of one who always gives the most frequent class."""
        return max(self.counts.values(), default=0) / max(1, sum(self.counts.values()))

    @property
    def entropy(self) -> float:
        """Loss, in nats, of one who knows how frequent the classes are and nothing else."""
        shares = [count / max(1, sum(self.counts.values())) for count in self.counts.values() if count]
        return -sum(share * math.log(share) for share in shares)

    @classmethod
    def of(cls, request: FitRequest, items: Iterable[Item], stopped: bool, diverged: bool = False) -> Setup:
        """The setup of a training of these pictures."""
        counts: dict[str, int] = {}
        valid = 0
        for item in items:
            counts.setdefault(item.label, 0)
            counts[item.label] += item.subset == "train"
            valid += item.subset == "valid"
        return cls(counts, valid, request.preset, request.balance, request.learning_rate, stopped, diverged)


@dataclass(frozen=True)
class Curves:
    """The last phase of a history, and what went before. Losses are cross-entropies in nats.

    Attributes:
        rows: the epochs of the last phase; at least one.
        earlier: those of the phases before.
        guessing: loss of a network that gives all classes the same probability: ln of their number.
    """

    rows: tuple[EpochDone, ...]
    earlier: tuple[EpochDone, ...]
    guessing: float

    @classmethod
    def of(cls, history: Sequence[EpochDone], classes: int) -> Curves:
        """The curves of a history with at least one row."""
        last = history[-1].phase
        rows = tuple(row for row in history if row.phase == last)
        return cls(rows, tuple(row for row in history if row.phase != last), math.log(max(2, classes)))

    @property
    def epochs(self) -> int:
        """Number of epochs of the last phase."""
        return len(self.rows)

    @cached_property
    def _valid(self) -> np.ndarray:
        losses = [math.nan if row.valid_loss is None else row.valid_loss for row in self.rows]
        return np.array(losses, dtype=np.float64)

    @property
    def is_measured(self) -> bool:
        """Whether every epoch has a validation loss that is a number."""
        return bool(np.isfinite(self._valid).all())

    @property
    def valid_end(self) -> float:
        """Validation loss at the end: the median of the last eighth of the epochs."""
        return _end(self._valid)

    @property
    def train_end(self) -> float:
        """Training loss at the end, likewise."""
        return _end(np.array([row.train_loss for row in self.rows]))

    @cached_property
    def lowest(self) -> EpochDone:
        """The epoch with the lowest validation loss."""
        return self.rows[int(self._valid.argmin())]

    @property
    def valid_lowest(self) -> float:
        """The lowest validation loss."""
        return float(self._valid.min())

    @property
    def lowest_is_early(self) -> bool:
        """Whether the lowest validation loss came before the learning rate was at its highest."""
        highest = max(range(self.epochs), key=lambda at: self.rows[at].lr)
        return int(self._valid.argmin()) <= highest and self.epochs > 1

    @property
    def worst_training(self) -> EpochDone:
        """The epoch with the highest training loss, of all phases; one that is no number is the highest."""
        every = (*self.earlier, *self.rows)
        return max(every, key=lambda row: row.train_loss if math.isfinite(row.train_loss) else math.inf)

    @property
    def start(self) -> float:
        """Validation loss before the last phase: that of guessing, or of the phase before."""
        before = self.earlier[-1].valid_loss if self.earlier else None
        return self.guessing if before is None else before

    @property
    def best(self) -> EpochDone | None:
        """The epoch with the highest accuracy, of all phases; None without validation pictures."""
        return _best((*self.earlier, *self.rows))

    @property
    def best_in_phase(self) -> EpochDone | None:
        """The epoch with the highest accuracy of the last phase; None without validation pictures."""
        return _best(self.rows)

    @property
    def highest_rate(self) -> float:
        """The highest learning rate of the last layer, of those that epochs ended with."""
        return max(row.lr for row in (*self.earlier, *self.rows))

    @property
    def still_falling(self) -> float:
        """Share of the validation loss's whole fall that came in the second half of the way.

        The way is the sum of the learning rates, not the number of epochs: with Adam a step is
        about as long as its learning rate, whatever the gradient. A loss that falls like an
        exponential to its floor has a small share there, one that has only set out a half or
        more, however flat the curve looks by epochs. 0 where the loss has not fallen.
        """
        rates = np.array([0.0, *(row.lr for row in self.rows)])
        way = np.concatenate([[0.0], np.cumsum((rates[1:] + rates[:-1]) / 2)])
        fall = self.start - self.valid_end
        if not fall > 0 or not way[-1] > 0:
            return 0.0
        halfway = float(np.interp(way[-1] / 2, way, [self.start, *self._valid]))
        return (halfway - self.valid_end) / fall


def _end(values: np.ndarray) -> float:
    return float(np.median(values[-max(1, round(len(values) / _END)) :]))


def _best(rows: Iterable[EpochDone]) -> EpochDone | None:
    measured = [row for row in rows if row.accuracy is not None]
    return max(measured, key=lambda row: (row.accuracy or 0.0, -(row.valid_loss or 0.0)), default=None)
