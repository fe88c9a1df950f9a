"""The sum at the end of a residual block as a layer of its own.

In the libraries' networks it is a plus sign in the code of the block, and one ReLU serves twice: neither could be
looked at. The blocks are rewritten by torch.fx, with the same modules and weights under the same names.
"""

from __future__ import annotations

import copy
import operator

import torch
from torch import fx, nn

_BLOCKS = frozenset({"BasicBlock", "Bottleneck", "InvertedResidual", "DepthwiseSeparableConv", "MBConv", "CNBlock"})
_ADDS = (operator.add, operator.iadd, torch.add)
NAME = "add"


class Sum(nn.Module):
    """Adds what a block has computed to what came into it (He et al. 2016, https://arxiv.org/abs/1512.03385)."""

    def forward(self, computed: torch.Tensor, shortcut: torch.Tensor) -> torch.Tensor:
        """Both and the result are float `[N, C, h, w]`."""
        return computed + shortcut


class _Tracer(fx.Tracer):
    """Looks into a block, and not into its parts."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def show_sums(model: nn.Module) -> None:
    """Put a `Sum` in place of each residual block's plus sign, and a ReLU of its own in each place that shares one.

    What the network computes stays the same to the bit, and so do the names in its state.

    Args:
        model: of `zoo`; it is changed.
    """
    for path, block in list(model.named_modules()):
        if type(block).__name__ in _BLOCKS:
            shown = _with_sum(block)
            if shown is not None:
                model.set_submodule(path, shown)


def _with_sum(block: nn.Module) -> nn.Module | None:
    """None for a block without a shortcut."""
    graph = _Tracer().trace(block)
    if not any(node.op == "call_function" and node.target in _ADDS for node in graph.nodes):
        return None
    shown = fx.GraphModule(block, graph, type(block).__name__)
    used: dict[str, int] = {}
    for node in graph.nodes:
        if node.op == "call_function" and node.target in _ADDS:
            shown.add_submodule(NAME, Sum().train(block.training))
            node.op, node.target = "call_module", NAME
        elif node.op == "call_module":
            name = str(node.target)
            used[name] = used.get(name, 0) + 1
            if used[name] > 1:
                node.target = f"{name}{used[name]}"
                shown.add_submodule(node.target, copy.deepcopy(block.get_submodule(name)))
    shown.recompile()
    return shown
