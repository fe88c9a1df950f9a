"""ONNX Runtime sessions: quiet, with the right number of threads, and honest about the provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime

from deskclassify.core.errors import InputError
from deskclassify.core.machine import cpu_count

_FATAL_ONLY = 4
CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"


def session(
    model: bytes | str, threads: int = 0, device: str = "cpu", spinning: bool = True
) -> onnxruntime.InferenceSession:
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
    wanted = [CPU_PROVIDER]
    if device != "cpu" and CUDA_PROVIDER in onnxruntime.get_available_providers():
        preload = getattr(onnxruntime, "preload_dlls", None)
        if preload is not None and _has_nvidia_device():
            preload()  # finds CUDA in torch's wheels
            wanted.insert(0, CUDA_PROVIDER)
    try:
        return onnxruntime.InferenceSession(model, options, providers=wanted)
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0][:200]
        raise InputError(f"This is no ONNX model that can be run ({first_line}).") from error


def _has_nvidia_device() -> bool:
    """Without a device the CUDA provider only prints C++ errors and falls back in silence."""
    import sys
    from pathlib import Path

    return sys.platform == "win32" or Path("/dev/nvidiactl").exists()


def real_provider(opened: onnxruntime.InferenceSession) -> str:
    """The provider that runs, after a run: what ONNX Runtime lists as available proves nothing."""
    name: str = opened.get_providers()[0]
    return name


def run(opened: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    """Run uint8 `[N, H, W, 3]` through a model with one input and one output."""
    feed: dict[str, Any] = {opened.get_inputs()[0].name: images}
    result: np.ndarray = opened.run(None, feed)[0]
    return result


def run_in_parts(opened: onnxruntime.InferenceSession, images: np.ndarray, least: int = 1) -> np.ndarray:
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
