"""Classifying files with an exported model. Torch is not needed here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deskclassify.core import foreign_memory
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, PredictDone, Prediction, Progress, Started, Throttle
from deskclassify.core.requests import PredictRequest
from deskclassify.core.use_requests import FrameRequest
from deskclassify.core.words import counted
from deskclassify.ml import ort
from deskclassify.ml.model_file import OpenModel, open_model, require_model
from deskclassify.ml.scale import locally
from deskclassify.ml.scale.answering import answer, classify, decode
from deskclassify.ml.scale.files import Files

BATCH = 8
_open: dict[tuple[str, int, int, str, int, bool], OpenModel] = {}


class _Stop:
    """Asks whether to stop, and remembers that it was told to: nobody asks once all is done."""

    def __init__(self, should_stop: ShouldStop) -> None:
        self._should_stop = should_stop
        self.told = False

    def __call__(self) -> bool:
        self.told = self.told or self._should_stop()
        return self.told


@dataclass
class _Answers:
    """Answers as they come, and what ran them.

    Attributes:
        stream: of answers, in the order of the files.
        session: to be asked for its provider afterwards; None where other processes have it.
        provider: of those.
    """

    stream: Generator[Prediction]
    session: ort.Session | None = None
    provider: list[str] = field(default_factory=list)


def predict(request: PredictRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Classify every picture below the paths, in order; a file that cannot be read gets an error.

    Raises:
        InputError: the model is none, a path does not exist or holds no picture, or Ray is wanted and not there.
    """
    begun = time.monotonic()
    path = Path(request.model)
    require_model(path)
    with Files(request) as files:
        model = kept_model(path, request.device, files.few != 1)
        how_many = counted(files.few, "file") if files.few is not None else "many files"
        yield Started("predict", f"{model.card.architecture}, {how_many}")
        files.count_ahead()
        throttle, done, failed, refused = Throttle(), 0, 0, 0
        stop = _Stop(should_stop)
        asked = _answers(request, model, files, stop)
        with contextlib.closing(asked.stream):
            for prediction in asked.stream:
                failed += bool(prediction.error)
                refused += prediction.refused
                done += 1
                yield prediction
                if files.few != 1 and throttle.ready(done == files.few):
                    yield _progress(files, done, time.monotonic() - begun)
        yield PredictDone(
            images=done - failed,
            failed=failed,
            seconds=time.monotonic() - begun,
            provider=ort.real_provider(asked.session) if asked.session else ", ".join(asked.provider),
            classes=model.card.classes,
            architecture=model.card.architecture,
            accuracy=model.card.accuracy,
            stopped=stop.told,
            threshold=model.card.threshold,
            refused=refused,
            provider_note=ort.real_provider_note(asked.session) if asked.session else "",
        )


def predict_frame(request: FrameRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Classify pixels; one `Prediction`, without a path.

    Raises:
        InputError: the model is none.
    """
    from PIL import Image

    from deskclassify.core.preprocess import apply

    path = Path(request.model)
    require_model(path)
    model = kept_model(path, request.device, False)
    if should_stop():
        return
    begun = time.perf_counter()
    pixels = apply(Image.fromarray(request.pixels), model.card.preprocess)
    row = model.run(pixels[None])[0]
    yield answer("", row, model.card, request.top, time.perf_counter() - begun)


def _answers(request: PredictRequest, model: OpenModel, files: Files, should_stop: ShouldStop) -> _Answers:
    if request.engine == "ray":
        from deskclassify.ml.scale import on_ray

        provider: list[str] = []
        return _Answers(on_ray.answers(request, files, should_stop, provider), provider=provider)
    if files.few == 1:
        return _Answers(_one(model, files, request.top), model.session)
    return _Answers(locally.answers(model, files, request.top, should_stop), model.session)


def _one(model: OpenModel, files: Files, top: int) -> Generator[Prediction]:
    """A single picture, with all processors for each operator and no pool of threads to be made."""
    for path in files:
        yield from classify(model, [decode(path, model.card.preprocess)], top)


def _progress(files: Files, done: int, seconds: float) -> Progress:
    rate = done / max(1e-6, seconds)
    behind = done + files.passed_over
    total, certain = files.total(behind)
    return Progress("predict", behind, total, rate, (total - behind) / rate if certain else None)


def expand(paths: Sequence[str]) -> Iterator[str]:
    """Files as given, and the pictures of folders; each once.

    Raises:
        InputError: a path does not exist, or nothing below the paths is a picture.
    """
    if paths:
        with Files(PredictRequest("", tuple(paths))) as files:
            yield from files


def kept_model(path: Path, device: str, many: bool) -> OpenModel:
    """Open a model, or reuse the one that is open; a changed file is opened anew.

    Args:
        path: the file.
        device: see `ort.session`.
        many: whether threads run it side by side, with one processor each; otherwise all processors share each
            operator. Nobody waits actively: an idle program costs nothing.

    Raises:
        InputError: see `open_model`.
    """
    status = path.stat()
    # The stamp: another word of the user on how a model of another program is used.
    key = (str(path), status.st_mtime_ns, status.st_size, device, foreign_memory.stamp(), many)
    if key not in _open:
        for other in [one for one in _open if one[:-1] != key[:-1]]:
            del _open[other]
        sibling = _open.get((*key[:-1], not many))
        if sibling is not None and ort.real_provider(sibling.session) != ort.CPU_PROVIDER:
            _open[key] = sibling  # on a graphics card there is no difference
        else:
            _open[key] = open_model(path, device, spinning=False, threads=int(many))
    return _open[key]
