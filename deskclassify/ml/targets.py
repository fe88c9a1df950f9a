"""What the training pictures are to be told as, and in which order they come."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from deskclassify.core.balance import BalancePlan
from deskclassify.ml import schedule

_ALIKE = BalancePlan("none", "", ())


@dataclass(frozen=True)
class Targets:
    """The labels of the training pictures.

    Attributes:
        numbers: class of each picture, int64 `[count]`.
        classes: how many there are.
        smoothing: share of the target that is spread over all classes (Szegedy et al. 2016,
            https://arxiv.org/abs/1512.00567).
        balance: what is done about classes of unequal size.
    """

    numbers: torch.Tensor
    classes: int
    smoothing: float = 0.0
    balance: BalancePlan = _ALIKE

    def __len__(self) -> int:
        return len(self.numbers)

    def soft(self, picked: torch.Tensor) -> torch.Tensor:
        """Targets of the cross-entropy, times the weight of their class.

        Args:
            picked: numbers of pictures, int64 `[B]`.

        Returns:
            float32 `[B, classes]`.
        """
        own = self.numbers[picked]
        result = torch.full((len(own), self.classes), self.smoothing / self.classes)
        result[torch.arange(len(own)), own] += 1 - self.smoothing
        if self.balance.kind == "weights":
            result *= torch.tensor(self.balance.weights)[own, None]
        return result

    def order(self, *place: object) -> torch.Tensor:
        """The pictures of an epoch, int64 `[count]`: each once, or those of rare classes more often."""
        if self.balance.kind == "sampling":
            return schedule.balanced_order(self.numbers, self.balance.weights, *place)
        return schedule.order(len(self), *place)
