"""ROC and precision-recall curves, against scikit-learn and against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from deskclassify.core.curve_metrics import Macro, count, micro, precision_at, thinned

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
    curve = micro(probabilities, labels)
    hot = np.eye(4)[labels]
    assert curve.auc == pytest.approx(sk.roc_auc_score(hot, probabilities, average="micro"))
    assert curve.average_precision == pytest.approx(sk.average_precision_score(hot, probabilities, average="micro"))


def one_vs_rest(seed=3, pictures=80, classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, pictures)
    scores = rng.random((pictures, classes)) + 0.6 * np.eye(classes)[labels]
    return [count(scores[:, at], labels == at) for at in range(classes)]


def test_macro_curves_are_the_mean_of_those_of_the_classes():
    curves, macro = one_vs_rest(), Macro()
    for one in curves:
        macro.add(one)
    macro.add(count(np.array([0.5, 0.1]), np.array([False, False])))  # a class without pictures
    assert macro.classes == 3 and macro.auc == pytest.approx(np.mean([one.auc for one in curves]))
    assert macro.average_precision == pytest.approx(np.mean([one.average_precision for one in curves]))
    assert macro.recalls[-1] == 1 and (np.diff(macro.recalls) >= 0).all()
    assert float(np.trapezoid(macro.recalls, macro.grid)) == pytest.approx(macro.auc, abs=0.01)
    assert macro.precisions[-1] == pytest.approx(
        np.mean([one.precision[one.found.searchsorted(one.positives)] for one in curves])
    )
    assert float(macro.precisions.mean()) == pytest.approx(macro.average_precision, abs=0.03)


def test_a_macro_average_of_nothing_is_no_number():
    nothing = Macro(5)
    assert np.isnan([nothing.auc, nothing.average_precision, *nothing.recalls, *nothing.precisions]).all()


@given(MIXED)
def test_precision_at_a_recall_is_that_of_the_threshold_which_reaches_it(rows):
    curve = count(*parts(rows))
    for recall, precision in zip(curve.recall[1:], precision_at(curve, curve.recall[1:]), strict=True):
        reached = np.flatnonzero(curve.recall >= max(recall, 1 / curve.positives) - 1e-12)[0]
        assert precision == curve.precision[reached]


def test_long_curves_are_drawn_with_few_points():
    rng = np.random.default_rng(0)
    positive = rng.random(20_000) < 0.1
    curve = count(rng.random(20_000) + 0.3 * positive, positive)
    thin = thinned(curve, 300)
    assert 200 <= len(thin.found) <= 302 and thin.auc == pytest.approx(curve.auc, abs=1e-4)
    assert (thin.found[0], thin.found[-1], thin.alarms[-1]) == (0, curve.positives, curve.negatives)
    grid = np.linspace(0.01, 1, 50)
    assert np.abs(precision_at(thin, grid) - precision_at(curve, grid)).mean() < 0.005
    assert thinned(thin, 400) is thin
