"""Features of a run's pictures, kept at hand: in memory for the last run, and on the disk.

Where training has changed the head alone, the trunk is the pretrained one, and the features are those that training
itself has left in the cache. Otherwise the run's own trunk looks at the pictures once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from deskclassify.core.architectures import Architecture, get
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.run_folder import RunFolder, RunInfo
from deskclassify.core.sources import Item
from deskclassify.ml import device as devices
from deskclassify.ml import trunk, weights
from deskclassify.ml.device import Device
from deskclassify.ml.features import FeatureJob, FeatureTable, Recipe, recipe_of
from deskclassify.ml.inspection.before import pretrained_of
from deskclassify.ml.validation import WORTH_TRACING
from deskclassify.ml.zoo import Classifier, Head, Pretrained, load_run

_log = logging.getLogger(__name__)
Key = tuple[str, int, str]
"""run folder, when its weights were written, and the device that was asked for"""


@dataclass
class RunFeatures:
    """A run's network, and what it made of pictures.

    Attributes:
        key: of the weights that it holds for.
        run, info: the run.
        items: the pictures that the run was trained and validated on.
        head: of the run's network, in eval mode.
        pretrained: whether training has left the trunk as it was.
        many, few: how features are made of many pictures, for which a graph is worth its making, and of some.
        fast, exact: features by path, of fast decodes (to learn from) and of full ones (to measure on); see
            `images.read`. They grow while pictures are looked at, also by a job that is stopped.
    """

    key: Key
    run: RunFolder
    info: RunInfo
    items: list[Item]
    head: Head
    pretrained: bool
    many: Recipe
    few: Recipe
    fast: FeatureTable = field(default_factory=lambda: FeatureTable({}, {}, set()))
    exact: FeatureTable = field(default_factory=lambda: FeatureTable({}, {}, set()))

    def look(self, files: Sequence[str], exact: bool, stage: str, should_stop: ShouldStop) -> Iterator[Event]:
        """Look at what was not looked at yet; the table then has a row or an error for each file, unless stopped.

        A file that has changed on the disk since is not looked at again as long as this process lives; one that could
        not be read is.

        Args:
            files: paths.
            exact: which of the two tables is filled.
            stage: name in the progress events, of which there are none where all is known.
            should_stop: as ever.
        """
        table = self.exact if exact else self.fast
        if exact:
            self._share(files)
        missing = [path for path in files if path not in table.rows]
        if not missing:
            return
        for path in missing:
            table.errors.pop(path, None)  # it may have been put back since
        known = len(files) - len(missing)
        recipe = self.many if len(missing) >= WORTH_TRACING else self.few
        for event in FeatureJob(recipe, table, exact).run(missing, stage, should_stop):
            if isinstance(event, Progress):
                event = replace(event, done=event.done + known, total=event.total + known)
            yield event

    def rows(self, files: Sequence[str], exact: bool) -> np.ndarray:
        """Features of pictures that were looked at, float32 `[len(files), length]`."""
        result = np.empty((len(files), self.many.length), np.float32)
        (self.exact if exact else self.fast).copy_to(result, files)
        return result

    def _share(self, files: Sequence[str]) -> None:
        """Most pictures are decoded alike either way: then they have the same features."""
        fast, exact = self.fast, self.exact
        for path in files:
            if path in fast.rows and path not in fast.drafted and path not in exact.rows:
                exact.rows[path] = fast.rows[path]


_last: list[RunFeatures] = []  # of the last run only


def forget() -> None:
    """Let go of what is kept of the last run."""
    _last.clear()


def open_run(run: RunFolder, device: str) -> RunFeatures:
    """The features of a run; its network is opened where it is not the last one.

    Raises:
        InputError: it is no run, or one without weights.
    """
    info = run.info()
    if not run.best.is_file():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    key = (str(run.path.absolute()), run.best.stat().st_mtime_ns, device)
    if not _last or _last[0].key != key:
        _last[:] = [_open(run, info, key, devices.choose(device))]
    return _last[0]


def _open(run: RunFolder, info: RunInfo, key: Key, device: Device) -> RunFeatures:
    network = load_run(info.architecture, len(info.classes), run.best)
    architecture, size = get(info.architecture), info.preprocess.size
    before = pretrained_of(info)
    if before is not None and _is_same_trunk(network, before):
        many = recipe_of(before, architecture, info.preprocess, device)
    else:
        before = None
        many = _own_recipe(run, network, architecture, info, device)
    few = replace(many, run=trunk.runner(network.trunk, architecture, None, size, device, worth_it=False))
    return RunFeatures(key, run, info, run.split(), network.head, before is not None, many, few)


def _own_recipe(
    run: RunFolder, network: Classifier, architecture: Architecture, info: RunInfo, device: Device
) -> Recipe:
    digest = weights.sha256(run.best)[:16]
    return Recipe(
        trunk.runner(network.trunk, architecture, None, info.preprocess.size, device),
        f"{architecture.name}-run-{digest}",
        architecture.features,
        info.preprocess,
        trunk.chunk_size(device),
    )


def _is_same_trunk(network: Classifier, before: Pretrained) -> bool:
    """Whether training has left the trunk as it was, to the bit (but for counters of batches)."""
    known = before.trunk.state_dict()
    return all(
        torch.equal(value, known[name])
        for name, value in network.trunk.state_dict().items()
        if not name.endswith("num_batches_tracked")
    )
