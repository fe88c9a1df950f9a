"""Scores of the validation pictures from the network that is just being trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import nn

from deskclassify.core.architectures import Architecture
from deskclassify.core.preprocess import Pixels
from deskclassify.ml import trunk
from deskclassify.ml.device import Device
from deskclassify.ml.phases import Logits
from deskclassify.ml.trunk import RunTrunk
from deskclassify.ml.zoo import Classifier

_KEPT_BYTES = 512 * 2**20
WORTH_TRACING = 64  # pictures: with fewer, making the graph takes longer than torch needs for them


class Pictures(Protocol):
    """Decoded pictures by number."""

    def __len__(self) -> int: ...

    def __call__(self, numbers: np.ndarray) -> Pixels:
        """uint8 `[B, size, size, 3]`, of numbers int64 `[B]`."""
        ...


class Validation:
    """Measures a network in float32 and eval mode, just as the exported model will answer.

    Where the first stages are frozen their activations are kept in memory, if they are not too many.

    Args:
        model: the network; it may be in any mode, and changes between the calls.
        pictures: of the validation set.
        size: pixels.
        first_stage: number of the first stage that changes.
        lower: the stages before it, which do not; None where all change.
    """

    def __init__(
        self,
        model: Classifier,
        pictures: Pictures,
        architecture: Architecture,
        size: int,
        device: Device,
        first_stage: int,
        lower: RunTrunk | None,
    ) -> None:
        self._model = model
        self.pictures = pictures
        self._architecture = architecture
        self._size = size
        self._device = device
        self._first_stage = first_stage
        self._lower = lower
        self._at_once = trunk.batch_size(device)
        self._kept: list[np.ndarray] = []

    def __call__(self) -> Logits:
        """float32 `[pictures, classes]`."""
        if self._lower is None:
            return self.of(self.pictures)
        return self._joined(self._through_upper(self._lower))

    def of(self, pictures: Pictures) -> Logits:
        """Scores of other pictures, float32 `[pictures, classes]`."""
        return self._joined(self._through_all(pictures))

    def _joined(self, parts: Iterator[np.ndarray]) -> Logits:
        return np.concatenate([np.empty((0, self._model.head.linear.out_features), np.float32), *parts])

    def _batches(self, pictures: Pictures) -> Iterator[Pixels]:
        for start in range(0, len(pictures), self._at_once):
            yield pictures(np.arange(start, min(start + self._at_once, len(pictures))))

    def _through_all(self, pictures: Pictures) -> Iterator[np.ndarray]:
        worth_it = len(pictures) >= WORTH_TRACING
        run = trunk.runner(self._model.trunk, self._architecture, None, self._size, self._device, worth_it)
        for pixels in self._batches(pictures):
            yield self._finish(self._model.head, run(pixels))

    def _through_upper(self, lower: RunTrunk) -> Iterator[np.ndarray]:
        upper = nn.Sequential(*list(self._model.stages().values())[self._first_stage :], self._model.head)
        for activations in self._activations(lower):
            yield self._finish(upper, activations)

    def _activations(self, lower: RunTrunk) -> Iterator[np.ndarray]:
        if self._kept:
            yield from self._kept
            return
        found: list[np.ndarray] = []
        size_bytes = 0
        for pixels in self._batches(self.pictures):
            values = lower(pixels)
            size_bytes += values.nbytes
            if size_bytes <= _KEPT_BYTES:
                found.append(values)
            yield values
        if size_bytes <= _KEPT_BYTES:
            self._kept = found

    def _finish(self, module: nn.Module, values: np.ndarray) -> np.ndarray:
        module.eval()
        with torch.inference_mode():
            inputs = torch.from_numpy(values).to(self._device.torch)
            if inputs.dim() == 4:
                inputs = inputs.contiguous(memory_format=torch.channels_last)
            result: np.ndarray = module(inputs).float().cpu().numpy()
        return result
