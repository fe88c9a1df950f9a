"""The training loop, the same for both phases: batches, epochs, the best so far, the way back in."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import UserError
from deskclassify.core.events import BatchDone, EpochDone, Event, Message, Throttle
from deskclassify.core.words import counted
from deskclassify.ml import memory, schedule
from deskclassify.ml.checkpoint import Tensors
from deskclassify.ml.phases import Logits, Phase

_SMOOTH = 0.9


class DivergedError(UserError):
    """The loss is no number any more; the weights are worthless from here on."""


@dataclass
class Best:
    """The best epoch so far: by accuracy, then by validation loss."""

    epoch: int = 0
    phase: str = ""
    accuracy: float = -1.0
    loss: float = math.inf
    logits: Logits | None = None
    weights: Tensors = field(default_factory=dict)

    def is_beaten_by(self, accuracy: float, loss: float) -> bool:
        """Whether an epoch is better; the first always is."""
        return self.epoch == 0 or (accuracy, -loss) > (self.accuracy, -self.loss)


@dataclass
class Place:
    """Where a phase is: `epoch` and `batch` from 0, the next to be done.

    `loss_sum` is of this epoch's batches; `smooth` is the loss as `BatchDone` tells it; `lowest` is
    the lowest validation loss of this phase, and `waited` counts the epochs since.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    smooth: float | None = None
    lowest: float | None = None
    waited: int = 0


@dataclass
class Loop:
    """Runs a phase from a place on.

    | when `should_stop` says so | what is kept                                              |
    | -------------------------- | --------------------------------------------------------- |
    | between two batches        | the batch is done; `place` is the next; the best epoch is |

    Args:
        phase: what to train.
        targets: int64 `[validation pictures]`.
        seed: of order, dropout and augmentation.
        best: is updated, with the weights of `phase.module`.
        on_best: called with the best after each improvement.
        on_save: called after each batch with False, and with True after each epoch has been told.
            Both are generators, for a full disk makes them wait and say so.
        patience: end after so many epochs without a lower validation loss; None: never.
        more_follows: whether another phase comes, so that the time left cannot be said yet.
    """

    phase: Phase
    targets: np.ndarray
    seed: int
    best: Best
    on_best: Callable[[Best], Iterator[Event]]
    on_save: Callable[[Place, bool], Iterator[Event]]
    place: Place = field(default_factory=Place)
    patience: int | None = None
    stopped: bool = False
    more_follows: bool = False

    def run(self, should_stop: ShouldStop) -> Iterator[Event]:
        """Train; yields `BatchDone` (at most 20 a second) and an `EpochDone` for each epoch.

        Raises:
            DivergedError: the loss is no number any more.
        """
        phase, throttle = self.phase, Throttle()
        # Batches of nearly equal size: a last batch of one picture would have no statistics for BatchNorm.
        batches = max(1, round(phase.count / phase.batch))
        steps = phase.epochs * batches
        begun, begun_step = time.monotonic(), self.place.epoch * batches + self.place.batch
        for epoch in range(self.place.epoch, phase.epochs):
            if self.patience is not None and self.place.waited >= self.patience:
                yield Message(
                    f"The {phase.name} phase ends early: {counted(self.place.waited, 'epoch')} brought "
                    "no lower validation loss."
                )
                return
            epoch_begun = time.monotonic()
            parts = phase.targets.order(self.seed, phase.name, epoch).tensor_split(batches)
            phase.begin_epoch(epoch)
            for batch in range(self.place.batch, batches):
                if should_stop():
                    self.stopped = True
                    return
                step = epoch * batches + batch
                following = parts[batch + 1] if batch + 1 < batches else None
                loss = yield from self._step(parts[batch], following, step, steps)
                before = self.place.smooth
                smooth = loss if before is None else _SMOOTH * before + (1 - _SMOOTH) * loss
                loss_sum = self.place.loss_sum + loss * len(parts[batch])
                self.place = replace(self.place, epoch=epoch, batch=batch + 1, loss_sum=loss_sum, smooth=smooth)
                if throttle.ready():
                    done, spent = step + 1 - begun_step, time.monotonic() - begun
                    yield self._batch_done(epoch, step, steps, smooth, spent / done)
                yield from self.on_save(self.place, False)
            yield from self._end_epoch(epoch, self._rate((epoch + 1) * batches - 1, steps), epoch_begun)

    def _rate(self, step: int, steps: int) -> float:
        """Learning rate of the head at a step."""
        return self.phase.rates[-1] * schedule.in_cycles(step, steps, self.phase.cycles)[0]

    def _batch_done(self, epoch: int, step: int, steps: int, loss: float, seconds_a_step: float) -> BatchDone:
        phase, rate = self.phase, self._rate(step, steps)
        pictures_a_step = phase.count * phase.epochs / steps
        left = None if self.more_follows else seconds_a_step * (steps - step - 1)
        speed = pictures_a_step / max(seconds_a_step, 1e-9)
        return BatchDone(phase.name, phase.first_epoch + epoch, step + 1, steps, loss, rate, speed, left)

    def _step(
        self, picked: torch.Tensor, following: torch.Tensor | None, step: int, steps: int
    ) -> Generator[Event, None, float]:
        """One batch; when memory runs out, again with half as many pictures at once. Rates do not depend on that."""
        phase = self.phase
        factor, momentum = schedule.in_cycles(step, steps, phase.cycles)
        for group, rate in zip(phase.optimizer.param_groups, phase.rates, strict=True):
            group["lr"] = rate * factor
            group["betas"] = (momentum, 0.99)
        while True:
            torch.manual_seed(schedule.seed_of(self.seed, phase.name, "dropout", step))
            try:
                value = phase.step(picked, schedule.generator(self.seed, phase.name, "augment", step), following)
                break
            except Exception as error:
                if not memory.is_out_of_memory(error):
                    raise
            # Here, behind the handler, nothing holds the failed step's tensors any more.
            yield self._use_less()
        if not math.isfinite(value):
            raise DivergedError(
                "The loss became infinite: the learning rate is too high for this data. "
                "The best epoch so far is kept. Train again with a tenth of the learning rate."
            )
        return value

    def _use_less(self) -> Message:
        if not self.phase.halve():
            raise UserError(
                "The memory does not suffice even for one picture at a time. What was reached is kept. "
                "Close other programs, or train again with smaller pictures or a smaller network."
            )
        memory.release()
        at_once = counted(self.phase.micro_batch, "picture")
        return Message(
            f"Memory ran out; from now on the network takes {at_once} at a time and learns from {self.phase.batch} "
            "as before.",
            "warning",
        )

    def _end_epoch(self, epoch: int, rate: float, begun: float) -> Iterator[Event]:
        phase = self.phase
        train_loss = self.place.loss_sum / phase.count
        accuracy, loss = score(logits := phase.evaluate(), self.targets)
        number = phase.first_epoch + epoch
        has_validation = len(self.targets) > 0
        # Without validation pictures the last epoch is taken: there is nothing to choose by.
        if not has_validation or self.best.is_beaten_by(accuracy, loss):
            self.best.epoch, self.best.phase, self.best.accuracy, self.best.loss = number, phase.name, accuracy, loss
            self.best.logits, self.best.weights = logits, phase.weights()
            yield from self.on_best(self.best)
        seconds = time.monotonic() - begun
        yield EpochDone(
            phase=phase.name,
            epoch=number,
            train_loss=train_loss,
            valid_loss=loss if has_validation else None,
            accuracy=accuracy if has_validation else None,
            error_rate=1 - accuracy if has_validation else None,
            lr=rate,
            seconds=seconds,
            images_per_second=phase.count / max(seconds, 1e-6),
            epochs=phase.first_epoch + phase.epochs - 1,
        )
        # Saved after it was told, so that the saved state holds the epoch's row.
        before = self.place
        is_lower = before.lowest is None or loss < before.lowest
        self.place = Place(
            epoch + 1,
            smooth=before.smooth,
            lowest=loss if is_lower else before.lowest,
            waited=0 if is_lower else before.waited + 1,
        )
        yield from self.on_save(self.place, True)


def probabilities(logits: Logits) -> np.ndarray:
    """Softmax in float64.

    Returns:
        float64 `[pictures, classes]`.
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-math.inf)
    exponents = np.exp(shifted)
    result: np.ndarray = exponents / exponents.sum(axis=1, keepdims=True)
    return result


def losses(logits: Logits, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy of each picture in nats, float64 `[pictures]`."""
    chosen = probabilities(logits)[np.arange(len(targets)), targets]
    result: np.ndarray = -np.log(np.maximum(chosen, 1e-12))
    return result


def score(logits: Logits, targets: np.ndarray) -> tuple[float, float]:
    """Accuracy, 0 to 1, and mean cross-entropy; both 0 without pictures."""
    if not len(targets):
        return 0.0, 0.0
    return float((logits.argmax(axis=1) == targets).mean()), float(losses(logits, targets).mean())
