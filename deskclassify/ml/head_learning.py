"""Learning a head on features, quickly: just what the frozen phase of a training does, without its machinery.

The head has one linear layer behind a fixed scaling, so its gradient is a product of two matrices, and no graph of
operations has to be recorded for it. Most of the rest of the time goes into random numbers, for which picture and
feature are dropped out (N. Srivastava et al., “Dropout”, JMLR 15, 2014). They follow from the place in the training
alone: other threads draw them ahead, and they are kept for the next time. Scores agree with those of
`phases.FrozenPhase` in a `loop.Loop` but for rounding; a test compares.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import UserError
from deskclassify.core.machine import cpu_count
from deskclassify.ml import schedule, torch_threads
from deskclassify.ml.images import map_ahead
from deskclassify.ml.loop import Best, score
from deskclassify.ml.phases import WEIGHT_DECAY, Logits
from deskclassify.ml.schedule import Cycle
from deskclassify.ml.targets import Targets
from deskclassify.ml.zoo import HEAD_DROPOUT

_PHASE = "frozen"  # whose random draws these are
_MOMENTUM, _EPSILON = 0.1, 1e-5  # of `nn.BatchNorm1d`
_SECOND, _ADAM_EPSILON = 0.99, 1e-8  # beta 2 of `loop.Loop`, and torch's epsilon
_MOST_KEPT_BYTES = 64_000_000  # of random numbers


@dataclass(frozen=True)
class Course:
    """How the head is learned; see `recipe.Recipe` and `requests.FitRequest`.

    Attributes:
        epochs: passes over the training pictures.
        batch: pictures.
        rate: highest learning rate of the cycle.
        seed: of order and dropout.
        patience: end after so many epochs without a lower validation loss; None: never.
    """

    epochs: int
    batch: int
    rate: float
    seed: int
    patience: int | None = None


def learn(
    features: np.ndarray,
    targets: Targets,
    valid: np.ndarray,
    wanted: np.ndarray,
    course: Course,
    should_stop: ShouldStop,
) -> Iterator[int | Logits]:
    """Learn a head from zeros, and tell what its best epoch says of the validation pictures.

    Args:
        features: float32 `[count, length]`, of the training pictures; `count` at least 2.
        targets: of the training pictures.
        valid: float32 `[validation pictures, length]`; without any, the last epoch is the best.
        wanted: their classes, int64 `[validation pictures]`.
        course: how.
        should_stop: asked before each batch.

    Yields:
        the number of each epoch that is done, then float32 scores `[validation pictures, classes]`; no scores when
        stopped.

    Raises:
        UserError: the learning rate is too high.
    """
    count = len(targets)
    batches = max(1, round(count / course.batch))
    # One thread: the matrices are small, and threads would wait for each other longer than they work.
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch_threads.kept())
        torch_threads.take_one()
        stack.enter_context(torch.no_grad())
        head = _Learner(torch.from_numpy(features), targets, torch.from_numpy(valid))
        best, lowest, waited = Best(), float("inf"), 0
        steps = course.epochs * batches
        parts = [
            part
            for epoch in range(course.epochs)
            for part in targets.order(course.seed, _PHASE, epoch).tensor_split(batches)
        ]
        drawn = stack.enter_context(contextlib.closing(_drops(course.seed, [len(part) for part in parts], features)))
        for step, kept in enumerate(drawn):
            if should_stop():
                return
            factor, momentum = schedule.in_cycles(step, steps, (Cycle(course.epochs),))
            head.step(parts[step], kept, course.rate * factor, momentum)
            if (step + 1) % batches:
                continue
            epoch = (step + 1) // batches
            logits = head.evaluate()
            accuracy, loss = score(logits, wanted)
            if not len(wanted) or best.is_beaten_by(accuracy, loss):
                best.epoch, best.accuracy, best.loss, best.logits = epoch, accuracy, loss, logits
            lowest, waited = (loss, 0) if loss < lowest else (lowest, waited + 1)
            yield epoch
            if course.patience is not None and waited >= course.patience:
                break
    if best.logits is None or not np.isfinite(best.logits).all():
        raise UserError("The last layer could not be learned: the learning rate of this run is too high for its data.")
    yield best.logits


def forget() -> None:
    """Let go of the random numbers that are kept."""
    _known.clear()


_known: dict[tuple[int, tuple[int, ...], int], list[np.ndarray]] = {}  # those of the last course only


def _drops(seed: int, sizes: list[int], features: np.ndarray) -> Generator[np.ndarray]:
    """For each step what is kept of each feature: uint8 `[size, length]`, 1 or 0."""
    length = features.shape[1]
    key = (seed, tuple(sizes), length)
    if key in _known:
        for size, packed in zip(sizes, _known[key], strict=True):
            yield np.unpackbits(packed, count=size * length).reshape(size, length)
        return
    _known.clear()
    keeps = sum(sizes) * length / 8 <= _MOST_KEPT_BYTES
    found: list[np.ndarray] = []
    drawn = map_ahead(lambda step: _draw(seed, step, sizes[step], length), range(len(sizes)), cpu_count())
    with contextlib.closing(drawn):
        for kept, packed in drawn:
            if keeps:
                found.append(packed)
            yield kept
    if keeps:
        _known[key] = found


def _draw(seed: int, step: int, size: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """One step's, and the same in bits: the draws that `nn.Dropout` makes of torch's own generator."""
    random = torch.Generator().manual_seed(schedule.seed_of(seed, _PHASE, "dropout", step))
    kept = torch.empty(size, length).bernoulli_(1 - HEAD_DROPOUT, generator=random).to(torch.uint8).numpy()
    return kept, np.packbits(kept)


class _Learner:
    """The head while it learns: `zoo.Head` with the gradient written out."""

    def __init__(self, features: torch.Tensor, targets: Targets, valid: torch.Tensor) -> None:
        length = features.shape[1]
        self._features, self._valid = features, valid
        self._targets = targets.soft(torch.arange(len(targets)))
        self._mean, self._variance = torch.zeros(length), torch.ones(length)
        self._weight = torch.zeros(targets.classes, length)
        self._bias = torch.zeros(targets.classes)
        self._moments = [(torch.zeros_like(value), torch.zeros_like(value)) for value in (self._weight, self._bias)]
        self._steps = 0

    def step(self, picked: torch.Tensor, kept: np.ndarray, rate: float, momentum: float) -> None:
        """Learn from a batch: the gradient of the cross-entropy by the scores is softmax − target.

        Args:
            picked: numbers of pictures, int64 `[B]`.
            kept: uint8 `[B, length]`, 0 for what is dropped out.
            rate: of learning.
            momentum: beta 1 of AdamW.
        """
        batch = self._features.index_select(0, picked)
        inputs = functional.batch_norm(batch, self._mean, self._variance, None, None, True, _MOMENTUM, _EPSILON)
        inputs = inputs.mul_(torch.from_numpy(kept)).mul_(1 / (1 - HEAD_DROPOUT))  # so that the mean stays
        target = self._targets.index_select(0, picked)
        chance = functional.linear(inputs, self._weight, self._bias).softmax(1)
        slope = chance.mul_(target.sum(1, keepdim=True)).sub_(target).div_(len(picked))
        self._improve((slope.t() @ inputs, slope.sum(0)), rate, momentum)

    def _improve(self, gradients: tuple[torch.Tensor, torch.Tensor], rate: float, momentum: float) -> None:
        """AdamW (I. Loshchilov and F. Hutter, https://arxiv.org/abs/1711.05101), just as torch has it.

        For two small tensors, most of the time of `torch.optim` goes into finding out what there is to do.
        """
        self._steps += 1
        first = 1 - momentum**self._steps
        second = 1 - _SECOND**self._steps
        for value, gradient, (mean, square) in zip((self._weight, self._bias), gradients, self._moments, strict=True):
            value.mul_(1 - rate * WEIGHT_DECAY)
            mean.lerp_(gradient, 1 - momentum)
            square.mul_(_SECOND).addcmul_(gradient, gradient, value=1 - _SECOND)
            value.addcdiv_(mean, (square.sqrt() / math.sqrt(second)).add_(_ADAM_EPSILON), value=-rate / first)

    def evaluate(self) -> Logits:
        """Scores of the validation pictures."""
        inputs = functional.batch_norm(self._valid, self._mean, self._variance, eps=_EPSILON)
        result: Logits = functional.linear(inputs, self._weight, self._bias).numpy()
        return result
