"""Findings on made histories: what is said, what is not, and what the next step sets."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deskclassify.core import diagnosis
from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.codec import to_json
from deskclassify.core.curves import Curves, Setup
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Finding, FitDone, Suggestion
from deskclassify.core.requests import PRESETS, FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Item

EVEN = Setup({"ants": 200, "bees": 200}, 100)
SIX = Setup({f"class {n}": 60 for n in range(6)}, 100)
LN2, LN6 = math.log(2), math.log(6)


def one_cycle(at: float, peak: float = 3e-3) -> float:
    """The rate at the end of an epoch, `at` of the way through the phase."""
    if at < 0.25:
        return peak * at / 0.25
    return peak * (1 + math.cos(math.pi * (at - 0.25) / 0.75)) / 2 + 1e-7


def history(train, valid, accuracy=0.9, phase="frozen", first=1, peak=3e-3):
    accuracies = accuracy if isinstance(accuracy, list) else [accuracy] * len(train)
    return [
        EpochDone(phase, first + at, a, b, c, 1 - c, one_cycle((at + 1) / len(train), peak), 1.0, 100.0, len(train))
        for at, (a, b, c) in enumerate(zip(train, valid, accuracies, strict=True))
    ]


def decay(start, floor, speed, count=20):
    """A loss that falls like an exponential of the way that a one-cycle schedule goes."""
    rates = [0.0] + [one_cycle((at + 1) / count, 1.0) for at in range(count)]
    way, values = 0.0, []
    for before, after in pairwise(rates):
        way += (before + after) / 2
        values.append(floor + (start - floor) * math.exp(-speed * way))
    return values


HEALTHY = history(decay(LN6, 0.05, 0.6), decay(LN6, 0.45, 0.6), 0.87)


def kinds(rows, setup=SIX):
    return [one.kind for one in diagnosis.read(rows, setup)]


def only(rows, setup=SIX) -> Finding:
    found = diagnosis.read(rows, setup)
    assert len(found) == 1, found
    return found[0]


def test_a_healthy_run_gives_no_warning():
    good = only(HEALTHY)
    assert (good.kind, good.level) == ("good", "good")
    assert "came down to 0.45 (guessing gives 1.79)" in good.text
    assert good.suggestion == Suggestion(preset="balanced")
    assert only(HEALTHY, replace(SIX, preset="thorough")).suggestion is None


def test_a_validation_loss_below_the_training_loss_is_no_fault():
    """Dropout and changed copies make training harder than validation."""
    assert kinds(history(decay(LN6, 0.5, 0.6), decay(LN6, 0.2, 0.6), 0.95)) == ["good"]


def test_a_bump_in_the_middle_of_the_cycle_is_no_fault():
    train, valid = decay(LN6, 0.1, 0.6), decay(LN6, 0.4, 0.6)
    for at in (4, 5, 6):
        train[at] += 0.6
        valid[at] += 0.5
    assert kinds(history(train, valid)) == ["good"]


def test_a_jagged_curve_of_few_pictures_is_no_overfitting():
    train, valid = decay(LN2, 0.05, 0.8), decay(LN2, 0.15, 0.8)
    valid[-1] = valid[-2] = 0.4  # one picture of eight has become two nats worse
    assert kinds(history(train, valid, 0.875), replace(EVEN, valid_images=8)) == ["few_validation", "good"]
    assert kinds(history(train, valid, 0.875), replace(EVEN, valid_images=200)) == ["overfitting"]


def test_overfitting():
    valid = [1.6, 1.2, 0.8, 0.6, 0.5, *(0.5 + 0.02 * at for at in range(1, 16))]
    rows = history(decay(LN6, 0.0, 1.0), valid)
    found = only(rows)
    assert (found.kind, found.level) == ("overfitting", "warning")
    assert "lowest in epoch 5 (0.50) and ended at 0.79" in found.text
    assert found.suggestion == Suggestion(preset="balanced")
    longer = only(rows, replace(SIX, preset="balanced"))
    assert longer.suggestion == Suggestion(epochs=10) and "10 epochs" in longer.advice


def test_what_was_learned_by_heart_and_never_understood():
    found = only(history(decay(LN2, 0.05, 0.5), [LN2 + 0.05 * at for at in range(20)], 0.5), EVEN)
    assert found.kind == "overfitting" and found.suggestion is None
    assert "labels" in found.advice and "never better than guessing" in found.advice


def test_a_learning_rate_that_is_too_high():
    found = only(history([3.5, 12.0, 9.0, 2.0, 1.5], [5.0] * 5, 0.7, peak=1.0), replace(SIX, learning_rate=1.0))
    assert (found.kind, found.suggestion) == ("learning_rate_high", Suggestion(learning_rate=0.1))
    assert "epoch 2" in found.text and "12" in found.text and "1.79" in found.text


def test_a_loss_that_is_no_number():
    rows = history([1.7, math.nan], [1.6, math.nan], peak=0.2)
    found = diagnosis.read(rows, replace(SIX, learning_rate=0.2))
    assert found[0].kind == "learning_rate_high" and "no number" in found[0].text
    assert found[0].suggestion is not None and found[0].suggestion.learning_rate == 0.02


def test_a_loss_that_became_infinite():
    found = only(HEALTHY[:3], replace(SIX, stopped=True, diverged=True, learning_rate=0.5))
    assert (found.kind, found.suggestion) == ("learning_rate_high", Suggestion(learning_rate=0.05))
    assert "In epoch 4 the loss became infinite" in found.text
    found = only([], replace(SIX, stopped=True, diverged=True))
    assert found.suggestion is None and "a lower learning rate" in found.advice


def test_a_good_network_that_is_lost_again_had_too_high_a_rate_or_overfits():
    valid = [1.0, 0.5, *(0.5 + 0.08 * at for at in range(1, 19))]
    rows = history(decay(LN6, 0.0, 2.0), valid, peak=0.03)
    assert only(rows, replace(SIX, learning_rate=0.03)).kind == "learning_rate_high"
    assert only(rows).kind == "overfitting"  # the automatic rate is known to suit


def test_too_high_a_rate_that_did_no_harm_is_no_warning():
    rows = history([0.5, 0.1, 1.2, 0.9, 0.01], [0.2, 0.02, 0.01, 0.01, 0.01], 1.0)
    assert kinds(rows, EVEN) == ["good"]
    found = only(rows, replace(EVEN, learning_rate=1e-2))
    assert (found.kind, found.level) == ("learning_rate_high", "info")


@pytest.mark.parametrize(("fallen", "rate"), [(0.004, 1e-4), (0.05, 1e-5)])
def test_a_learning_rate_that_is_too_low(fallen, rate):
    way = decay(1.0, 0.0, 0.01)
    curve = [LN6 * (1 - fallen * (1 - one) / (1 - way[-1])) for one in way]
    found = only(history(curve, curve, 0.7, peak=1e-6), replace(SIX, learning_rate=1e-6))
    assert (found.kind, found.level) == ("learning_rate_low", "warning")
    assert found.suggestion == Suggestion(learning_rate=rate)
    assert f"by only {100 * fallen:.1f} %" in found.text


def test_an_end_on_the_way_down():
    curve = decay(LN6, 0.3, 0.4, count=4)
    found = only(history(curve, curve, 0.7))
    assert (found.kind, found.level, found.suggestion) == ("more_epochs", "info", Suggestion(epochs=10))
    slow = decay(LN6, 0.2, 0.1, count=15)
    assert only(history(slow, slow, 0.7)).suggestion == Suggestion(epochs=30)
    asked = replace(SIX, learning_rate=1e-4)
    assert only(history(slow, slow, 0.7, peak=1e-4), asked).suggestion == Suggestion(learning_rate=1e-3)


def test_underfitting():
    flat = decay(LN6, 1.3, 2.0)
    found = only(history(flat, flat, 0.35))
    assert found.kind == "underfitting" and found.suggestion == Suggestion(preset="balanced")
    assert "1.30" in found.text and "1.79" in found.text
    assert only(history(flat, flat, 0.35), replace(SIX, preset="balanced")).suggestion is None
    contradicted = history([LN6 * 0.93] * 20, [LN6 * (1 + 0.1 * at) for at in range(20)], 0.1)
    assert only(contradicted).kind == "underfitting", "it knows nothing by heart either"


def test_one_who_only_knows_which_class_is_frequent():
    setup = Setup({"good": 950, "bad": 50}, 200)
    assert setup.commonest == 0.95 and setup.entropy == pytest.approx(0.1985, abs=1e-4)
    flat = decay(LN2, 0.199, 2.0)
    found = diagnosis.read(history(flat, flat, 0.95), setup)
    assert [one.kind for one in found] == ["underfitting", "imbalance"]
    assert "95.0 %" in found[0].text


def test_whole_network_that_brings_nothing_or_does_harm():
    worse = history([0.5, 0.4, 0.3, 0.2], [0.7, 0.7, 0.6, 0.6], 0.85, "unfrozen", first=21)
    found = only([*HEALTHY, *worse])
    assert (found.kind, found.level, found.suggestion) == ("no_gain", "info", None)
    bad = [replace(row, accuracy=0.6, error_rate=0.4) for row in worse]
    found = only([*HEALTHY, *bad], replace(SIX, preset="balanced", learning_rate=3e-3))
    assert (found.level, found.suggestion) == ("warning", Suggestion(learning_rate=1e-3))
    assert "87.0 %" in found.text and "60.0 %" in found.text
    ruined = [replace(row, accuracy=0.2, error_rate=0.8) for row in worse]
    found = only([*HEALTHY, *ruined], replace(SIX, preset="balanced", learning_rate=0.03))
    assert (found.kind, found.suggestion) == ("learning_rate_high", Suggestion(learning_rate=0.003))
    better = history([0.5, 0.4, 0.3, 0.2], [0.45, 0.42, 0.4, 0.38], 0.92, "unfrozen", first=21)
    assert kinds([*HEALTHY, *better]) == ["good"]


def test_too_little_validation_data():
    found = diagnosis.read(HEALTHY, replace(SIX, valid_images=15))
    assert [one.kind for one in found] == ["few_validation", "good"]
    assert "87.0 % on 15 validation pictures" in found[0].text and "62 to 96 %" in found[0].text
    assert "± 17 points" in found[0].text and "about 180 would give ± 5 points" in found[0].advice
    unmeasured = [replace(row, valid_loss=None, accuracy=None, error_rate=None) for row in HEALTHY]
    found = only(unmeasured, replace(SIX, valid_images=0))
    assert found.kind == "few_validation" and "No pictures were kept" in found.text


@pytest.mark.parametrize(
    ("counts", "balance", "level", "suggestion"),
    [
        ((300, 80), "auto", None, None),
        ((300, 70), "auto", "info", None),
        ((300, 70), "none", "warning", Suggestion(balance="auto")),
        ((300, 25), "auto", "warning", None),
        ((30, 6), "auto", "warning", None),
    ],
)
def test_imbalance(counts, balance, level, suggestion):
    setup = replace(EVEN, counts=dict(zip(("many", "few"), counts, strict=True)), balance=balance)
    found = {one.kind: one for one in diagnosis.read(HEALTHY, setup)}
    assert ("imbalance" in found) == (level is not None)
    if level is not None:
        assert (found["imbalance"].level, found["imbalance"].suggestion) == (level, suggestion)
        assert "“few”" in found["imbalance"].text and str(counts[1]) in found["imbalance"].text


def test_a_stopped_training_is_not_blamed_for_its_end():
    curve = decay(LN6, 0.3, 0.4, count=4)
    assert kinds(history(curve, curve, 0.7), replace(SIX, stopped=True)) == []
    assert kinds(history([30.0] * 3, [5.0] * 3), replace(SIX, stopped=True)) == ["learning_rate_high"]
    assert diagnosis.read([], SIX) == ()


def test_every_finding_is_of_a_known_kind_and_a_suggestion_can_be_asked_for():
    fields = FitRequest.__dataclass_fields__.keys()
    assert set(Suggestion.__dataclass_fields__) <= fields
    found = [*diagnosis.read(HEALTHY, replace(SIX, valid_images=5)), only(history([9.0], [9.0]))]
    assert {one.kind for one in found} <= set(diagnosis.KINDS)
    presets = {one.suggestion.preset for one in found if one.suggestion and one.suggestion.preset}
    assert presets <= set(PRESETS)


def test_progress_is_measured_by_the_way_and_not_by_epochs():
    """A straight line in the sum of rates is still falling, though the end looks flat by epochs."""
    span = decay(1.0, 0.0, 1e-6)
    straight = [LN2 * (1 - 0.5 * (1 - one) / (1 - span[-1])) for one in span]
    assert Curves.of(history(straight, straight), 2).still_falling == pytest.approx(0.5, abs=0.03)
    assert abs(straight[-1] - straight[-3]) < 0.01 * LN2
    assert Curves.of(HEALTHY, 6).still_falling < 0.15


# -- of a run folder ------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    request = FitRequest(DataSpec(), str(run.path), preset="quick")
    done = FitDone(str(run.path), 0.87, 0.13, 20, tuple("abcdef"), 50, 10, 0, 1.0, False)
    result = to_json(done)
    del result["findings"]  # as an older program wrote it
    run.write_info(
        {
            "classes": list("abcdef"),
            "architecture": "resnet18",
            "preprocess": ARCHITECTURES["resnet18"].preprocess("crop"),
            "request": request,
            "result": result,
        }
    )
    run.write_split(Item(f"/{n}.png", f"{n}.png", "abcdef"[n % 6], "valid" if n < 10 else "train") for n in range(60))
    run.write_history(HEALTHY)
    return run


def test_an_older_run_is_read_from_its_history(run: RunFolder):
    assert [one.kind for one in diagnosis.of_run(run)] == ["few_validation", "good"]
    assert diagnosis.of_run(run) == diagnosis.read(HEALTHY, replace(SIX, valid_images=10))


def test_stored_findings_are_shown_as_they_are(run: RunFolder):
    raw = run.info().raw
    stored = Finding("imbalance", "T", "text", "advice", "info", Suggestion(balance="auto"))
    raw["result"]["findings"] = to_json((stored,))
    run.write_info(raw)
    assert diagnosis.of_run(run) == (stored,)


@pytest.mark.parametrize("findings", [[{"kind": 3}], [7], "text"])
def test_damaged_findings_are_a_sentence(run: RunFolder, findings):
    raw = json.loads(run.info_file.read_text())
    raw["result"]["findings"] = findings
    run.write_info(raw)
    with pytest.raises(InputError, match="cannot be read"):
        diagnosis.of_run(run)
