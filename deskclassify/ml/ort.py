"""ONNX Runtime sessions: quiet, with the right number of threads, and honest about the provider."""

from __future__ import annotations

import contextlib
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime

from deskclassify.core.errors import InputError
from deskclassify.core.machine import cpu_count
from deskclassify.ml import graphics_card

_FATAL_ONLY = 4
CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
# With TF32, answers would differ from the processor's by more than an exported model may.
_OPTIONS = {CUDA_PROVIDER: {"use_tf32": "0"}}


class Session(onnxruntime.InferenceSession):  # type: ignore[misc]
    """A session that knows why it does not run where it was wanted to.

    Attributes:
        note: a sentence for the user; empty where the provider that was wanted runs.
        on_processor: opens the same model on the processor, where this one is on a graphics card.
    """

    def __init__(self, model: bytes | str, options: onnxruntime.SessionOptions, providers: list[str]) -> None:
        super().__init__(model, options, providers=[(name, _OPTIONS.get(name, {})) for name in providers])
        self.note = ""
        self._model = model if CUDA_PROVIDER in providers else ""  # the processor needs no substitute
        self._options = options
        self._substitute: Session | None = None

    def on_processor(self, said: str) -> Session:
        """The same model on the processor, from now on: `said` is what the card failed with."""
        if self._substitute is None:
            self._substitute = Session(self._model, self._options, [CPU_PROVIDER])
            self.note = graphics_card.explain(graphics_card.facts(), said)
        return self._substitute

    @property
    def in_use(self) -> Session:
        """This session, or the one that has taken its place."""
        return self._substitute or self


def session(model: bytes | str, threads: int = 0, device: str = "cpu", spinning: bool = True) -> Session:
    """Open a model.

    Args:
        model: a path, or the file's bytes.
        threads: for one operator; 0 lets ONNX Runtime choose.
        device: `cpu`, `auto` or `cuda…`; only what runs afterwards tells what was really used.
        spinning: whether idle threads wait actively, which is faster in a row of batches and
            costs half a core where pictures come one by one.

    Raises:
        InputError: the file is no model that can be run.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    if device == "cpu":
        return _opened(model, options, [CPU_PROVIDER])
    if _can_try_cuda():
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find; `facts` tells the user
            onnxruntime.preload_dlls()  # finds CUDA in torch's wheels
        opened = _opened(model, options, [CUDA_PROVIDER, CPU_PROVIDER])
    else:
        opened = _opened(model, options, [CPU_PROVIDER])
    if real_provider(opened) == CPU_PROVIDER:
        opened.note = graphics_card.explain(graphics_card.facts(), asked=device != "auto")
    return opened


def _opened(model: bytes | str, options: onnxruntime.SessionOptions, providers: list[str]) -> Session:
    try:
        return Session(model, options, providers)
    except Exception as error:
        said = str(error)
        if CUDA_PROVIDER in providers and ("CUDA" in said or graphics_card.is_out_of_memory(said)):
            opened = _opened(model, options, [CPU_PROVIDER])
            opened.note = graphics_card.explain(graphics_card.facts(), said)
            return opened
        first_line = (said.splitlines() or [""])[0][:200]
        raise InputError(f"This is no ONNX model that can be run ({first_line}).") from error


def _can_try_cuda() -> bool:
    """Without a card the CUDA provider only prints C++ errors and falls back in silence."""
    listed = CUDA_PROVIDER in onnxruntime.get_available_providers()
    return listed and hasattr(onnxruntime, "preload_dlls") and graphics_card.has_card()


def real_provider(opened: Session) -> str:
    """The provider that runs, after a run: what ONNX Runtime lists as available proves nothing."""
    name: str = opened.in_use.get_providers()[0]
    return name


def real_provider_note(opened: Session) -> str:
    """Why that is not the provider that was wanted, and what to do; empty where it is."""
    return opened.note


def run(
    opened: Session, images: np.ndarray, options: onnxruntime.RunOptions | None = None, output: str = ""
) -> np.ndarray:
    """Run uint8 `[N, H, W, 3]`, or what else it takes, through a model with one input.

    Where a graphics card has too little memory the pictures are run in halves, and at last on the processor.

    Args:
        opened: the model.
        images: its input.
        options: of this run.
        output: name; empty for the first one.
    """
    session = opened.in_use
    feed: dict[str, Any] = {session.get_inputs()[0].name: images}
    try:
        result: np.ndarray = session.run([output] if output else None, feed, options)[0]
        return result
    except Exception as error:
        if session.get_providers()[0] == CPU_PROVIDER or not graphics_card.is_out_of_memory(str(error)):
            raise
        said = str(error)  # the error itself is dropped: its traceback would keep the card's memory
    if len(images) > 1:
        return np.concatenate([run(opened, part, options, output) for part in np.array_split(images, 2)])
    return run(opened.on_processor(said), images, options, output)


def run_in_parts(opened: Session, images: np.ndarray, least: int = 1) -> np.ndarray:
    """Like `run`, for a session with one thread: each processor takes a part of the pictures.

    Nobody then waits for the others after each operator. The results are the same. On a computer that
    does nothing else it takes about the same time, where other programs are at work as little as half
    (benchmarks/step.py).

    Args:
        opened: the session.
        images: uint8 `[N, H, W, 3]`.
        least: pictures of a part; so few are run on the calling thread, beside which others may do the same.
    """
    count = min(cpu_count(), -(-len(images) // least))
    if count <= 1:
        return run(opened, images)
    with ThreadPoolExecutor(count, "network") as pool:
        return np.concatenate(list(pool.map(lambda part: run(opened, part), np.array_split(images, count))))
