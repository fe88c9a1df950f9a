"""What this computer has, as far as the standard library knows."""

from __future__ import annotations

import os
import platform


def cpu_count() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_title() -> str:
    """The processor, as shown in the window."""
    return f"CPU, {cpu_count()} cores"


def cpu_model() -> str:
    """The processor's own name, which tells machines apart that share a folder; may be empty."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - no Path off Linux
            named = next((line for line in file if line.startswith("model name")), "")
    except OSError:
        named = ""
    return named.partition(":")[2].strip() or platform.processor()
