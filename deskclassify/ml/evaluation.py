"""Measuring a run or an exported model on any labelled pictures."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deskclassify.core.architectures import get
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Started, Throttle
from deskclassify.core.preprocess import Pixels, Preprocess
from deskclassify.core.requests import EvaluateRequest
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.core.sources import list_data
from deskclassify.core.standing import judged
from deskclassify.core.words import counted
from deskclassify.ml.images import look_at
from deskclassify.ml.model_file import open_model
from deskclassify.ml.prediction import BATCH


@dataclass(frozen=True)
class _Model:
    classes: tuple[str, ...]
    how: Preprocess
    answers: Callable[[Pixels], np.ndarray]
    chunk: int


def evaluate(request: EvaluateRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Classify every labelled picture and compare.

    Raises:
        InputError: the model or the data cannot be used.
    """
    begun = time.monotonic()
    model = _open(Path(request.model), request.device)
    listing = list_data(request.data, should_stop)
    items = [item for item in listing.items if request.subset in ("all", item.subset)]
    if not items:
        raise InputError("There are no labelled pictures to measure on. Choose a folder with a sub-folder per class.")
    yield Started("evaluate", counted(len(items), "picture"))
    label = {item.path: item.label for item in items}
    seen: list[str] = []
    rows: list[np.ndarray] = []
    done, throttle = 0, Throttle()
    paths = [item.path for item in items]
    with contextlib.closing(look_at(paths, model.how, True, model.chunk, model.answers)) as looks:
        for looked in looks:
            good = [(picture.path, row) for picture, row in looked if row is not None]
            seen += [path for path, _ in good]
            rows += [row for _, row in good]
            done += len(looked)
            if throttle.ready(done == len(items)):
                rate = done / max(1e-6, time.monotonic() - begun)
                yield Progress("evaluate", done, len(items), rate, (len(items) - done) / rate)
            if should_stop():
                return
    probabilities = np.array(rows, np.float32).reshape(-1, len(model.classes))
    scored = judged(model.classes, seen, [label[path] for path in seen], probabilities)
    yield scored
    seconds = time.monotonic() - begun
    yield measure(list(scored.verdicts), model.classes, len(items) - len(seen), seconds, probabilities)


def _open(path: Path, device: str) -> _Model:
    if path.is_file():
        opened = open_model(path, device, threads=1)
        return _Model(opened.card.classes, opened.card.preprocess, opened.run, BATCH)
    if not path.is_dir():
        raise InputError(f"There is neither a run nor a model at “{path}”.")
    return _open_run(RunFolder(path), device)


def _open_run(run: RunFolder, device: str) -> _Model:
    import torch

    from deskclassify.ml import device as devices
    from deskclassify.ml import trunk
    from deskclassify.ml.loop import probabilities
    from deskclassify.ml.zoo import load_run

    info = run.info()
    network = load_run(info.architecture, len(info.classes), run.best)
    architecture = get(info.architecture)
    where = devices.choose(device)
    run_trunk = trunk.runner(network.trunk, architecture, None, info.preprocess.size, where)

    def answers(images: Pixels) -> np.ndarray:
        with torch.inference_mode():
            return probabilities(network.head(torch.from_numpy(run_trunk(images))).numpy())

    return _Model(info.classes, info.preprocess, answers, trunk.chunk_size(where))
