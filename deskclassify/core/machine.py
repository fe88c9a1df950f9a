"""What this computer has, as far as the standard library knows."""

from __future__ import annotations

import os


def cpu_count() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_title() -> str:
    """The processor, as shown in the window."""
    return f"CPU, {cpu_count()} cores"
