"""What this computer has, as far as the standard library knows."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path


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


def resident_bytes() -> int | None:
    """Memory that this process takes now; None where the system does not tell."""
    return _status("VmRSS:")


def forget_peak() -> None:
    """Begin `peak_resident_bytes` anew, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_resident_bytes() -> int | None:
    """Most memory that this process took since `forget_peak`; elsewhere than on Linux since its start."""
    found = _status("VmHWM:")
    if found is not None or sys.platform == "win32":
        return found
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _status(field: str) -> int | None:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - no Path off Linux
            line = next((line for line in file if line.startswith(field)), "")
    except OSError:
        return None
    kilobytes = line.removeprefix(field).split()
    return int(kilobytes[0]) * 1024 if kilobytes else None
