"""Accuracy of the presets over several seeds: `python benchmarks/accuracy.py FOLDER…`.

Each seed has its own split and its own training. Balanced begins with just what quick does, and
thorough with what balanced does, to the bit (tests/ml/test_training.py), so one training of
thorough measures all three; `--apart` trains each by itself. Every finished training is appended
to a file of results at once; what stands there is not trained again, so an interrupted
measurement goes on where it was. Without folders only the table is made.

    --presets quick,balanced     which
    --seeds 1,2,3                which
    --epochs N                   passes with the whole network, instead of the preset's
    --results FILE               one JSON object for each training (docs/accuracy.jsonl)
    --apart                      train quick and balanced by themselves, even where thorough is trained
    --again                      train also what stands in the results; the newer one counts
    --table                      print the table, as markdown
    --write docs/accuracy.md     put the table between the marks in that file
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.requests import PRESETS

REPOSITORY = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- accuracy table: begin -->", "<!-- accuracy table: end -->"
HEADER = (
    "| folder | pictures | preset | seeds | accuracy | frozen phase alone | least gain over it | median seconds |\n"
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass(frozen=True)
class Result:
    """One training. `frozen` is the best accuracy of its frozen phase; `epochs` None: the preset's own."""

    folder: str
    preset: str
    seed: int
    epochs: int | None
    accuracy: float
    frozen: float
    seconds: float
    train_images: int
    valid_images: int
    best_epoch: int

    @property
    def key(self) -> tuple[str, str, int, int | None]:
        """What is trained only once."""
        return self.folder, self.preset, self.seed, self.epochs


def train(folder: Path, preset: str, seed: int, epochs: int | None) -> list[Result]:
    """One training, in a folder that is removed afterwards: its result, and those of what it begins with."""
    from deskclassify.core.events import EpochDone, FitDone
    from deskclassify.core.requests import FitRequest
    from deskclassify.core.run_folder import RunFolder
    from deskclassify.core.sources import DataSpec, Source
    from deskclassify.ml.training import fit

    began, rows, done = time.monotonic(), [], None
    with tempfile.TemporaryDirectory() as target:
        spec = DataSpec((Source(str(folder)),), seed=seed)
        for event in fit(FitRequest(spec, f"{target}/run", preset=preset, epochs=epochs), lambda: False):  # type: ignore[arg-type]
            if isinstance(event, EpochDone):
                rows.append((event, time.monotonic() - began))
            elif isinstance(event, FitDone):
                done = event
        recipe = RunFolder(Path(target) / "run").info().raw["recipe"]
    assert done is not None, "the training ended without a result"

    def result(name: str, count: int, seconds: float) -> Result:
        frozen = max(row.accuracy or 0.0 for row, _ in rows if row.phase == "frozen")
        best = max((row for row, _ in rows[:count]), key=lambda row: (row.accuracy or 0.0, -(row.valid_loss or 0.0)))
        counts = done.train_images, done.valid_images, best.epoch
        return Result(folder.name, name, seed, epochs, best.accuracy or 0.0, frozen, round(seconds, 2), *counts)

    results = [result(preset, len(rows), time.monotonic() - began)]
    assert abs(results[0].accuracy - (done.accuracy or 0.0)) < 1e-9, "the run folder says something else"
    if preset == "thorough" and epochs is None:
        for name, count in (
            ("balanced", len(rows) - recipe["deeper_epochs"]),
            ("quick", recipe["frozen_epochs"]),
        ):
            results.append(result(name, count, rows[count - 1][1]))
    return results


def load(file: Path) -> dict[tuple[str, str, int, int | None], Result]:
    """The results so far; of two for the same training the later one."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    results = [Result(**json.loads(line)) for line in lines if line.strip()]
    return {one.key: one for one in results}


def append(file: Path, result: Result) -> None:
    """One line more."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(result)) + "\n")


def spread(values: list[float]) -> str:
    """Mean ± standard deviation of the sample, in percent."""
    deviation = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{deviation} %"


def row(results: list[Result]) -> str:
    """The table's row for one folder and preset."""
    first = results[0]
    preset = first.preset if first.epochs is None else f"{first.preset}, epochs: {first.epochs}"
    cells = (
        first.folder,
        f"{first.train_images + first.valid_images:,}",
        preset,
        str(len(results)),
        spread([one.accuracy for one in results]),
        spread([one.frozen for one in results]),
        f"{100 * min(one.accuracy - one.frozen for one in results):+.1f} points",
        f"{statistics.median(one.seconds for one in results):.0f}",
    )
    return f"| {' | '.join(cells)} |"


def table(results: list[Result]) -> str:
    """All results as a markdown table: smaller folders first, presets in their order."""
    groups: dict[tuple[str, str, int | None], list[Result]] = {}
    for one in results:
        groups.setdefault((one.folder, one.preset, one.epochs), []).append(one)
    sizes = {one.folder: one.train_images + one.valid_images for one in results}
    order = sorted(groups, key=lambda key: (sizes[key[0]], key[0], PRESETS.index(key[1]), key[2] or 0))  # type: ignore[arg-type]
    return "\n".join((HEADER, *(row(groups[key]) for key in order)))


def write(file: Path, text: str) -> None:
    """Replace what stands between the marks; a file without marks gets them at its end."""
    before = file.read_text("utf-8") if file.exists() else "# Accuracy\n"
    if BEGIN not in before or END not in before:
        before = f"{before.rstrip()}\n\n{BEGIN}\n{END}\n"
    head, rest = before.split(BEGIN, 1)
    file.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", "utf-8")


def measure(folders: list[Path], options: argparse.Namespace) -> None:
    """Train what is not among the results yet."""
    for folder in folders:
        if not folder.is_dir():
            raise SystemExit(f"There is no folder {folder}. Give a folder of pictures in class folders.")
    done = {} if options.again else load(options.results)
    presets = options.presets.split(",")
    if "thorough" in presets and options.epochs is None and not options.apart:
        presets = [preset for preset in presets if preset not in ("quick", "balanced")]
    for seed in map(int, options.seeds.split(",")):
        for folder in folders:
            for preset in presets:
                epochs = None if preset == "quick" else options.epochs
                if (folder.name, preset, seed, epochs) in done:
                    continue
                for result in train(folder, preset, seed, epochs):
                    append(options.results, result)
                    print(
                        f"{folder.name} {result.preset} seed {seed}: {100 * result.accuracy:.1f} % "
                        f"(frozen {100 * result.frozen:.1f} %), {result.seconds:.0f} s",
                        file=sys.stderr,
                        flush=True,
                    )


def main() -> None:
    """Measure, then print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--results", type=Path, default=REPOSITORY / "docs" / "accuracy.jsonl")
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    if unknown := [preset for preset in options.presets.split(",") if preset not in PRESETS]:
        parser.error(f"there is no preset {unknown[0]}; there are {', '.join(PRESETS)}")
    measure([folder.resolve() for folder in options.folders], options)
    text = table(list(load(options.results).values()))
    if options.write:
        write(options.write, text)
    if options.table or not options.write:
        print(text)


if __name__ == "__main__":
    main()
