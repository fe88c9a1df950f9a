"""What a model's answers are worth by the labels and class names as they are now, without asking it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from deskclassify.core.events import Scored, Verdict
from deskclassify.core.sources import DataSpec

LEAST = 1e-12  # probability that a loss is taken of


def names_now(
    then: DataSpec, now: DataSpec, classes: Sequence[str], found: Collection[str] | None = None
) -> dict[str, str]:
    """What the classes of a trained model are called now.

    A class was made of one or several names that were found in the data. It has a new name if all of those have; if
    they were merged when the model was trained and are apart now, the model cannot tell them apart and keeps its name.

    Args:
        then: the data that the model has learned from.
        now: the data as they are.
        classes: of the model.
        found: the names that folders, rule or tables give; None: each name may be one of them.

    Returns:
        class of the model → its name now; two of the same name were merged.
    """
    parts: dict[str, set[str]] = {name: set() for name in classes}
    for name in {*then.renamed, *then.renamed.values(), *now.renamed, *classes}:
        shown = then.renamed.get(name, name)
        if shown in parts and (found is None or name in found):
            parts[shown].add(name)
    result = {}
    for shown, those in parts.items():
        names = {now.renamed.get(name, name) for name in those or {shown}}
        result[shown] = names.pop() if len(names) == 1 else shown
    return result


def renamed(scored: Scored, names: Mapping[str, str]) -> Scored:
    """The answers with other class names; where two become one, their probabilities add up: no training is needed.

    Args:
        scored: as the model said.
        names: class → new name; those that are missing stay.
    """
    if all(names.get(name, name) == name for name in scored.classes):
        return scored
    wanted = [names.get(name, name) for name in scored.classes]
    classes = tuple(sorted(set(wanted)))
    sums = np.zeros((len(scored.verdicts), len(classes)), np.float32)
    for column, name in enumerate(wanted):
        sums[:, classes.index(name)] += scored.probabilities[:, column]
    labels = [names.get(one.label, one.label) for one in scored.verdicts]
    return judged(classes, [one.path for one in scored.verdicts], labels, sums)


def relabelled(scored: Scored, labels: Mapping[str, str]) -> Scored:
    """The answers held against other labels.

    Args:
        scored: as the model said.
        labels: path → label; pictures that are missing were taken out, and are left out.
    """
    kept = [at for at, one in enumerate(scored.verdicts) if one.path in labels]
    if len(kept) == len(scored.verdicts) and all(labels[one.path] == one.label for one in scored.verdicts):
        return scored
    paths = [scored.verdicts[at].path for at in kept]
    return judged(scored.classes, paths, [labels[path] for path in paths], scored.probabilities[kept])


def judged(classes: Sequence[str], paths: Iterable[str], labels: Sequence[str], probabilities: np.ndarray) -> Scored:
    """Verdicts from probabilities.

    Args:
        classes: of the columns.
        paths: of the pictures.
        labels: of the pictures; one that is none of the classes counts as wrong, with the largest loss.
        probabilities: float32 `[pictures, classes]`.
    """
    number = {name: at for at, name in enumerate(classes)}
    best = probabilities.argmax(axis=1) if len(labels) else np.empty(0, np.int64)
    verdicts = []
    for at, (path, label) in enumerate(zip(paths, labels, strict=True)):
        chance = float(probabilities[at, number[label]]) if label in number else 0.0
        loss = -float(np.log(max(chance, LEAST)))
        verdicts.append(Verdict(path, label, classes[best[at]], float(probabilities[at, best[at]]), loss))
    return Scored(tuple(classes), tuple(verdicts), probabilities)
