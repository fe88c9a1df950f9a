"""Running the frozen trunk over many pictures, as fast as this machine can."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from deskclassify.core import atomic, paths
from deskclassify.core.architectures import Architecture
from deskclassify.core.preprocess import Pixels as PixelArray
from deskclassify.ml.capture import eval_mode
from deskclassify.ml.device import Device

_log = logging.getLogger(__name__)
CPU_BATCH = 8  # fits the processor's caches: 8 is up to twice as fast as 64
CUDA_BATCH = 128
RunTrunk = Callable[[PixelArray], np.ndarray]
"""uint8 `[N, size, size, 3]` → float32 `[N, features]`"""


def runner(trunk: nn.Module, architecture: Architecture, digest: str | None, size: int, device: Device) -> RunTrunk:
    """The fastest way to run a trunk: ONNX Runtime on the CPU, torch on a GPU.

    Args:
        trunk: in any mode; it is run in eval mode and left as it was.
        architecture: for mean and standard deviation, and the name of the kept file.
        digest: tells its weights apart; the traced file is kept under this name. None: do not keep it.
        size: pixels.
        device: where.
    """
    if device.is_cuda:
        return _torch_runner(trunk, architecture, device)
    try:
        return _ort_runner(trunk, architecture, digest, size)
    except Exception:
        _log.exception("ONNX Runtime cannot run the trunk; torch does")
        return _torch_runner(trunk, architecture, device)


def batch_size(device: Device) -> int:
    """Pictures at a time."""
    return CUDA_BATCH if device.is_cuda else CPU_BATCH


def _ort_runner(trunk: nn.Module, architecture: Architecture, digest: str | None, size: int) -> RunTrunk:
    from deskclassify.ml import ort

    if digest is None:
        opened = ort.session(_traced(trunk, architecture, size))
    else:
        file = paths.cache_dir() / "trunks" / f"{architecture.name}-{digest}-{size}.onnx"
        if not file.is_file():
            atomic.write_bytes(file, _traced(trunk, architecture, size))
        file.touch()  # says, for `cache.trim`, that it is in use
        opened = ort.session(str(file))
    return lambda images: ort.run(opened, images)


def _traced(trunk: nn.Module, architecture: Architecture, size: int) -> bytes:
    from deskclassify.ml import tracing

    with eval_mode(trunk):
        module = tracing.Pixels(trunk, architecture.mean, architecture.std).eval()
        result: bytes = tracing.trace(module, size, "features", fast=True).SerializeToString()
    return result


def _torch_runner(trunk: nn.Module, architecture: Architecture, device: Device) -> RunTrunk:
    trunk = trunk.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = torch.tensor(architecture.mean, device=device.torch).view(1, 3, 1, 1) * 255
    std = torch.tensor(architecture.std, device=device.torch).view(1, 3, 1, 1) * 255

    def run(images: PixelArray) -> np.ndarray:
        with torch.inference_mode(), eval_mode(trunk):
            batch = torch.from_numpy(images).to(device.torch, non_blocking=True).permute(0, 3, 1, 2).float()
            # float32 throughout: the exported model must give the same probabilities.
            result: np.ndarray = trunk((batch - mean) / std).float().cpu().numpy()
            return result

    return run
