"""Running the frozen trunk over many pictures, as fast as this machine can."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from deskclassify.core import atomic, paths
from deskclassify.core.architectures import Architecture
from deskclassify.core.errors import InputError
from deskclassify.core.machine import cpu_count
from deskclassify.core.preprocess import Pixels as PixelArray
from deskclassify.ml import measured, tuning
from deskclassify.ml.capture import eval_mode
from deskclassify.ml.device import Device

if TYPE_CHECKING:
    from deskclassify.ml import ort

_log = logging.getLogger(__name__)
PICTURES_A_CORE = 4  # fit its caches: up to twice as fast as 32
CUDA_BATCH = 128
CUDA_CHUNK = 32  # so that all processors decode, also for a few hundred pictures
RunTrunk = Callable[[PixelArray], np.ndarray]
"""uint8 `[N, size, size, 3]` → float32 `[N, features]`; several threads may call it at once"""


def runner(
    trunk: nn.Module, architecture: Architecture, digest: str | None, size: int, device: Device, worth_it: bool = True
) -> RunTrunk:
    """The fastest way to run a trunk on this machine; see `tuning`. Nothing is opened before the first pictures come.

    Args:
        trunk: in any mode; it is run in eval mode and left as it was. It must not change before the first pictures.
        architecture: for mean and standard deviation, and the name of the kept file.
        digest: tells its weights apart; the traced file is kept under this name. None: do not keep it.
        size: pixels.
        device: where.
        worth_it: False where there is too little to do for a graph to be made.
    """
    openers: dict[tuning.Runtime, Callable[[], RunTrunk]] = {}
    if not device.is_cuda:
        openers["onnxruntime"] = lambda: _ort_runner(trunk, architecture, digest, size)
    openers["torch"] = lambda: _torch_runner(trunk, architecture, device)
    if not worth_it:
        return openers["torch"]()
    return _Lazy(openers, _key(trunk, architecture, size, device), batch_size(device))


def tuned(trunk: nn.Module, architecture: Architecture, size: int, device: Device) -> tuning.TrunkTuned | None:
    """What its `runner` found to be the fastest; None before that has run."""
    return measured.recall(_key(trunk, architecture, size, device), tuning.TrunkTuned)


class _Lazy:
    """Opens the fastest runtime when the first pictures come."""

    def __init__(self, openers: dict[tuning.Runtime, Callable[[], RunTrunk]], key: measured.Key, batch: int) -> None:
        self._openers = openers
        self._key = key
        self._batch = batch
        self._run: RunTrunk | None = None
        self._opening = threading.Lock()

    def __call__(self, images: PixelArray) -> np.ndarray:
        with self._opening:
            if self._run is None:
                self._run = tuning.tune_trunk(self._openers, self._key, images, self._batch)
        return self._run(images)


def batch_size(device: Device) -> int:
    """Pictures at a time, for a caller that is alone."""
    return CUDA_BATCH if device.is_cuda else PICTURES_A_CORE * cpu_count()


def chunk_size(device: Device) -> int:
    """Pictures at a time, for callers in a thread on each processor."""
    return CUDA_CHUNK if device.is_cuda else PICTURES_A_CORE


def _key(trunk: nn.Module, architecture: Architecture, size: int, device: Device) -> measured.Key:
    # The number of parameters tells parts of a trunk from the whole.
    parameters = sum(parameter.numel() for parameter in trunk.parameters())
    return measured.key(device, of="trunk in parts", network=architecture.name, parameters=parameters, size=size)


def _ort_runner(trunk: nn.Module, architecture: Architecture, digest: str | None, size: int) -> RunTrunk:
    from deskclassify.ml import ort

    if digest is None:
        opened = ort.session(_traced(trunk, architecture, size), threads=1)
    else:
        file = paths.cache_dir() / "trunks" / f"{architecture.name}-{digest}-{size}.onnx"
        kept = _kept_session(file)
        if kept is None:
            atomic.write_bytes(file, _traced(trunk, architecture, size))
        opened = kept or ort.session(str(file), threads=1)
    return lambda images: ort.run_in_parts(opened, images, PICTURES_A_CORE)


def _kept_session(file: Path) -> ort.Session | None:
    from deskclassify.ml import ort

    if not file.is_file():
        return None
    file.touch()  # says, for `cache.trim`, that it is in use
    try:
        return ort.session(str(file), threads=1)
    except InputError:
        _log.warning("%s is damaged and is made anew", file)
        return None


def _traced(trunk: nn.Module, architecture: Architecture, size: int) -> bytes:
    from deskclassify.ml import tracing

    with eval_mode(trunk):
        module = tracing.Pixels(trunk, architecture.mean, architecture.std).eval()
        result: bytes = tracing.trace(module, size, "features", fast=True).SerializeToString()
    return result


def _torch_runner(trunk: nn.Module, architecture: Architecture, device: Device) -> RunTrunk:
    # A copy: the caller's network keeps its place and its memory layout.
    trunk = copy.deepcopy(trunk).to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = torch.tensor(architecture.mean, device=device.torch).view(1, 3, 1, 1) * 255
    std = torch.tensor(architecture.std, device=device.torch).view(1, 3, 1, 1) * 255

    lock = threading.Lock()

    def run(images: PixelArray) -> np.ndarray:
        with lock, torch.inference_mode(), eval_mode(trunk):
            batch = torch.from_numpy(images).to(device.torch, non_blocking=True).permute(0, 3, 1, 2).float()
            # float32 throughout: the exported model must give the same probabilities.
            result: np.ndarray = trunk((batch - mean) / std).float().cpu().numpy()
            return result

    return run
