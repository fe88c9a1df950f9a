"""The `last/` folder of a run: everything needed to go on, in safetensors and JSON, never a pickle.

Beside it lies `last.old/`, the one before: should `last/` be damaged, the training goes on from there.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

from deskclassify.core import atomic

_log = logging.getLogger(__name__)
Tensors = dict[str, torch.Tensor]
_PARTS = ("model", "optimizer", "frozen_head", "extra", "best")


@dataclass(frozen=True)
class Checkpoint:
    """A point in a training.

    Attributes:
        state: phase, epoch, batch, best so far, history; plain JSON. All random draws follow from the
            seed and this place, so no generator's state is needed.
        model: the whole network.
        optimizer: moments and step counts, named `parameter.moment`.
        frozen_head: the best head of the frozen phase, what an unfrozen phase must beat.
        extra: what else the phase needs, such as the moving average of the weights.
        best: `logits` of the validation pictures in the best epoch.
        folder: where it was read.
    """

    state: dict[str, Any]
    model: Tensors
    optimizer: Tensors
    frozen_head: Tensors
    extra: Tensors
    best: Tensors
    folder: Path = Path()

    def size_bytes(self) -> int:
        """About how much room it takes on the disk."""
        return sum(size_bytes(getattr(self, part)) for part in _PARTS)


def size_bytes(tensors: Tensors) -> int:
    """Size of the values of all tensors."""
    return sum(value.nbytes for value in tensors.values())


def save_tensors(file: Path, tensors: Tensors) -> None:
    """Write a safetensors file atomically."""
    atomic.write_bytes(file, save({name: value.detach().contiguous().cpu() for name, value in tensors.items()}))


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace `folder`; at any moment the newest one or the one before is complete, and afterwards both are.

    Raises:
        OSError: the disk is full; the old one is untouched.
    """
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    if not folder.exists() and (fresh / "state.json").is_file():
        os.replace(fresh, folder)  # a process was killed between the two renames below
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        for name in _PARTS:
            save_tensors(fresh / f"{name}.safetensors", getattr(checkpoint, name))
        atomic.write_json(fresh / "state.json", checkpoint.state)  # last: it says that all is there
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)


def read(folder: Path) -> Checkpoint | None:
    """The newest complete checkpoint; None where there is none."""
    for candidate in (folder, folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")):
        try:
            state = json.loads((candidate / "state.json").read_text(encoding="utf-8"))
            parts = {name: load_file(candidate / f"{name}.safetensors") for name in _PARTS}
            return Checkpoint(state, **parts, folder=candidate)
        except FileNotFoundError:
            continue
        except Exception:  # torn or truncated: the one before is as good
            _log.warning("%s is damaged", candidate, exc_info=True)
    return None


def damage(folder: Path, found: Checkpoint | None) -> str:
    """A sentence for the user where `folder` is there and `read` could not use it; else empty."""
    if not folder.exists() or (found is not None and found.folder == folder):
        return ""
    if found is None:
        return "What this training had saved is damaged: it begins anew."
    return "What this training had saved last is damaged: it goes on from what was saved before that."


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """The optimiser's state, by number of parameter."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Inverse of `optimizer_tensors`."""
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def copy_of(module: nn.Module) -> Tensors:
    """A detached copy of a module's state."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
