"""The weights of a run over its epochs, kept small, so that one can look back at how they came about.

A snapshot holds what differs from the pretrained network: the head alone in the frozen phase. The head, and all
that is one number a channel, is exact; other weights are float16, which changes each by a 2048th of itself at most
(below 6e-5 by 3e-8 at most). The best epoch needs no snapshot: `best.safetensors` is it, exactly.

Snapshots can be done without. Where the disk is nearly full they are left out, and a damaged one is passed over.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from deskclassify.core import atomic
from deskclassify.core.events import EpochDone, Event
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml.checkpoint import Tensors, size_bytes
from deskclassify.ml.run_writer import RunWriter

MOST_EPOCHS = 12  # of a run: more stops of a slider would not tell more
MOST_BYTES = 256_000_000  # of a run: five epochs of ResNet-50, all twelve of EfficientNet-Lite0
_MOST_FROZEN = 4  # of these, where an unfrozen phase follows: before it only the head changes
_KEY = "deskclassify"  # of the JSON in a file's header
_log = logging.getLogger(__name__)


def plan(frozen: int, unfrozen: int, head_bytes: int, network_bytes: int) -> frozenset[int]:
    """Which epochs to keep: evenly spread over each phase, with its first and last one.

    Args:
        frozen: number of epochs of that phase.
        unfrozen: number of epochs of that phase.
        head_bytes: most that a snapshot of the frozen phase takes.
        network_bytes: most that a snapshot of the unfrozen phase takes.

    Returns:
        numbers from 1; together at most `MOST_EPOCHS`, and at most `MOST_BYTES`.
    """
    most = min(_MOST_FROZEN if unfrozen else MOST_EPOCHS, MOST_BYTES // head_bytes)
    first = _spread(1, frozen, most)
    room = (MOST_BYTES - len(first) * head_bytes) // network_bytes
    then = _spread(frozen + 1, frozen + unfrozen, min(MOST_EPOCHS - len(first), room))
    return first | then


def _spread(first: int, last: int, most: int) -> frozenset[int]:
    count = min(most, last - first + 1)
    if count < 2:
        return frozenset([last] if count == 1 else [])
    return frozenset(int(epoch) for epoch in np.linspace(first, last, count).round())


@dataclass
class Keeper:
    """Keeps the epochs of a training, in the process that writes.

    The heads of the frozen phase, which has hundreds of epochs a second, stay in memory until `flush`. Of each
    phase the latest epoch is kept besides the planned ones, until there is a later one.

    Args:
        run: the folder.
        write: writes to it.
        pretrained: the trunk before training; it is only read.
        digest: tells the pretrained weights apart.
        frozen, unfrozen: planned epochs of each phase.
    """

    run: RunFolder
    write: RunWriter
    pretrained: nn.Module
    digest: str
    frozen: int
    unfrozen: int
    _base: Tensors = field(init=False)
    _waiting: dict[int, tuple[EpochDone, Tensors]] = field(init=False, default_factory=dict)
    _planned: frozenset[int] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        self._base = {f"trunk.{name}": value for name, value in self.pretrained.state_dict().items()}

    def take(self, row: EpochDone, weights: Tensors) -> Iterator[Event]:
        """Keep an epoch that has just ended, if it is to be kept.

        Args:
            row: of the history.
            weights: what the epoch was measured with; of the frozen phase those of the head alone, which must not
                change any more.
        """
        self._planned = self._planned or self._plan(weights)
        if row.phase == "frozen":
            for epoch in [epoch for epoch in self._waiting if epoch not in self._planned]:
                del self._waiting[epoch]
            self._waiting[row.epoch] = (row, {f"head.{name}": value for name, value in weights.items()})
        elif any(epoch > self.frozen for epoch in self._planned):
            yield from self._write(row, weights)

    def flush(self) -> Iterator[Event]:
        """Write what waits in memory."""
        waiting, self._waiting = self._waiting, {}
        for row, weights in waiting.values():
            yield from self._write(row, weights)

    def _plan(self, weights: Tensors) -> frozenset[int]:
        head = {name: value for name, value in weights.items() if not name.startswith("trunk.")}
        network = sum(2 * value.numel() if value.dim() > 1 else value.nbytes for value in self._base.values())
        header = 200 * (len(self._base) + len(head))  # bytes: names, shapes and places of the tensors
        head_bytes = size_bytes(head) + header
        return plan(self.frozen, self.unfrozen, head_bytes, head_bytes + network)

    def _write(self, row: EpochDone, weights: Tensors) -> Iterator[Event]:
        small = dict(_changes(weights, self._base))

        def action() -> None:
            header = {_KEY: json.dumps(_about(row, self.digest))}
            # Not flushed to the disk: the frozen phase of a quick training is shorter than a dozen flushes.
            atomic.write_bytes(self.run.snapshot(row.epoch), save(small, header), flush=False)
            for epoch in self.run.snapshot_epochs():
                if self._is_past(epoch, row.epoch):
                    self.run.snapshot(epoch).unlink(missing_ok=True)

        yield from self.write.dispensable(action, size_bytes(small))

    def _is_past(self, epoch: int, latest: int) -> bool:
        """Whether an epoch was kept only because it was the latest of its phase."""
        return epoch not in self._planned and epoch != latest and (epoch > self.frozen) == (latest > self.frozen)


def _changes(weights: Tensors, base: Tensors) -> Iterator[tuple[str, torch.Tensor]]:
    """What differs from the pretrained network, as small as it may be."""
    for name, value in weights.items():
        own = value.detach().cpu().contiguous()
        if name in base and torch.equal(own, base[name].cpu()):
            continue
        if own.is_floating_point() and own.dim() > 1 and not name.startswith("head."):
            half = own.half()
            yield name, half if bool(torch.isfinite(half).all()) else own
        else:
            yield name, own.clone()  # a tensor on the CPU may be the network's own, which goes on changing


def _about(row: EpochDone, digest: str) -> dict[str, Any]:
    """What tells whether a snapshot is of the epoch that the history has: the same one trained anew is another."""
    return {"epoch": row.epoch, "phase": row.phase, "train_loss": row.train_loss, "pretrained": digest}


def kept(run: RunFolder, digest: str) -> tuple[int, ...]:
    """The epochs of a run that can be looked back at, in order.

    Args:
        run: its history tells which snapshots are stale: they are passed over, as damaged ones are.
        digest: of the pretrained weights that there are now.
    """
    rows = {row.epoch: row for row in run.history()}
    return tuple(
        epoch
        for epoch in run.snapshot_epochs()
        if epoch in rows and _read_about(run.snapshot(epoch)) == _about(rows[epoch], digest)
    )


def _read_about(file: Path) -> dict[str, Any]:
    try:
        with safe_open(file, "pt") as opened:  # also compares the file's size with its header
            about: dict[str, Any] = json.loads((opened.metadata() or {})[_KEY])
            return about
    except Exception:
        _log.warning("%s is damaged", file, exc_info=True)
        return {}


def load(run: RunFolder, epoch: int) -> Tensors:
    """What an epoch changed of the pretrained network, in float32, by the names of a `zoo.Classifier`.

    Args:
        run: holds the epoch; see `kept`.
        epoch: its number.

    Raises:
        Exception: the file is damaged; the libraries' own kinds.
    """
    loaded = load_file(run.snapshot(epoch))
    return {name: value.float() if value.dtype == torch.float16 else value for name, value in loaded.items()}
