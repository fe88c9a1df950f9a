"""What a training will cost, told before it begins, from a probe of a few seconds.

Nothing is changed but caches: pictures are read, a copy of the network takes a few steps, and
what was measured about this machine is kept for the next time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from deskclassify.core import architectures, atomic, machine, paths
from deskclassify.core.architectures import Architecture
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Forecast, Started
from deskclassify.core.preprocess import Pixels, Preprocess
from deskclassify.core.requests import FitRequest, ForecastRequest
from deskclassify.core.sources import Listing, list_data
from deskclassify.ml import costs, device, memory, recipe, trunk, tta, tuning, weights
from deskclassify.ml.augment import vary
from deskclassify.ml.capture import eval_mode
from deskclassify.ml.device import Device
from deskclassify.ml.features import FeatureJob, FeatureTable, recipe_of
from deskclassify.ml.images import read_many
from deskclassify.ml.phases import FrozenPhase
from deskclassify.ml.picture_table import PictureTable
from deskclassify.ml.targets import Targets
from deskclassify.ml.zoo import Head, Pretrained, build, load_pretrained

_log = logging.getLogger(__name__)
_LOOKED_UP = 256  # files whose place in the cache is looked up; the rest is taken to be like them
_DECODED = 8  # pictures a processor that are read to see how long it takes
_DECODED_EXACTLY = 4
_REPEATS = 3
_WRITTEN_BYTES = 4 * 2**20
_UNKNOWN_BYTES = 500 * 10**6  # of this process, where the system does not tell


def forecast(request: ForecastRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Say what a training will cost. The last event is a `Forecast`, unless it was stopped.

    Raises:
        InputError: the request or the data make no sense.
    """
    yield Started("forecast")
    found = look_ahead(request.fit, should_stop)
    if found is not None:
        yield found


def look_ahead(request: FitRequest, should_stop: ShouldStop) -> Forecast | None:
    """What the training will cost; None when stopped.

    Raises:
        InputError: the request or the data make no sense.
    """
    recipe.check(request)
    return _of_listing(request, list_data(request.data, should_stop), should_stop)


def _of_listing(request: FitRequest, listing: Listing, should_stop: ShouldStop) -> Forecast | None:
    if should_stop():
        return None
    if len(listing.classes()) < 2:
        raise InputError("A training needs pictures of at least two classes. Add another class folder.")
    return _Prober(request, listing, should_stop).run()


def for_training(request: FitRequest, listing: Listing, should_stop: ShouldStop, begun: float) -> Forecast | None:
    """What a training that has begun will cost, from its begin on.

    Args:
        request: the training.
        listing: its pictures.
        should_stop: as ever.
        begun: monotonic time, in seconds.

    Returns:
        None when stopped, and when it cannot be told: that costs nobody the training.
    """
    try:
        found = _of_listing(request, listing, should_stop)
    except Exception:
        _log.info("no forecast", exc_info=True)
        return None
    spent = time.monotonic() - begun
    return replace(found, seconds_total=spent + found.seconds_total) if found is not None else None


def forget_peak(where: Device) -> None:
    """Begin `peak_bytes` anew."""
    if where.is_cuda:
        torch.cuda.reset_peak_memory_stats(where.torch)
    else:
        machine.forget_peak()


def peak_bytes(where: Device) -> int | None:
    """Most memory that was taken on a device since; None where the system does not tell."""
    return torch.cuda.max_memory_allocated(where.torch) if where.is_cuda else machine.peak_resident_bytes()


class _Prober:
    """Counts and times what a training will need."""

    def __init__(self, request: FitRequest, listing: Listing, should_stop: ShouldStop) -> None:
        self._request = request
        self._should_stop = should_stop
        self._classes = len(listing.classes())
        self._train = [item.path for item in listing.items if item.subset == "train"]
        self._valid = [item.path for item in listing.items if item.subset == "valid"]
        self._recipe = recipe.choose(request, len(self._train))
        self._architecture = architectures.get(request.architecture)
        self._how = self._architecture.preprocess(request.resize, request.image_size)
        self._device = device.choose(request.device)

    def run(self) -> Forecast | None:
        pretrained, is_known = _network(self._architecture, self._request.weights, self._should_stop)
        if self._should_stop():
            return None
        work = self._work(pretrained if is_known else None)
        with memory.kept():  # as in a training
            tuned = self._tuned(pretrained)
            if self._should_stop():
                return None
            rates, work, kept = self._rates(pretrained, work, tuned)
        room = costs.Room(
            base=0 if self._device.is_cuda else machine.resident_bytes() or _UNKNOWN_BYTES,
            weights=sum(value.nbytes for value in pretrained.trunk.state_dict().values()),
            features=4 * self._architecture.features,
            kept=kept,
            at_once=trunk.batch_size(self._device),
            on_gpu=self._device.is_cuda,
        )
        found = costs.estimate(work, rates, room, self._recipe, tuned, self._request.gradual)
        looks = self._looks(pretrained)
        figures = {f"features, {runtime}": rate for runtime, rate in looks.figures.items()} if looks else {}
        return replace(found, figures={**found.figures, **figures})

    # -- counting ---------------------------------------------------------------------

    def _work(self, known: Pretrained | None) -> costs.Work:
        """What the caches do not hold; without weights they hold nothing."""
        train, valid, every = len(self._train), len(self._valid), len(self._train) + len(self._valid)
        views = tta.COPIES if self._request.tta and self._request.augment else 0
        if known is None:
            return costs.Work(train, valid, every, valid, every, self._how.size, views)
        how = recipe_of(known, self._architecture, self._how, self._device)

        def features(files: Sequence[str], exact: bool) -> int:
            def missing(some: Sequence[str]) -> int:
                return FeatureJob(how, FeatureTable({}, {}, set()), exact).count_missing(some)

            return _scaled(missing, files)

        pictures = _scaled(lambda some: _count_pictures(some, self._how, False), self._train)
        return costs.Work(
            train,
            valid,
            features=features([*self._train, *self._valid], False),
            exact=features(self._valid, True),
            pictures=pictures + _scaled(lambda some: _count_pictures(some, self._how, True), self._valid),
            size=self._how.size,
            views=views,
        )

    # -- timing -----------------------------------------------------------------------

    def _tuned(self, pretrained: Pretrained) -> tuning.Tuned:
        batch, size = self._recipe.unfrozen_batch, self._how.size
        if not self._recipe.unfrozen_epochs:
            return tuning.Tuned()
        kept = self._recipe.freeze_statistics
        return tuning.tune(pretrained.model, self._architecture, size, batch, kept, self._device, self._should_stop)

    def _rates(
        self, pretrained: Pretrained, work: costs.Work, tuned: tuning.Tuned
    ) -> tuple[costs.Rates, costs.Work, int]:
        """How long things take, the work by what the pictures have shown, and the size of kept activations."""
        unfrozen, decode, exact = self._recipe.unfrozen_epochs > 0, 0.0, 0.0
        if work.features or (work.pictures and unfrozen):
            decode, drafted = self._decode([*self._train, *self._valid], False)
            # Only of pictures that a fast decode changes is a full one needed besides.
            work = replace(work, exact=round(work.exact * drafted) if work.features else work.exact)
        if work.exact and not self._should_stop():
            exact, _ = self._decode(self._valid, True)
        images = np.random.default_rng(0).integers(0, 256, (_DECODED, self._how.size, self._how.size, 3), np.uint8)
        keys, strength = ["probe"] * _DECODED, self._request.augment
        below, kept = self._below(pretrained) if self._recipe.frozen_share else (0.0, 0)
        look, ready = 0.0, 0.0
        changing = work.views or unfrozen
        if work.features or work.exact or changing:
            look, ready = self._look_seconds(pretrained, images)
        rates = costs.Rates(
            decode=decode,
            decode_exact=exact,
            vary=_fastest(lambda: vary(images, keys, 1, strength)) / _DECODED if changing else 0.0,
            look=look,
            ready=ready,
            head_step=self._head_seconds(),
            step=1 / (tuned.images_per_second or 1.0),
            write=_write_seconds(),
            below=below,
        )
        return rates, work, kept

    def _decode(self, files: Sequence[str], exact: bool) -> tuple[float, float]:
        """Seconds for a picture, and the share of those that a fast decode changes."""
        some = _spread(files, _DECODED_EXACTLY if exact else _DECODED * machine.cpu_count())
        begun = time.perf_counter()
        drafted = sum(picture.drafted for picture in read_many(some, self._how, exact))
        return (time.perf_counter() - begun) / max(1, len(some)), drafted / max(1, len(some))

    def _looks(self, pretrained: Pretrained) -> tuning.TrunkTuned | None:
        return trunk.tuned(pretrained.trunk, self._architecture, self._how.size, self._device)

    def _look_seconds(self, pretrained: Pretrained, images: Pixels) -> tuple[float, float]:
        """Seconds that the trunk takes for a picture, and to be made ready."""
        known = self._looks(pretrained)
        if known is None:
            digest = pretrained.digest or None
            run = trunk.runner(pretrained.trunk, self._architecture, digest, self._how.size, self._device)
            run(images)  # chooses the fastest way, and keeps how fast that is
            known = self._looks(pretrained)
            if known is None:
                return _fastest(lambda: run(images)) / len(images), 0.0
        return 1 / known.figures[known.runtime], known.open_seconds

    def _head_seconds(self) -> float:
        """Of a step of the frozen phase, taken with a head of its own."""
        batch, length = self._recipe.frozen_batch, self._architecture.features
        numbers = torch.arange(batch)
        with torch.random.fork_rng([]):
            phase = FrozenPhase(
                head=Head(length, self._classes),
                features=torch.randn(batch, length),
                targets=Targets(numbers % self._classes, self._classes),
                valid=torch.empty(0, length),
                epochs=1,
                batch=batch,
                learning_rate=self._recipe.frozen_rate,
            )

            def step() -> None:
                torch.manual_seed(0)  # as the loop does
                phase.step(numbers, torch.Generator(), None)

            return _fastest(step)

    def _below(self, pretrained: Pretrained) -> tuple[float, int]:
        """Share of the time that the frozen stages take, and bytes of their activations, in half precision."""
        stages = list(pretrained.model.stages().values())
        first = round(self._recipe.frozen_share * len(stages))
        lower, upper = nn.Sequential(*stages[:first]), nn.Sequential(*stages[first:])
        with torch.inference_mode(), eval_mode(pretrained.model):
            images = torch.zeros(_DECODED, 3, self._how.size, self._how.size)
            passed = lower(images)
            before, after = _fastest(lambda: lower(images)), _fastest(lambda: upper(passed))
        return before / (before + after), 2 * passed[0].numel()


def _network(architecture: Architecture, file: str, should_stop: ShouldStop) -> tuple[Pretrained, bool]:
    """The network with its weights; with random ones where they would have to be downloaded first.

    Returns:
        the network, and whether its weights are the real ones.
    """
    if file or weights.present(architecture) is not None:
        for event in load_pretrained(architecture, 2, file, should_stop):
            if isinstance(event, Pretrained):
                return event, True
    with torch.random.fork_rng([]):
        model = build(architecture, 2)
    return Pretrained(model, "", model.trunk), False


def _count_pictures(files: Sequence[str], how: Preprocess, exact: bool) -> int:
    table = PictureTable(files, how, exact)
    try:
        return table.count_missing()
    finally:
        table.close()


def _scaled(count: Callable[[Sequence[str]], int], files: Sequence[str]) -> int:
    """The count for all files, from that for some of them."""
    some = _spread(files, _LOOKED_UP)
    return round(count(some) * len(files) / len(some)) if some else 0


def _write_seconds() -> float:
    """Of a byte, until it is on the disk."""
    file, data = paths.cache_dir() / "measured" / "probe.bin", np.random.default_rng(0).bytes(_WRITTEN_BYTES)
    begun = time.perf_counter()
    try:
        atomic.write_bytes(file, data)
        taken = time.perf_counter() - begun
        file.unlink()
    except OSError:  # the training says so when it comes to that
        return 0.0
    return taken / _WRITTEN_BYTES


def _spread(files: Sequence[str], count: int) -> list[str]:
    """At most so many, evenly from the first to the last."""
    count = min(count, len(files))
    return [files[at * len(files) // count] for at in range(count)]


def _fastest(function: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls."""
    taken = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begun)
    return min(taken)
