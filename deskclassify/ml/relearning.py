"""Learning a run's last layer anew from the labels as they are now: the job behind live retraining.

The trunk stays as the run has it, and its features are at hand (`run_features`), so only the head is learned, as the
frozen phase of a training does it: for a run with the preset quick the answer to unchanged labels is the run itself.
It depends on the run and on the labels only, never on what was asked before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from deskclassify.core import balance
from deskclassify.core.codec import from_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Relearned
from deskclassify.core.data_requests import RelearnRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Found, Item, arrange, find
from deskclassify.core.standing import judged
from deskclassify.ml import recipe, run_features
from deskclassify.ml.head_learning import Course, learn
from deskclassify.ml.loop import probabilities
from deskclassify.ml.phases import Logits
from deskclassify.ml.run_features import RunFeatures
from deskclassify.ml.targets import Targets

_EPOCHS = 20  # for a run that had no frozen phase
LOOKING = "Looking at the pictures"
LEARNING = "Learning the last layer"

_Stamp = tuple[int, ...]
_walked: list[tuple[Found, _Stamp]] = []  # the last walk through the folders


def forget() -> None:
    """Let go of the last walk."""
    _walked.clear()


def relearn(request: RelearnRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Learn the head anew; the run stays as it is.

    Pictures that the run knows stay on the side of the split that they had, as `sides` has it. A picture that is new
    is looked at first. A stop is obeyed between two batches.

    Yields:
        `Progress` while pictures are looked at and, if it takes long, while the head learns; then `Scored` of the
        validation pictures, and `Relearned`.

    Raises:
        InputError: it is no run, or fewer than two classes have training pictures.
    """
    begun = time.monotonic()
    run = RunFolder(Path(request.model))
    known = run_features.open_run(run, request.device)
    items = sides(known, request.data, _items(request.data, should_stop))
    train, valid = ([item for item in items if item.subset == subset] for subset in ("train", "valid"))
    yield from known.look([item.path for item in train], False, LOOKING, should_stop)
    yield from known.look([item.path for item in valid], True, LOOKING, should_stop)
    if should_stop():
        return
    train = [item for item in train if item.path in known.fast.rows]
    valid = [item for item in valid if item.path in known.exact.rows]
    if len(_labels(train)) < 2:
        raise InputError(
            "Fewer than two classes have pictures to learn from. Give pictures of at least two classes their label."
        )
    # As in a training, all classes count, also those that only pictures kept for the test have.
    classes = tuple(sorted({item.label for item in items if item.subset == "test"} | _labels(train) | _labels(valid)))
    logits = yield from _learn(known, request.data, train, valid, classes, should_stop)
    if logits is None:
        return
    chance = probabilities(logits).astype(np.float32)
    scored = judged(classes, [item.path for item in valid], [item.label for item in valid], chance)
    right = sum(one.label == one.predicted for one in scored.verdicts)
    yield scored
    yield Relearned(request.model, right / max(1, len(valid)), len(train), time.monotonic() - begun)


# -- pictures -------------------------------------------------------------------------


def _items(data: DataSpec, should_stop: ShouldStop) -> tuple[Item, ...]:
    """The pictures by the labels as they are now. The folders are walked again when one of them has changed."""
    if not _walked or not _walked[0][0].fits(data) or _walked[0][1] != _stamp(_walked[0][0]):
        found = find(data, should_stop)
        if should_stop():
            return ()  # it was not walked to its end
        _walked[:] = [(found, _stamp(found))]
    return arrange(_walked[0][0], data).items


def _stamp(found: Found) -> _Stamp:
    """When the folders that hold pictures, those above them, and the table of labels were written last."""
    roots = {os.path.abspath(Path(source.path).expanduser()) for source in found.sources}
    folders = set(roots)
    pending = {os.path.dirname(item.path) for item in (*found.items, *found.unlabelled)}  # noqa: PTH120 - many of them
    while pending:
        folders |= pending
        pending = {os.path.dirname(folder) for folder in pending} - folders  # noqa: PTH120
    files = [*sorted(folders), found.rule.partition(":")[2]]
    return tuple(os.stat(file).st_mtime_ns if os.path.exists(file) else 0 for file in files)  # noqa: PTH110, PTH116


def sides(known: RunFeatures, data: DataSpec, items: Sequence[Item]) -> list[Item]:
    """The pictures with the subset in which they take part here.

    A split by shares follows the labels, so a changed label can move other pictures to the other side. Here those that
    the run knows stay where they were: the accuracy is that of the same pictures. If the split itself was changed by
    hand, the new one holds where the trunk is the pretrained one. A trunk that has learned knows its training pictures
    by heart, so that only the run's validation pictures tell anything; of them, and of those to learn from, only what
    is kept for the test now is left out.

    Args:
        known: the run whose split it was.
        data: as it is now.
        items: by `data`.
    """
    then = known.run.data()
    is_same = then is not None and _way_to_split(then) == _way_to_split(data)
    before = {item.path: item.subset for item in known.items}
    result = []
    for item in items:
        side = before.get(item.path, "")
        stays = side and (is_same or (not known.pretrained and item.subset != "test"))
        result.append(replace(item, subset=side) if stays else item)
    return result


def _way_to_split(data: DataSpec) -> tuple[object, ...]:
    return data.valid_pct, data.test_pct, data.valid_folder, data.seed, data.grouping, data.together


def _labels(items: Sequence[Item]) -> set[str]:
    return {item.label for item in items}


# -- learning -------------------------------------------------------------------------


def _settings(known: RunFeatures) -> FitRequest:
    """Those of the run; the usual ones where it does not say."""
    try:
        request: FitRequest = from_json(FitRequest, known.info.raw["request"])
    except (KeyError, TypeError, ValueError):
        return FitRequest(DataSpec(), str(known.run.path), preset="quick")
    return request


def _learn(
    known: RunFeatures,
    data: DataSpec,
    train: Sequence[Item],
    valid: Sequence[Item],
    classes: tuple[str, ...],
    should_stop: ShouldStop,
) -> Generator[Event, None, Logits | None]:
    """Learn a head as the frozen phase of a training does.

    Returns:
        scores of the validation pictures, float32 `[valid, classes]`; None when stopped.
    """
    settings = _settings(known)
    chosen = recipe.choose(settings, len(train))
    numbers = {name: at for at, name in enumerate(classes)}
    labels = [numbers[item.label] for item in train]
    counts = {name: labels.count(at) for at, name in enumerate(classes)}
    targets = Targets(torch.tensor(labels), len(classes), 0.0, balance.plan(counts, settings.balance))
    course = Course(
        chosen.frozen_epochs or _EPOCHS, chosen.frozen_batch, chosen.frozen_rate, data.seed, settings.patience
    )
    steps = learn(
        known.rows([item.path for item in train], exact=False),
        targets,
        known.rows([item.path for item in valid], exact=True),
        np.array([numbers[item.label] for item in valid], dtype=np.int64),
        course,
        should_stop,
    )
    throttle = Throttle()
    for step in steps:
        if not isinstance(step, int):
            return step
        if throttle.ready():
            yield Progress(LEARNING, step, course.epochs)
    return None
