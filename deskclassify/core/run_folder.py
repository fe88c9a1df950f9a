"""Reading and writing a run folder (DESIGN section 5): one training, with everything that tells of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deskclassify.core import atomic, metrics
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Evaluated, Scored, Verdict
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.sources import DataSpec, Item

MOST_TOP_LOSSES = 200


@dataclass(frozen=True)
class RunInfo:
    """What `run.json` says that others need; `raw` is all of it."""

    classes: tuple[str, ...]
    architecture: str
    preprocess: Preprocess
    raw: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        """The keys of the finished event; empty while the training goes on."""
        result: dict[str, Any] = self.raw.get("result") or {}
        return result


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run, and their contents."""

    path: Path

    @property
    def info_file(self) -> Path:
        """`run.json`."""
        return self.path / "run.json"

    @property
    def best(self) -> Path:
        """Weights of the best epoch."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """Folder with everything needed to go on."""
        return self.path / "last"

    @property
    def epochs(self) -> Path:
        """Folder with the weights of some epochs, to look back at."""
        return self.path / "epochs"

    def snapshot(self, epoch: int) -> Path:
        """Weights of an epoch."""
        return self.epochs / f"{epoch:04d}.safetensors"

    def snapshot_epochs(self) -> list[int]:
        """Numbers of the epochs that have a file in `epochs/`, in order."""
        files = self.epochs.glob("*.safetensors") if self.epochs.is_dir() else ()
        return sorted(int(file.stem) for file in files if file.stem.isdecimal())

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def is_finished(self) -> bool:
        """Whether there is a result that can be evaluated and exported."""
        return self.info_file.is_file() and self.best.is_file() and (self.path / "predictions.csv").is_file()

    def info(self) -> RunInfo:
        """Read `run.json`.

        Raises:
            InputError: this is no run folder, or the file is damaged.
        """
        try:
            raw = json.loads(self.info_file.read_text(encoding="utf-8"))
            classes = tuple(raw["classes"])
            return RunInfo(classes, raw["architecture"], from_json(Preprocess, raw["preprocess"]), raw)
        except FileNotFoundError as error:
            raise InputError(
                f"“{self.path}” is no run folder: it has no run.json. Train first, or choose another."
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self.info_file} is damaged: {error}. Train again.") from error

    def write_info(self, raw: dict[str, Any]) -> None:
        """Write `run.json`."""
        atomic.write_json(self.info_file, to_json(raw))

    def write_split(self, items: Iterable[Item]) -> None:
        """Write `split.csv`, exactly what is trained and validated on."""
        rows = ((item.path, item.label, item.subset) for item in items)
        atomic.write_csv(self.path / "split.csv", ("path", "label", "subset"), rows)

    def split(self) -> list[Item]:
        """Read `split.csv`; the key of each item is its path."""
        rows = atomic.read_csv(self.path / "split.csv")
        return [Item(row["path"], row["path"], row["label"], row["subset"]) for row in rows]

    def write_history(self, rows: Iterable[EpochDone]) -> None:
        """Write `history.jsonl`, one row per epoch."""
        lines = "".join(json.dumps(to_json(row)) + "\n" for row in rows)
        atomic.write_text(self.path / "history.jsonl", lines)

    def history(self) -> list[EpochDone]:
        """Read the epochs reached so far; a torn last line is passed over."""
        file = self.path / "history.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return list(_rows(lines))

    @property
    def scores(self) -> Path:
        """All probabilities of the validation pictures, float32 `[pictures, classes]`, as NumPy writes them."""
        return self.path / "scores.npy"

    def data(self) -> DataSpec | None:
        """The data as they were when the run was trained; None where it does not say."""
        try:
            return from_json(DataSpec, self.info().raw["request"]["data"])
        except (KeyError, TypeError, ValueError):
            return None

    def write_predictions(self, verdicts: Iterable[Verdict], probabilities: np.ndarray | None = None) -> None:
        """Write `predictions.csv`, what the best epoch says of the validation pictures, and `scores.npy`."""
        self.scores.unlink(missing_ok=True)  # never beside the predictions of another epoch
        rows = ((one.path, one.label, one.predicted, f"{one.probability:.7f}", f"{one.loss:.6f}") for one in verdicts)
        atomic.write_csv(self.path / "predictions.csv", ("path", "label", "predicted", "probability", "loss"), rows)
        if probabilities is not None:
            buffer = io.BytesIO()
            np.save(buffer, np.asarray(probabilities, np.float32), allow_pickle=False)
            atomic.write_bytes(self.scores, buffer.getvalue())

    def predictions(self) -> list[Verdict]:
        """Read `predictions.csv`.

        Raises:
            InputError: the training has not come so far, or the file is damaged.
        """
        file = self.path / "predictions.csv"
        if not file.is_file():
            raise InputError(f"The run “{self.name}” has no predictions yet. Let its training end first.")
        try:
            return [
                Verdict(row["path"], row["label"], row["predicted"], float(row["probability"]), float(row["loss"]))
                for row in atomic.read_csv(file)
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{file} is damaged: {error}. Train again.") from error

    def scored(self) -> Scored | None:
        """All that the network says of the validation pictures; None where the run does not hold it.

        Raises:
            InputError: see `predictions`.
        """
        verdicts, classes = self.predictions(), self.info().classes
        try:
            probabilities = np.load(self.scores, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if probabilities.shape != (len(verdicts), len(classes)):
            return None
        return Scored(classes, tuple(verdicts), probabilities)

    def evaluated(self) -> Evaluated:
        """The metrics of the validation pictures, from `predictions.csv`.

        Raises:
            InputError: the training has not come so far.
        """
        return measure(self.predictions(), self.info().classes)


def measure(
    verdicts: list[Verdict],
    classes: tuple[str, ...],
    skipped: int = 0,
    seconds: float = 0.0,
    probabilities: np.ndarray | None = None,
) -> Evaluated:
    """Metrics of verdicts; a label that the model does not know counts as wrong, in a row of its own.

    Args:
        verdicts: a picture each.
        classes: of the model.
        skipped: number of pictures that could not be read.
        seconds: that it took.
        probabilities: float32 `[pictures, classes]` in the order of the verdicts; without, there is no top-k accuracy.
    """
    names = classes + tuple(sorted({one.label for one in verdicts} - set(classes)))
    number = {name: at for at, name in enumerate(names)}
    actual = [number[one.label] for one in verdicts]
    matrix = metrics.confusion(actual, [number[one.predicted] for one in verdicts], len(names))
    right, table = metrics.accuracy(matrix), metrics.per_class(matrix, names)
    low, high = metrics.wilson(int(np.trace(matrix)), len(verdicts))
    labels = np.array([at if at < len(classes) else -1 for at in actual], np.int64)
    top: list[float | None] = [
        None
        if probabilities is None or not verdicts or len(classes) <= k
        else metrics.top_k_accuracy(probabilities, labels, k)
        for k in (3, 5)
    ]
    return Evaluated(
        classes=names,
        images=len(verdicts),
        accuracy=right,
        error_rate=1.0 - right,
        per_class=table,
        confusion=tuple(map(tuple, matrix.tolist())),
        top_losses=_highest_losses(verdicts),
        skipped_images=skipped,
        seconds=seconds,
        accuracy_low=low,
        accuracy_high=high,
        macro_f1=metrics.macro(table, "f1"),
        top3=top[0],
        top5=top[1],
    )


def _highest_losses(verdicts: list[Verdict]) -> tuple[Verdict, ...]:
    """The highest losses first; one that is no number is the highest of all. Of 50,000 only the highest are sorted."""
    losses = np.array([one.loss for one in verdicts], np.float64)
    losses[~np.isfinite(losses)] = np.inf
    least = np.partition(losses, -MOST_TOP_LOSSES)[-MOST_TOP_LOSSES] if len(losses) > MOST_TOP_LOSSES else -np.inf
    among = np.flatnonzero(losses >= least).tolist()
    among.sort(key=lambda at: (-losses[at], verdicts[at].path))
    return tuple(verdicts[at] for at in among[:MOST_TOP_LOSSES])


def _rows(lines: list[str]) -> Iterator[EpochDone]:
    for line in lines:
        try:
            yield from_json(EpochDone, json.loads(line))
        except (ValueError, TypeError):
            return
