"""What an engine is made with: CUDA or not, by what the computer has; and a Python to make it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deskclassify.core import engine_files
from deskclassify.core.engine_files import Kind
from deskclassify.core.errors import InputError
from deskclassify.core.use_requests import EngineKind

CHOSEN = "You chose it."  # the reason for a kind that the user named
DRIVER_FILE = Path("/proc/driver/nvidia/version")
_ASK_SECONDS = 20.0
_QUESTION = """
import json, platform, sys, venv
try:
    import ensurepip
    pip = True
except ImportError:
    pip = False
print(json.dumps([platform.python_implementation(), list(sys.version_info[:2]), sys.maxsize > 2**32, pip]))
"""


def kind_for(wanted: EngineKind) -> tuple[Kind, str]:
    """Whether to install with CUDA.

    Returns:
        the kind, and a sentence that says why.
    """
    if wanted != "auto":
        return wanted, CHOSEN
    driver = nvidia_driver()
    if driver is None:
        return "cpu", "No NVIDIA graphics card was found, so the smaller engine for the processor is the right one."
    try:
        oldest = engine_files.package_list("cuda").driver
    except InputError:
        return "cpu", "There is no engine with CUDA for this system."
    if 0 < driver < oldest:
        return "cpu", (
            f"The driver of your NVIDIA card ({driver}) is too old for CUDA. For training on the card, bring the "
            f"driver to version {oldest} or newer first; without that, the processor trains."
        )
    return "cuda", "There is an NVIDIA graphics card, which trains many times faster than the processor."


def nvidia_driver() -> int | None:
    """Major version of the NVIDIA driver; 0 where it is not told, None where there is no card."""
    try:
        text = DRIVER_FILE.read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0 if sys.platform == "win32" and shutil.which("nvidia-smi") else None
    found = re.search(r"Kernel Module(?: for \S+)?\s+(\d+)\.", text)
    return int(found[1]) if found else 0


@dataclass(frozen=True)
class Interpreter:
    """A Python of the system.

    Attributes:
        version: `3.11`.
        has_pip: whether it can make environments with pip in them.
    """

    path: str
    version: str
    has_pip: bool


def interpreter(versions: Sequence[str]) -> Interpreter:
    """A Python of one of these versions that can make virtual environments.

    `DESKCLASSIFY_PYTHON` names one that is tried first; then the PATH is searched.

    Raises:
        InputError: there is none; the sentence has the command that brings it.
    """
    without_pip: Interpreter | None = None
    for name in (os.environ.get("DESKCLASSIFY_PYTHON", ""), "python3", *(f"python{one}" for one in versions), "python"):
        found = examine(name) if name else None
        if found is None or found.version not in versions:
            continue
        if found.has_pip:
            return found
        without_pip = without_pip or found
    if without_pip is not None:
        raise InputError(
            f"The Python of this system ({without_pip.version}) cannot make virtual environments, which the training "
            f"engine needs. On Debian and Ubuntu, type: sudo apt install python{without_pip.version}-venv"
        )
    raise InputError(
        f"The training engine needs Python {versions[0]} to {versions[-1]}, and none was found. On Debian and Ubuntu, "
        "type: sudo apt install python3 python3-venv. Elsewhere, install it from python.org. Then try again."
    )


def examine(name: str) -> Interpreter | None:
    """Ask a Python what it is; None where it is none, or too small."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "-I", "-c", _QUESTION],
            capture_output=True,
            timeout=_ASK_SECONDS,
            env=engine_files.environment(),
            stdin=subprocess.DEVNULL,
            check=True,
        )
        implementation, version, is_64_bit, has_pip = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if implementation != "CPython" or not is_64_bit:
        return None
    return Interpreter(path, f"{version[0]}.{version[1]}", bool(has_pip))
