"""Which paths have been there already, in eight bytes each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

import numpy as np

_IN_A_SET = 1 << 16  # digests that wait to be sorted in


class Seen:
    """A set of paths that keeps 64-bit digests only: two of ten million paths agree by chance once in 370,000 times.

    Digests lie in sorted arrays, each at least twice as long as the next: the logarithmic method of Bentley and Saxe,
    “Decomposable searching problems I” (1980).
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._new: set[int] = set()
        self._arrays: list[np.ndarray] = []
        for path in paths:
            self.add(path)

    def __len__(self) -> int:
        return len(self._new) + sum(map(len, self._arrays))

    def __contains__(self, path: str) -> bool:
        return self._has(_digest(path))

    def add(self, path: str) -> bool:
        """Remember a path.

        Returns:
            whether it is new. Different spellings of an absolute path (`a/../b`) are the same.
        """
        digest = _digest(path)
        if self._has(digest):
            return False
        self._new.add(digest)
        if len(self._new) >= _IN_A_SET:
            self._arrays.append(np.sort(np.fromiter(self._new, np.uint64, len(self._new))))
            self._new.clear()
            while len(self._arrays) > 1 and len(self._arrays[-2]) < 2 * len(self._arrays[-1]):
                merged = np.concatenate((self._arrays.pop(), self._arrays.pop()))
                merged.sort(kind="stable")  # two sorted halves: one pass
                self._arrays.append(merged)
        return True

    def _has(self, digest: int) -> bool:
        if digest in self._new:
            return True
        wanted = np.uint64(digest)
        for array in self._arrays:
            at = array.searchsorted(wanted)
            if at < len(array) and array[at] == wanted:
                return True
        return False


def _digest(path: str) -> int:
    data = os.fsencode(os.path.abspath(path))
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
