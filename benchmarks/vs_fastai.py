"""This program beside fast.ai on the same pictures: `python benchmarks/vs_fastai.py FOLDER`.

Both take the same network with the same weights (EfficientNet-Lite0), the same split, the same
files and the same machine, in turn; each measurement in a process of its own and with an empty
cache. Prints medians and ratios. docs/benchmarks.md tells what each row includes.

    --repeat N              times each is measured, with another split each time (3)
    --fastai-python PYTHON  interpreter that has fast.ai and timm (this one)
    --only fit,rate         which of fit, rate, lr_find, evaluate
    --augment               fast.ai augments in fine_tune and lr_find too, not only in rate
    --device cpu            hide graphics cards from both
    --markdown              print the table as markdown
    --json FILE             write every single measurement, after each one
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.architectures import get
from deskclassify.core.errors import InputError
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import PictureError, open_rgb
from deskclassify.core.sources import DataSpec, Item, Source, list_data

HERE = Path(__file__).resolve().parent
TASKS = ("fit", "rate", "lr_find", "evaluate")
SIDES = ("fastai", "deskclassify")
DEFAULT_WORKERS = None  # fast.ai chooses: one for each processor, at most 16
SMALLEST_EPOCH = 4  # batches; below, the first one would be most of it


@dataclass(frozen=True)
class Row:
    """One line of the table: `key` of a task's result on both sides. `target` is the least ratio, if there is one."""

    title: str
    task: str
    key: str
    unit: str
    target: float | None = None


ROWS = (
    Row("end of quick / fine_tune(1), the call", "fit", "seconds", "s", 20),
    Row("end of quick / fine_tune(1), whole process", "fit", "process_seconds", "s"),
    Row("accuracy then", "fit", "accuracy", "%"),
    Row("training unfrozen", "rate", "images_per_second", "pictures/s", 4),
    Row("learning-rate finder, the call", "lr_find", "seconds", "s", 20),
    Row("learning-rate finder, whole process", "lr_find", "process_seconds", "s"),
    Row("evaluation of the folder, the call", "evaluate", "seconds", "s", 5),
    Row("evaluation of the folder, whole process", "evaluate", "process_seconds", "s"),
    Row("accuracy on all pictures", "evaluate", "accuracy", "%"),
)


def readable(folder: Path, seed: int) -> tuple[list[Item], list[str]]:
    """The split of a folder, and the keys of pictures that cannot be read: fast.ai would stop at those."""

    def fails(item: Item) -> bool:
        try:
            open_rgb(item.path)
        except PictureError:
            return True
        return False

    spec = DataSpec((Source(str(folder)),), seed=seed)
    items = list_data(spec).items
    with ThreadPoolExecutor(cpu_count()) as pool:
        bad = [item.key for item, failed in zip(items, pool.map(fails, items), strict=True) if failed]
    return list(list_data(DataSpec(spec.sources, seed=seed, excluded=tuple(bad))).items), bad


def bundled_weights() -> str:
    """The weight file both load."""
    from deskclassify.ml.weights import present

    return str(present(get("efficientnet_lite0")))


class Bench:
    """Runs measurements and keeps their results.

    Args:
        options: of the command line.
        scratch: an empty folder.
    """

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self._options = options
        self._scratch = scratch
        self._weights = bundled_weights()
        self.results: list[dict[str, Any]] = []
        self._workers: dict[str, int | None] = {}

    def repeat(self, number: int) -> None:
        """Everything once, with the split of one seed."""
        seed = self._options.seed + number
        items, bad = readable(self._options.folder.resolve(), seed)
        train = sum(item.subset == "train" for item in items)
        classes = sorted({item.label for item in items})
        if train < SMALLEST_EPOCH * 2 or len(classes) < 2:
            raise SystemExit("There are too few pictures to measure with: take two classes and ten pictures at least.")
        job = {
            "items": [{"path": item.path, "label": item.label, "subset": item.subset} for item in items],
            "classes": classes,
            "source": str(self._options.folder.resolve()),
            "excluded": bad,
            "weights": self._weights,
            "size": self._options.size,
            "batch": max(2, min(self._options.batch, train // SMALLEST_EPOCH)),
            "preset": self._options.preset,
            "augment": self._options.augment,
            "seed": seed,
            "pictures": len(items),
        }
        # First what tells the better number of workers.
        for task in sorted(self._options.only, key=("rate", "fit", "lr_find", "evaluate").index):
            for workers in self._workers_to_try(task):
                self._measure("fastai", task, job, number, workers)
            self._measure("deskclassify", task, job, number)

    def _workers_to_try(self, task: str) -> list[int | None]:
        """fast.ai decodes in so many processes: 0 and its default are tried once, then the faster is kept."""
        like = task if task == "evaluate" else "rate"
        if like in self._workers:
            return [self._workers[like]]
        return [DEFAULT_WORKERS, 0] if task == like else [DEFAULT_WORKERS]

    def _measure(self, side: str, task: str, job: dict[str, Any], number: int, workers: int | None = None) -> None:
        folder = self._scratch / f"{side}-{number}"
        (folder / "home").mkdir(parents=True, exist_ok=True)
        settings = folder / "job.json"
        settings.write_text(json.dumps({**job, "task": task, "workers": workers, "folder": str(folder)}), "utf-8")
        python = self._options.fastai_python if side == "fastai" else sys.executable
        with tempfile.TemporaryDirectory(dir=folder / "home") as home:
            environment = {**os.environ, "DESKCLASSIFY_HOME": home, "FASTAI_HOME": home}
            if self._options.device == "cpu":
                environment["CUDA_VISIBLE_DEVICES"] = ""
            result = run([python, str(HERE / f"{side}_side.py"), str(settings)], environment)
        about = {"side": side, "task": task, "repeat": number, "pictures": job["pictures"], "seed": job["seed"]}
        self.results.append({**about, "workers": workers, "batch": job["batch"], **result})
        if side == "fastai" and task in ("rate", "evaluate"):
            self._workers[task] = fastest(self.of(side, task))["workers"]
        if side == "deskclassify" and task == "fit":
            check_split(folder / "run" / "split.csv", job)
        told = ", ".join(f"{key} {value:.3f}" for key, value in result.items() if isinstance(value, float))
        print(f"{side} {task} {number + 1}: {told}", file=sys.stderr, flush=True)
        if self._options.json:
            self._options.json.write_text(json.dumps(self.results, indent=1) + "\n", "utf-8")

    def of(self, side: str, task: str) -> list[dict[str, Any]]:
        """The results of one side in one task."""
        return [one for one in self.results if one["side"] == side and one["task"] == task]

    def median(self, side: str, row: Row) -> float:
        """The median of a row; of fast.ai with the number of workers that is faster."""
        results = self.of(side, row.task)
        if side == "fastai":
            workers = fastest(results)["workers"]
            results = [one for one in results if one["workers"] == workers]
        return statistics.median(one[row.key] for one in results)


def fastest(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Of several measurements of one task."""
    return min(results, key=lambda one: one.get("seconds", 0.0) - one.get("images_per_second", 0.0))


def run(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """One side; its result, with the seconds of the whole process."""
    begun = time.perf_counter()
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    except OSError as error:
        raise SystemExit(f"{command[0]} cannot be started ({error.strerror}). Check --fastai-python.") from None
    seconds = time.perf_counter() - begun
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    result: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    if "error" in result:
        raise SystemExit(result["error"])
    if done.returncode or not result:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{done.stderr[-3000:]}")
    return {**result, "process_seconds": seconds}


def check_split(file: Path, job: dict[str, Any]) -> None:
    """Both must have learned from the same pictures."""
    import csv

    with file.open(encoding="utf-8", newline="") as stream:
        ours = {row["path"]: row["subset"] for row in csv.DictReader(stream)}
    if ours != {item["path"]: item["subset"] for item in job["items"]}:
        raise SystemExit("The two sides did not get the same split: the comparison means nothing.")


def table(bench: Bench, tasks: list[str]) -> list[list[str]]:
    """The rows as text, the header first."""
    lines = [["", "fast.ai", "deskclassify", "ratio", "target"]]
    for row in ROWS:
        if row.task not in tasks:
            continue
        theirs, ours = (bench.median(side, row) for side in SIDES)
        if row.unit == "%":
            lines.append([row.title, f"{100 * theirs:.1f} %", f"{100 * ours:.1f} %", "", ""])
            continue
        ratio = ours / theirs if row.task == "rate" else theirs / ours
        target = f"≥ {row.target:g}" if row.target else ""
        lines.append([row.title, f"{theirs:.1f} {row.unit}", f"{ours:.1f} {row.unit}", f"{ratio:.1f}", target])
    return lines


def show(lines: list[list[str]], markdown: bool) -> str:
    """The table as text, or as markdown."""
    if markdown:
        head, *rest = (f"| {' | '.join(line)} |" for line in lines)
        return "\n".join((head, "| --- | ---: | ---: | ---: | ---: |", *rest))
    title, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join((line[0].ljust(title), *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True))))
        for line in lines
    )


def note(bench: Bench) -> str:
    """On what it was measured."""
    theirs = next(one for one in bench.results if one["side"] == "fastai")
    workers = {one["task"]: fastest(bench.of("fastai", one["task"]))["workers"] for one in bench.results}
    said = ", ".join(f"{task} {'default' if count is None else count}" for task, count in workers.items())
    return (
        f"{theirs['pictures']:,} pictures, batch {theirs['batch']}, fast.ai {theirs['versions']['fastai']}, "
        f"torch {theirs['versions']['torch']}, {cpu_count()} processors; workers of fast.ai's loader: {said}."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--fastai-python", default=sys.executable)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(TASKS))
    parser.add_argument("--augment", action="store_true")
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--preset", default="thorough", help="whose unfrozen phase `rate` measures")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if unknown := set(options.only) - set(TASKS):
        parser.error(f"there is no measurement {min(unknown)}; there are {', '.join(TASKS)}")
    if "evaluate" in options.only and "fit" not in options.only:
        parser.error("evaluate needs the networks of fit: give --only fit,evaluate")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options, Path(scratch))
        try:
            for number in range(options.repeat):
                bench.repeat(number)
        except InputError as error:
            raise SystemExit(str(error)) from None
    print(show(table(bench, options.only), options.markdown))
    print("\n" + note(bench))


if __name__ == "__main__":
    main()
