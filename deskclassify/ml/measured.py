"""What was measured about this machine, kept in the cache folder so that the next run needs no probe."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch

from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.machine import cpu_model
from deskclassify.ml.device import Device

_log = logging.getLogger(__name__)
T = TypeVar("T")
Key = Mapping[str, str | int]
"""what a measurement depends on: name → value"""


def key(device: Device, **more: str | int) -> Key:
    """What every measurement depends on: the processor, its threads and torch; and `more`."""
    machine = device.title if device.is_cuda else f"{cpu_model()} {torch.backends.cpu.get_cpu_capability()}"
    return {"machine": machine, "threads": torch.get_num_threads(), "torch": torch.__version__, **more}


def recall(what: Key, kind: type[T]) -> T | None:
    """The measurement, a dataclass; None where there is none, or where its file is damaged."""
    try:
        value = json.loads(_file(what).read_text(encoding="utf-8"))
        return from_json(kind, value["measured"]) if value["of"] == dict(what) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(what: Key, measured: object) -> None:
    """Keep a measurement; where the disk does not take it, it is made anew next time."""
    try:
        atomic.write_json(_file(what), {"of": dict(what), "measured": to_json(measured)})
    except OSError:
        _log.warning("a measurement is not kept: the cache cannot be written", exc_info=True)


def _file(what: Key) -> Path:
    text = json.dumps(dict(what), sort_keys=True)
    return paths.cache_dir() / "measured" / f"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}.json"
