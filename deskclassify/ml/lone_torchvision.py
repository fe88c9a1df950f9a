"""Lets PyPI's torchvision be imported beside a torch without CUDA.

That torchvision is built for CUDA, so beside a torch for the processor its own operators cannot be loaded, and then
its import fails at the ones that it describes: “operator torchvision::nms does not exist”
(https://github.com/pytorch/pytorch/issues/122494). Nothing here uses these operators, which find boxes: it is enough
that the names are known. Where they are there, nothing is done.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_DESCRIBED = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[Any] = []  # a library's names go with it


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing; it only learns that torchvision is about to be imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            if is_lone():
                name_operators()
        return None


def watch() -> None:
    """See to it at the import of torchvision, whoever imports it; costs nothing where nobody does."""
    if "torchvision" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def is_lone() -> bool:
    """Whether torch is for the processor, and torchvision is not."""
    from importlib import metadata  # only where torch is imported anyway

    try:
        torch, torchvision = metadata.version("torch"), metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        return False
    return torch.endswith("+cpu") and not torchvision.endswith("+cpu") and sys.platform == "linux"


def name_operators() -> None:
    """Make the names known that torchvision's import asks for."""
    import torch

    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in _DESCRIBED:
        library.define(f"{name}{_SCHEMA}")
    _kept.append(library)
