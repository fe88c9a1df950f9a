"""What a convolution is given and gives, and the layers directly behind it, found by where its very tensor goes."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from deskclassify.ml.capture import eval_mode

_PASSED_THROUGH = (nn.Identity, nn.Dropout, nn.Dropout2d)  # in eval mode they give what they are given
_Way = tuple[int, ...]
_STRAIGHT: _Way = (0, 1, 2, 3)


@dataclass(frozen=True)
class Behind:
    """A layer behind the convolution.

    Attributes:
        path: of its module.
        module: the layer.
        output: float32 `[C, h, w]`, what it gave; of a normalisation with an activation inside, before that.
    """

    path: str
    module: nn.Module
    output: torch.Tensor


@dataclass(frozen=True)
class Flow:
    """A convolution on a picture.

    Attributes:
        convolution: the layer.
        source: float32 `[in_channels, H, W]`, what it was given.
        output: float32 `[C, h, w]`, what it gave.
        behind: the layers that follow, in order; they end with an activation or where something else is done.
    """

    convolution: nn.Conv2d
    source: torch.Tensor
    output: torch.Tensor
    behind: tuple[Behind, ...]


class _EnoughError(Exception):
    """Nothing more is to be seen: the rest of the network need not run."""


def follow(
    model: nn.Module,
    path: str,
    tensor: torch.Tensor,
    is_known: Callable[[nn.Module], bool],
    is_last: Callable[[nn.Module], bool],
) -> Flow:
    """Run the network as far as is needed; afterwards no hook remains and each module has its mode back.

    A layer follows if it is given the tensor that the one before put out: the same object, not changed in between. So
    neither names nor order of definition matter, a sum in place (`x += shortcut`) ends the search as any other does,
    and a layer that is used more than once is taken where it is used here.

    Args:
        model: the network.
        path: of the convolution's module.
        tensor: float32 `[1, 3, H, W]`.
        is_known: whether a layer may be among those behind.
        is_last: whether it is the last of them.

    Raises:
        KeyError: the network does not come to this convolution.
    """
    follower = _Follower(model, path, is_known, is_last)
    # No inference mode here: its tensors do not tell whether they were changed in place.
    with eval_mode(model), torch.no_grad():
        handles = []
        try:
            for module in model.modules():
                if not any(True for _ in module.children()) or _has_inner(module):
                    handles.append(module.register_forward_pre_hook(follower.enters))
                    handles.append(module.register_forward_hook(follower.leaves))
            with contextlib.suppress(_EnoughError):  # not a failure: all that is wanted has been seen
                model(tensor)
        finally:
            for handle in handles:
                handle.remove()
    return follower.flow()


def _has_inner(module: nn.Module) -> bool:
    """Whether it is a normalisation with its activation inside, as in timm's networks."""
    return isinstance(module, nn.BatchNorm2d) and any(True for _ in module.children())


class _Follower:
    """The hooks, and what they have seen."""

    def __init__(
        self,
        model: nn.Module,
        path: str,
        is_known: Callable[[nn.Module], bool],
        is_last: Callable[[nn.Module], bool],
    ) -> None:
        self._thread = threading.get_ident()  # jobs may run in threads, and another may send a picture through as well
        self._paths = {module: name for name, module in model.named_modules()}
        self._path = path
        self._convolution = model.get_submodule(path)
        self._is_known, self._is_last = is_known, is_last
        self._source: torch.Tensor | None = None
        self._output: torch.Tensor | None = None
        self._behind: list[Behind] = []
        self._held: weakref.ref[torch.Tensor] | None = None  # what the last layer put out: whoever is given it follows
        self._version = 0
        self._way = _STRAIGHT  # back to channels, rows, columns
        self._taker: nn.Module | None = None
        self._outer: nn.Module | None = None  # a normalisation whose inner activation has not begun yet

    def flow(self) -> Flow:
        """What was found."""
        if self._source is None or self._output is None or not isinstance(self._convolution, nn.Conv2d):
            raise KeyError(self._path)
        return Flow(self._convolution, self._source, self._output, tuple(self._behind))

    def enters(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        """Before a layer runs."""
        if threading.get_ident() != self._thread:
            return
        given = arguments[0] if arguments else None
        if module is self._convolution and self._output is None:
            self._source = given.detach()[0].float().clone() if isinstance(given, torch.Tensor) else None
        elif self._outer is not None and isinstance(given, torch.Tensor):
            outer, self._outer = self._outer, None
            self._gave(outer, given)
        if self._held is None:
            return
        held = self._held()
        if held is None:
            raise _EnoughError  # the tensor is gone: nobody can be given it any more
        if not isinstance(given, torch.Tensor) or given is not held:
            return
        if given._version != self._version or not (_passes(module) or self._is_known(module)):
            raise _EnoughError
        if _has_inner(module):
            self._outer = module
        else:
            self._taker = module

    def leaves(self, module: nn.Module, arguments: tuple[Any, ...], given: Any) -> None:
        """After a layer has run; `given` is what it gave."""
        if threading.get_ident() != self._thread:
            return
        if module is self._convolution and self._output is None:
            self._output = given.detach()[0].float().clone()
            self._hold(given)
        elif module is self._taker:
            self._taker = None
            if _passes(module):
                self._turn(module)
                self._hold(given)
            else:
                self._gave(module, given)

    def _gave(self, module: nn.Module, output: torch.Tensor) -> None:
        kept = output.detach().permute(self._way)[0].float().clone()  # the next layer may write over it
        self._behind.append(Behind(self._paths[module], module, kept))
        if self._is_last(module):
            raise _EnoughError
        self._hold(output)

    def _hold(self, tensor: torch.Tensor) -> None:
        self._held, self._version = weakref.ref(tensor), tensor._version

    def _turn(self, module: nn.Module) -> None:
        dims: list[int] | None = getattr(module, "dims", None)
        if dims is not None:
            self._way = tuple(dims.index(axis) for axis in self._way)


def _passes(module: nn.Module) -> bool:
    """Whether it gives what it is given; torchvision's `Permute` only names the axes in another order."""
    name = type(module).__name__
    return isinstance(module, _PASSED_THROUGH) or name in ("DropPath", "StochasticDepth", "Permute")
