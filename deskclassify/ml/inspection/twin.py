"""A second network on the same weights, for whoever hangs hooks on it."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def _same(value: torch.Tensor) -> torch.Tensor:
    return value


def twin(model: nn.Module, weights: Callable[[torch.Tensor], torch.Tensor] = _same) -> nn.Module:
    """A network of the same modules, in eval mode and without hooks.

    Where jobs run in threads of one process, two may look into the same network at a time, and each would meet the
    other's hooks.

    Args:
        model: it is only read.
        weights: gives what takes the place of a parameter or buffer; as it stands, both share them.
    """
    memo: dict[int, Any] = {}
    for parameter in model.parameters():
        changed = weights(parameter)
        memo[id(parameter)] = changed if changed is parameter else nn.Parameter(changed, requires_grad=False)
    for buffer in model.buffers():
        memo[id(buffer)] = weights(buffer)
    for module in model.modules():
        # Others may be hanging hooks on it right now: these are not even looked at.
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            memo[id(hooks)] = OrderedDict()
    return copy.deepcopy(model, memo).eval()
