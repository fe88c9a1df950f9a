"""Reading and classifying on this machine, at its full speed.

On the processor each thread takes a picture through decoding, resizing and the network, with a session that starts no
threads of its own: nobody waits for anybody, no processor idles between two steps, and a picture is classified while
it is still in the cache. Pillow and ONNX Runtime both release the interpreter's lock. With a graphics card the threads
only decode, and what is ready goes through the card together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Prediction
from deskclassify.core.machine import cpu_count
from deskclassify.ml import ort
from deskclassify.ml.model_file import OpenModel
from deskclassify.ml.scale.answering import Decoded, classify, decode

_AHEAD_PER_THREAD = 8
_CARD_BATCH = 64
_POLL_SECONDS = 0.05  # how soon a stop is heard while a large picture is decoded
A = TypeVar("A")
B = TypeVar("B")


def answers(model: OpenModel, files: Iterable[str], top: int, should_stop: ShouldStop) -> Generator[Prediction]:
    """Answers in the order of the files; they end early where it is told to stop.

    Args:
        model: opened with one thread, if it runs on the processor.
        files: paths; read no further ahead than some for each processor.
        top: classes to tell.
        should_stop: asked before each answer, and while waiting for one.
    """
    if ort.real_provider(model.session) == ort.CPU_PROVIDER:
        return ready(lambda path: classify(model, [decode(path, model.card.preprocess)], top), files, should_stop)
    return _on_card(model, files, top, should_stop)


def ready(function: Callable[[A], list[B]], values: Iterable[A], should_stop: ShouldStop) -> Generator[B]:
    """The items of the lists that `function` gives for each value, called in threads; in order."""
    for group in _ahead(function, values, should_stop, 1):
        for items in group:
            yield from items


def _on_card(model: OpenModel, files: Iterable[str], top: int, should_stop: ShouldStop) -> Generator[Prediction]:
    def read(path: str) -> Decoded:
        return decode(path, model.card.preprocess)

    for pictures in _ahead(read, files, should_stop, _CARD_BATCH):
        yield from classify(model, pictures, top)


def _ahead(function: Callable[[A], B], values: Iterable[A], should_stop: ShouldStop, most: int) -> Generator[list[B]]:
    """Results in order, `most` or fewer at a time, as many as are ready; a bounded number waits in memory."""
    threads = cpu_count()
    source = iter(values)
    waiting: deque[Future[B]] = deque()
    with ThreadPoolExecutor(threads, "predict") as pool:
        try:
            while True:
                room = threads * _AHEAD_PER_THREAD + most - len(waiting)
                waiting.extend(pool.submit(function, value) for value in islice(source, room))
                if not waiting or should_stop():
                    return
                if not wait((waiting[0],), _POLL_SECONDS).done:
                    continue
                group = [waiting.popleft().result()]
                while waiting and len(group) < most and waiting[0].done():
                    group.append(waiting.popleft().result())
                yield group
        finally:
            for future in waiting:
                future.cancel()
