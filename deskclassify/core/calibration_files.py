"""What a run keeps of its calibration: `calibration.json`, and `familiar.npz` with what pictures are compared with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deskclassify.core import atomic, standing
from deskclassify.core.calibration import Known, fit, targets_of
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.data_events import Calibration
from deskclassify.core.errors import InputError
from deskclassify.core.events import Scored
from deskclassify.core.run_folder import RunFolder


@dataclass(frozen=True)
class Familiar:
    """What a run was compared with when it was calibrated; `familiar.npz` in the run folder.

    Attributes:
        bank: float16 `[n, features]`, rows of length 1: the features of training pictures.
        valid: float32 `[validation pictures]`, their similarity, in the order of `predictions.csv`; no number (NaN)
            for one that could not be read.
        others: the example pictures of something else, in the columns of the run's own classes; maybe none.
    """

    bank: np.ndarray
    valid: np.ndarray
    others: Known

    def known(self, scored: Scored, all_paths: Sequence[str]) -> tuple[Known, np.ndarray]:
        """What is known of validation pictures, maybe of a part of them, or with classes that were merged since.

        Args:
            scored: what the run said of them.
            all_paths: those of `predictions.csv`, in its order.

        Returns:
            those that could be read, and their targets; see `fit_temperature`.
        """
        place = {path: at for at, path in enumerate(all_paths)}
        at = np.array([place.get(one.path, -1) for one in scored.verdicts], np.int64)
        similarity = np.where(at >= 0, self.valid[at], np.nan) if len(self.valid) else np.full(len(at), np.nan)
        kept = np.isfinite(similarity)
        targets = targets_of(scored.classes, [one.label for one in scored.verdicts])
        return Known(scored.probabilities, similarity.astype(np.float32)).part(kept), targets[kept]


def read(run: RunFolder) -> Calibration | None:
    """Read `calibration.json`; None where the run was not calibrated, or was trained on since.

    Raises:
        InputError: the file is damaged.
    """
    file = run.path / "calibration.json"
    if _is_old(run, file):
        return None
    try:
        return from_json(Calibration, json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"{file} is damaged ({error}). Apply the certainty of this training once more.") from error


def read_familiar(run: RunFolder) -> Familiar | None:
    """Read `familiar.npz`; None where there is none that can be used."""
    file = run.path / "familiar.npz"
    if _is_old(run, file):
        return None
    try:
        with np.load(file, allow_pickle=False) as kept:
            others = Known(kept["others_probabilities"], kept["others_similarity"])
            return Familiar(kept["bank"], kept["valid"], others)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _is_old(run: RunFolder, file: Path) -> bool:
    """Whether the run's weights were written after a file about them."""
    try:
        return run.best.stat().st_mtime > file.stat().st_mtime
    except OSError:
        return False  # one of them is not there: whoever reads it will see


def write(run: RunFolder, rule: Calibration, familiar: Familiar) -> None:
    """Write both files; the rule last, for it says that there is one.

    Raises:
        OSError: the disk is full.
    """
    buffer = io.BytesIO()
    others = familiar.others
    nothing = np.empty(0, np.float32)
    np.savez(
        buffer,
        bank=familiar.bank,
        valid=familiar.valid,
        others_probabilities=others.probabilities,
        others_similarity=nothing if others.similarity is None else others.similarity,
    )
    atomic.write_bytes(run.path / "familiar.npz", buffer.getvalue())
    atomic.write_json(run.path / "calibration.json", to_json(rule))


def for_merged(run: RunFolder, rule: Calibration, names: Mapping[str, str]) -> Calibration:
    """The rule for classes that were merged: of fewer classes the likeliest has a higher probability.

    The temperature stays. What the run needs for it lies in its folder.

    Args:
        run: that was calibrated.
        rule: its rule.
        names: class → its name now.

    Raises:
        InputError: the run does not hold what is needed.
    """
    scored, familiar = run.scored(), read_familiar(run)
    if scored is None or familiar is None:
        raise InputError(f"The certainty of “{run.name}” was found for other classes. Apply it once more.")
    known, targets = familiar.known(standing.renamed(scored, names), [one.path for one in scored.verdicts])
    found = fit(known, targets, rule.coverage, rule.temperature)
    return replace(found, others=rule.others, others_refused=rule.others_refused)
