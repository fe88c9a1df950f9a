"""Suggesting labels: what the network would call pictures without a class, those first whose label would help most."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from deskclassify.core import calibration, calibration_files, standing
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Calibration, Guess, Suggested
from deskclassify.core.data_requests import SuggestRequest
from deskclassify.core.events import Event, Started
from deskclassify.core.mending import found_names
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Listing, list_data
from deskclassify.core.subset import balanced
from deskclassify.core.words import counted
from deskclassify.ml.calibrating import answers
from deskclassify.ml.run_features import RunFeatures, open_run

_TOP = 5
_SPREAD = 200  # first guesses that are kept apart from one another; nobody labels more between two trainings
_COMPARED = 1000  # labelled pictures that the others are compared with


def suggest(request: SuggestRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Guess the classes of the unlabelled pictures of `data`; the last event is a `Suggested`.

    Raises:
        InputError: the run or the data cannot be used.
    """
    begun = time.monotonic()
    run = RunFolder(Path(request.model).absolute())
    listing = list_data(request.data, should_stop)
    items = {item.path: item for item in listing.unlabelled}
    yield Started("suggest", counted(len(items), "picture"))
    features = open_run(run, request.device)
    learned = [item for item in features.items if item.subset == "train"]
    learned = [learned[at] for at in balanced([item.label for item in learned], _COMPARED)]
    for files, exact in (([item.path for item in learned], False), (list(items), True)):
        yield from features.look(files, exact, "Looking at the pictures", should_stop)
        if should_stop():
            return
    there = [path for path in items if path in features.exact.rows]
    classes, chances = _chances(run, features, there, request.data, listing)
    known = [item.path for item in learned if item.path in features.fast.rows]
    order, gains = most_helpful(
        chances, features.rows(there, exact=True), features.rows(known, exact=False), should_stop
    )
    guesses = []
    for at in order:
        best = np.argsort(-chances[at], kind="stable")[:_TOP]
        top = tuple((classes[one], float(chances[at, one])) for one in best)
        item = items[there[at]]
        guesses.append(Guess(item.key, item.path, top[0][0], top[0][1], float(gains[at]), top))
    if not should_stop():
        yield Suggested(str(run.path), tuple(guesses), len(items) - len(there), time.monotonic() - begun)


def _chances(
    run: RunFolder, features: RunFeatures, files: Sequence[str], data: DataSpec, listing: Listing
) -> tuple[tuple[str, ...], np.ndarray]:
    """Classes by their names now, and probabilities, float64 `[files, classes]`, at the run's temperature.

    Strangers are not drawn towards a guess here: a new kind of picture is just what is to be labelled.
    """
    found = answers(features, features.rows(files, exact=True))
    rule = calibration_files.read(run) or Calibration()
    scaled = calibration.at_temperature(found, rule.temperature)
    then = run.data()
    classes = features.info.classes
    if then is None:
        return classes, scaled
    names, matrix = calibration.merging(classes, standing.names_now(then, data, classes, found_names(listing)))
    return names, scaled @ matrix


def most_helpful(
    chances: np.ndarray, features: np.ndarray, known: np.ndarray, should_stop: ShouldStop
) -> tuple[np.ndarray, np.ndarray]:
    """The order in which labels help most: unsure ones, and none that are like those before or those that are known.

    Uncertainty is one minus the margin between the two likeliest classes (Scheffer, Decomain & Wrobel, “Active hidden
    Markov models for information extraction”, 2001; Settles, “Active learning literature survey”, 2009). By itself
    it asks for ten pictures of one burst. So it is multiplied by the distance to the nearest picture that has a label
    or was chosen before, as greedy k-centre does (Sener & Savarese, “Active learning for convolutional neural
    networks: a core-set approach”, 2018).

    Args:
        chances: float `[n, classes]`.
        features: float32 `[n, length]`.
        known: float32 `[labelled, length]`.
        should_stop: asked between two picks.

    Returns:
        int64 `[n]`, the order, and float64 `[n]`, the gain of each picture, 0 to 1, which falls along the order.
    """
    count = len(chances)
    if not count:
        return np.empty(0, np.int64), np.empty(0)
    best = np.sort(chances, axis=1)[:, -2:]
    uncertainty = 1.0 - (best[:, -1] - best[:, 0])
    rows = calibration.unit_rows(features)
    distance = np.ones(count)
    for start in range(0, len(known), 256):
        nearness = rows @ calibration.unit_rows(known[start : start + 256]).T
        distance = np.minimum(distance, 1.0 - nearness.max(axis=1))
    gains = np.clip(uncertainty * np.clip(distance, 0.0, 1.0), 0.0, 1.0)
    left, order = np.ones(count, bool), []
    for _ in range(min(_SPREAD, count)):
        if should_stop():
            break
        pick = int(np.where(left, gains, -1.0).argmax())
        order.append(pick)
        left[pick] = False
        distance = np.minimum(distance, 1.0 - rows @ rows[pick])
        gains = np.where(left, uncertainty * np.clip(distance, 0.0, 1.0), gains)
    rest = np.flatnonzero(left)
    rest = rest[np.argsort(-gains[rest], kind="stable")]
    return np.concatenate([np.array(order, np.int64), rest]), gains
