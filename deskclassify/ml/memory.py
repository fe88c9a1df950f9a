"""Memory: what to do when it runs out, and how to keep it from being asked for again and again."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

from deskclassify.ml.device import Device

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # mallopt's names, from malloc.h
_MMAP_MAX_USUAL, _USUAL = 65536, 128 * 1024
_LARGEST_INT = 2**31 - 1
_PAD_BYTES = 64 * 2**20
_USABLE = 0.7  # of what is free: gradients, the optimiser and other programs need some too
_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad allocation",
    "std::bad_alloc",
    "could not create a primitive",  # oneDNN, when there is no room for its scratch pad
    "could not create a memory",
)


def micro_batch(batch: int, bytes_per_image: int, device: Device) -> int:
    """How many pictures of a batch the network can take at once in the memory that is free.

    On a processor a training that takes too much is not refused: the whole computer slows down, or
    the system ends the process. So it is worked out beforehand; on a card an error tells in time.

    Args:
        batch: pictures of a batch.
        bytes_per_image: for the activations of one picture; 0: not known.
        device: where.
    """
    free = None if device.is_cuda else available_bytes()
    if free is None or not bytes_per_image:
        return batch
    fits = int(free * _USABLE) // bytes_per_image
    while batch > max(1, fits):
        batch = (batch + 1) // 2
    return batch


def available_bytes() -> int:
    """Memory that this process may still take: of the computer, of its container, and under its own limits."""
    free = [psutil.virtual_memory().available]
    free += [limit - used for limit, used in (*_of_container(), *_of_process()) if limit is not None]
    return max(0, int(min(free)))


def _of_container() -> Iterator[tuple[int | None, int]]:
    """Limit and use of the control group (Linux), in its second and its first version."""
    folder = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number: there is no limit
            yield int((folder / limit).read_text()), int((folder / used).read_text())


def _of_process() -> Iterator[tuple[int | None, int]]:
    """The limits that a shell's `ulimit` or a batch system sets, and what is used of them."""
    if sys.platform != "linux":
        return
    import resource

    used = psutil.Process().memory_info()
    for kind, taken in ((resource.RLIMIT_AS, used.vms), (resource.RLIMIT_DATA, used.data)):
        limit = resource.getrlimit(kind)[0]
        yield (None if limit == resource.RLIM_INFINITY else limit), taken


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or on the CPU (where torch has no type for it)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def release() -> None:
    """Give back what nobody uses; call it after the error and its traceback are gone."""
    gc.collect()
    _, trim = _glibc()
    if trim is not None:
        trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep freed memory for the next batch, and give it all back at the end.

    glibc hands every large block back to the system and asks for it again a moment later; the
    system clears each page of it. In a training on the CPU that takes up to half of the time.
    Elsewhere (other C libraries, other systems) this does nothing.
    """
    mallopt, trim = _glibc()
    if mallopt is None or trim is None:
        yield
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, _LARGEST_INT)
    mallopt(_TOP_PAD, _PAD_BYTES)
    try:
        yield
    finally:
        mallopt(_MMAP_MAX, _MMAP_MAX_USUAL)
        mallopt(_TRIM_THRESHOLD, _USUAL)
        mallopt(_TOP_PAD, _USUAL)
        trim(0)


def _glibc() -> tuple[ctypes._NamedFuncPointer | None, ctypes._NamedFuncPointer | None]:
    if not sys.platform.startswith("linux"):
        return None, None
    library = ctypes.CDLL(None)
    return getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
