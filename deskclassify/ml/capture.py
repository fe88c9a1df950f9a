"""Looking into a network while a picture passes: hooks that are always taken off again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode within the block; each module's own mode afterwards, also after an error."""
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def capture(model: nn.Module, names: list[str], inputs: bool = False) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the outputs (or first inputs) of modules, in eval mode and without gradients.

    After the block no hook remains and every module has its mode back, also after an error.

    Args:
        model: the network; run it inside the block.
        names: of its sub-modules.
        inputs: collect what goes in instead of what comes out.
    """
    modules = dict(model.named_modules())
    found: dict[str, torch.Tensor] = {}
    handles = []

    # Copies, because in-place activations would overwrite what is kept.
    def keep_output(name: str) -> object:
        def hook(module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            found[name] = output.detach().clone()

        return hook

    def keep_input(name: str) -> object:
        def hook(module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            found[name] = arguments[0].detach().clone()

        return hook

    with eval_mode(model), torch.inference_mode():
        try:
            for name in names:
                if inputs:
                    handles.append(modules[name].register_forward_pre_hook(keep_input(name)))
                else:
                    handles.append(modules[name].register_forward_hook(keep_output(name)))
            yield found
        finally:
            for handle in handles:
                handle.remove()
