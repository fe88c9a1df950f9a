"""What a run's network was before training, and what training has changed in it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from deskclassify.core.architectures import get
from deskclassify.core.control import never
from deskclassify.core.errors import UserError
from deskclassify.core.layer_events import Layer
from deskclassify.core.run_folder import RunFolder, RunInfo
from deskclassify.ml import weights
from deskclassify.ml.checkpoint import Tensors
from deskclassify.ml.inspection.layers import module_path
from deskclassify.ml.zoo import Head, Pretrained, load_pretrained

_COUNTER = "num_batches_tracked"  # of a BatchNorm: no weight
_log = logging.getLogger(__name__)


def best_epoch(run: RunFolder) -> int:
    """The epoch that `best.safetensors` is of; 0 where that is not known."""
    known: int | None = run.info().result.get("best_epoch")
    if known is not None:
        return known
    rows = run.history()  # it is still being trained
    if any(row.accuracy is None or row.valid_loss is None for row in rows):
        return rows[-1].epoch
    return max(rows, key=lambda row: (row.accuracy or 0.0, -(row.valid_loss or 0.0))).epoch if rows else 0


def pretrained_of(info: RunInfo) -> Pretrained | None:
    """What a run's training began with, if that is on this computer: nothing is downloaded to compare with it."""
    architecture = get(info.architecture)
    given = info.raw.get("request", {}).get("weights", "")
    try:
        file = Path(given).expanduser() if given else weights.present(architecture)
        if file is None or not file.is_file():
            return None
        loaded = next(one for one in load_pretrained(architecture, 2, str(file), never) if isinstance(one, Pretrained))
    except UserError:
        _log.warning("the pretrained weights of a run cannot be used", exc_info=True)
        return None
    # A file of the user's may have become another one; runs of before this was written down are trusted.
    return loaded if info.raw.get("weights_digest", loaded.digest) == loaded.digest else None


def with_trained(layers: tuple[Layer, ...], network: nn.Module, pretrained: Pretrained | None) -> tuple[Layer, ...]:
    """The layers with `trained`: whether anything in them is not, to the bit, what it was before training."""
    before = state_before(network, pretrained)
    return tuple(replace(layer, trained=_is_trained(layer, network, before)) for layer in layers)


def state_before(network: nn.Module, pretrained: Pretrained | None) -> Tensors:
    """The state of a network before training: the pretrained trunk, where that is known, and a head of zeros."""
    linear = network.get_submodule("head.linear")
    head = Head(linear.in_features, linear.out_features)  # type: ignore[arg-type]
    before = {f"head.{name}": value for name, value in head.state_dict().items()}
    if pretrained is not None:
        before |= {f"trunk.{name}": value for name, value in pretrained.trunk.state_dict().items()}
    return before


def _is_trained(layer: Layer, network: nn.Module, before: Tensors) -> bool | None:
    path = module_path(network, layer.name)
    if path is None:
        return None
    state = network.get_submodule(path).state_dict(prefix=f"{path}.")
    values = {name: value for name, value in state.items() if not name.endswith(_COUNTER)}
    if not values or not values.keys() <= before.keys():
        return None
    return not all(torch.equal(value, before[name]) for name, value in values.items())
