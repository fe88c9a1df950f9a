"""Accuracy of the presets on a folder, over several seeds: `python benchmarks/accuracy.py FOLDER`.

Each seed has its own split and its own training. Prints mean and spread of the validation
accuracy for each preset, with that of its frozen phase alone, and the median time of a run.

    --presets quick,balanced    which
    --seeds 1,2,3               which
    --epochs N                  passes with the whole network (0: frozen phase only)
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.events import EpochDone, FitDone
from deskclassify.core.requests import FitRequest
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml.training import fit


def run(folder: str, preset: str, seed: int, epochs: int | None) -> tuple[float, float, float]:
    """One training: accuracy, that of its frozen phase, and seconds."""
    began = time.monotonic()
    frozen, done = 0.0, None
    with tempfile.TemporaryDirectory() as target:
        spec = DataSpec((Source(folder),), seed=seed)
        for event in fit(FitRequest(spec, f"{target}/run", preset=preset, epochs=epochs), lambda: False):  # type: ignore[arg-type]
            if isinstance(event, EpochDone) and event.phase == "frozen":
                frozen = max(frozen, event.accuracy or 0.0)
            elif isinstance(event, FitDone):
                done = event
    assert done is not None
    return done.accuracy or 0.0, frozen, time.monotonic() - began


def spread(values: list[float]) -> str:
    """Mean ± standard deviation, in percent."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.mean(values):5.1f} ± {100 * deviation:.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--presets", default="quick,balanced,thorough")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--epochs", type=int)
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    print(f"{'preset':<10} {'accuracy':>16} {'frozen phase':>16} {'seconds':>8}   each seed")
    for preset in options.presets.split(","):
        epochs = None if preset == "quick" else options.epochs
        results = [run(options.folder, preset, seed, epochs) for seed in seeds]
        accuracy, frozen = [one[0] for one in results], [one[1] for one in results]
        seconds = statistics.median(one[2] for one in results)
        each = " ".join(f"{100 * value:.1f}" for value in accuracy)
        print(f"{preset:<10} {spread(accuracy):>16} {spread(frozen):>16} {seconds:8.1f}   {each}", flush=True)


if __name__ == "__main__":
    main()
