"""What each coverage would come to, worked out in the window's own process: it needs neither torch nor a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from deskclassify.core import calibration, calibration_files, calibration_folds
from deskclassify.core.calibration import Known
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Calibration
from deskclassify.core.events import Event, Scored
from deskclassify.core.requests import Process, Request
from deskclassify.core.run_folder import RunFolder

LEAST_COVERAGE = 70  # per cent; the options are every whole number from here to 100


@dataclass(frozen=True)
class CertaintyRequest(Request):
    """Work out temperature and thresholds; then `CertaintyDrawn`.

    It never leaves the window's process, and so is not known to `wire`.

    Attributes:
        run: folder, whose calibration is read; what it was compared with is used where it fits the pictures.
        scored: the pictures that are shown.
    """

    job: ClassVar[str] = "deskclassify.core.certainty_job:draw"
    process: ClassVar[Process] = "here"
    run: str
    scored: Scored


@dataclass(frozen=True)
class Option:
    """What a coverage would come to.

    Attributes:
        rule: temperature and threshold.
        confidence: float32 `[pictures]`, the highest probability of each by this rule.
        reached: the share of held-out pictures that is answered, 0 to 1.
        accuracy: of those, the share that is right; None where there are none.
        others_refused: the share of the example pictures of something else that gets no answer; None without any.
    """

    rule: Calibration
    confidence: np.ndarray
    reached: float
    accuracy: float | None
    others_refused: float | None


@dataclass(frozen=True)
class CertaintyDrawn(Event):
    """How certain the answers are, and what could be made of it.

    Attributes:
        paths: of the pictures.
        before, after: float32 `[pictures]`, their highest probability as trained, and at the temperature found.
        right: bool `[pictures]`.
        temperature: found on these pictures.
        error_before, error_after: expected calibration error; the second on held-out folds.
        options: by the coverage in whole per cent.
        knows_strangers: whether the thresholds also ask how alike a picture is to those that were trained on.
        others: number of example pictures of something else.
        current: the rule that is kept in the run; None where there is none.
    """

    event: ClassVar[str] = "finished"
    paths: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    right: np.ndarray
    temperature: float
    error_before: float
    error_after: float
    options: dict[int, Option]
    knows_strangers: bool
    others: int
    current: Calibration | None


def draw(request: CertaintyRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Try all coverages. 500 pictures take about 0.2 s.

    Raises:
        InputError: the run's calibration is damaged.
    """
    run, scored = RunFolder(Path(request.run)), request.scored
    familiar = calibration_files.read_familiar(run)
    known, targets = Known(scored.probabilities), calibration.targets_of(scored.classes, _labels(scored))
    others = Known(np.empty((0, len(scored.classes)), np.float32))
    paths = tuple(one.path for one in scored.verdicts)
    if familiar is not None:
        every = [one.path for one in run.predictions()]
        seen, seen_targets = familiar.known(scored, every) if len(every) == len(familiar.valid) else (known, targets)
        if seen.similarity is not None and len(seen) == len(known):
            known, targets = seen, seen_targets
            if familiar.others.probabilities.shape[1] == len(scored.classes):
                others = familiar.others
    rehearsal = calibration_folds.rehearse(known, targets)
    temperature = rehearsal.temperature(targets)
    options: dict[int, Option] = {}
    for percent in range(100, LEAST_COVERAGE - 1, -1):
        if should_stop():
            return
        options[percent] = _option(rehearsal, targets, percent / 100, temperature, others)
    before, after = rehearsal.errors()
    yield CertaintyDrawn(
        paths,
        known.probabilities.max(axis=1, initial=0.0).astype(np.float32),
        calibration.highest_at(known.probabilities, temperature).astype(np.float32),
        rehearsal.right,
        temperature,
        before,
        after,
        options,
        known.similarity is not None,
        len(others),
        calibration_files.read(run),
    )


def _labels(scored: Scored) -> list[str]:
    return [one.label for one in scored.verdicts]


def _option(
    rehearsal: calibration_folds.Rehearsal, targets: np.ndarray, coverage: float, temperature: float, others: Known
) -> Option:
    rule = calibration.fit(rehearsal.known, targets, coverage, temperature)
    confidence = calibration.confidences(rehearsal.known, rule).astype(np.float32)
    reached, accuracy = rehearsal.answered(coverage)
    refused = calibration.refused_share(others, rule) if len(others) else None
    return Option(rule, confidence, reached, accuracy, refused)
