"""Temperature, threshold and strangeness on made scores whose truth is known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskclassify.core import calibration, calibration_files, calibration_folds
from deskclassify.core.calibration import Known
from deskclassify.core.calibration_files import Familiar
from deskclassify.core.data_events import Calibration
from deskclassify.core.errors import InputError
from deskclassify.core.events import Scored, Verdict
from deskclassify.core.run_folder import RunFolder


def softmax(scores: np.ndarray) -> np.ndarray:
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def made(count: int, factor: float, seed: int = 0, classes: int = 4) -> tuple[Known, np.ndarray]:
    """Labels drawn from true probabilities, and a network whose scores are `factor` times the true ones."""
    dice = np.random.default_rng(seed)
    scores = dice.normal(0, 1.5, (count, classes))
    truth = softmax(scores).astype(np.float64)
    targets = (dice.random((count, 1)) > truth.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    similarity = dice.normal(0.7, 0.05, count).astype(np.float32)
    return Known(softmax(factor * scores), similarity), targets


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_and_the_error_falls_on_held_out_folds(factor: float) -> None:
    known, targets = made(1500, factor)
    rule = calibration_folds.held_out(calibration_folds.rehearse(known, targets), calibration.fit(known, targets, 1.0))
    assert rule.temperature == pytest.approx(factor, rel=0.12)
    if factor != 1.0:
        assert rule.error_after < 0.5 * rule.error_before
    assert rule.error_after < 0.04
    assert rule.threshold == 0 and rule.reached == 1


def test_the_temperature_is_where_the_likelihood_is_highest() -> None:
    known, targets = made(1500, 2.0)
    rows = np.arange(len(targets))
    grid = np.exp(np.linspace(-1, 2, 400))
    costs = [-np.log(calibration.at_temperature(known.probabilities, one)[rows, targets]).sum() for one in grid]
    assert calibration.fit_temperature(known.probabilities, targets) == pytest.approx(grid[np.argmin(costs)], rel=0.02)


def test_few_pictures_or_none_wrong_leave_the_temperature() -> None:
    known, targets = made(19, 3.0)
    assert calibration.fit_temperature(known.probabilities, targets) == 1
    known, _ = made(200, 3.0)
    assert calibration.fit_temperature(known.probabilities, known.probabilities.argmax(axis=1)) == 1
    known, targets = made(200, 3.0)
    unknown = np.full(len(targets), -1)
    assert calibration.fit_temperature(known.probabilities, unknown) == 1
    assert calibration.fit(known.part(np.zeros(200, bool)), targets[:0], 0.9) == Calibration(coverage=0.9)


def test_a_temperature_keeps_the_order_and_the_sum() -> None:
    known, _ = made(50, 1.0)
    hot = calibration.at_temperature(known.probabilities, 4.0)
    assert (hot.argmax(axis=1) == known.probabilities.argmax(axis=1)).all()
    assert hot.sum(axis=1) == pytest.approx(np.ones(50))
    assert (hot.max(axis=1) <= known.probabilities.max(axis=1) + 1e-6).all()
    assert calibration.highest_at(known.probabilities, 4.0) == pytest.approx(hot.max(axis=1), abs=1e-5)
    assert calibration.at_temperature(known.probabilities, 1.0) == pytest.approx(known.probabilities, abs=1e-6)


@pytest.mark.parametrize("coverage", [0.98, 0.95, 0.9, 0.8])
@pytest.mark.parametrize("count", [60, 400])
def test_the_stated_coverage_is_reached_on_new_pictures(coverage: float, count: int) -> None:
    reached = []
    for seed in range(12):
        known, targets = made(count, 2.0, seed)
        rule = calibration.fit(known, targets, coverage)
        fresh, _ = made(2000, 2.0, 1000 + seed)
        reached.append(1 - calibration.refused_share(fresh, rule))
        told = calibration_folds.held_out(calibration_folds.rehearse(known, targets), rule).reached
        assert told == pytest.approx(coverage, abs=0.05)
    assert np.mean(reached) == pytest.approx(coverage, abs=0.03)
    assert np.mean(reached) >= coverage - 0.02


@given(st.lists(st.floats(0, 1, width=32), max_size=200), st.floats(0.5, 1))
@settings(max_examples=150, deadline=None)
def test_a_threshold_never_refuses_more_than_stated(values: list[float], coverage: float) -> None:
    confidence = np.array(values, np.float64)
    threshold = calibration.threshold_for(confidence, coverage)
    assert 0 <= threshold <= 1
    assert (confidence < threshold).sum() <= max(1, (len(values) + 1) * (1 - coverage)) if threshold else True
    if coverage == 1:
        assert threshold == 0


def test_strangers_are_drawn_towards_a_guess_and_refused() -> None:
    known, targets = made(400, 1.0)
    rule = calibration.fit(known, targets, 0.95)
    assert rule.looks_for_strangers
    sure = np.tile(np.array([[0.97, 0.01, 0.01, 0.01]], np.float32), (50, 1))
    strangers = Known(sure, np.full(50, 0.2, np.float32))
    friends = Known(sure, np.full(50, 0.75, np.float32))
    assert calibration.refused_share(strangers, rule) == 1
    assert calibration.refused_share(friends, rule) == 0
    drawn = calibration.calibrated(strangers, rule)
    assert (drawn.argmax(axis=1) == 0).all() and drawn.max() < 0.3
    assert drawn.sum(axis=1) == pytest.approx(np.ones(50))
    assert calibration.confidences(strangers, rule) == pytest.approx(drawn.max(axis=1), abs=1e-5)
    # the highest probability alone would answer all of them
    plain = calibration.fit(Known(known.probabilities), targets, 0.95)
    assert calibration.refused_share(Known(sure), plain) == 0


def test_similarity_is_the_mean_cosine_to_the_nearest() -> None:
    bank = calibration.unit_rows(np.eye(8)[:6]).astype(np.float16)
    assert calibration.similarity_to(bank, np.array([[3.0, 0, 0, 0, 0, 0, 0, 0]])) == pytest.approx([0.2])
    few = bank[:2]
    assert calibration.similarity_to(few, np.array([[1.0, 1, 0, 0, 0, 0, 0, 0]])) == pytest.approx([2**-0.5], abs=1e-3)


def test_examples_of_something_else_choose_the_coverage() -> None:
    known, targets = made(400, 1.0)
    far = Known(made(60, 1.0, 5)[0].probabilities, np.full(60, 0.3, np.float32))
    rule = calibration.fit_to_others(known, targets, far, 1.0)
    assert rule.others == 60 and rule.others_refused >= 0.95 and rule.coverage == 0.99
    alike = made(60, 1.0, 6)[0]  # just like the known ones: no threshold tells them apart
    rule = calibration.fit_to_others(known, targets, alike, 0.9)
    assert rule.coverage >= 0.9 and rule.others_refused < 0.5


def test_merged_classes_add_up_and_get_a_threshold_of_their_own(tmp_path: Path) -> None:
    names, matrix = calibration.merging(("a", "b", "c", "d"), {"a": "z", "b": "z"})
    assert names == ("c", "d", "z")
    known, targets = made(300, 1.0)
    assert known.merged(matrix).probabilities[:, 2] == pytest.approx(known.probabilities[:, :2].sum(axis=1))
    run = write_run(tmp_path, known, targets)
    rule = calibration.fit(known, targets, 0.9)
    familiar = Familiar(np.ones((1, 2), np.float16), known.similarity, Known(np.empty((0, 4), np.float32)))
    calibration_files.write(run, rule, familiar)
    found = calibration_files.for_merged(run, rule, {"a": "z", "b": "z"})
    assert found.temperature == rule.temperature and found.coverage == 0.9
    assert calibration.refused_share(known.merged(matrix), found) == pytest.approx(0.1, abs=0.02)


def write_run(folder: Path, known: Known, targets: np.ndarray) -> RunFolder:
    run, classes = RunFolder(folder / "run"), ("a", "b", "c", "d")
    run.path.mkdir()
    best = known.probabilities.argmax(axis=1)
    verdicts = [
        Verdict(f"/p/{at}.png", classes[targets[at]], classes[best[at]], 0.5, 0.5) for at in range(len(targets))
    ]
    run.write_info({"classes": classes, "architecture": "resnet18", "preprocess": preprocess()})
    run.best.write_bytes(b"weights")
    run.write_predictions(verdicts, known.probabilities)
    return run


def preprocess() -> object:
    from deskclassify.core.architectures import get

    return get("resnet18").preprocess("crop")


def test_files_come_back_and_old_or_damaged_ones_do_not(tmp_path: Path) -> None:
    known, targets = made(40, 1.0)
    run = write_run(tmp_path, known, targets)
    assert calibration_files.read(run) is None and calibration_files.read_familiar(run) is None
    rule = calibration_folds.held_out(calibration_folds.rehearse(known, targets), calibration.fit(known, targets, 0.9))
    bank = calibration.unit_rows(np.random.default_rng(0).normal(size=(7, 5))).astype(np.float16)
    kept = Familiar(bank, known.similarity, known.part(np.arange(3)))
    calibration_files.write(run, rule, kept)
    assert calibration_files.read(run) == rule
    found = calibration_files.read_familiar(run)
    assert found is not None
    assert (found.bank == bank).all() and (found.valid == known.similarity).all() and len(found.others) == 3
    scored = run.scored()
    assert isinstance(scored, Scored)
    some, some_targets = found.known(scored, [one.path for one in scored.verdicts])
    assert len(some) == 40 and (some_targets == targets).all()
    (run.path / "familiar.npz").write_bytes(b"PK nonsense")
    assert calibration_files.read_familiar(run) is None
    (run.path / "calibration.json").write_text('{"temperature": "hot"}')
    with pytest.raises(InputError, match="damaged"):
        calibration_files.read(run)
    later = run.path.stat().st_mtime + 60
    os.utime(run.best, (later, later))  # trained on since
    assert calibration_files.read(run) is None


def test_bins_hold_enough_pictures() -> None:
    assert [calibration_folds.bins_for(count) for count in (0, 60, 98, 200, 505, 9000)] == [5, 5, 5, 10, 15, 15]


def test_a_temperature_that_brings_no_gain_on_held_out_pictures_is_not_used() -> None:
    draw = np.random.default_rng(3)
    scores = draw.normal(size=(60, 3)) * 2.0
    honest = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    settled = set()
    for seed in range(12):
        targets = np.array([np.random.default_rng((seed, at)).choice(3, p=row) for at, row in enumerate(honest)])
        rehearsal = calibration_folds.rehearse(Known(honest.astype(np.float32)), targets)
        before, after = rehearsal.errors()
        temperature = rehearsal.temperature(targets)
        assert after < before if temperature != 1 else after == pytest.approx(before)
        settled.add(temperature == 1)
    assert settled == {True, False}, "both must have come about"
