"""Which pictures excite each channel of each layer most (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901).

One pass over the pictures serves all layers and channels at once, and its result is kept: a few numbers a channel.
Where in a picture the place lies is found exactly when somebody looks at it; see `patches`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from torch import nn

from deskclassify.core import atomic, paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.layer_events import Layer, Searched
from deskclassify.core.layer_requests import SearchRequest
from deskclassify.core.preprocess import Pixels
from deskclassify.ml import torch_threads
from deskclassify.ml.images import Looked, look_at
from deskclassify.ml.inspection.layers import module_path
from deskclassify.ml.inspection.network import Opened, look
from deskclassify.ml.inspection.receptive import fields
from deskclassify.ml.inspection.twin import twin

MOST = 9
"""pictures that are kept for a channel"""
_NONE = -1  # in place of a picture's number
_CHUNK = 4  # pictures that a thread takes at a time: measured, see `benchmarks/excitation.py`
_MERGED_AT_ONCE = 32  # pictures
_FORMAT = 1  # of the kept files
_MAP = 4  # dimensions of an output that has places
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Excitations:
    """What a search has found, over the channels of all layers one after the other.

    Attributes:
        values: float32 `[9, channels]`, by which a channel's pictures are ranked, the highest first; see `Watch`.
        numbers: int32 `[9, channels]`, of the pictures in the request's order; −1 where there are fewer.
        skipped: pictures that cannot be read.
    """

    values: np.ndarray
    numbers: np.ndarray
    skipped: int

    def pictures(self, layers: Sequence[Layer], name: str, channel: int) -> list[int]:
        """Numbers of the pictures that excite a channel most, the strongest first."""
        begin = 0
        for layer in layers:
            if layer.name == name:
                return [int(number) for number in self.numbers[:, begin + channel] if number != _NONE]
            begin += layer.shape[0]
        raise KeyError(name)


def search(request: SearchRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Find, for every channel of every layer, the pictures in which its largest value is highest.

    Large JPEGs are decoded at a fraction of their size, which may swap pictures that all but tie. A search that is
    stopped keeps nothing. Pictures that cannot be read are passed over and counted.

    Raises:
        InputError: the network cannot be had, or none of the pictures can be read.
    """
    begun = time.monotonic()

    def show(opened: Opened) -> Iterator[Event]:
        file = kept_file(opened, request.files)
        found = recall(file, opened.layers)
        was_kept = found is not None
        if found is None:
            ranking = Ranking(sum(layer.shape[0] for layer in opened.layers))
            yield from _search(opened, request.files, ranking, should_stop)
            found = ranking.result()
            if ranking.seen < len(request.files):
                return  # stopped
            if found.skipped == len(request.files):
                raise InputError("None of the pictures can be read, so there is nothing to search. Add others.")
            _keep(file, found)
        count = len(request.files) - found.skipped
        yield Searched(request.model, count, found.skipped, time.monotonic() - begun, was_kept)

    return look(request.model, None, show, should_stop)


def _search(opened: Opened, files: Sequence[str], ranking: Ranking, should_stop: ShouldStop) -> Iterator[Event]:
    begun, throttle = time.monotonic(), Throttle()
    waiting: Looked = []
    yield Progress("search", 0, len(files))
    watch = Watch(opened)

    def look_alone(pixels: Pixels) -> np.ndarray:
        torch_threads.take_one()
        return watch(pixels)

    with (
        torch_threads.kept(),
        contextlib.closing(look_at(files, opened.how, False, _CHUNK, look_alone)) as looks,
    ):
        for looked in looks:
            if should_stop():
                return
            waiting += looked
            done = ranking.seen + len(waiting)
            last = done == len(files)
            if last or len(waiting) >= _MERGED_AT_ONCE:
                ranking.add([row for _, row in waiting])
                waiting = []
            if throttle.ready(last):
                rate = done / max(1e-6, time.monotonic() - begun)
                yield Progress("search", done, len(files), rate, (len(files) - done) / rate)


class Watch:
    """Gives the largest value of each channel of each layer; several threads may call it at once.

    ReLU and ReLU6 cut off what would tell channels apart that give nothing, or their most, on many pictures. For these
    (also inside a normalisation) it is the largest value before the cut, which keeps the order of those behind it.

    Args:
        opened: the network. It is copied: neither its memory layout changes, nor do others meet the hooks.
    """

    def __init__(self, opened: Opened) -> None:
        # Channels last is the faster layout here, by a quarter.
        self._model = twin(opened.model, _channels_last)
        self._normalised = opened.normalised
        self._names = [layer.name for layer in opened.layers]
        self._local = threading.local()
        seen = fields(opened.model, opened.how.size)
        for name in self._names:
            path = module_path(self._model, name) or name
            module = self._model.get_submodule(path)
            hook = self._hook(name, (1, 2) if seen[path].channels_last else (2, 3))
            cut = cut_of(module)
            if cut is None:
                module.register_forward_hook(lambda _module, _given, output, hook=hook: hook(output))
            else:
                cut.register_forward_pre_hook(lambda _module, given, hook=hook: hook(given[0]))

    def _hook(self, name: str, places: tuple[int, int]) -> Callable[[torch.Tensor], None]:
        def hook(values: torch.Tensor) -> None:
            # A module that is used several times counts where it is used first, as in `layers.describe`.
            if name not in self._local.found:
                self._local.found[name] = values.amax(places) if values.ndim == _MAP else values.clone()

        return hook

    def __call__(self, pixels: Pixels) -> np.ndarray:
        """The largest values.

        Args:
            pixels: uint8 `[N, size, size, 3]`.

        Returns:
            float32 `[N, channels of all layers]`.
        """
        self._local.found = {}
        with torch.inference_mode():
            images = self._normalised(torch.from_numpy(pixels))
            self._model(images.contiguous(memory_format=torch.channels_last))
            found = torch.cat([self._local.found[name].float() for name in self._names], dim=1)
        return np.asarray(found.nan_to_num(-torch.inf).numpy())


def _channels_last(weights: torch.Tensor) -> torch.Tensor:
    copied = weights.detach().clone()
    return copied.contiguous(memory_format=torch.channels_last) if copied.ndim == _MAP else copied


def cut_of(module: nn.Module) -> nn.Module | None:
    """The ReLU or ReLU6 that a layer is or ends in; None where it does neither."""
    inner = getattr(module, "act", module)  # timm has activations inside its normalisations
    return inner if isinstance(inner, (nn.ReLU, nn.ReLU6)) else None


class Ranking:
    """The highest values of each channel so far; of equal ones, the picture that came first.

    Args:
        channels: of all layers together.
    """

    def __init__(self, channels: int) -> None:
        self.seen = 0
        self._skipped = 0
        self._values = np.full((MOST, channels), -np.inf, dtype=np.float32)
        self._numbers = np.full((MOST, channels), _NONE, dtype=np.int32)

    def add(self, rows: Sequence[np.ndarray | None]) -> None:
        """Take the next pictures in: float32 `[channels]` each, None for one that cannot be read."""
        numbers = [self.seen + at for at, row in enumerate(rows) if row is not None]
        self.seen += len(rows)
        self._skipped += len(rows) - len(numbers)
        if not numbers:
            return
        fresh = np.stack([row for row in rows if row is not None])
        # After some pictures most channels have nothing new: only the others are sorted.
        columns = np.flatnonzero((fresh.max(axis=0) > self._values[-1]) | (self._numbers[-1] == _NONE))
        values = np.concatenate([self._values[:, columns], fresh[:, columns]])
        known = np.repeat(np.array(numbers, dtype=np.int32)[:, None], len(columns), axis=1)
        whose = np.concatenate([self._numbers[:, columns], known])
        # A place that is still free comes behind every picture, whatever its value.
        order = np.lexsort((-values, whose == _NONE), axis=0)[:MOST]
        self._values[:, columns] = np.take_along_axis(values, order, axis=0)
        self._numbers[:, columns] = np.take_along_axis(whose, order, axis=0)

    def result(self) -> Excitations:
        """What was found."""
        return Excitations(self._values, self._numbers, self._skipped)


_digests: weakref.WeakKeyDictionary[nn.Module, str] = weakref.WeakKeyDictionary()


def kept_file(opened: Opened, files: Sequence[str]) -> Path:
    """Where a search is kept: it depends on the weights, the resizing, and the pictures' paths, sizes and dates."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{_FORMAT}\0{_weights_digest(opened.model)}\0{opened.how}".encode())
    for file in files:
        try:
            status = os.stat(file)  # noqa: PTH116 - a thousand times, on every question
            about = f"{status.st_size}\0{status.st_mtime_ns}"
        except OSError:
            about = "gone"
        digest.update(f"\0{file}\0{about}".encode("utf-8", "surrogateescape"))
    return paths.cache_dir() / "excitations" / f"{digest.hexdigest()}.safetensors"


def _weights_digest(model: nn.Module) -> str:
    if model not in _digests:
        digest = hashlib.blake2b(digest_size=16)
        for name, value in model.state_dict().items():
            digest.update(f"{name}\0{tuple(value.shape)}".encode())
            digest.update(value.detach().contiguous().numpy().tobytes())
        _digests[model] = digest.hexdigest()
    return _digests[model]


def recall(file: Path, layers: Sequence[Layer]) -> Excitations | None:
    """A kept search; None where there is none, or where its file is damaged.

    Args:
        file: from `kept_file`.
        layers: of the network.
    """
    shape = (MOST, sum(layer.shape[0] for layer in layers))
    try:
        arrays = load_file(file)
        found = Excitations(arrays["values"], arrays["numbers"], int(arrays["skipped"][0]))
        os.utime(file)  # says, for `cache.trim`, that it is in use
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, IndexError, ValueError):
        _log.warning("%s is damaged and is made anew", file, exc_info=True)
        return None
    return found if found.values.shape == found.numbers.shape == shape else None


def _keep(file: Path, found: Excitations) -> None:
    arrays = {"values": found.values, "numbers": found.numbers, "skipped": np.array([found.skipped], dtype=np.int64)}
    try:
        atomic.write_bytes(file, save(arrays))
    except OSError:
        _log.exception("a search is not kept: the disk may be full")
        raise InputError(
            "What was found cannot be kept: the disk is full, or the cache folder may not be written. Make room there, "
            "then search again."
        ) from None
