"""What a calibration is worth on pictures that it was not found on: folds of the validation pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deskclassify.core.calibration import MOST, Known, fit_temperature, flattened, highest_at, rule_for
from deskclassify.core.data_events import Calibration
from deskclassify.core.metrics import BINS, expected_calibration_error, reliability

_FOLDS, _ROUNDS = 5, 4
_A_BIN = 20  # pictures


@dataclass(frozen=True)
class Rehearsal:
    """Temperatures that were found without the pictures that they are tried on: 5 folds, drawn 4 times.

    Where they do not lower the calibration error, all of them are 1: the network is better left as it is.

    Attributes:
        known, right: the validation pictures, and which of them get the right class.
        rounds: of each drawing the number of the fold of each picture, and the temperature for each fold.
    """

    known: Known
    right: np.ndarray
    rounds: tuple[tuple[np.ndarray, tuple[float, ...]], ...]

    def temperature(self, targets: np.ndarray) -> float:
        """The temperature for all pictures; 1 where those of the folds were no gain."""
        if not any(temperature != 1.0 for _, temperatures in self.rounds for temperature in temperatures):
            return 1.0
        return fit_temperature(self.known.probabilities, targets)

    def errors(self) -> tuple[float, float]:
        """Calibration error before and after."""
        probabilities = self.known.probabilities
        after = []
        for fold_of, temperatures in self.rounds:
            highest = np.empty(len(self.right))
            for fold, temperature in enumerate(temperatures):
                highest[fold_of == fold] = highest_at(probabilities[fold_of == fold], temperature)
            after.append(calibration_error(highest, self.right))
        before = calibration_error(probabilities.max(axis=1, initial=0.0), self.right)
        return before, float(np.mean(after)) if after else before

    def answered(self, coverage: float) -> tuple[float, float | None]:
        """The share that is answered where the rule was found on the other folds, and the share of those right."""
        known, classes = self.known, self.known.probabilities.shape[1]
        given, hits, asked = 0, 0, 0
        for fold_of, temperatures in self.rounds:
            for fold, temperature in enumerate(temperatures):
                out = fold_of == fold
                highest, similarity = highest_at(known.probabilities, temperature), known.similarity
                others = None if similarity is None else similarity[~out]
                rule = rule_for(highest[~out], others, classes, coverage, temperature)
                own = None if similarity is None else similarity[out]
                answers = flattened(highest[out], own, rule, classes) >= rule.threshold
                given += int(answers.sum())
                hits += int((answers & self.right[out]).sum())
                asked += len(answers)
        return (given / asked if asked else 1.0), (hits / given if given else None)


def rehearse(known: Known, targets: np.ndarray) -> Rehearsal:
    """Find temperatures on parts of the validation pictures; with fewer than 5 there are no rounds."""
    right = known.probabilities.argmax(axis=1) == targets if len(targets) else np.empty(0, bool)
    rounds = []
    for number in range(0 if len(targets) < _FOLDS else 1 if len(targets) > MOST else _ROUNDS):
        fold_of = _folds(targets, number)
        parts = [fold_of != fold for fold in range(_FOLDS)]
        temperatures = tuple(fit_temperature(known.probabilities[part], targets[part]) for part in parts)
        rounds.append((fold_of, temperatures))
    rehearsal = Rehearsal(known, right, tuple(rounds))
    before, after = rehearsal.errors()
    if after < before:
        return rehearsal
    return replace(rehearsal, rounds=tuple((fold_of, (1.0,) * _FOLDS) for fold_of, _ in rounds))


def held_out(rehearsal: Rehearsal, rule: Calibration) -> Calibration:
    """Add what the rule is worth on pictures that it was not found on.

    The calibration error is that of the temperature alone, over all pictures; the share answered and its accuracy
    are those of the whole rule.

    Args:
        rehearsal: with the validation pictures.
        rule: that was found on all of them, at the rehearsal's temperature.
    """
    if not rehearsal.rounds:
        return rule
    (before, after), (reached, accuracy) = rehearsal.errors(), rehearsal.answered(rule.coverage)
    return replace(rule, error_before=before, error_after=after, reached=reached, accuracy_answered=accuracy)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error, 0 to 1, of bins of equal width; see `bins_for`."""
    return expected_calibration_error(reliability(confidence, right, bins_for(len(right))))


def bins_for(pictures: int) -> int:
    """In how many bins of confidence pictures are put: the usual 15, and fewer where those would hold less than 20.

    The share of right answers of a few pictures is off by chance; that would add up to an error of its own
    (Kumar, Liang & Ma, “Verified uncertainty calibration”, 2019).
    """
    return int(np.clip(pictures // _A_BIN, 5, BINS))


def _folds(targets: np.ndarray, seed: int) -> np.ndarray:
    """Number of the fold of each picture, int64; each class is spread over all of them."""
    order = np.lexsort((np.random.default_rng(seed).permutation(len(targets)), targets))
    folds = np.empty(len(targets), np.int64)
    folds[order] = np.arange(len(targets)) % _FOLDS
    return folds
