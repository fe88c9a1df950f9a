"""From a recipe and a dataset to the two phases of a training, and to what they need open meanwhile."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import nn

from deskclassify.core import balance, paths
from deskclassify.core.architectures import Architecture
from deskclassify.core.balance import BalancePlan
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Message
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.requests import FitRequest
from deskclassify.core.words import counted
from deskclassify.ml import memory, trunk
from deskclassify.ml.dataset import Dataset
from deskclassify.ml.device import Device
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.inputs import ActivationInputs, Inputs, PictureInputs
from deskclassify.ml.phases import FrozenPhase, Precision
from deskclassify.ml.picture_table import PictureTable
from deskclassify.ml.recipe import Recipe
from deskclassify.ml.row_store import RowStore
from deskclassify.ml.targets import Targets
from deskclassify.ml.trunk import RunTrunk
from deskclassify.ml.tuning import Tuned
from deskclassify.ml.unfrozen import UnfrozenPhase
from deskclassify.ml.validation import Validation
from deskclassify.ml.zoo import Classifier

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setup:
    """What a training works with.

    Attributes:
        digest: tells the pretrained weights apart, for the cache.
        how: the resizing.
        balance: what is done about classes of unequal size.
    """

    request: FitRequest
    architecture: Architecture
    how: Preprocess
    device: Device
    ranks: Ranks
    recipe: Recipe
    data: Dataset
    model: Classifier
    digest: str
    balance: BalancePlan

    def targets(self, smoothing: float = 0.0) -> Targets:
        """Of the training pictures."""
        return Targets(torch.from_numpy(self.data.targets("train")), len(self.data.classes), smoothing, self.balance)

    @property
    def frozen_stages(self) -> int:
        """How many stages stay as they are; where there is a deeper cycle, until that begins."""
        return round(self.recipe.frozen_share * len(self.model.stages()))

    @property
    def first_stage(self) -> int:
        """Number of the first stage that the unfrozen phase runs; of those before, the activations are kept."""
        return self.frozen_stages if self.recipe.views else 0


def balance_plan(request: FitRequest, data: Dataset) -> BalancePlan:
    """What is done about classes of unequal size."""
    labels = [item.label for item in data.items if item.subset == "train"]
    return balance.plan({name: labels.count(name) for name in data.classes}, request.balance)


def frozen_phase(setup: Setup) -> FrozenPhase:
    """The phase that trains the head."""
    recipe = setup.recipe
    return FrozenPhase(
        head=setup.model.head,
        features=torch.from_numpy(setup.data.matrix("train")),
        targets=setup.targets(),
        valid=torch.from_numpy(setup.data.matrix("valid")),
        epochs=recipe.frozen_epochs,
        batch=recipe.frozen_batch,
        learning_rate=recipe.frozen_rate,
    )


def unfrozen_phase(
    setup: Setup, tuned: Tuned, stack: contextlib.ExitStack, should_stop: ShouldStop
) -> Generator[Event, None, UnfrozenPhase]:
    """Decode the pictures, then make the phase (its return value).

    Args:
        setup: what with.
        tuned: number format, memory layout and what a picture takes.
        stack: closes what was opened.
        should_stop: as ever.
    """
    learn = PictureTable(setup.data.files("train"), setup.how, exact=False)
    stack.callback(learn.close)
    check = PictureTable(setup.data.files("valid"), setup.how, exact=True)
    stack.callback(check.close)
    for table in (learn, check):
        yield from table.fill("Reading the pictures", should_stop)
    lower = _lower(setup) if setup.first_stage else None
    recipe, device = setup.recipe, setup.device
    micro = memory.micro_batch(recipe.unfrozen_batch, tuned.bytes_per_image, device)
    if micro < recipe.unfrozen_batch:
        yield Message(
            f"There is memory for {counted(micro, 'picture')} at a time; the network learns from "
            f"{recipe.unfrozen_batch} as before, in parts."
        )
    first, size = setup.first_stage, setup.how.size
    return UnfrozenPhase(
        model=setup.model,
        inputs=_inputs(setup, learn, lower),
        targets=setup.targets(recipe.label_smoothing),
        evaluator=Validation(setup.model, check, setup.architecture, size, device, first, lower),
        device=device,
        precision=Precision(tuned.precision, tuned.channels_last),
        epochs=recipe.unfrozen_epochs,
        batch=recipe.unfrozen_batch,
        rates=list(recipe.rates),
        freeze_statistics=recipe.freeze_statistics,
        first_epoch=recipe.frozen_epochs + 1,
        first_stage=first,
        frozen_stages=setup.frozen_stages,
        deeper_epochs=recipe.deeper_epochs,
        gradual=setup.request.gradual,
        mix=setup.request.mix,
        sizes=recipe.sizes(size),
        decay=recipe.average_decay,
        micro=micro,
        ranks=setup.ranks,
    )


def _lower(setup: Setup) -> RunTrunk:
    """The stages whose activations are kept."""
    stages = nn.Sequential(*list(setup.model.stages().values())[: setup.first_stage])
    return trunk.runner(stages, setup.architecture, _lower_name(setup), setup.how.size, setup.device)


def _lower_name(setup: Setup) -> str:
    return f"{setup.digest}-to-{setup.first_stage}"


def _inputs(setup: Setup, pictures: PictureTable, lower: RunTrunk | None) -> Inputs:
    architecture, device, strength = setup.architecture, setup.device, setup.request.augment
    if lower is None:
        return PictureInputs(pictures, architecture.mean, architecture.std, device.torch, strength)
    return ActivationInputs(
        pictures,
        pictures.keys(),
        lower,
        _store(setup, lower, pictures),
        setup.recipe.views,
        device.torch,
        strength,
        trunk.batch_size(device),
    )


def _store(setup: Setup, lower: RunTrunk, pictures: PictureTable) -> RowStore | None:
    """Where activations are kept; nowhere when they would take more room than they are worth."""
    shape = lower(pictures.blank())[0].shape
    row_bytes = 2 * int(torch.Size(shape).numel())
    if len(pictures) * setup.recipe.views * row_bytes > setup.recipe.kept_bytes:
        return None
    name = f"{setup.architecture.name}-{_lower_name(setup)}-{setup.how.key()}"
    try:
        return RowStore(paths.cache_dir() / "activations" / name, tuple(shape), "float16")
    except OSError:
        _log.exception("activations are not kept: the cache cannot be used")
        return None
