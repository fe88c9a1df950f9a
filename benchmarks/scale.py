"""Whether time and memory grow in step with the number of pictures: `python benchmarks/scale.py`.

Draws small pictures, then looks through them and trains with the preset quick and an empty cache,
each number of pictures and each of the two in a process of its own. Prints milliseconds for one
picture, step by step, the highest memory of the process and the size of the cache; then whether
the time for a further picture stays within 20 % from one number to the next (what a training takes
for any number, such as writing the weights, stands apart), and how much memory a picture costs.

    --sizes 1000,10000,50000    numbers of pictures
    --image-size 64             pixels the network sees; small, so that 50,000 end in reasonable time
    --preset quick              which
    --json FILE                 write the figures
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from deskclassify.core import cache, paths
from deskclassify.core.control import never
from deskclassify.core.events import EpochDone, Event, Message, Progress, Started
from deskclassify.core.machine import cpu_count
from deskclassify.core.requests import FitRequest, Request, ScanRequest, WarmRequest, generator
from deskclassify.core.sources import DataSpec, Source, list_data

CLASSES = 10
SMALLEST, LARGEST = 64, 97  # pixels
QUALITY = 85
ALLOWED = 1.20  # most expensive picture beside the cheapest
STEPS = ("listing", "features", "training", "writing", "scan")


@dataclass(frozen=True)
class Figures:
    """What one number of pictures took. Seconds for all of them, bytes at the highest.

    `start` is what does not depend on the number: the forecast, loading the network, and tracing it.
    """

    pictures: int
    listing: float
    start: float
    features: float
    training: float
    writing: float
    scan: float
    accuracy: float
    train_bytes: int
    scan_bytes: int
    cache_bytes: int

    def milliseconds(self, step: str) -> float:
        """For one picture."""
        return 1000 * float(getattr(self, step)) / self.pictures

    def whole(self) -> float:
        """Milliseconds for one picture, of listing and training without the start."""
        return sum(self.milliseconds(step) for step in STEPS if step != "scan")

    def seconds(self, task: str) -> float:
        """All of a scan or of a training, its start included."""
        return self.scan if task == "scan" else self.start + self.listing + self.features + self.training + self.writing


def draw(folder: Path, numbers: range) -> None:
    """Write pictures: stripes whose direction and colour tell the class, under noise of their own."""
    for number in numbers:
        random = np.random.default_rng(number)
        label, side = number % CLASSES, int(random.integers(SMALLEST, LARGEST))
        down, across = np.mgrid[:side, :side] * (2 * np.pi / side)
        angle = np.pi * label / CLASSES
        wave = np.sin(4 * (np.cos(angle) * across + np.sin(angle) * down) + random.uniform(0, 2 * np.pi))
        colour = np.array([60.0, 60.0, 60.0])
        colour[label % 3] += 40.0
        pixels = 120 + wave[..., None] * colour + random.normal(0, 25, (side, side, 3))
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(folder / f"class {label}" / f"{number:06}.jpg", quality=QUALITY)


def make_pictures(folder: Path, count: int) -> None:
    """Draw with all processors."""
    for label in range(CLASSES):
        (folder / f"class {label}").mkdir(parents=True)
    with ProcessPoolExecutor(cpu_count()) as pool:
        parts = [pool.submit(draw, folder, range(start, min(start + 500, count))) for start in range(0, count, 500)]
        for part in parts:
            part.result()


def highest_bytes() -> int:
    """The most memory that this process has held."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def timed(request: Request) -> Iterator[tuple[float, Event]]:
    """The events of a job, with the time at which they came."""
    for event in generator(request)(request, never):
        yield time.perf_counter(), event


def scan(folder: Path) -> dict[str, Any]:
    """Open every picture once, with duplicates."""
    begun = time.perf_counter()
    for _ in timed(ScanRequest(DataSpec((Source(str(folder)),)))):
        pass
    return {"scan": time.perf_counter() - begun, "scan_bytes": highest_bytes()}


def train(folder: Path, run: Path, preset: str, image_size: int) -> dict[str, Any]:
    """One training; the seconds of its steps, told by its events."""
    spec = DataSpec((Source(str(folder)),))
    for _ in timed(WarmRequest()):
        pass
    begun = time.perf_counter()
    list_data(spec)
    listing = time.perf_counter() - begun
    marks: dict[str, float] = {}
    request = FitRequest(spec, str(run), preset=preset, image_size=image_size)  # type: ignore[arg-type]
    done: Event | None = None
    for now, event in timed(request):
        if isinstance(event, Started):
            marks["begun"] = now
        elif isinstance(event, Progress):
            marks.setdefault("first picture", now)
            marks["last picture"] = now
        elif isinstance(event, EpochDone):
            marks["last epoch"] = now
        elif isinstance(event, Message) and "last picture" in marks:
            marks.setdefault("opening", now)
        marks["end"], done = now, event
    return {
        "listing": listing,
        "start": marks["first picture"] - marks["begun"] - listing,
        "features": marks["last picture"] - marks["first picture"],
        "training": marks["last epoch"] - marks["opening"],
        "writing": marks["opening"] - marks["last picture"] + marks["end"] - marks["last epoch"],
        "accuracy": done.accuracy,  # type: ignore[union-attr]
        "train_bytes": highest_bytes(),
        "cache_bytes": cache.folder_bytes(paths.cache_dir()),
    }


def child(options: argparse.Namespace) -> None:
    """Do one measurement in this process and print it."""
    folder, run = Path(options.child[1]), Path(options.child[2])
    result = scan(folder) if options.child[0] == "scan" else train(folder, run, options.preset, options.image_size)
    print(json.dumps(result), flush=True)


def measure(count: int, options: argparse.Namespace) -> Figures:
    """One number of pictures, with both processes."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch) / "pictures"
        print(f"drawing {count:,} pictures", file=sys.stderr, flush=True)
        make_pictures(pictures, count)
        settings = ["--preset", options.preset, "--image-size", str(options.image_size)]
        for task in ("scan", "train"):
            print(f"{task} {count:,} pictures", file=sys.stderr, flush=True)
            command = [sys.executable, __file__, *settings, "--child", task, str(pictures), f"{scratch}/run"]
            environment = {**os.environ, "DESKCLASSIFY_HOME": f"{scratch}/home"}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{task} of {count:,} pictures failed:\n{done.stderr[-3000:]}")
            result.update(json.loads(done.stdout.splitlines()[-1]))
    return Figures(pictures=count, **result)


def report(figures: list[Figures]) -> str:
    """All figures, and what they come to."""
    columns = (*STEPS[:-1], "whole", "scan", "start", "memory", "scan memory", "cache", "accuracy")
    lines = ["  ".join(("pictures".rjust(9), *(name.rjust(11) for name in columns)))]
    for one in figures:
        cells = [f"{one.milliseconds(step):.2f} ms" for step in STEPS[:-1]]
        cells += [f"{one.whole():.2f} ms", f"{one.milliseconds('scan'):.2f} ms", f"{one.start:.1f} s"]
        cells += [f"{size / 1e6:,.0f} MB" for size in (one.train_bytes, one.scan_bytes, one.cache_bytes)]
        cells.append(f"{100 * one.accuracy:.1f} %")
        lines.append("  ".join((f"{one.pictures:9,}", *(cell.rjust(11) for cell in cells))))
    lines.append("\nTimes are for one picture; whole: all of a training but its start, which is for all pictures.")
    return "\n".join((*lines, *(verdicts(figures) if len(figures) > 1 else ())))


def verdicts(figures: list[Figures]) -> Iterator[str]:
    """What grows, and how."""
    for task in ("training", "scan"):
        further = [
            1000 * (after.seconds(task) - before.seconds(task)) / (after.pictures - before.pictures)
            for before, after in pairwise(figures)
        ]
        fixed = figures[0].seconds(task) - figures[0].pictures * further[0] / 1000
        told = ", ".join(f"{value:.2f} ms" for value in further)
        yield f"{task}: {fixed:.1f} s for any number, and for each further picture {told}."
        if len(further) > 1:
            ratio = max(further) / min(further)
            word = "constant within" if ratio <= ALLOWED else "NOT constant within"
            yield f"{task}: the time for a further picture is {word} {ALLOWED - 1:.0%} (ratio {ratio:.2f})."
    few, many = min(figures, key=lambda one: one.pictures), max(figures, key=lambda one: one.pictures)
    for name in ("train_bytes", "scan_bytes", "cache_bytes"):
        slope = (getattr(many, name) - getattr(few, name)) / (many.pictures - few.pictures)
        base = getattr(few, name) - slope * few.pictures
        title = {"train_bytes": "training memory", "scan_bytes": "scan memory", "cache_bytes": "cache"}[name]
        yield f"{title}: {base / 1e6:,.0f} MB and {slope / 1e3:.1f} kB for each picture."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,50000")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    figures: list[Figures] = []
    for count in sorted(int(size) for size in options.sizes.split(",")):
        figures.append(measure(count, options))
        if options.json:
            options.json.write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n", "utf-8")
    print(report(figures))


if __name__ == "__main__":
    main()
