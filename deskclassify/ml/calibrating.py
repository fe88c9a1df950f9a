"""Calibrating a run: temperature, what counts as strange, and the threshold below which it gives no answer."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from deskclassify.core import calibration, calibration_files, calibration_folds, standing
from deskclassify.core.calibration import Known
from deskclassify.core.calibration_files import Familiar
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Calibrated, Calibration
from deskclassify.core.data_requests import CalibrateRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message, Scored, Started
from deskclassify.core.mending import found_names
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Listing, list_data
from deskclassify.core.subset import balanced
from deskclassify.core.words import counted
from deskclassify.ml.loop import probabilities
from deskclassify.ml.prediction import expand
from deskclassify.ml.run_features import RunFeatures, open_run

MOST_OTHERS = 1000  # more examples of something else would say no more
_LEAST_COVERAGE = 0.5


@dataclass(frozen=True)
class _Seen:
    """What was looked at: the validation pictures with their labels, what they are compared with, the names now."""

    scored: Scored
    familiar: Familiar
    names: dict[str, str]

    @property
    def others(self) -> Known:
        """The examples of something else, in the columns of the classes as they are now."""
        return self.familiar.others.merged(calibration.merging(tuple(self.names), self.names)[1])

    @property
    def known(self) -> Known:
        return Known(self.scored.probabilities, self.familiar.valid)

    @property
    def targets(self) -> np.ndarray:
        return calibration.targets_of(self.scored.classes, [one.label for one in self.scored.verdicts])


def calibrate(request: CalibrateRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Find temperature and threshold; the last event is a `Calibrated`. When stopped, nothing is written.

    Raises:
        InputError: the run, the coverage or the examples of something else cannot be used.
    """
    begun = time.monotonic()
    if not _LEAST_COVERAGE <= request.coverage <= 1:
        raise InputError(f"The coverage must lie between 50 and 100 %; {request.coverage:.0%} does not.")
    run = RunFolder(Path(request.model).absolute())
    if not run.is_finished():
        raise InputError(f"The run “{run.name}” is not finished. Let its training end first.")
    yield Started("calibrate", run.name)
    features = open_run(run, request.device)
    seen = yield from _look(run, features, request, should_stop)
    if seen is None:
        return
    known, targets, others = seen.known, seen.targets, seen.others
    rehearsal = calibration_folds.rehearse(known, targets)
    temperature = rehearsal.temperature(targets)
    if request.others:
        rule = calibration.fit_to_others(known, targets, others, request.coverage, temperature)
    else:
        rule = calibration.fit(known, targets, request.coverage, temperature)
        refused = calibration.refused_share(others, rule) if len(others) else None
        rule = replace(rule, others=len(others), others_refused=refused)
    rule = calibration_folds.held_out(rehearsal, rule)
    yield from _remarks(rule, len(known), request)
    if request.keep and not should_stop():
        calibration_files.write(run, rule, _for_all(run, seen.familiar, features))
    highest = calibration.confidences(others, rule) if len(others) else np.empty(0)
    yield Calibrated(str(run.path), rule, highest.astype(np.float32), time.monotonic() - begun)


def _look(
    run: RunFolder, features: RunFeatures, request: CalibrateRequest, should_stop: ShouldStop
) -> Generator[Event, None, _Seen | None]:
    """Look at all pictures that are needed; None when stopped.

    Raises:
        InputError: there are no validation pictures, or the examples cannot be read.
    """
    learned = [item for item in run.split() if item.subset == "train"]
    kept = [learned[at].path for at in balanced([item.label for item in learned], calibration.BANK)]
    verdicts = run.predictions()
    valid = [one.path for one in verdicts]
    if not valid:
        raise InputError(
            "This run has no validation pictures, and without them nobody knows how often it is right. "
            "Train again with a share for validation."
        )
    others = list(expand(request.others))[:MOST_OTHERS] if request.others else []
    for files, exact, stage in (
        (kept, False, "Looking at training pictures"),
        (valid, True, "Looking at validation pictures"),
        (others, True, "Looking at pictures of something else"),
    ):
        yield from features.look(files, exact, stage, should_stop)
        if should_stop():
            return None
    bank = _bank(features, kept)
    scored = _scored(run, features, [path for path in valid if path in features.exact.rows])
    listing = list_data(request.data, should_stop) if request.data.sources else None
    names = _names_now(run, scored.classes, request.data, listing)
    scored = _as_now(scored, names, listing)
    seen = features.rows([one.path for one in scored.verdicts], exact=True)
    strangers = [path for path in others if path in features.exact.rows]
    if others and not strangers:
        raise InputError("None of the pictures of something else could be read. Choose other files or folders.")
    looks = features.rows(strangers, exact=True)
    foreign = Known(answers(features, looks), calibration.similarity_to(bank, looks))
    before = None if others else calibration_files.read_familiar(run)
    if before is not None and before.others.probabilities.shape[1] == len(features.info.classes):
        foreign = before.others  # the examples that were given last are still known
    return _Seen(scored, Familiar(bank, calibration.similarity_to(bank, seen), foreign), names)


def _bank(features: RunFeatures, files: Sequence[str]) -> np.ndarray:
    there = [path for path in files if path in features.fast.rows]
    if not there:
        raise InputError(
            "None of the pictures that this run was trained on can be read any more. Bring their folder back."
        )
    return calibration.unit_rows(features.rows(there, exact=False)).astype(np.float16)


def answers(features: RunFeatures, rows: np.ndarray) -> np.ndarray:
    """Probabilities at temperature 1, float32 `[pictures, classes]`, of features, float32 `[pictures, length]`."""
    with torch.inference_mode():
        logits = features.head(torch.from_numpy(rows)).numpy()
    return probabilities(logits).astype(np.float32)


def _scored(run: RunFolder, features: RunFeatures, there: Sequence[str]) -> Scored:
    """What the run said of its validation pictures; computed anew where an older one did not keep it."""
    label = {one.path: one.label for one in run.predictions()}
    known = run.scored()
    if known is None:
        rows = answers(features, features.rows(there, exact=True))
        return standing.judged(features.info.classes, there, [label[path] for path in there], rows)
    return standing.relabelled(known, {path: label[path] for path in there})


def _names_now(run: RunFolder, classes: Sequence[str], data: DataSpec, listing: Listing | None) -> dict[str, str]:
    then = run.data()
    if listing is None or then is None:
        return {name: name for name in classes}
    return standing.names_now(then, data, classes, found_names(listing))


def _as_now(scored: Scored, names: dict[str, str], listing: Listing | None) -> Scored:
    """By the labels and class names as they are now."""
    scored = standing.renamed(scored, names)
    if listing is None:
        return scored
    now = standing.relabelled(scored, {item.path: item.label for item in listing.items})
    return now if now.verdicts else scored


def _for_all(run: RunFolder, familiar: Familiar, features: RunFeatures) -> Familiar:
    """What is kept: a similarity for each row of `predictions.csv`, also of pictures that were left out since."""
    rows = features.exact.rows
    paths = [one.path for one in run.predictions()]
    there = [at for at, path in enumerate(paths) if path in rows]
    every = np.full(len(paths), np.nan, np.float32)  # no number: it could not be read
    if there:
        seen = features.rows([paths[at] for at in there], exact=True)
        every[there] = calibration.similarity_to(familiar.bank, seen)
    return Familiar(familiar.bank, every, familiar.others)


def _remarks(rule: Calibration, pictures: int, request: CalibrateRequest) -> Iterator[Event]:
    """What the user should know about the figures."""
    if pictures < calibration.FEWEST:
        yield Message(
            f"With {counted(pictures, 'validation picture')} the temperature stays 1 and the threshold is a rough "
            f"guess. {calibration.FEWEST} and more would say it better.",
            "warning",
        )
    if not request.others or rule.others_refused is None:
        return
    if rule.others_refused < calibration.REFUSED_OTHERS:
        yield Message(
            f"{rule.others_refused:.0%} of the pictures of something else get no answer, at a coverage of "
            f"{rule.coverage:.0%}. To refuse more, too many pictures of your own classes would get none: "
            "the network finds the two alike.",
            "warning",
        )
    elif rule.coverage != request.coverage:
        yield Message(
            f"A coverage of {rule.coverage:.1%} is enough to refuse {rule.others_refused:.0%} of the pictures of "
            "something else."
        )
