"""ROC and precision-recall curves, against scikit-learn and against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from deskclassify.core import curve_metrics
from deskclassify.core.curve_metrics import Counted, count

# Few different scores, so that ties are common.
QUESTIONS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), max_size=40)
MIXED = QUESTIONS.filter(lambda rows: len({positive for _, positive in rows}) == 2)


def parts(rows):
    return np.array([score for score, _ in rows], np.float32), np.array([positive for _, positive in rows], bool)


@given(QUESTIONS)
def test_every_threshold_is_counted(rows):
    scores, positive = parts(rows)
    curve = count(scores, positive)
    assert len(curve.thresholds) == 1 + len(np.unique(scores))
    for threshold, found, alarms in zip(curve.thresholds, curve.found, curve.alarms, strict=True):
        yes = scores >= threshold
        assert (found, alarms) == ((yes & positive).sum(), (yes & ~positive).sum())
    assert (curve.positives, curve.negatives) == (positive.sum(), (~positive).sum())


@given(MIXED)
def test_areas_are_those_of_scikit_learn(rows):
    scores, positive = parts(rows)
    curve = count(scores, positive)
    assert curve.auc == pytest.approx(sk.roc_auc_score(positive, scores))
    assert curve.average_precision == pytest.approx(sk.average_precision_score(positive, scores))
    rates, recalls, thresholds = sk.roc_curve(positive, scores, drop_intermediate=False)
    assert curve.false_alarm_rate == pytest.approx(rates) and curve.recall == pytest.approx(recalls)
    assert curve.thresholds == pytest.approx(thresholds)


@given(MIXED)
def test_the_auc_is_the_chance_to_rank_a_pair_rightly(rows):
    scores, positive = parts(rows)
    gaps = scores[positive][:, None] - scores[~positive][None, :]
    assert count(scores, positive).auc == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def test_one_kind_only_has_no_area():
    nothing = count(np.empty(0, np.float32), np.empty(0, bool))
    assert np.isnan(nothing.auc) and np.isnan(nothing.average_precision) and len(nothing.thresholds) == 1
    only = count(np.array([0.2, 0.7]), np.array([True, True]))
    assert np.isnan(only.auc) and only.average_precision == 1.0 and np.isnan(only.false_alarm_rate).all()
    assert np.isnan(count(np.array([0.2, 0.7]), np.array([False, False])).average_precision)


def test_micro_average_is_that_of_scikit_learn():
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet(np.ones(4), 60)
    labels = rng.integers(0, 4, 60)
    curve = curve_metrics.micro(probabilities, labels)
    hot = np.eye(4)[labels]
    assert curve.auc == pytest.approx(sk.roc_auc_score(hot, probabilities, average="micro"))
    assert curve.average_precision == pytest.approx(sk.average_precision_score(hot, probabilities, average="micro"))


def one_vs_rest(seed=3, pictures=80, classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, pictures)
    scores = rng.random((pictures, classes)) + 0.6 * np.eye(classes)[labels]
    return [count(scores[:, at], labels == at) for at in range(classes)]


def test_macro_curves_lie_between_those_of_the_classes():
    curves = one_vs_rest()
    rates, recalls = curve_metrics.macro_roc(curves)
    assert (rates[0], recalls[0], rates[-1], recalls[-1]) == (0, 0, 1, 1) and (np.diff(recalls) >= 0).all()
    area = float(np.trapezoid(recalls, rates))
    assert area == pytest.approx(np.mean([one.auc for one in curves]), abs=0.01)
    grid, precisions = curve_metrics.macro_precision_recall(curves)
    assert precisions[-1] == pytest.approx(
        np.mean([one.precision[one.found.searchsorted(one.positives)] for one in curves])
    )
    assert float(precisions.mean()) == pytest.approx(np.mean([one.average_precision for one in curves]), abs=0.03)
    assert len(grid) == len(precisions)


def test_macro_curves_of_nothing_are_empty():
    nobody = count(np.array([0.5, 0.1]), np.array([False, False]))
    assert [len(part) for part in (*curve_metrics.macro_roc([nobody]), *curve_metrics.macro_precision_recall([]))] == [
        0
    ] * 4


@given(MIXED)
def test_thinning_keeps_the_area_and_both_ends(rows):
    curve = count(*parts(rows))
    kept = curve_metrics.thinned(curve)
    assert kept[0] == 0 and kept[-1] == len(curve.found) - 1
    thin = Counted(curve.thresholds[kept], curve.found[kept], curve.alarms[kept], curve.positives, curve.negatives)
    assert thin.auc == pytest.approx(curve.auc)


def test_long_curves_are_drawn_with_few_points():
    rng = np.random.default_rng(0)
    positive = rng.random(20_000) < 0.5
    curve = count(rng.random(20_000) + 0.3 * positive, positive)
    kept = curve_metrics.thinned(curve, 300)
    assert 200 <= len(kept) <= 300 and kept[-1] == len(curve.found) - 1
