"""What `measure` makes of verdicts, and how the command line tells it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rich.console import Console

from deskclassify.cli.tables import evaluated
from deskclassify.core.events import Verdict
from deskclassify.core.metrics import wilson
from deskclassify.core.run_folder import MOST_TOP_LOSSES, measure

NAMES = tuple(f"class {at:02d}" for at in range(20))


def verdicts(count=500, seed=1):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(20), count).astype(np.float32)
    labels = [NAMES[at] for at in rng.integers(0, 20, count)]
    made = []
    for at, (label, row) in enumerate(zip(labels, chances, strict=True)):
        loss = round(-math.log(row[NAMES.index(label)]), 1)  # many are equal
        made.append(Verdict(f"{at % 97:02d}/{at}", label, NAMES[row.argmax()], float(row.max()), loss))
    return made, chances


def told(result):
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(evaluated(result))
    return capture.get()


def test_the_highest_losses_are_those_of_a_full_sort():
    made, _ = verdicts()
    made[77] = Verdict("nan", NAMES[0], NAMES[1], 0.5, math.nan)
    made[78] = Verdict("inf", NAMES[0], NAMES[1], 0.5, math.inf)
    wanted = sorted(made, key=lambda one: (-one.loss if math.isfinite(one.loss) else -math.inf, one.path))
    assert [one.path for one in measure(made, NAMES).top_losses] == [one.path for one in wanted[:MOST_TOP_LOSSES]]
    assert len(measure(made[:3], NAMES).top_losses) == 3


def test_top_k_counts_unknown_labels_as_not_found():
    made, chances = verdicts(10)
    unknown = [Verdict(one.path, "new", one.predicted, one.probability, 27.6) for one in made]
    result = measure(unknown, NAMES, probabilities=chances)
    assert (result.top3, result.top5, result.accuracy) == (0.0, 0.0, 0.0)
    assert measure(made, NAMES).top3 is None, "without probabilities nobody knows"
    assert measure([], NAMES, probabilities=chances[:0]).top5 is None


def test_the_command_line_tells_the_interval_and_of_many_classes_the_pairs():
    made, chances = verdicts()
    result = measure(made, NAMES, probabilities=chances)
    low, high = wilson(sum(one.label == one.predicted for one in made), 500)
    assert (result.accuracy_low, result.accuracy_high) == pytest.approx((low, high))
    text = told(result)
    assert f"with 95 % confidence {low:.0%} to {high:.0%}" in text
    assert f"top-3 {result.top3:.1%}, top-5 {result.top5:.1%}, macro F1 {result.macro_f1:.1%}." in text
    assert "Most confused" in text and "actual \\ predicted" not in text


def test_of_few_classes_the_matrix_says_it_all():
    made = [Verdict("a", "x", "x", 0.9, 0.1), Verdict("b", "x", "y", 0.6, 2.0)]
    text = told(measure(made, ("x", "y")))
    assert "actual \\ predicted" in text and "Most confused" not in text and "top-3" not in text
