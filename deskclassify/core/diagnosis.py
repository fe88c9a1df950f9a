"""What the curves of a training tell: overfitting, underfitting, learning rate and so on, each with a next step.

Losses are measured against guessing: a network that knows nothing gives each of C classes the
same probability, and its loss is ln C. So one set of limits fits two classes and two hundred.
Three things make the curves harder to read than textbooks say, and are allowed for:

* the training loss is measured while the network learns, with dropout and on changed copies, so
  it may well be above the validation loss: the two are never compared to find underfitting;
* the learning rate follows one cycle, so that the curves are rough in the middle and always flat
  at the end: whether a training was still under way is judged by the distance travelled, the sum
  of the learning rates, and not by the number of epochs (`Curves.still_falling`);
* a handful of validation pictures makes a jagged curve: a rise counts only if it is more than one
  or two pictures can cause.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from deskclassify.core.codec import from_json
from deskclassify.core.curves import Curves, Setup
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Finding, Suggestion
from deskclassify.core.learning_findings import diverged, learning, share_text
from deskclassify.core.metrics import wilson
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.core.words import counted

KINDS = (
    "learning_rate_high",
    "overfitting",
    "no_gain",
    "learning_rate_low",
    "more_epochs",
    "underfitting",
    "few_validation",
    "imbalance",
    "good",
)
_LEVELS = ("warning", "info", "good")
_POINTS, _GOOD_POINTS = 10.0, 5.0  # ± percentage points: rough from the first on, good from the second
_UNEQUAL, _VERY_UNEQUAL = 4.0, 10.0  # largest class divided by smallest
_FEW_PICTURES = 10


def read(history: Sequence[EpochDone], setup: Setup) -> tuple[Finding, ...]:
    """What a history tells, the most important first; at most three findings.

    One is about how the network learned, for that which was trained too short cannot overfit as
    well; the others are about the pictures.

    Args:
        history: the rows of all phases; with none there is nothing to say.
        setup: what it was made with.
    """
    if setup.diverged:
        return (diverged(history, setup),)
    if not history or not setup.counts:
        return ()
    curves = Curves.of(history, len(setup.counts))
    found = [one for one in (learning(curves, setup), _validation(curves, setup), _classes(setup)) if one is not None]
    return tuple(sorted(found, key=lambda one: _LEVELS.index(one.level)))


def of(
    history: Sequence[EpochDone], request: FitRequest, items: Iterable[Item], stopped: bool, diverged: bool = False
) -> tuple[Finding, ...]:
    """What the history of a training of these pictures tells; see `read` and `Setup`."""
    return read(history, Setup.of(request, items, stopped, diverged))


def of_run(run: RunFolder) -> tuple[Finding, ...]:
    """What a run's files tell: its stored findings or, of one that has none, those its history gives.

    Raises:
        InputError: the run is damaged.
    """
    info = run.info()
    stored = info.result.get("findings")
    try:
        if stored is not None:
            return tuple(from_json(Finding, one) for one in stored)
        request = from_json(FitRequest, info.raw["request"])
        return of(run.history(), request, run.split(), bool(info.result.get("stopped", True)))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(f"What the run “{run.name}” tells of its training cannot be read: {error}.") from error


def _validation(curves: Curves, setup: Setup) -> Finding | None:
    count, kind, title = setup.valid_images, "few_validation", "Too little validation data"
    best = curves.best
    if best is None or best.accuracy is None or not count:
        text = "No pictures were kept for checking, so nobody knows how good the network is on new ones."
        return Finding(kind, title, text, "Set a share of the pictures apart for validation, on the Data page.")
    share = best.accuracy
    low, high = wilson(round(share * count), count)
    points = 50 * (high - low)
    if points <= _POINTS:
        return None
    sure = min(0.95, max(0.5, share))
    wanted = math.ceil(4 * sure * (1 - sure) * (1.96 / (2 * _GOOD_POINTS / 100)) ** 2 / 10) * 10
    return Finding(
        kind,
        title,
        f"An accuracy of {share_text(share)} on {counted(count, 'validation picture')} says little: on others of "
        f"the same kind expect {100 * low:.0f} to {100 * high:.0f} % (± {points:.0f} points, 95 % confidence).",
        f"Add pictures, or keep a larger share for validation on the Data page; about {wanted:,} would give "
        f"± {_GOOD_POINTS:.0f} points. Until then, do not choose between settings by a few points.",
    )


def _classes(setup: Setup) -> Finding | None:
    counts = {name: count for name, count in setup.counts.items() if count > 0}
    if len(counts) < 2:
        return None
    small, large = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    ratio = counts[large] / counts[small]
    if ratio < _UNEQUAL:
        return None
    text = f"“{large}” has {counts[large]:,} training pictures, “{small}” only {counts[small]:,}."
    title, watch = "Unequal classes", f"Watch the recall of “{small}” on the Evaluate page"
    if setup.balance == "none":
        text += " Nothing was done about it, so a network tends to guess the frequent class."
        advice = f"Train again with balancing, and add pictures of “{small}”. {watch}."
        return Finding("imbalance", title, text, advice, suggestion=Suggestion(balance="auto"))
    text += " The rare class was made to count as much, but that adds no variety."
    severe = ratio >= _VERY_UNEQUAL or counts[small] < _FEW_PICTURES
    return Finding("imbalance", title, text, f"Add pictures of “{small}”. {watch}.", "warning" if severe else "info")
