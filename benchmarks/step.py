"""What the program's own ways to run a network on the processor bring: `python benchmarks/step.py`.

Both sides in turn, in one process: a training step as torch does it and as `ml/fused.py` does, and
the frozen trunk in ONNX Runtime with its threads shared by every operator, with a part of each batch
for each processor, and with small batches of its own for a thread on each. Medians.

    --arch NAME     network (efficientnet_lite0)
    --batch N       pictures of a training step (32)
    --repeat N      times each is measured (7)
"""

from __future__ import annotations

import argparse
import functools
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from torch import nn

from deskclassify.core.architectures import DEFAULT, get
from deskclassify.core.machine import cpu_count
from deskclassify.ml import fused, memory, ort, tracing
from deskclassify.ml.images import map_ahead
from deskclassify.ml.trunk import PICTURES_A_CORE
from deskclassify.ml.zoo import build

CPU = torch.device("cpu")
LOOKED_AT = 128  # pictures that the trunk looks at


def in_turn(sides: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median seconds of each, after a warm-up; one after the other, so that a busy moment hits all."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(repeat + 1):
        for name, function in sides.items():
            begun = time.perf_counter()
            function()
            if number:
                taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in taken.items()}


def training_steps(name: str, batch: int, repeat: int) -> dict[str, float]:
    """Seconds of a step in torch's way and in ours, with BatchNorm's statistics kept or those of the batch."""
    architecture = get(name)
    model = build(architecture, 6).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = architecture.size
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    targets = torch.arange(batch) % 6
    norms = fused.norms_of(model)

    def step(dtype: torch.dtype, kept: bool, ours: bool) -> None:
        model.train()
        if kept:
            fused.keep_statistics(model)
        usual = torch.autocast("cpu", dtype, enabled=dtype != torch.float32)
        with fused.autocast(CPU, dtype, norms) if ours else usual:
            scores = model(images)
        nn.functional.cross_entropy(scores.float(), targets).backward()  # type: ignore[no-untyped-call]
        model.zero_grad()

    sides: dict[str, Callable[[], object]] = {}
    for kept, dtype, ours in itertools.product((True, False), (torch.float32, torch.bfloat16), (False, True)):
        about = f"{'statistics kept' if kept else 'new statistics'}, {str(dtype).removeprefix('torch.')}"
        sides[f"{about}, {'ours' if ours else 'torch'}"] = functools.partial(step, dtype, kept, ours)
    with memory.kept():
        return in_turn(sides, repeat)


def looks(name: str, repeat: int) -> dict[str, float]:
    """Seconds of the trunk for `LOOKED_AT` pictures."""
    architecture = get(name)
    module = tracing.Pixels(build(architecture, 2).trunk, architecture.mean, architecture.std).eval()
    file = tracing.trace(module, architecture.size, "features", fast=True).SerializeToString()
    shared, own = ort.session(file), ort.session(file, threads=1)
    images = np.random.default_rng(0).integers(0, 256, (LOOKED_AT, architecture.size, architecture.size, 3), np.uint8)
    at_once = PICTURES_A_CORE * cpu_count()
    batches = [images[at : at + at_once] for at in range(0, LOOKED_AT, at_once)]
    assert np.array_equal(ort.run(shared, batches[0]), ort.run_in_parts(own, batches[0])), "the results differ"

    def chunk(at: int) -> np.ndarray:
        return ort.run(own, images[at : at + PICTURES_A_CORE])

    return in_turn(
        {
            "operators shared": lambda: [ort.run(shared, batch) for batch in batches],
            "pictures in parts": lambda: [ort.run_in_parts(own, batch) for batch in batches],
            "a thread on each": lambda: list(map_ahead(chunk, range(0, LOOKED_AT, PICTURES_A_CORE), cpu_count())),
        },
        repeat,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default=DEFAULT)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    print(f"{options.arch}, {cpu_count()} processors, {torch.get_num_threads()} threads")
    for title, pictures, seconds in (
        ("training step", options.batch, training_steps(options.arch, options.batch, options.repeat)),
        ("frozen trunk", LOOKED_AT, looks(options.arch, options.repeat)),
    ):
        for side, value in seconds.items():
            print(f"{title}, {side}: {pictures / value:.1f} pictures/s")


if __name__ == "__main__":
    main()
