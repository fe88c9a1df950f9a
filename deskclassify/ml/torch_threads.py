"""How many threads torch takes for one operator, where each processor has a caller of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def take_one() -> None:
    """From now on the calling thread works alone. Call it within `kept` only, from the threads of a pool."""
    torch.set_num_threads(1)


@contextmanager
def kept() -> Iterator[None]:
    """Threads that are started after the block have as many as before it: torch gives them the number set last."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
