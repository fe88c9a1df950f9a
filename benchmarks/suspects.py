"""Whether wrong labels are found: `python benchmarks/suspects.py FOLDER…`.

A share of the labels of a folder of class folders is changed at random, and the check is asked. Prints, for several
seeds, how many of the changed labels stand in the first 5 % of its list (recall), how many of those first 5 % were
changed (precision; the rest of them are labels that were doubtful before), and the out-of-fold accuracy. Where cleanlab
is installed (AGPL-3.0; nothing of the program uses it) its ranking by the same probabilities stands beside. Exits with
1 if the mean recall is below 70 %.

    --seeds N       how many random changes (10)
    --share X       of the labels (0.03)
    --first X       of the list (0.05)
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.control import never
from deskclassify.core.data_events import Checked
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.checking.check import check

WANTED = 0.70


def changed(spec: DataSpec, share: float, seed: int) -> DataSpec:
    """The data with a share of the labels changed to another class each."""
    items = sorted(list_data(spec).items, key=lambda item: item.key)
    classes = sorted({item.label for item in items})
    dice = random.Random(seed)
    chosen = dice.sample(items, round(share * len(items)))
    given = {one.key: dice.choice([name for name in classes if name != one.label]) for one in chosen}
    return replace(spec, relabelled=given)


def ranked(spec: DataSpec) -> tuple[list[str], Checked]:
    done = next(event for event in check(CheckRequest(spec), never) if isinstance(event, Checked))
    return [problem.keys[0] for problem in done.problems if problem.kind == "suspect"], done


def ranked_by_cleanlab(spec: DataSpec) -> list[str] | None:
    """The order of cleanlab for logistic regression on the same short features; None where it is not installed."""
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from deskclassify.ml.checking.check import _Pictures, _read

    seen: Any = next(step for step in _read(CheckRequest(spec), never) if isinstance(step, _Pictures))
    labels = np.unique([item.label for item in seen.items], return_inverse=True)[1]
    vectors = seen.vectors / seen.vectors.std()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=0.01, max_iter=500)
    found = cross_val_predict(model, vectors, labels, cv=folds, method="predict_proba")
    order = np.argsort(get_label_quality_scores(labels, found), kind="stable")
    return [seen.items[at].key for at in order]


def hits(keys: list[str], wrong: set[str], images: int, first: float) -> tuple[float, float]:
    """Recall and precision of the beginning of a list."""
    begin = keys[: int(first * images)]
    right = len(wrong & set(begin))
    return right / len(wrong), right / max(1, len(begin))


def measure(folder: Path, seeds: int, share: float, first: float) -> bool:
    """Print the figures of a folder; whether enough was found."""
    print(f"{folder.name}: {share:.0%} of the labels changed, the first {first:.0%} of the list")
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for seed in range(seeds):
        spec = changed(DataSpec((Source(str(folder)),)), share, seed)
        keys, done = ranked(spec)
        wrong = set(spec.relabelled)
        ours.append(hits(keys, wrong, done.images, first))
        beside = ranked_by_cleanlab(spec)
        text = ""
        if beside is not None:
            theirs.append(hits(beside, wrong, done.images, first))
            text = f"; cleanlab with logistic regression: recall {theirs[-1][0]:.0%}, precision {theirs[-1][1]:.0%}"
        print(
            f"  seed {seed}: {len(wrong)} changed, {len(keys)} suspects, recall {ours[-1][0]:.0%}, precision "
            f"{ours[-1][1]:.0%}, out-of-fold accuracy {done.out_of_fold_accuracy:.1%}, {done.seconds:.1f} s{text}",
            flush=True,
        )
    for name, rows in (("ours", ours), ("cleanlab", theirs)):
        if rows:
            recall, precision = ([row[column] for row in rows] for column in (0, 1))
            print(
                f"  {name}: recall {statistics.mean(recall):.1%} (least {min(recall):.0%}), "
                f"precision {statistics.mean(precision):.1%}"
            )
    return statistics.mean(row[0] for row in ours) >= WANTED


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--first", type=float, default=0.05)
    options = parser.parse_args()
    sound = [measure(folder.resolve(), options.seeds, options.share, options.first) for folder in options.folders]
    raise SystemExit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
