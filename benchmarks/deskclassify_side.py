"""One measurement of this program: `python benchmarks/deskclassify_side.py JOB.json`, called by `vs_fastai.py`.

The result is one JSON line on standard output. The caller sets DESKCLASSIFY_HOME to an empty
folder, so that no cache is warm.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.control import never
from deskclassify.core.events import BatchDone, Event
from deskclassify.core.requests import EvaluateRequest, FitRequest, LrFindRequest, Request, WarmRequest, generator
from deskclassify.core.sources import DataSpec, Source

EPOCHS = 2  # of the unfrozen phase


def run(request: Request) -> Iterator[Event]:
    """The events of a job, in this process."""
    return generator(request)(request, never)


def data(job: dict[str, Any]) -> DataSpec:
    """The pictures, in the split of the job."""
    return DataSpec((Source(job["source"]),), seed=job["seed"], excluded=tuple(job["excluded"]))


def last(request: Request) -> tuple[float, Any]:
    """Seconds of a job, and its last event."""
    begun = time.perf_counter()
    event = list(run(request))[-1]
    return time.perf_counter() - begun, event


def fit(job: dict[str, Any]) -> dict[str, Any]:
    """The preset quick, from the first look into the folder to the last file of the run."""
    seconds, done = last(FitRequest(data(job), f"{job['folder']}/run", preset="quick", image_size=job["size"]))
    return {"seconds": seconds, "accuracy": done.accuracy}


def rate(job: dict[str, Any]) -> dict[str, Any]:
    """Pictures a second with the whole network unfrozen, without the first batch of each epoch."""
    request = FitRequest(
        data(job),
        f"{job['folder']}/rate",
        preset=job["preset"],
        epochs=EPOCHS,
        frozen_epochs=1,
        batch_size=job["batch"],
        image_size=job["size"],
    )
    ticks: dict[int, list[tuple[int, float]]] = {}
    steps, pictures = 0, 0
    for event in run(request):
        if isinstance(event, BatchDone) and event.phase == "unfrozen":
            ticks.setdefault(event.epoch, []).append((event.step, time.perf_counter()))
            steps = event.steps
        pictures = getattr(event, "train_images", pictures)

    batches = sum(epoch[-1][0] - epoch[0][0] for epoch in ticks.values())
    seconds = sum(epoch[-1][1] - epoch[0][1] for epoch in ticks.values())
    return {"images_per_second": batches * pictures * EPOCHS / steps / seconds}


def lr_find(job: dict[str, Any]) -> dict[str, Any]:
    """The range test, from the first look into the folder."""
    seconds, found = last(LrFindRequest(data(job), batch_size=job["batch"], image_size=job["size"]))
    return {"seconds": seconds, "suggestion": found.suggestion, "steps": len(found.rates)}


def evaluate(job: dict[str, Any]) -> dict[str, Any]:
    """Accuracy on all pictures, with the run that `fit` left."""
    seconds, done = last(EvaluateRequest(f"{job['folder']}/run", data(job)))
    return {"seconds": seconds, "accuracy": done.accuracy}


TASKS = {"fit": fit, "rate": rate, "lr_find": lr_find, "evaluate": evaluate}


def main() -> None:
    """Import what is needed, do one job and print its result."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    list(run(WarmRequest()))
    import torch

    result = TASKS[job["task"]](job)
    print(json.dumps({**result, "versions": {"torch": torch.__version__}}), flush=True)


if __name__ == "__main__":
    main()
