"""A phase of fine-tuning, and the first one: the head on cached features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from deskclassify.ml.checkpoint import Tensors, copy_of
from deskclassify.ml.schedule import Cycle
from deskclassify.ml.targets import Targets

WEIGHT_DECAY = 0.01
Logits = np.ndarray[Any, np.dtype[np.float32]]
"""float32 `[pictures, classes]`, or `[0, classes]`"""


class Phase(Protocol):
    """What the training loop needs to know."""

    name: str
    first_epoch: int
    epochs: int
    batch: int
    count: int
    targets: Targets
    optimizer: torch.optim.Optimizer
    rates: list[float]

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """Of the learning rate; together they have all epochs."""
        ...

    @property
    def micro_batch(self) -> int:
        """Pictures that the network takes at once; gradients of several make up a batch."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Put the network into the mode in which it is trained in an epoch, counted from 0."""
        ...

    def step(self, picked: torch.Tensor, generator: torch.Generator, following: torch.Tensor | None) -> float:
        """Learn from a batch.

        Args:
            picked: numbers of pictures, int64 `[B]`.
            generator: for all random draws but dropout's.
            following: the next batch, which may be read ahead.

        Returns:
            the mean cross-entropy of the pictures, without smoothing and weights, to be compared
            with that of the validation pictures.

        Raises:
            RuntimeError: among others, memory ran out; `halve`, then call again.
        """
        ...

    def halve(self) -> bool:
        """Take half as many pictures at once from now on, after memory ran out; False: not possible."""
        ...

    def evaluate(self) -> Logits:
        """Scores of the validation pictures, in float32, in eval mode."""
        ...

    def weights(self) -> Tensors:
        """A copy of what `evaluate` measures; kept when it is the best."""
        ...

    def extra_state(self) -> Tensors:
        """What a checkpoint needs besides the network and the optimiser."""
        ...

    def load_extra_state(self, tensors: Tensors) -> None:
        """Inverse of `extra_state`."""
        ...

    def close(self) -> None:
        """Let go of threads and files."""
        ...


@dataclass
class FrozenPhase:
    """Trains the head on features that the frozen trunk gave once.

    Args:
        head: to be trained.
        features: float32 `[count, length]`, of the training pictures.
        targets: of the training pictures.
        valid: float32 `[validation pictures, length]`.
    """

    head: nn.Module
    features: torch.Tensor
    targets: Targets
    valid: torch.Tensor
    epochs: int
    batch: int
    learning_rate: float
    name: str = "frozen"
    first_epoch: int = 1
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.targets)
        self.rates = [self.learning_rate]
        self.optimizer = torch.optim.AdamW(self.head.parameters(), self.learning_rate, weight_decay=WEIGHT_DECAY)

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """See `Phase`."""
        return (Cycle(self.epochs),)

    @property
    def micro_batch(self) -> int:
        """See `Phase`."""
        return self.batch

    def begin_epoch(self, epoch: int) -> None:
        """See `Phase`."""
        self.head.train()

    def step(self, picked: torch.Tensor, generator: torch.Generator, following: torch.Tensor | None) -> float:
        """See `Phase`."""
        logarithms = nn.functional.log_softmax(self.head(self.features[picked]), dim=1)
        loss = -(self.targets.soft(picked) * logarithms).sum() / len(picked)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        # Zero times the loss: nothing, unless that is no number any more.
        return float(nn.functional.nll_loss(logarithms.detach(), self.targets.numbers[picked]) + 0 * loss.detach())

    def halve(self) -> bool:
        """See `Phase`: a batch of feature vectors is a megabyte at most."""
        return False

    def evaluate(self) -> Logits:
        """See `Phase`."""
        self.head.eval()
        with torch.inference_mode():
            result: Logits = self.head(self.valid).float().cpu().numpy()
        return result

    def weights(self) -> Tensors:
        """See `Phase`: those of the head."""
        return copy_of(self.head)

    def extra_state(self) -> Tensors:
        """See `Phase`."""
        return {}

    def load_extra_state(self, tensors: Tensors) -> None:
        """See `Phase`."""

    def close(self) -> None:
        """See `Phase`."""


@dataclass(frozen=True)
class Precision:
    """Number format of the unfrozen phase: `name` is `fp32`, `bf16` or `fp16`. And its memory layout."""

    name: str
    channels_last: bool = True

    @property
    def dtype(self) -> torch.dtype:
        """For autocast."""
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]
