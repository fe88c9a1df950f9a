"""Which number format, memory layout and runtime is the fastest here: found by timing, once for a machine and network.

| what                     | is timed                                | and kept for the same                |
| ------------------------ | --------------------------------------- | ------------------------------------ |
| training the network     | a few steps in each number format       | machine, torch, network, size, batch |
|                          | and memory layout, on random pictures   |                                      |
| running the frozen trunk | ONNX Runtime and torch, both in float32 | machine, torch, network, size        |

Which one wins differs by network and processor: bfloat16 is twice as fast where the hardware
multiplies it, and ten times as slow where it does not.
"""

from __future__ import annotations

import copy
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import nn

from deskclassify.core.architectures import Architecture
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.preprocess import Pixels
from deskclassify.ml import measured, memory
from deskclassify.ml.device import Device
from deskclassify.ml.fused import autocast, keep_statistics, norms_of
from deskclassify.ml.zoo import Classifier

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
RunPictures = Callable[[Pixels], np.ndarray]
Format = Literal["fp32", "bf16", "fp16"]
Runtime = Literal["onnxruntime", "torch"]
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_LAYOUTS = {True: "channels last", False: "contiguous"}
_CPU_BATCH = 8  # enough to tell; a whole batch would take seconds
_TRIAL_BATCH, _TRIAL_SIZE = 2, 64  # for the first look, which rules out what the hardware cannot do
_HOPELESS = 2.0  # a candidate so many times slower than the best is given up
_TIMED_STEPS = 2
_STEP_SECONDS = 0.5
_MOST_SECONDS = 2.5  # after which no further candidate is begun
_LEAST_TRIED = 2  # but for the most promising ones


@dataclass(frozen=True)
class Tuned:
    """The fastest way to train a network.

    Attributes:
        precision: number format of the activations; weights are float32 always.
        channels_last: whether pictures lie in memory pixel by pixel, instead of colour by colour.
        figures: what was timed → pictures a second, forward and backward.
        bytes_per_image: memory for the activations of one picture.
    """

    precision: Format = "fp32"
    channels_last: bool = True
    figures: dict[str, float] = field(default_factory=dict)
    bytes_per_image: int = 0

    @property
    def layout(self) -> str:
        """The memory layout in words."""
        return _LAYOUTS[self.channels_last]

    @property
    def name(self) -> str:
        """The choice, as the figures are named: “bf16, channels last”."""
        return _name(self.precision, self.channels_last)

    @property
    def images_per_second(self) -> float | None:
        """Of the choice; None where nothing could be timed."""
        return self.figures.get(self.name)

    def sentence(self) -> str:
        """The choice and the best of the other formats: “bf16, channels last: 31 images/s (fp32: 12)”."""
        speed = self.images_per_second
        if not speed:
            return self.name
        rest: dict[str, float] = {}
        for name, rate in self.figures.items():
            precision = name.partition(",")[0]
            if precision != self.precision:
                rest[precision] = max(rate, rest.get(precision, 0.0))
        others = ", ".join(f"{name}: {_rate(rate)}" for name, rate in rest.items())
        return f"{self.name}: {_rate(speed)} images/s" + (f" ({others})" if others else "")


@dataclass(frozen=True)
class TrunkTuned:
    """The fastest way to run a frozen trunk.

    Attributes:
        runtime: the choice.
        figures: runtime → pictures a second.
        open_seconds: to make it ready, once for each state of the weights.
    """

    runtime: Runtime = "onnxruntime"
    figures: dict[str, float] = field(default_factory=dict)
    open_seconds: float = 0.0


def _name(precision: str, channels_last: bool) -> str:
    return f"{precision}, {_LAYOUTS[channels_last]}"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


# -- training ------------------------------------------------------------------------------


def tune(
    model: Classifier,
    architecture: Architecture,
    size: int,
    batch: int,
    freeze_statistics: bool,
    device: Device,
    should_stop: ShouldStop = never,
) -> Tuned:
    """Time training steps of a copy of the network; the network and all random numbers stay as they are.

    Takes about three seconds for a small network on two cores, and none when the measurement is kept.

    Args:
        model: the network, on any device and in any mode.
        architecture: its description.
        size: of the pictures in pixels.
        batch: pictures in one step; on the CPU fewer are timed.
        freeze_statistics: whether BatchNorm will keep its statistics, which makes a step faster.
        device: where it will be trained.
        should_stop: asked between the candidates; when stopped, what was found is returned and not kept.
    """
    batch = batch if device.is_cuda else min(batch, _CPU_BATCH)
    norms = "kept" if freeze_statistics else "new"
    key = measured.key(device, of="training step", network=architecture.name, size=size, batch=batch, norms=norms)
    known = measured.recall(key, Tuned)
    if known is not None and known.images_per_second:
        return known
    watch = measured.Watch()
    with _random_state_kept(device), memory.kept():
        probe = _Probe(model, device, size, batch, freeze_statistics)
        found = probe.run(should_stop)
    if found.figures and not should_stop():
        # With a card this thread only waits.
        measured.keep(key, found, watch.was_disturbed() and not device.is_cuda)
    return found


class _Probe:
    """Times the candidates on a copy of a network."""

    def __init__(self, model: Classifier, device: Device, size: int, batch: int, freeze_statistics: bool) -> None:
        self._model = copy.deepcopy(model).to(device.torch).train().requires_grad_(True)
        self._model.zero_grad(set_to_none=True)
        if freeze_statistics:
            keep_statistics(self._model)
        self._norms = norms_of(self._model)
        self._device = device
        self._size = size
        self._batch = batch
        self._figures: dict[str, float] = {}
        self._end = time.perf_counter() + _MOST_SECONDS

    def run(self, should_stop: ShouldStop) -> Tuned:
        best, room = Tuned(), 0
        for tried, (precision, channels_last) in enumerate(self._worth_timing(should_stop)):
            if should_stop() or (tried >= _LEAST_TRIED and time.perf_counter() > self._end):
                break
            measurement = _or_none(self._time, precision, channels_last, self._batch / self._best_rate())
            if measurement is None:
                continue
            seconds, needs = measurement
            self._figures[_name(precision, channels_last)] = rate = self._batch / seconds
            if rate >= self._best_rate():
                best, room = Tuned(precision, channels_last), needs
        return Tuned(best.precision, best.channels_last, self._figures, room)

    def _best_rate(self) -> float:
        return max(self._figures.values(), default=1e-9)

    def _worth_timing(self, should_stop: ShouldStop) -> list[tuple[Format, bool]]:
        """The candidates, the most promising first, by a look at a few tiny pictures.

        A format that is not built into the processor would take ten seconds at full size.
        """
        formats: tuple[Format, ...] = ("fp32", "bf16", "fp16") if self._device.is_cuda else ("fp32", "bf16")
        seconds: dict[tuple[Format, bool], float] = {}
        for precision, channels_last in itertools.product(formats, (True, False)):
            if should_stop():
                return []
            if seconds and time.perf_counter() > self._end:
                break  # the computer is busy with something else: better little than nothing
            taken = _or_none(self._look, precision, channels_last)
            if taken is not None:
                seconds[precision, channels_last] = taken
        fastest = min(seconds.values(), default=0.0)
        if not self._device.is_cuda:
            # A network so large that a step would take long is timed on fewer pictures.
            expected = fastest / _TRIAL_BATCH * (self._size / _TRIAL_SIZE) ** 2
            self._batch = min(self._batch, max(_TRIAL_BATCH, int(_STEP_SECONDS / max(expected, 1e-9))))
        limit = _HOPELESS * fastest
        return sorted((one for one, taken in seconds.items() if taken <= limit), key=lambda one: seconds[one])

    def _look(self, precision: Format, channels_last: bool) -> float:
        images = self._images(_TRIAL_BATCH, _TRIAL_SIZE, channels_last)
        return min(self._step(images, precision) for _ in range(2))  # the first one includes preparations

    def _time(self, precision: Format, channels_last: bool, best_seconds: float) -> tuple[float, int] | None:
        """Seconds of a step, and bytes of activations a picture; None where it is hopeless."""
        images = self._images(self._batch, self._size, channels_last)
        with _saved_bytes(self._model) as saved:
            warm_up = self._step(images, precision)
        if warm_up > _HOPELESS * best_seconds:
            return None
        return min(self._step(images, precision) for _ in range(_TIMED_STEPS)), sum(saved.values()) // self._batch

    def _images(self, batch: int, size: int, channels_last: bool) -> torch.Tensor:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self._model.to(memory_format=layout)
        return torch.randn(batch, 3, size, size, device=self._device.torch).contiguous(memory_format=layout)

    def _step(self, images: torch.Tensor, precision: Format) -> float:
        begun = self._now()
        with autocast(self._device.torch, _DTYPES[precision], self._norms):
            scores = self._model(images)
        targets = torch.zeros(len(images), dtype=torch.long, device=images.device)
        nn.functional.cross_entropy(scores.float(), targets).backward()  # type: ignore[no-untyped-call]
        self._model.zero_grad(set_to_none=True)
        return self._now() - begun

    def _now(self) -> float:
        if self._device.is_cuda:
            torch.cuda.synchronize(self._device.torch)
        return time.perf_counter()


def _or_none(function: Callable[..., _T], *arguments: object) -> _T | None:
    """What cannot be run here (no kernel, no memory) is no candidate; the error is dropped, for it holds memory."""
    try:
        return function(*arguments)
    except Exception as error:
        _log.info("not timed: %s", error)
        return None


@contextmanager
def _random_state_kept(device: Device) -> Iterator[None]:
    with torch.random.fork_rng([device.torch] if device.is_cuda else []):
        yield


@contextmanager
def _saved_bytes(model: nn.Module) -> Iterator[dict[int, int]]:
    """Collects what the forward pass keeps for the backward pass: address → bytes, without the weights."""
    weights = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, int] = {}

    def look(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(look, lambda tensor: tensor):
        yield saved


# -- the frozen trunk ----------------------------------------------------------------------


def tune_trunk(
    openers: Mapping[Runtime, Callable[[], RunPictures]], key: measured.Key, images: Pixels, batch: int
) -> RunPictures:
    """Open the fastest way to run a trunk; what is known from before is opened without timing.

    All of them compute in float32: the exported model must give the same probabilities.

    Args:
        openers: what can be tried, in this order.
        key: what the choice depends on.
        images: the first pictures that are to be run, uint8 `[N, size, size, 3]`.
        batch: pictures at a time; so many are timed.

    Raises:
        RuntimeError: none of them runs.
    """
    known = measured.recall(key, TrunkTuned)
    opened = _or_none(openers[known.runtime]) if known is not None and known.runtime in openers else None
    if opened is not None:
        return opened
    images = np.resize(images, (batch, *images.shape[1:]))
    watch = measured.Watch()
    figures: dict[str, float] = {}
    best: tuple[TrunkTuned, RunPictures] | None = None
    for runtime, opener in openers.items():
        begun = time.perf_counter()
        opened = _or_none(opener)
        taken = time.perf_counter() - begun
        fastest = max(figures.values(), default=0.0)
        rate = _or_none(_rate_of, opened, images, fastest) if opened is not None else None
        if opened is None or rate is None:
            continue
        figures[runtime] = rate
        if rate > fastest:
            best = TrunkTuned(runtime, figures, taken), opened
    if best is None:
        raise RuntimeError("neither ONNX Runtime nor torch can run this network")
    if len(figures) == len(openers):  # one that failed may run next time
        measured.keep(key, best[0], watch.was_disturbed())
    return best[1]


def _rate_of(run: RunPictures, images: Pixels, best: float) -> float:
    """Pictures a second; of a look at a few alone, where that shows that it is hopeless."""
    few = images[: max(1, len(images) // 4)] if best else images
    _seconds(run, few)  # the first time includes preparations
    if best and (taken := _seconds(run, few)) > _HOPELESS * len(few) / best:
        return len(few) / taken
    return len(images) / min(_seconds(run, images) for _ in range(_TIMED_STEPS))


def _seconds(run: RunPictures, images: Pixels) -> float:
    begun = time.perf_counter()
    run(images)
    return max(time.perf_counter() - begun, 1e-9)
