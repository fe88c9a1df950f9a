"""The check of the data: one pass over the files, one over their features, then all comparisons."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from deskclassify.core import architectures
from deskclassify.core.control import ShouldStop
from deskclassify.core.copies import united
from deskclassify.core.data_events import PROBLEM_KINDS, Checked, DataProblem
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Started, Throttle
from deskclassify.core.groups import find as find_groups
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Item, list_data
from deskclassify.core.words import counted
from deskclassify.ml import device
from deskclassify.ml.checking import copies, out_of_fold, outliers, quality, suspects
from deskclassify.ml.checking.looks import ROW, LookJob, Looks
from deskclassify.ml.checking.space import Alike, alike, compact, directions
from deskclassify.ml.features import FeatureJob, FeatureTable, recipe_of
from deskclassify.ml.zoo import Pretrained, load_pretrained

T = TypeVar("T")


@dataclass(frozen=True)
class _Pictures:
    """All that can be read: labelled ones first. `rows` are `looks.ROW`, `vectors` short features."""

    items: tuple[Item, ...]
    labelled: int
    rows: np.ndarray
    digests: list[str]
    vectors: np.ndarray


def check(request: CheckRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Look for wrong labels, copies, leaks, outliers and bad pictures.

    Stopped, it ends without a result; what was read is in the cache.

    Raises:
        InputError: the data or the run cannot be used, or no picture can be read.
        UserError: the network cannot be had.
    """
    begun = time.monotonic()
    run = RunFolder(Path(request.model)) if request.model else None
    if run is not None:
        run.info()  # says at once what is wrong with it
    pictures: _Pictures | None = None
    for step in _read(request, should_stop):
        if isinstance(step, _Pictures):
            pictures = step
        else:
            yield step
    if pictures is None:
        return
    search = _Search(pictures, request.data, should_stop)
    yield from search.run()
    if should_stop():
        return
    yield Checked(
        images=len(pictures.items),
        problems=tuple(sorted(search.problems, key=lambda one: PROBLEM_KINDS.index(one.kind))),
        out_of_fold_accuracy=search.accuracy,
        leak_accuracy=_leak_accuracy(run, search.copies) if run is not None else None,
        seconds=time.monotonic() - begun,
    )


def _read(request: CheckRequest, should_stop: ShouldStop) -> Iterator[Event | _Pictures]:
    """Everything that is needed of the files; nothing in the end when stopped."""
    architecture = architectures.get(request.architecture)
    where = device.choose(request.device)
    listing = list_data(request.data, should_stop)
    files = [item.path for item in (*listing.items, *listing.unlabelled)]
    if not files:
        raise InputError("There are no pictures to look at. Add a folder that holds some.")
    yield Started("check", counted(len(files), "picture"))
    looks = Looks()
    yield from LookJob(looks).run(files, should_stop)
    pretrained: Pretrained | None = None
    for loaded in load_pretrained(architecture, 2, "", should_stop):
        if isinstance(loaded, Pretrained):
            pretrained = loaded
        else:
            yield loaded
    if pretrained is None or should_stop():
        return
    table = FeatureTable({}, {}, set())
    recipe = recipe_of(pretrained, architecture, architecture.preprocess("squish"), where)
    readable = [path for path in files if path in looks.rows]
    yield from FeatureJob(recipe, table, exact=False).run(readable, "Looking at the pictures", should_stop)
    if should_stop():
        return
    labelled = [item for item in listing.items if item.path in table.rows]
    items = (*labelled, *(item for item in listing.unlabelled if item.path in table.rows))
    if not items:
        raise InputError(f"None of the {counted(len(files), 'file')} could be read. “scan” tells why.")
    features = np.stack([table.rows[item.path] for item in items])
    rows = np.array([looks.rows[item.path] for item in items], dtype=ROW)
    for step in compact(features):
        if should_stop():
            return
        if not isinstance(step, int):
            yield _Pictures(items, len(labelled), rows, [looks.digests[item.path] for item in items], step)


class _Search:
    """All comparisons; afterwards `problems`, `copies` and `accuracy` hold what was found."""

    def __init__(self, pictures: _Pictures, data: DataSpec, should_stop: ShouldStop) -> None:
        self._pictures = pictures
        self._data = data
        self._should_stop = should_stop
        self._directions = directions(pictures.vectors)
        self.problems: list[DataProblem] = []
        self.accuracy: float | None = None
        self.copies = copies.Copies((), np.empty(0, ROW), np.empty(0, np.int64), ())

    def run(self) -> Iterator[Event]:
        """Find all kinds; ends early when stopped."""
        yield from self._copies()
        if self._should_stop():
            return
        self.problems += self.copies.problems() + self.copies.leak_problems()
        self.problems += quality.find(self._pictures.items, self._pictures.rows)
        yield from self._labels()

    def _copies(self) -> Iterator[Event]:
        one = self._pictures
        equal = copies.exact(one.digests, one.rows["same"])
        pairs: list[copies.Pair] = []
        steps = copies.find(one.rows, equal, self._directions)
        yield from self._steps("Looking for copies", len(one.items), steps, pairs.extend)
        self.copies = copies.Copies(one.items, one.rows, equal, pairs)

    def _labels(self) -> Iterator[Event]:
        """Suspects and outliers, which need labels."""
        items = self._pictures.items[: self._pictures.labelled]
        classes = sorted({item.label for item in items})
        if not items:
            return
        number = {name: at for at, name in enumerate(classes)}
        labels = np.array([number[item.label] for item in items])
        vectors, away = self._pictures.vectors[: len(items)], self._directions[: len(items)]
        groups = self.copies.numbers()[: len(items)]
        if len(classes) > 1 and len(items) >= out_of_fold.LEAST_PICTURES:
            yield from self._suspects(items, vectors, away, labels, classes, groups)
        if self._should_stop():
            return
        kept: list[tuple[np.ndarray, np.ndarray]] = []
        steps = outliers.distances(vectors, labels, len(classes), groups)
        yield from self._steps("Looking for odd ones", len(items), steps, kept.append)
        if kept:
            self.problems += outliers.find(items, *kept[0])

    def _suspects(
        self,
        items: Sequence[Item],
        vectors: np.ndarray,
        away: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[str],
        groups: np.ndarray,
    ) -> Iterator[Event]:
        near: list[Alike] = []
        steps = alike(away, out_of_fold.NEIGHBOURS, groups)
        yield from self._steps("Looking for wrong labels", len(items), steps, near.append)
        if not near:
            return
        fold = out_of_fold.folds([item.key for item in items], labels, self._tied(items, groups), self._data.seed)
        found: list[np.ndarray] = []
        rounds = out_of_fold.probabilities(vectors, labels, len(classes), fold, near[0])
        yield from self._steps("Asking the others", out_of_fold.FOLDS, rounds, found.append)
        if found:
            self.accuracy = float((found[0].argmax(axis=1) == labels).mean())
            self.problems += suspects.find(items, found[0], labels, classes, near[0])

    def _tied(self, items: Sequence[Item], groups: np.ndarray) -> np.ndarray:
        """Numbers of groups that stay in one fold: copies, and what the user keeps together."""
        roots = frozenset(os.path.abspath(Path(source.path).expanduser()) for source in self._data.sources)
        by_folder = self._data.rule == "folder"
        told = find_groups(items, self._data.grouping, self._data.together, by_folder, roots)
        place = {item.key: at for at, item in enumerate(items)}
        tied = united([(at, int(first)) for at, first in enumerate(groups.tolist())])
        both = united([*tied, *([place[key], place[name]] for key, name in told.items() if name in place)])
        result = np.arange(len(items))
        for group in both:
            inside = [at for at in group if at < len(items)]
            result[inside] = min(inside, default=0)
        return result

    def _steps(self, stage: str, total: int, steps: Iterator[int | T], take: Callable[[T], object]) -> Iterator[Event]:
        """Run a search: numbers become progress, the answer goes to `take`; nothing comes once it is to stop."""
        throttle = Throttle()
        for step in steps:
            if self._should_stop():
                return
            if not isinstance(step, int):
                take(step)
            elif throttle.ready(step == total):
                yield Progress(stage, step, total)


def _leak_accuracy(run: RunFolder, found: copies.Copies) -> tuple[float, float] | None:
    """Of a run's own validation pictures, all of them and without those that have a copy in its training."""
    verdicts = run.predictions()
    subset = {item.path: item.subset for item in run.split()}
    leaking = found.paths_of_leaks(lambda item: subset.get(item.path, ""))
    right = [one.predicted == one.label for one in verdicts]
    clean = [one.predicted == one.label for one in verdicts if one.path not in leaking]
    if not clean or len(clean) == len(right):
        return None
    return sum(right) / len(right), sum(clean) / len(clean)
