"""From what there is to do, and how long each part takes here, to the seconds and the memory of a training."""

from __future__ import annotations

from dataclasses import dataclass

from deskclassify.core import words
from deskclassify.core.events import Forecast
from deskclassify.ml.recipe import Recipe
from deskclassify.ml.tuning import Tuned
from deskclassify.ml.validation import WORTH_TRACING

_OPTIMISER = 1.05  # what the optimiser's step and the moving average add to forward and backward
_FORWARD = 1 / 3  # of a training step; the backward pass is two thirds
_FLOAT_BYTES = 4
_WRITTEN = 2  # times the weights: the best epoch, and what is needed to go on
_WRITTEN_AN_EPOCH = 4.5  # in the unfrozen phase: with two moments of Adam and the average; the best, every other time
_COPIES_OF_WEIGHTS = 5  # gradients, two moments of Adam, the best epoch, what is being saved
_PASSING = 1.3  # what a step needs at its peak, as a multiple of what the backward pass waits for
_COPIES_TO_LOOK = 3  # of the weights: as a graph, and as the runtime keeps it
_LOOKING = 25  # memory of the forward pass alone, as a multiple of the picture's
_INPUTS = 5  # float copies of a batch of pictures while it is being changed


@dataclass(frozen=True)
class Work:
    """What there is to do.

    Attributes:
        train, valid: pictures.
        features: pictures without features in the cache.
        exact: validation pictures that must be decoded in full besides.
        pictures: to be decoded for the unfrozen phase.
        size: pixels, width and height.
        views: changed copies of each validation picture that are measured at the end.
    """

    train: int
    valid: int
    features: int
    exact: int
    pictures: int
    size: int
    views: int = 0


@dataclass(frozen=True)
class Rates:
    """How long things take, in seconds for one picture unless another unit is named.

    Attributes:
        decode: reading and resizing; `decode_exact`: in full.
        vary: making a changed copy.
        look: running the frozen trunk; `ready`: making it ready, once.
        head_step: a step of the frozen phase.
        step: forward and backward through the whole network.
        write: a byte to the disk.
        below: share of the network's time that its frozen stages take, 0 to 1.
    """

    decode: float
    decode_exact: float
    vary: float
    look: float
    ready: float
    head_step: float
    step: float
    write: float = 0.0
    below: float = 0.0


@dataclass(frozen=True)
class Room:
    """What needs memory, in bytes.

    Attributes:
        base: what the process takes before (on a GPU: nothing).
        weights: of the network.
        features: of the feature vector of a picture.
        at_once: pictures that the frozen trunk looks at at once (a number, not bytes).
        kept: of the activations of the frozen stages for one picture, on the disk.
        on_gpu: whether the memory of the GPU is meant.
    """

    base: int
    weights: int
    features: int
    at_once: int
    kept: int = 0
    on_gpu: bool = False


def estimate(work: Work, rates: Rates, room: Room, recipe: Recipe, tuned: Tuned, gradual: bool = False) -> Forecast:
    """What a training will cost."""
    frozen = _features_seconds(work, rates) + recipe.frozen_epochs * _frozen_epoch(work, rates, recipe)
    epoch, extra = _unfrozen_epoch(work, rates, room, recipe, gradual)
    unfrozen = extra + recipe.unfrozen_epochs * epoch if recipe.unfrozen_epochs else 0.0
    end = work.views * work.valid * (rates.vary + rates.look) + _WRITTEN * room.weights * rates.write
    total = frozen + unfrozen + end
    needed = _memory(work, room, recipe, tuned)
    each = epoch if recipe.unfrozen_epochs else _frozen_epoch(work, rates, recipe)
    return Forecast(
        seconds_total=total,
        seconds_per_epoch=each,
        frozen_seconds=frozen,
        memory_bytes=needed,
        unfrozen_images_per_second=work.train / max(epoch, 1e-6) if recipe.unfrozen_epochs else None,
        precision=tuned.precision if recipe.unfrozen_epochs else "fp32",
        layout=tuned.layout,
        figures=dict(tuned.figures) if recipe.unfrozen_epochs else {},
        train_images=work.train,
        valid_images=work.valid,
        to_compute=work.features,
        text=_sentence(total, each, needed, room.on_gpu, tuned if recipe.unfrozen_epochs else None),
    )


def _features_seconds(work: Work, rates: Rates) -> float:
    looks = work.features + work.exact
    read = work.features * rates.decode + work.exact * rates.decode_exact
    return read + looks * rates.look + (rates.ready if looks else 0.0)


def _frozen_epoch(work: Work, rates: Rates, recipe: Recipe) -> float:
    steps = max(1, round(work.train / recipe.frozen_batch))
    measuring = 1 + _FORWARD * work.valid / recipe.frozen_batch
    return (steps + measuring) * rates.head_step


def _unfrozen_epoch(work: Work, rates: Rates, room: Room, recipe: Recipe, gradual: bool) -> tuple[float, float]:
    """Seconds of an epoch on the average, and of what is done once beside the epochs."""
    # With gradual unfreezing half of the backward passes is saved in the first half of the epochs.
    backward = (1 - _FORWARD) * (0.75 if gradual else 1.0)
    below = rates.below if recipe.frozen_share else 0.0
    writing = _WRITTEN_AN_EPOCH * room.weights * rates.write
    once = work.pictures * rates.decode
    if recipe.views:
        step = rates.step * _OPTIMISER * (_FORWARD + backward) * (1 - below)
        is_kept = work.train * recipe.views * room.kept <= recipe.kept_bytes
        rounds = min(recipe.views, recipe.unfrozen_epochs) if is_kept else recipe.unfrozen_epochs
        once += rounds * work.train * (rates.vary + rates.look * below) + work.valid * rates.look * below
        return work.train * step + work.valid * rates.look * (1 - below) + writing, once
    frozen = below * (1 - recipe.deeper_epochs / max(1, recipe.unfrozen_epochs))
    step = rates.step * _OPTIMISER * (_FORWARD + backward * (1 - frozen))
    areas = _areas(work, recipe)
    learning = work.train * (step * sum(areas) / len(areas) + rates.vary)
    ready = rates.ready if work.valid >= WORTH_TRACING else 0.0
    return learning + ready + work.valid * rates.look + writing, once


def _areas(work: Work, recipe: Recipe) -> list[float]:
    """How large the pictures are in each unfrozen epoch, as shares of the full area; see `UnfrozenPhase.sizes`."""
    sizes, epochs = recipe.sizes(work.size) or (work.size,), max(1, recipe.unfrozen_epochs)
    used = (sizes[epoch * len(sizes) // epochs] for epoch in range(epochs))
    return [(size / work.size) ** 2 for size in used]


def _memory(work: Work, room: Room, recipe: Recipe, tuned: Tuned) -> int:
    picture = 3 * work.size**2 * _FLOAT_BYTES
    looking = _COPIES_TO_LOOK * room.weights + _LOOKING * picture * room.at_once
    # Rows by file, and once more as one matrix.
    features = 0 if room.on_gpu else 2 * (work.train + work.valid) * room.features
    if not recipe.unfrozen_epochs:
        return room.base + looking + features
    # The early stages keep the most, so what stays frozen is not taken off where it joins later.
    learning = 1.0 if recipe.deeper_epochs else 1 - recipe.frozen_share
    activations = round(recipe.unfrozen_batch * tuned.bytes_per_image * learning)
    step = round(max(_areas(work, recipe)) * (_PASSING * activations + _INPUTS * recipe.unfrozen_batch * picture))
    return room.base + _COPIES_OF_WEIGHTS * room.weights + features + max(looking, step)


def _sentence(total: float, epoch: float, memory: int, on_gpu: bool, tuned: Tuned | None) -> str:
    each = f"{words.about(epoch)} an epoch, " if tuned is not None else ""
    where = "memory of the graphics card" if on_gpu else "memory"
    cost = f"About {words.about(total)}: {each}{words.size(memory)} of {where}."
    return f"{cost} {tuned.sentence()}." if tuned is not None else cost
