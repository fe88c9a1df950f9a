"""When an answer can be believed: temperature, strangeness, and the threshold below which there is no answer.

The highest probability alone is a poor judge of what it has never seen: on photos of litter, at 95 % coverage, it
refused 8 to 61 % of drawn pictures. So the graph also looks how alike a picture is to training pictures
(Sun et al., “Out-of-distribution detection with deep nearest neighbors”, ICML 2022) and draws the probabilities of
strangers towards “any class”. One threshold on the largest probability then serves for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from deskclassify.core.data_events import Calibration

NEIGHBOURS = 5  # most alike training pictures whose mean similarity counts
BANK = 512  # training pictures that are kept to compare with: 1.3 MB for EfficientNet-Lite0
FLATTEST = 3.0  # logit of the least familiarity, 0.05: so that the model's self-test still notices an altered network
NO_ANSWER = "none of these"
REFUSED_OTHERS = 0.95  # share of example pictures of something else that should get no answer
_LEAST = 1e-12  # probability that a logarithm is taken of
FEWEST = 20  # validation pictures, from which on a temperature is sought
_WIDTH = 0.5  # standard deviation of the logarithm of temperatures that are expected
_COLDEST, _HOTTEST = 0.1, 10.0
MOST = 2000  # pictures that a temperature is sought on
_STRANGE_SHARE = 0.8  # of the refused validation pictures, at most, are refused for being strange
_LEAST_SOFTNESS = 1e-3  # cosine
_MARGIN = 1e-5  # probability: the very picture that sets the threshold is answered on other machines too
_OTHERS_COVERAGES = (0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.925, 0.9, 0.875, 0.85, 0.8, 0.75, 0.7)


@dataclass(frozen=True)
class Known:
    """What the network says of pictures, before any calibration.

    Attributes:
        probabilities: float32 `[pictures, classes]`, at temperature 1.
        similarity: float32 `[pictures]`, see `similarity_to`; None where it was not measured.
    """

    probabilities: np.ndarray
    similarity: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    def part(self, which: np.ndarray) -> Known:
        """Some of the pictures."""
        return Known(self.probabilities[which], None if self.similarity is None else self.similarity[which])

    def merged(self, matrix: np.ndarray) -> Known:
        """The same with classes that are merged: their probabilities add up; see `merging`."""
        return replace(self, probabilities=self.probabilities @ matrix)


# -- sums ----------------------------------------------------------------------------------


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at another temperature; their logarithms are scores as good as the network's own.

    Args:
        probabilities: float `[pictures, classes]`, at temperature 1.
        temperature: the scores are divided by it (Guo et al., “On calibration of modern neural networks”, 2017).

    Returns:
        float64, the same shape.
    """
    scores = np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST)) / temperature
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
    exponents = np.exp(scores)
    result: np.ndarray = exponents / exponents.sum(axis=1, keepdims=True)
    return result


def highest_at(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The highest probability of each picture at a temperature, float64 `[pictures]`; see `at_temperature`."""
    scores = np.log(np.maximum(probabilities, np.float32(_LEAST)))
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
    result: np.ndarray = 1.0 / np.exp(scores / np.float32(temperature)).sum(axis=1, dtype=np.float64)
    return result


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    result: np.ndarray = (features / np.maximum(lengths, _LEAST)).astype(np.float32)
    return result


def similarity_to(bank: np.ndarray, features: np.ndarray) -> np.ndarray:
    """How alike pictures are to those that were trained on.

    Args:
        bank: float `[n, length]`, rows of length 1.
        features: float `[pictures, length]`, of any length.

    Returns:
        float32 `[pictures]`: mean cosine to the 5 most alike rows of the bank, −1 to 1.
    """
    count = min(NEIGHBOURS, len(bank))
    nearness = unit_rows(features) @ bank.astype(np.float32).T
    best = np.partition(nearness, -count, axis=1)[:, -count:]
    result: np.ndarray = best.mean(axis=1).astype(np.float32)
    return result


def calibrated(known: Known, rule: Calibration) -> np.ndarray:
    """The probabilities that the exported model gives.

    The temperature is applied; then, the stranger a picture, the more its probabilities are drawn towards those of
    a pure guess. The order of the classes stays.

    Returns:
        float64 `[pictures, classes]`.
    """
    scaled = at_temperature(known.probabilities, rule.temperature)
    return flattened(scaled, known.similarity, rule, scaled.shape[1])


def confidences(known: Known, rule: Calibration) -> np.ndarray:
    """The highest of those probabilities of each picture, float64 `[pictures]`."""
    highest = highest_at(known.probabilities, rule.temperature)
    return flattened(highest, known.similarity, rule, known.probabilities.shape[1])


def familiarity(similarity: np.ndarray, rule: Calibration) -> np.ndarray:
    """How far a picture counts as known: about 1 above the rule's limit, 0.5 at it, 0.05 far below."""
    steepness = (np.asarray(similarity, np.float64) - rule.similarity) / rule.softness
    result: np.ndarray = 1.0 / (1.0 + np.exp(-np.clip(steepness, -FLATTEST, 50.0)))
    return result


def flattened(scaled: np.ndarray, similarity: np.ndarray | None, rule: Calibration, classes: int) -> np.ndarray:
    """Probabilities, or the highest of each picture, drawn towards a guess the stranger the pictures are."""
    if similarity is None or not rule.looks_for_strangers:
        return scaled
    weight = familiarity(similarity, rule).reshape(-1, *[1] * (scaled.ndim - 1))
    result: np.ndarray = weight * scaled + (1.0 - weight) / classes
    return result


def merging(classes: Sequence[str], names: Mapping[str, str]) -> tuple[tuple[str, ...], np.ndarray]:
    """How the probabilities of a model's classes add up to those of classes that were renamed or merged.

    Args:
        classes: of the model.
        names: class → its name now; those that are missing stay.

    Returns:
        the names now, in alphabetical order, and float32 `[classes, names]` of zeros and ones.
    """
    wanted = [names.get(name, name) for name in classes]
    merged = tuple(sorted(set(wanted)))
    matrix = np.zeros((len(classes), len(merged)), np.float32)
    for row, name in enumerate(wanted):
        matrix[row, merged.index(name)] = 1.0
    return merged, matrix


# -- finding the rule ----------------------------------------------------------------------


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature at which the right classes get the highest likelihood.

    A temperature near 1 is preferred a little (a normal prior on its logarithm), so that a few pictures do not move
    it far. It stays 1 with fewer than 20 pictures, or where all are right: then any sharpening looks good.

    Args:
        probabilities: float `[pictures, classes]`, at temperature 1.
        targets: int `[pictures]`; negative for a label that is none of the classes, which is left out.
    """
    kept = targets >= 0
    probabilities, targets = probabilities[kept], targets[kept]
    if len(targets) > MOST:  # one number is found well enough on some
        some = np.random.default_rng(0).permutation(len(targets))[:MOST]
        probabilities, targets = probabilities[some], targets[some]
    if len(targets) < FEWEST or bool((probabilities.argmax(axis=1) == targets).all()):
        return 1.0
    rows = np.arange(len(targets))

    def cost(log_temperature: float) -> float:
        chosen = at_temperature(probabilities, float(np.exp(log_temperature)))[rows, targets]
        return float(-np.log(np.maximum(chosen, _LEAST)).sum()) + log_temperature**2 / (2 * _WIDTH**2)

    return round(float(np.exp(_lowest(cost, float(np.log(_COLDEST)), float(np.log(_HOTTEST))))), 4)


def _lowest(cost: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is lowest, by golden section (Kiefer, 1953)."""
    ratio = (np.sqrt(5.0) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > 1e-4:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return float(low + high) / 2


def threshold_for(confidence: np.ndarray, coverage: float) -> float:
    """The threshold that lets a share of pictures of the same kind be answered.

    With n pictures, a new one is as likely to come at any of the n + 1 places among them (split conformal prediction:
    Papadopoulos et al., 2002; Lei et al., 2018); so the k-th lowest is taken, with k = (n + 1) · (1 − coverage)
    rounded down, and at least k = 1 where that is half reached.

    Args:
        confidence: float `[pictures]`, of pictures that were not trained on.
        coverage: 0 to 1; 1: no threshold.
    """
    refused = (len(confidence) + 1) * (1.0 - coverage)
    place = max(int(refused + 1e-9), 1 if refused >= 0.5 else 0)
    place = min(place, len(confidence))
    if coverage >= 1.0 or not place:
        return 0.0
    value = float(np.sort(confidence)[place - 1])
    return max(0.0, float(np.floor((value - _MARGIN) * 1e6)) / 1e6)


def fit(known: Known, targets: np.ndarray, coverage: float, temperature: float | None = None) -> Calibration:
    """Find temperature, limit of strangeness and threshold.

    Args:
        known: validation pictures.
        targets: int `[pictures]`, see `fit_temperature`.
        coverage: the share of such pictures that is to be answered.
        temperature: where it is known already, as for classes that were merged since.
    """
    if temperature is None:
        temperature = fit_temperature(known.probabilities, targets)
    highest = highest_at(known.probabilities, temperature)
    return rule_for(highest, known.similarity, known.probabilities.shape[1], coverage, temperature)


def rule_for(
    highest: np.ndarray, similarity: np.ndarray | None, classes: int, coverage: float, temperature: float
) -> Calibration:
    """Limit of strangeness and threshold at a temperature, from the highest probability of each picture; see `fit`."""
    rule = Calibration(temperature=temperature, coverage=coverage)
    if coverage >= 1.0 or not len(highest):
        return rule
    if similarity is not None and len(highest) >= FEWEST:
        low, middle, high = np.quantile(similarity, [(1 - coverage) * _STRANGE_SHARE, 0.5, 0.1])
        rule = replace(rule, similarity=float(low), softness=max(_LEAST_SOFTNESS, float(middle - high) / 6))
    return replace(rule, threshold=threshold_for(flattened(highest, similarity, rule, classes), coverage))


def fit_to_others(
    known: Known, targets: np.ndarray, others: Known, least_coverage: float, temperature: float | None = None
) -> Calibration:
    """Find the rule that refuses 95 % of example pictures of something else, for as little coverage as need be.

    Where that takes too much, the one that answers most of the known and refuses most of the others.

    Args:
        known: validation pictures.
        targets: int `[pictures]`, see `fit_temperature`.
        others: the examples.
        least_coverage: of the known; with 1 down to 70 % is allowed.
        temperature: where it is known already.
    """
    floor = least_coverage if least_coverage < 1 else _OTHERS_COVERAGES[-1]
    tried = sorted({floor, *(one for one in _OTHERS_COVERAGES if one > floor)}, reverse=True)
    best, best_sum = Calibration(), -1.0
    for coverage in tried:
        rule = fit(known, targets, coverage, temperature if best_sum < 0 else best.temperature)
        share = refused_share(others, rule)
        rule = replace(rule, others=len(others), others_refused=share)
        if share >= REFUSED_OTHERS:
            return rule
        if coverage + share > best_sum:
            best, best_sum = rule, coverage + share
    return best


def refused_share(known: Known, rule: Calibration) -> float:
    """The share of pictures that get no answer, 0 to 1."""
    return float((confidences(known, rule) < rule.threshold).mean()) if len(known) else 0.0


def targets_of(classes: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Class numbers, int64; −1 for a label that is none of the classes."""
    number = {name: at for at, name in enumerate(classes)}
    return np.array([number.get(label, -1) for label in labels], np.int64)
