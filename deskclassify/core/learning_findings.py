"""How a network learned, read from its curves; the reasons stand in `core.diagnosis`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from deskclassify.core.curves import Curves, Setup
from deskclassify.core.events import EpochDone, Finding, Suggestion
from deskclassify.core.words import counted

# Losses as multiples of guessing; see above.
_EXPLODED, _EXPLODED_BY_ITSELF = 1.5, 3.0  # training loss, at a rate that was asked for and at the automatic one
_WORSE = 1.1  # validation loss of one that is worse than guessing
_BY_HEART = 0.75  # training loss, beside such a validation loss
_HARDLY_BEGUN = 0.9
_LEARNED_SOMETHING = 0.7
_KNOWS_LITTLE = 0.55  # training and validation loss of a network that has learned all it can
_BARELY = 0.02  # accuracy above that of the most frequent class
_KNOWS_FREQUENCIES = 0.8  # of the loss of one who knows the frequencies alone
_TRAINED = 0.12  # training or validation loss below which it does not pay to train longer
_LEAST_RISE = 0.04
_RISE, _STEEP_RISE = 1.2, 1.9  # validation loss at the end, divided by its lowest
_LEAST_NATS = 2.0  # rise, summed over the validation pictures
_FALLING = 0.25  # share of the fall in the second half of the way
_NOTHING_DONE = 0.01  # share of the validation loss that is gone
_FEWEST = 3  # epochs that make a curve
_LONG = 10  # epochs, after which a lack of progress is not for want of epochs
_LOST_ACCURACY, _LOST_PICTURES = 0.05, 2.5
_COLLAPSED = 0.6  # accuracy of the last phase, as a share of the best before
_NEARLY_ALL = 0.98  # accuracy
_CHECK_LABELS = (
    "Look on the Data page whether the labels are right, and whether the pictures show what tells the classes apart."
)


def learning(curves: Curves, setup: Setup) -> Finding | None:
    """The one finding on how the network learned; None where nothing can be said."""
    readers = [_exploded]
    if curves.is_measured:
        readers += [_rate_too_high, _overfitting, _no_gain]
        if not setup.stopped:  # what was stopped may well have got better
            readers += [_rate_too_low, _too_short, _underfitting, _good]
    return next((found for reader in readers if (found := reader(curves, setup))), None)


def _exploded(curves: Curves, setup: Setup) -> Finding | None:
    worst = curves.worst_training
    limit = _EXPLODED_BY_ITSELF if setup.learning_rate is None else _EXPLODED
    if worst.train_loss < limit * curves.guessing:
        return None
    seen = (
        f"In epoch {worst.epoch} the training loss was {_loss(worst.train_loss)}, worse than guessing, which gives "
        f"{_loss(curves.guessing)}: the steps were so large that they overshot."
    )
    return _lower_rate(seen, curves, setup)


def diverged(history: Sequence[EpochDone], setup: Setup) -> Finding:
    """The loss became no number in the epoch that would have followed the history."""
    known = setup.learning_rate or max((row.lr for row in history), default=0.0)
    rate = _one_digit(known / 10)
    advice = f"a tenth of the learning rate, {rate:g}" if rate else "a lower learning rate"
    return Finding(
        "learning_rate_high",
        "Learning rate too high",
        f"In epoch {len(history) + 1} the loss became infinite: the steps were so large that the weights grew without "
        "bound. The best epoch before is kept.",
        f"Train again with {advice}, or let “Find a learning rate” suggest one.",
        suggestion=Suggestion(learning_rate=rate) if rate else None,
    )


def _rate_too_high(curves: Curves, setup: Setup) -> Finding | None:
    """A good network that is lost again before the learning rate is at its highest."""
    learned = curves.valid_lowest < _LEARNED_SOMETHING * curves.guessing
    if setup.learning_rate is None or not learned or not curves.lowest_is_early:
        return None  # the automatic rate is known to suit: what looks like this is overfitting
    if not _rises(curves, setup, _STEEP_RISE):
        return None
    seen = (
        f"The validation loss was lowest in epoch {curves.lowest.epoch} ({_loss(curves.valid_lowest)}), before the "
        f"learning rate was at its highest, and then grew to {_loss(curves.valid_end)}."
    )
    return _lower_rate(seen, curves, setup)


def _lower_rate(seen: str, curves: Curves, setup: Setup) -> Finding:
    rate = _one_digit((setup.learning_rate or curves.highest_rate) / 10)
    harmless = curves.is_measured and curves.valid_end < _TRAINED * curves.guessing
    return Finding(
        "learning_rate_high",
        "Learning rate too high",
        f"{seen} The best epoch is kept.",
        f"Train again with a tenth of the learning rate, {rate:g}, or let “Find a learning rate” suggest one.",
        "info" if harmless else "warning",
        Suggestion(learning_rate=rate),
    )


def _rises(curves: Curves, setup: Setup, factor: float) -> bool:
    """Whether the validation loss ends higher than it has been, by more than a picture or two can cause."""
    risen = curves.valid_end - curves.valid_lowest
    chance = max(_LEAST_RISE * curves.guessing, _LEAST_NATS / max(1, setup.valid_images))
    return curves.valid_end >= factor * curves.valid_lowest and risen >= chance


def _overfitting(curves: Curves, setup: Setup) -> Finding | None:
    by_heart = curves.train_end < _BY_HEART * curves.guessing
    understood = curves.valid_lowest < _HARDLY_BEGUN * curves.guessing
    if not by_heart and not understood:
        return None  # nothing was learned, neither by heart nor otherwise
    rises = _rises(curves, setup, _RISE) and curves.train_end < curves.lowest.train_loss
    if not rises and not (by_heart and curves.valid_end > _WORSE * curves.guessing):
        return None
    seen = (
        f"The validation loss was lowest in epoch {curves.lowest.epoch} ({_loss(curves.valid_lowest)}) and ended at "
        f"{_loss(curves.valid_end)}, while the training loss fell to {_loss(curves.train_end)}: the network learned "
        "its training pictures by heart instead of what the classes have in common."
    )
    advice, suggestion = _against_overfitting(curves, setup)
    return Finding("overfitting", "Overfitting", seen, advice, suggestion=suggestion)


def _against_overfitting(curves: Curves, setup: Setup) -> tuple[str, Suggestion | None]:
    if curves.valid_lowest > _HARDLY_BEGUN * curves.guessing:
        return f"On new pictures it was never better than guessing. {_CHECK_LABELS}", None
    if setup.preset == "quick":
        advice = "Train with the preset Balanced, which learns from pictures changed anew; more pictures help most."
        return advice, Suggestion(preset="balanced")
    fewer = curves.epochs // 2
    if fewer < 1:
        return "Add pictures, or use stronger augmentation.", None
    return f"Train for {counted(fewer, 'epoch')}, or add pictures.", Suggestion(epochs=fewer)


def _no_gain(curves: Curves, setup: Setup) -> Finding | None:
    """The best epoch lies before the last phase."""
    best, last = curves.best, curves.best_in_phase
    if best is None or last is None or best.phase == last.phase or best.accuracy is None or last.accuracy is None:
        return None
    seen = (
        f"With the new layers alone {share_text(best.accuracy)} were right, and while more of the network learned "
        f"{share_text(last.accuracy)} at best"
    )
    if best.accuracy - last.accuracy < max(_LOST_ACCURACY, _LOST_PICTURES / max(1, setup.valid_images)):
        advice = "For these pictures the preset Quick is enough; with more pictures the whole network can learn more."
        text = f"{seen}. The better one is kept."
        return Finding("no_gain", "Deeper layers: no gain", text, advice, "info")
    if last.accuracy < _COLLAPSED * best.accuracy:
        return _lower_rate(f"{seen}: the steps were so large that it forgot nearly all it knew.", curves, setup)
    rate = _one_digit((setup.learning_rate or curves.highest_rate) / 3)
    return Finding(
        "no_gain",
        "Deeper layers: worse",
        f"{seen}: it forgot more of what it knew than it learned. The better one is kept.",
        f"Train again with a third of the learning rate, {rate:g}; with few pictures the preset Quick is enough.",
        suggestion=Suggestion(learning_rate=rate),
    )


def _rate_too_low(curves: Curves, setup: Setup) -> Finding | None:
    if setup.learning_rate is None or curves.still_falling < _FALLING:
        return None
    done = 1 - curves.valid_end / curves.start
    hardly = done < (1 - _HARDLY_BEGUN if curves.epochs >= _FEWEST else _NOTHING_DONE)
    if not hardly and (curves.epochs < _LONG or not _worth_more(curves)):
        return None  # more epochs will do
    rate = _one_digit(min(1.0, setup.learning_rate * (10 if done > _NOTHING_DONE else 100)))
    return Finding(
        "learning_rate_low",
        "Learning rate too low",
        f"In {counted(curves.epochs, 'epoch')} the validation loss came down by only {100 * done:.1f} %, from "
        f"{_loss(curves.start)} to {_loss(curves.valid_end)}, and was still on its way: the steps were too small.",
        f"Train again with a learning rate of {rate:g}, or let “Find a learning rate” suggest one.",
        suggestion=Suggestion(learning_rate=rate),
    )


def _too_short(curves: Curves, setup: Setup) -> Finding | None:
    under_way = curves.still_falling >= _FALLING or curves.epochs < _FEWEST
    if not under_way or not _worth_more(curves):
        return None
    more = max(_LONG, 2 * curves.epochs)
    return Finding(
        "more_epochs",
        "More epochs would help",
        f"The validation loss was still on its way down when the training ended: in {counted(curves.epochs, 'epoch')} "
        f"it came from {_loss(curves.start)} to {_loss(curves.valid_end)}.",
        f"Train again with {more} epochs.",
        "info",
        Suggestion(epochs=more),
    )


def _worth_more(curves: Curves) -> bool:
    return min(curves.train_end, curves.valid_end) > _TRAINED * curves.guessing


def _underfitting(curves: Curves, setup: Setup) -> Finding | None:
    best, loss = curves.best, min(curves.train_end, curves.valid_end)
    right = best.accuracy if best is not None and best.accuracy is not None else 0.0
    if loss >= _KNOWS_LITTLE * curves.guessing:
        seen = (
            f"The training loss stayed at {_loss(curves.train_end)}, where guessing gives {_loss(curves.guessing)}: "
            "the network hardly tells the classes apart, even on the pictures that it learns from."
        )
    elif right <= setup.commonest + _BARELY and loss > _KNOWS_FREQUENCIES * setup.entropy:
        seen = (
            f"{share_text(right)} are right, and always answering with the most frequent class gives "
            f"{share_text(setup.commonest)}: the network learned how frequent the classes are, and little else."
        )
    else:
        return None
    if setup.preset == "quick":
        advice = f"Train with the preset Balanced, which trains more of the network. {_CHECK_LABELS}"
        return Finding("underfitting", "Underfitting", seen, advice, suggestion=Suggestion(preset="balanced"))
    advice = f"{_CHECK_LABELS} A larger network or image size sees finer differences."
    return Finding("underfitting", "Underfitting", seen, advice)


def _good(curves: Curves, setup: Setup) -> Finding:
    text = (
        f"The validation loss came down to {_loss(curves.valid_lowest)} (guessing gives {_loss(curves.guessing)}). "
        "There is no sign of overfitting, and none that the learning rate was wrong."
    )
    best = curves.best
    if setup.preset == "quick" and best is not None and (best.accuracy or 0.0) < _NEARLY_ALL:
        advice = "The preset Balanced takes longer and may find more. The Evaluate page shows where it still errs."
        return Finding("good", "Went well", text, advice, "good", Suggestion(preset="balanced"))
    advice = "The Evaluate page shows where it still errs; wrong labels are often among the highest losses."
    return Finding("good", "Went well", text, advice, "good")


def _loss(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "no number"
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def share_text(value: float | None) -> str:
    """A share as a percentage: “93.5 %”."""
    return "–" if value is None else f"{100 * value:.1f} %"


def _one_digit(rate: float) -> float:
    """One digit: a learning rate is no exact science."""
    return float(f"{rate:.0e}")
