"""Versions of the parts, for run folders, models and the doctor."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

_PARTS = ("torch", "torchvision", "timm", "onnx", "onnxruntime-gpu", "onnxruntime", "numpy", "Pillow")


def versions() -> dict[str, str]:
    """Name → version of what is installed, without importing it."""
    return dict(_installed())


@cache
def _installed() -> dict[str, str]:
    from deskclassify import __version__

    found = {"deskclassify": __version__, "python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
