"""Classifying files and folders with an exported model: Pillow and ONNX Runtime, no torch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, PredictDone, Prediction, Progress, Started, Throttle
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.requests import PredictRequest
from deskclassify.core.sources import Problem, walk
from deskclassify.core.words import counted
from deskclassify.ml import ort
from deskclassify.ml.images import Picture, batched, read_many
from deskclassify.ml.model_file import OpenModel, open_model, require_model

BATCH = 8
_FEW = 2 * BATCH  # up to here threads need not spin: they would cost half a core between two drops
_open: dict[tuple[str, int, int, str, bool], OpenModel] = {}


def predict(request: PredictRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Classify every picture below the paths, in order; a file that cannot be read gets an error.

    Raises:
        InputError: the model is none, or a path does not exist or holds no picture.
    """
    begun = time.monotonic()
    require_model(Path(request.model))
    files = list(expand(request.paths))
    model = kept_model(Path(request.model), request.device, len(files) > _FEW)
    yield Started("predict", f"{model.card.architecture}, {counted(len(files), 'file')}")
    throttle, done, failed, refused, stopped = Throttle(), 0, 0, 0, False
    for batch in batched(read_many(files, model.card.preprocess, exact=True), BATCH):
        for prediction in _answers(model, batch, request.top):
            failed += bool(prediction.error)
            refused += prediction.refused
            yield prediction
        done += len(batch)
        if len(files) > 1 and throttle.ready(done == len(files)):
            rate = done / max(1e-6, time.monotonic() - begun)
            yield Progress("predict", done, len(files), rate, (len(files) - done) / rate)
        if done < len(files) and should_stop():
            stopped = True
            break
    yield PredictDone(
        images=done - failed,
        failed=failed,
        seconds=time.monotonic() - begun,
        provider=ort.real_provider(model.session),
        classes=model.card.classes,
        architecture=model.card.architecture,
        accuracy=model.card.accuracy,
        stopped=stopped,
        threshold=model.card.threshold,
        refused=refused,
    )


def expand(paths: Sequence[str]) -> Iterator[str]:
    """Files as given, and the pictures of folders.

    Raises:
        InputError: a path does not exist, or nothing below the paths is a picture.
    """
    found = 0
    for name in paths:
        path = Path(name)
        if path.is_dir():
            for entry in walk(path):
                if not isinstance(entry, Problem) and is_picture_name(entry.name):
                    found += 1
                    yield str(path / entry)
        elif path.exists():
            found += 1
            yield str(path)
        else:
            raise InputError(f"There is nothing at “{name}”. Check the path.")
    if paths and not found:
        raise InputError(f"No pictures were found in {', '.join(f'“{name}”' for name in paths)}.")


def kept_model(path: Path, device: str, many: bool) -> OpenModel:
    """Open a model, or reuse the one that is open; a changed file is opened anew.

    Raises:
        InputError: see `open_model`.
    """
    status = path.stat()
    key = (str(path), status.st_mtime_ns, status.st_size, device, many)
    if key not in _open:
        _open.clear()
        _open[key] = open_model(path, device, spinning=many)
    return _open[key]


def _answers(model: OpenModel, batch: list[Picture], top: int) -> Iterator[Prediction]:
    good = [picture.pixels for picture in batch if picture.pixels is not None]
    begun = time.perf_counter()
    rows = iter(model.run(np.stack(good))) if good else iter(())
    each = (time.perf_counter() - begun) / max(1, len(good))
    for picture in batch:
        if picture.pixels is None:
            yield Prediction(picture.path, error=picture.error)
            continue
        chances = next(rows)
        order = np.argsort(-chances, kind="stable")[: max(1, top)]
        best = tuple((model.card.classes[at], float(chances[at])) for at in order)
        took = (picture.seconds + each) * 1000
        refused = best[0][1] < model.card.threshold
        yield Prediction(picture.path, best[0][0], best[0][1], best, milliseconds=took, refused=refused)
