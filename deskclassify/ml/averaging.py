"""The moving average of a network's weights, which is often better than the last weights alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from deskclassify.ml.checkpoint import Tensors, copy_of


class Average:
    """Exponential moving average of weights and statistics (Polyak and Juditsky 1992).

    The decay grows from 0.1 with the steps, as in TensorFlow's ExponentialMovingAverage, so that
    a short training forgets where it began.

    Args:
        module: its state is the beginning.
        decay: highest share of the old average that is kept at each step.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self.steps = 0
        self.state: Tensors = copy_of(module)

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights after a step."""
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)

    @contextlib.contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """Put the average into the module for a while."""
        own = copy_of(module)
        module.load_state_dict(self.state)
        try:
            yield
        finally:
            module.load_state_dict(own)
