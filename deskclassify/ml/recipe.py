"""From a request to numbers: the sane automatic values, by preset and by the size of the set."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deskclassify.core.errors import InputError
from deskclassify.core.requests import BALANCES, MIXES, PRESETS, STRONGEST_AUGMENT, FitRequest

_FROZEN_EPOCHS = 20
_FROZEN_EPOCHS_WITH_COPIES = 40  # more variety takes longer to learn, and can be learned from longer
_HEAD_RATE = 3e-3
_SMALL_SET = 1000  # training pictures; below, the pretrained statistics are better than the set's own
_BATCHES_AN_EPOCH = 8  # at least, so that a tiny set still gets enough steps
_FROZEN_BATCH = 64
_UNFROZEN_BATCH = 32
_SMALLEST_BATCH = 4
_SHRINK = (0.57, 0.71, 0.86, 1.0)  # 128, 160, 192 and 224 of 224 pixels


@dataclass(frozen=True)
class _Plan:
    """What a preset asks for.

    `epochs` are those of the unfrozen phase; with few pictures there are more, so that there are
    at least `steps` batches.
    """

    copies: int = 0
    epochs: int = 0
    steps: int = 0
    frozen_share: float = 0.0
    views: int = 1
    average_decay: float = 0.0
    shrink: tuple[float, ...] = ()


_PLANS: dict[str, _Plan] = {
    "quick": _Plan(),
    "partial": _Plan(copies=3, epochs=8, steps=120, frozen_share=0.45, views=4, average_decay=0.98),
    "balanced": _Plan(copies=3, epochs=8, steps=200, average_decay=0.99, shrink=_SHRINK),
    "thorough": _Plan(copies=3, epochs=16, steps=500, average_decay=0.995, shrink=_SHRINK),
}


@dataclass(frozen=True)
class Recipe:
    """How a training goes. Rates are the highest of the cycle; `rates`: early body, late body, head.

    Attributes:
        copies: changed copies of each picture that the frozen phase learns from as well.
        weight_decay: of the frozen phase.
        frozen_share: share of the network's stages that stay frozen throughout.
        views: changed copies of each picture that the other stages learn from.
        average_decay: of the moving average of the weights; 0: none.
        shrink: sizes of the pictures as shares of the last, for equal parts of the unfrozen epochs.
        kept_bytes: most that the activations of frozen stages may take in the cache.
    """

    copies: int
    weight_decay: float
    label_smoothing: float
    frozen_epochs: int
    unfrozen_epochs: int
    frozen_rate: float
    rates: tuple[float, float, float]
    frozen_batch: int
    unfrozen_batch: int
    freeze_statistics: bool
    frozen_share: float = 0.0
    views: int = 1
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


def copies(request: FitRequest) -> int:
    """How many changed copies of each picture the frozen phase learns from."""
    return _PLANS[request.preset].copies if request.augment else 0


def choose(request: FitRequest, count: int) -> Recipe:
    """The recipe for a set of `count` training pictures.

    With the preset quick there is only the frozen phase, and `epochs` counts its epochs;
    otherwise `epochs` counts those of the unfrozen phase.
    """
    plan = _PLANS[request.preset]
    automatic = min(_FROZEN_BATCH, max(_SMALLEST_BATCH, count // _BATCHES_AN_EPOCH))
    unfrozen_batch = request.batch_size or min(_UNFROZEN_BATCH, automatic)
    frozen, unfrozen = _epochs(request, plan, max(1, round(count / unfrozen_batch)))
    rate = request.learning_rate or _HEAD_RATE
    many = copies(request) > 0
    return Recipe(
        copies=copies(request),
        weight_decay=0.1 if many else 0.01,
        label_smoothing=0.1 if many else 0.0,
        frozen_epochs=frozen,
        unfrozen_epochs=unfrozen,
        frozen_rate=rate,
        rates=(rate / 4, rate / 2.5, rate),
        frozen_batch=request.batch_size or automatic,
        unfrozen_batch=unfrozen_batch,
        freeze_statistics=count < _SMALL_SET,
        frozen_share=plan.frozen_share,
        views=plan.views,
        average_decay=plan.average_decay,
        shrink=(plan.shrink or _SHRINK) if _shrinks(request, plan) else (),
    )


def _shrinks(request: FitRequest, plan: _Plan) -> bool:
    """Activations that are kept have one size."""
    return not plan.frozen_share and (request.progressive or bool(plan.shrink))


def _epochs(request: FitRequest, plan: _Plan, batches: int) -> tuple[int, int]:
    """Of the frozen and of the unfrozen phase."""
    frozen = _FROZEN_EPOCHS_WITH_COPIES if plan.copies else _FROZEN_EPOCHS
    unfrozen = max(plan.epochs, math.ceil(plan.steps / batches)) if plan.epochs else 0
    if request.epochs is not None:
        if request.preset == "quick":
            frozen = request.epochs
        else:
            unfrozen = request.epochs
    if request.frozen_epochs is not None:
        frozen = request.frozen_epochs
    if frozen + unfrozen < 1:
        raise InputError("There is nothing to train: give at least one epoch.")
    return frozen, unfrozen
