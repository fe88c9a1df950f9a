"""The cache folder as a whole: how large it is, and keeping it within its limit."""

from __future__ import annotations

import logging
import os
import shutil
import time
from pathlib import Path

from deskclassify.core import paths

_IDLE_SECONDS = 3600.0  # what was used since may be in use by another process
_PARTS = ("features", "activations", "pictures", "trunks", "pasted", "camera", "excitations", "verdicts")
_log = logging.getLogger(__name__)


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder; files that vanish meanwhile count nothing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(where) / name).lstat().st_size
            except OSError:
                continue
    return total


def clear_folder(folder: Path) -> None:
    """Delete what a folder holds, and keep the folder.

    Raises:
        OSError: something of it cannot be deleted.
    """
    for entry in folder.iterdir():
        _delete(entry)


def trim(limit_bytes: float, idle_seconds: float = _IDLE_SECONDS) -> int:
    """Delete what was not used for longest, until the cache is within its limit.

    Args:
        limit_bytes: of the whole cache folder.
        idle_seconds: what was used in this time stays, whatever the limit.

    Returns:
        the bytes freed. What cannot be deleted is passed over: this is only a cache.
    """
    cache = paths.cache_dir()
    total, freed = folder_bytes(cache), 0
    entries = [entry for part in _PARTS if (cache / part).is_dir() for entry in (cache / part).iterdir()]
    for used, entry in sorted((_last_use(entry), entry) for entry in entries):
        if total - freed <= limit_bytes or time.time() - used < idle_seconds:
            break
        size = folder_bytes(entry) if entry.is_dir() else entry.stat().st_size
        try:
            _delete(entry)
        except OSError:
            _log.warning("%s cannot be deleted from the cache", entry, exc_info=True)
            continue
        freed += size
    return freed


def _last_use(entry: Path) -> float:
    files = [entry, *entry.iterdir()] if entry.is_dir() else [entry]
    return max(file.stat().st_mtime for file in files)


def _delete(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)
