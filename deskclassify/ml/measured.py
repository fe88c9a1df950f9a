"""What was measured about this machine, kept in the cache folder so that the next run needs no probe.

What was measured while other programs were at work is kept for an hour only: until then runs
agree with one another, and after that the computer may be free again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch

from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.machine import cpu_model
from deskclassify.ml.device import Device

_log = logging.getLogger(__name__)
_OWN_SHARE = 0.7  # of the time, at least, where nothing else is at work
_DISTURBED_SECONDS = 3600.0
T = TypeVar("T")
Key = Mapping[str, str | int]
"""what a measurement depends on: name → value"""


def key(device: Device, **more: str | int) -> Key:
    """What every measurement depends on: the processor, its threads and torch; and `more`."""
    machine = device.title if device.is_cuda else f"{cpu_model()} {torch.backends.cpu.get_cpu_capability()}"
    return {"machine": machine, "threads": torch.get_num_threads(), "torch": torch.__version__, **more}


class Watch:
    """Tells whether the work since it was begun had the processors for itself."""

    def __init__(self) -> None:
        self._begun = self._now()

    @staticmethod
    def _now() -> tuple[float, float, float]:
        return time.perf_counter(), time.thread_time(), time.process_time()

    def was_disturbed(self) -> bool:
        """Whether other programs took a part: neither this thread nor threads on all cores were kept busy."""
        wall, own, together = (now - then for now, then in zip(self._now(), self._begun, strict=True))
        return own < _OWN_SHARE * wall and together < _OWN_SHARE * wall * torch.get_num_threads()


def recall(what: Key, kind: type[T]) -> T | None:
    """The measurement, a dataclass; None where there is none, or where its file is damaged."""
    try:
        file = _file(what)
        value = json.loads(file.read_text(encoding="utf-8"))
        if value["disturbed"] and time.time() - file.stat().st_mtime > _DISTURBED_SECONDS:
            return None
        return from_json(kind, value["measured"]) if value["of"] == dict(what) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(what: Key, measured: object, disturbed: bool) -> None:
    """Keep a measurement; where the disk does not take it, it is made anew next time."""
    try:
        atomic.write_json(_file(what), {"of": dict(what), "measured": to_json(measured), "disturbed": disturbed})
    except OSError:
        _log.warning("a measurement is not kept: the cache cannot be written", exc_info=True)


def _file(what: Key) -> Path:
    text = json.dumps(dict(what), sort_keys=True)
    return paths.cache_dir() / "measured" / f"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}.json"
