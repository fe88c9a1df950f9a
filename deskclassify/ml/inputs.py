"""What the trained part of the network sees: pictures, or the activations of frozen early stages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch

from deskclassify.core.preprocess import Pixels
from deskclassify.ml.augment import augment, variant_key, vary
from deskclassify.ml.row_store import RowStore
from deskclassify.ml.trunk import RunTrunk

_log = logging.getLogger(__name__)
GetPictures = Callable[[np.ndarray], Pixels]
"""numbers of pictures, int64 `[B]` → uint8 `[B, size, size, 3]`"""


class Inputs(Protocol):
    """Where the batches of the unfrozen phase come from."""

    def __call__(self, picked: torch.Tensor, draws: torch.Tensor, epoch: int, size: int | None) -> torch.Tensor:
        """The inputs of the trained stages.

        Args:
            picked: numbers of pictures, int64 `[B]`.
            draws: float `[B, n]`, see `augment.draw`.
            epoch: from 0.
            size: pixels, where it is not the usual one.

        Returns:
            float `[B, C, H, W]` on the training's device.
        """
        ...

    def expect(self, picked: torch.Tensor) -> None:
        """These come next: they may be read while the network is at work."""
        ...

    def close(self) -> None:
        """Let go of threads and files."""
        ...


class PictureInputs:
    """Normalised pictures, changed at random; the next batch is read while the network computes.

    Args:
        pictures: gives the decoded ones; called in another thread.
        mean: on the scale 0 to 1.
        std: likewise.
        device: where the network is; pictures travel there as bytes.
        strength: of the random changes.
    """

    def __init__(
        self,
        pictures: GetPictures,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        strength: float,
    ) -> None:
        self._pictures = pictures
        self._mean = torch.tensor(mean, device=device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(std, device=device).view(1, 3, 1, 1) * 255
        self._device = device
        self._strength = strength
        self._reader = ThreadPoolExecutor(1, "pictures")
        self._coming: tuple[torch.Tensor, Future[torch.Tensor]] | None = None

    def __call__(self, picked: torch.Tensor, draws: torch.Tensor, epoch: int, size: int | None) -> torch.Tensor:
        """See `Inputs`."""
        coming, self._coming = self._coming, None
        raw = coming[1].result() if coming is not None and torch.equal(coming[0], picked) else self._read(picked)
        images = raw.to(self._device, non_blocking=True).permute(0, 3, 1, 2)
        images = augment(images, draws, self._strength, size).sub_(self._mean).div_(self._std)
        return images.contiguous(memory_format=torch.channels_last)

    def expect(self, picked: torch.Tensor) -> None:
        """See `Inputs`."""
        self._coming = (picked, self._reader.submit(self._read, picked))

    def _read(self, picked: torch.Tensor) -> torch.Tensor:
        raw = torch.from_numpy(self._pictures(picked.numpy()))
        return raw.pin_memory() if self._device.type == "cuda" else raw

    def close(self) -> None:
        """See `Inputs`."""
        self._reader.shutdown()


class ActivationInputs:
    """Activations of frozen early stages, for a few changed copies of each picture, kept on the disk.

    In the first epochs they are computed and written, from then on read. Without a cache, or when
    the disk is full, they are computed each time.

    Args:
        pictures: gives the decoded pictures.
        keys: of the pictures, by content; None where they are not known, and nothing is kept.
        lower: the frozen stages; float32 `[N, C, H, W]`.
        store: rows float16 `[C, H, W]`; None: nothing is kept.
        views: changed copies of each picture.
        device: where the trained stages are.
        strength: of the random changes.
        batch: pictures that `lower` takes at a time.
    """

    def __init__(
        self,
        pictures: GetPictures,
        keys: list[str] | None,
        lower: RunTrunk,
        store: RowStore | None,
        views: int,
        device: torch.device,
        strength: float,
        batch: int,
    ) -> None:
        self._pictures = pictures
        self._keys = keys
        self._lower = lower
        self._store = store if keys is not None else None
        self._views = views
        self._device = device
        self._strength = strength
        self._batch = batch

    def __call__(self, picked: torch.Tensor, draws: torch.Tensor, epoch: int, size: int | None) -> torch.Tensor:
        """See `Inputs`. The copy that a picture is seen in changes with the epoch; `draws` are not used."""
        numbers = picked.numpy()
        view = 1 + epoch % self._views
        rows = self._kept(numbers, view) if self._store is not None else self._compute(numbers, view)
        return torch.from_numpy(rows).to(self._device).float().contiguous(memory_format=torch.channels_last)

    def expect(self, picked: torch.Tensor) -> None:
        """See `Inputs`."""

    def close(self) -> None:
        """See `Inputs`."""
        if self._store is not None:
            self._store.close()

    def _kept(self, numbers: np.ndarray, view: int) -> np.ndarray:
        assert self._store is not None and self._keys is not None
        keys = [self._keys[number] + variant_key(view, self._strength) for number in numbers]
        try:
            found = self._store.find(keys)
            missing = np.array([at for at, key in enumerate(keys) if key not in found], dtype=np.int64)
            if len(missing):
                values = self._compute(numbers[missing], view)
                if len(missing) == len(keys):
                    self._store.add(keys, values)
                    return values
                self._store.add([keys[at] for at in missing], values)
                found = self._store.find(keys)
            return self._store.read([found[key] for key in keys])
        except OSError:
            _log.exception("activations are no longer kept: the disk may be full")
            self._store.close()
            self._store = None
            return self._compute(numbers, view)

    def _compute(self, numbers: np.ndarray, view: int) -> np.ndarray:
        pixels = self._pictures(numbers)
        names = [self._keys[number] if self._keys else str(number) for number in numbers]
        changed = vary(pixels, names, view, self._strength)
        parts = [self._lower(changed[at : at + self._batch]) for at in range(0, len(changed), self._batch)]
        # Half precision: the error is a hundredth of the noise that augmentation makes.
        return np.concatenate(parts).astype(np.float16)
