"""What a training writes into its run folder. Of several processes only the leader writes."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from deskclassify.core import atomic
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import EpochDone, Event, Message, Verdict
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.ml import checkpoint
from deskclassify.ml.disk_full import PatientDisk

_SPARE_BYTES = 500_000_000  # of the disk, left to what a training cannot do without
_log = logging.getLogger(__name__)


class RunWriter:
    """Writes the files of DESIGN section 5, each whole or not at all.

    The methods are generators: they wait while the disk is full, and say so.

    Args:
        run: the folder.
        leads: whether this process writes; otherwise nothing is done.
        should_stop: ends the waiting for a full disk.
    """

    def __init__(self, run: RunFolder, leads: bool, should_stop: ShouldStop) -> None:
        self._run = run
        self._leads = leads
        self._disk = PatientDisk(run.path, should_stop)
        self._has_told = False

    def begin(self, items: Sequence[Item]) -> Iterator[Event]:
        """Make the folder, clear what a killed process left there half written, and write the split."""
        return self._put(lambda: self._begin(items))

    def info(self, raw: dict[str, Any]) -> Iterator[Event]:
        """Write `run.json`."""
        return self._put(lambda: self._run.write_info(raw))

    def take_back(self) -> None:
        """Leave nothing of a run that could not begin: `run.json` goes, and the folder if it held no more."""
        if self._leads:
            with contextlib.suppress(OSError):
                self._run.info_file.unlink(missing_ok=True)
                self._run.path.rmdir()

    def history(self, rows: Sequence[EpochDone]) -> Iterator[Event]:
        """Write `history.jsonl`."""
        return self._put(lambda: self._run.write_history(rows))

    def best(self, weights: checkpoint.Tensors) -> Iterator[Event]:
        """Write the weights of the best epoch."""
        return self._put(lambda: checkpoint.save_tensors(self._run.best, weights), checkpoint.size_bytes(weights))

    def last(self, point: checkpoint.Checkpoint) -> Iterator[Event]:
        """Write what is needed to go on."""
        return self._put(lambda: checkpoint.write(self._run.last, point), point.size_bytes())

    def predictions(self, verdicts: Sequence[Verdict], probabilities: np.ndarray) -> Iterator[Event]:
        """Write `predictions.csv` and `scores.npy`."""
        return self._put(lambda: self._run.write_predictions(verdicts, probabilities), probabilities.nbytes)

    def dispensable(self, action: Callable[[], None], size_bytes: int) -> Iterator[Event]:
        """Write what a training can do without: where the disk has little room, or cannot be written, it is left out.

        Yields:
            a `Message`, the first time that something is left out.
        """
        if not self._leads:
            return
        try:
            if shutil.disk_usage(self._run.path).free < size_bytes + _SPARE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            action()
        except OSError:
            _log.warning("an epoch of %s is not kept", self._run.path, exc_info=True)
            if not self._has_told:
                self._has_told = True
                yield Message(
                    "There is little room on the disk: not all epochs of this training can be looked back at later. "
                    "It goes on, and nothing else is lost."
                )

    def _put(self, action: Callable[[], None], size_bytes: int = 0) -> Iterator[Event]:
        if self._leads:
            yield from self._disk.write(action, size_bytes)

    def _begin(self, items: Sequence[Item]) -> None:
        self._run.path.mkdir(parents=True, exist_ok=True)
        for folder in (self._run.path, self._run.epochs):
            for entry in folder.iterdir() if folder.is_dir() else ():
                if atomic.is_part(entry):
                    entry.unlink(missing_ok=True)
        self._run.write_split(items)
