"""From a request to numbers: the sane automatic values, by preset and by the size of the set."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deskclassify.core.errors import InputError
from deskclassify.core.requests import BALANCES, MIXES, PRESETS, STRONGEST_AUGMENT, FitRequest

_FROZEN_EPOCHS = 20
_HEAD_RATE = 3e-3
_SMOOTHING = 0.1
_SMALL_SET = 1000  # training pictures; below, there is too little to learn deep changes from
_BATCHES_AN_EPOCH = 8  # at least, so that a tiny set still gets enough steps
_FROZEN_BATCH = 64
_UNFROZEN_BATCH = 32
_SMALLEST_BATCH = 4
_SHRINK = (0.57, 0.71, 0.86, 1.0)  # 128, 160, 192 and 224 of 224 pixels


@dataclass(frozen=True)
class _Plan:
    """What a preset does after the frozen phase.

    `epochs` are those of the unfrozen phase; with few pictures there are more, so that there are
    at least `steps` batches. `deeper` is the same for the cycle of the whole network that follows.
    """

    epochs: int
    steps: int
    deeper: tuple[int, int] = (0, 0)
    views: int = 0


@dataclass(frozen=True)
class _Depth:
    """How much of the network is changed, and how much.

    `rates` are shares of the rate of the frozen phase: of the network's first stage, its last one
    and the head. `frozen_share` of the stages stays frozen; the preset partial keeps its activations.
    """

    frozen_share: float
    rates: tuple[float, float, float]


_PLANS: dict[str, _Plan] = {
    "partial": _Plan(6, 100, views=6),
    "balanced": _Plan(9, 150),
    "thorough": _Plan(9, 150, deeper=(9, 120)),
}
_FEW = _Depth(0.55, (1 / 90, 1 / 5, 1 / 3))
_MANY = _Depth(0.33, (1 / 5, 1 / 2, 1))
_AVERAGE_DECAY = 0.99


@dataclass(frozen=True)
class Recipe:
    """How a training goes. Rates are the highest of the cycle; `rates`: early body, late body, head.

    Attributes:
        label_smoothing: of the unfrozen phase.
        frozen_share: share of the network's stages that stay frozen, until a deeper cycle begins.
        views: changed copies of each picture for which the activations of the frozen stages are kept;
            0: nothing is kept, and each picture is changed anew each time.
        deeper_epochs: the last unfrozen epochs, which are a cycle of their own for the whole network.
        average_decay: of the moving average of the weights; 0: none.
        shrink: sizes of the pictures as shares of the last, for equal parts of the unfrozen epochs.
        kept_bytes: most that the activations of frozen stages may take in the cache.
    """

    label_smoothing: float
    frozen_epochs: int
    unfrozen_epochs: int
    frozen_rate: float
    rates: tuple[float, float, float]
    frozen_batch: int
    unfrozen_batch: int
    freeze_statistics: bool
    frozen_share: float = 0.0
    views: int = 0
    deeper_epochs: int = 0
    average_decay: float = 0.0
    shrink: tuple[float, ...] = ()
    kept_bytes: int = 4 * 10**9

    def sizes(self, size: int) -> tuple[int, ...]:
        """Sizes in pixels; whole multiples of 32, which all networks halve five times."""
        return tuple(max(32, round(size * share / 32) * 32) for share in self.shrink)


def check(request: FitRequest) -> None:
    """Refuse values that make no sense.

    Raises:
        InputError: which, and what would be right.
    """
    for name, value, low, high in (
        ("number of epochs", request.epochs, 0, 10_000),
        ("number of frozen epochs", request.frozen_epochs, 0, 10_000),
        ("batch size", request.batch_size, _SMALLEST_BATCH, 4096),
        ("image size", request.image_size, 32, 1024),
        ("patience", request.patience, 1, 10_000),
        ("strength of augmentation", request.augment, 0, STRONGEST_AUGMENT),
    ):
        if value is not None and not low <= value <= high:
            raise InputError(f"The {name} must be from {low} to {high}, not {value}.")
    rate = request.learning_rate
    if rate is not None and not 0 < rate <= 10:
        raise InputError(f"The learning rate must be above 0 and at most 10, not {rate}. Try 0.003.")
    if not 0 < request.data.valid_pct < 1:
        raise InputError(f"The validation share must be between 0 and 1, not {request.data.valid_pct}. Try 0.2.")
    for what, word, known in (
        ("preset", request.preset, PRESETS),
        ("way to mix pictures", request.mix, MIXES),
        ("way to balance classes", request.balance, BALANCES),
    ):
        if word not in known:
            raise InputError(f"“{word}” is no {what}. Choose one of: {', '.join(known)}.")


def choose(request: FitRequest, count: int) -> Recipe:
    """The recipe for a set of `count` training pictures.

    With the preset quick there is only the frozen phase, and `epochs` counts its epochs;
    otherwise `epochs` counts those of the unfrozen phase.
    """
    plan = _PLANS.get(request.preset)
    automatic = min(_FROZEN_BATCH, max(_SMALLEST_BATCH, count // _BATCHES_AN_EPOCH))
    unfrozen_batch = request.batch_size or min(_UNFROZEN_BATCH, automatic)
    frozen, unfrozen, deeper = _epochs(request, plan, max(1, round(count / unfrozen_batch)))
    rate, depth = request.learning_rate or _HEAD_RATE, _FEW if count < _SMALL_SET else _MANY
    first, last, head = depth.rates
    return Recipe(
        label_smoothing=_SMOOTHING if plan else 0.0,
        frozen_epochs=frozen,
        unfrozen_epochs=unfrozen,
        frozen_rate=rate,
        rates=(rate * first, rate * last, rate * head),
        frozen_batch=request.batch_size or automatic,
        unfrozen_batch=unfrozen_batch,
        freeze_statistics=count < _SMALL_SET,
        frozen_share=depth.frozen_share if plan else 0.0,
        views=plan.views if plan else 0,
        deeper_epochs=deeper,
        average_decay=_AVERAGE_DECAY if plan else 0.0,
        shrink=_SHRINK if plan and request.progressive and not plan.views else (),
    )


def _epochs(request: FitRequest, plan: _Plan | None, batches: int) -> tuple[int, int, int]:
    """Of the frozen phase, of the unfrozen phase, and of the deeper cycle at its end.

    Where the number is given there is one cycle, and it goes as deep as the preset.
    """
    frozen, unfrozen, deeper = _FROZEN_EPOCHS, 0, 0
    if plan is None:
        frozen = request.epochs if request.epochs is not None else frozen
    else:
        epochs, steps = plan.deeper
        deeper = max(epochs, math.ceil(steps / batches))
        unfrozen = max(plan.epochs, math.ceil(plan.steps / batches)) + deeper
        if request.epochs is not None:
            unfrozen = request.epochs
            deeper = unfrozen if deeper else 0
    if request.frozen_epochs is not None:
        frozen = request.frozen_epochs
    if frozen + unfrozen < 1:
        raise InputError("There is nothing to train: give at least one epoch.")
    return frozen, unfrozen, deeper
