"""Memory: what to do when it runs out, and how to keep it from being asked for again and again."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator

import torch

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # mallopt's names, from malloc.h
_MMAP_MAX_USUAL, _USUAL = 65536, 128 * 1024
_LARGEST_INT = 2**31 - 1
_PAD_BYTES = 64 * 2**20
_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "bad allocation", "std::bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or on the CPU (where torch has no type for it)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def release() -> None:
    """Give back what nobody uses; call it after the error and its traceback are gone."""
    gc.collect()
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
