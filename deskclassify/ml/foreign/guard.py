"""Limits around each run of a model that others wrote.

The trial has run it on noise. A model can be made to behave then and not on a certain picture; so the process that uses
it sets bounds too. They do not end the process: the run ends, with a sentence.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import onnxruntime

from deskclassify.core.errors import InputError
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.trial import is_out_of_memory, plainly

_lock = threading.Lock()
_running = 0
_before = (0, 0)


@contextlib.contextmanager
def guarded(name: str, on_processor: bool, limits: Limits = USUAL) -> Iterator[onnxruntime.RunOptions]:
    """Run a model within limits of time and memory.

    Args:
        name: of the file, for the sentence.
        on_processor: a graphics card's driver maps far more memory than it takes, and gets no limit of it.
        limits: of the run.

    Raises:
        InputError: it has taken too much, or failed.
    """
    options = onnxruntime.RunOptions()
    expired = threading.Event()

    def end() -> None:
        expired.set()
        options.terminate = True

    timer = threading.Timer(limits.run_seconds, end)
    timer.daemon = True
    timer.start()
    try:
        with _memory(limits) if on_processor else contextlib.nullcontext():
            yield options
    except InputError:
        raise
    except Exception as error:
        if expired.is_set():
            raise InputError(
                f"“{name}” was stopped: it was not done with a few pictures after {limits.run_seconds:.0f} s. "
                "Use a smaller network, or another file."
            ) from error
        if isinstance(error, MemoryError) or is_out_of_memory(str(error)):
            raise InputError(
                f"“{name}” was stopped: it wanted more than {limits.memory_bytes / 1e9:.1f} GB of memory for a few "
                "pictures. Use a smaller network, or another file."
            ) from error
        raise InputError(f"“{name}” failed on a picture ({plainly(error)}). Use another file.") from error
    finally:
        timer.cancel()
        timer.join()


@contextlib.contextmanager
def _memory(limits: Limits) -> Iterator[None]:
    """Bound the memory that this process may ask for beyond what it has; where the system can (Linux)."""
    if sys.platform != "linux":
        yield
        return
    import resource

    global _running, _before
    with _lock:
        _running += 1
        if _running == 1:
            _before = resource.getrlimit(resource.RLIMIT_AS)
            wanted, hard = _virtual_bytes() + limits.memory_bytes, _before[1]
            lower = [bound for bound in (wanted, *_before) if bound != resource.RLIM_INFINITY]
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_AS, (min(lower), hard))
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                with contextlib.suppress(ValueError, OSError):
                    resource.setrlimit(resource.RLIMIT_AS, _before)


def _virtual_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 64 << 30
    return pages * os.sysconf("SC_PAGE_SIZE")
