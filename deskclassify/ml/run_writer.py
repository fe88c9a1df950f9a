"""What a training writes into its run folder. Of several processes only the leader writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deskclassify.core.events import EpochDone, Verdict
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.ml import checkpoint


class RunWriter:
    """Writes the files of DESIGN section 5, each whole or not at all.

    Args:
        run: the folder.
        leads: whether this process writes; otherwise nothing is done.
    """

    def __init__(self, run: RunFolder, leads: bool) -> None:
        self._run = run
        self._leads = leads

    def begin(self, items: Iterable[Item]) -> None:
        """Make the folder and write the split."""
        if self._leads:
            self._run.path.mkdir(parents=True, exist_ok=True)
            self._run.write_split(items)

    def info(self, raw: dict[str, Any]) -> None:
        """Write `run.json`."""
        if self._leads:
            self._run.write_info(raw)

    def history(self, rows: Iterable[EpochDone]) -> None:
        """Write `history.jsonl`."""
        if self._leads:
            self._run.write_history(rows)

    def best(self, weights: checkpoint.Tensors) -> None:
        """Write the weights of the best epoch."""
        if self._leads:
            checkpoint.save_tensors(self._run.best, weights)

    def last(self, point: checkpoint.Checkpoint) -> None:
        """Write what is needed to go on."""
        if self._leads:
            checkpoint.write(self._run.last, point)

    def predictions(self, verdicts: Iterable[Verdict]) -> None:
        """Write `predictions.csv`."""
        if self._leads:
            self._run.write_predictions(verdicts)
