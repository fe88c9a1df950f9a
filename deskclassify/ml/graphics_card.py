"""Why ONNX Runtime does not compute on a graphics card that is there or was asked for, in a sentence with advice.

ONNX Runtime lists CUDA wherever its CUDA build is installed, and falls back to the processor in silence
(microsoft/onnxruntime#23372). What is missing is found by loading what it would load, in the same order.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_KERNEL_DRIVER = Path("/proc/driver/nvidia/version")
_DEVICE = Path("/dev/nvidiactl")
_DRIVER_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_PROVIDER = "onnxruntime_providers_cuda.dll" if sys.platform == "win32" else "libonnxruntime_providers_cuda.so"
_SHARED = _PROVIDER.replace("_cuda", "_shared")
_LIBRARY = re.compile(r"[\w.+-]+\.(?:so[\w.]*|dll)")
_UPDATE = "Install a newer driver from nvidia.com, then start this program again."
_INSTEAD = "Meanwhile the processor does the work."


@dataclass(frozen=True)
class Facts:
    """What speaks for and against computing on a graphics card.

    Attributes:
        has_card: whether the system knows an NVIDIA card.
        driver: its version as the system tells it, may be empty.
        driver_cuda: newest CUDA that the driver can run, as 1000 · major + 10 · minor; 0 where it cannot be loaded.
        runtime_cuda: CUDA that ONNX Runtime was built for, such as `13.0`; empty for a build without CUDA.
        unloadable: the library that ONNX Runtime's CUDA part fails on; empty where it loads.
        both_installed: whether two builds of ONNX Runtime overwrite each other.
    """

    has_card: bool = False
    driver: str = ""
    driver_cuda: int = 0
    runtime_cuda: str = ""
    unloadable: str = ""
    both_installed: bool = False


def has_card() -> bool:
    """Whether the system knows an NVIDIA card; without one CUDA need not even be tried."""
    if sys.platform == "win32":
        return bool(_driver_cuda(_load))
    return _DEVICE.exists() or _KERNEL_DRIVER.exists()


def facts(load: Callable[[str], ctypes.CDLL] | None = None) -> Facts:
    """Look at this machine.

    Args:
        load: loads a library by its name or path and raises `OSError` where it cannot.
    """
    import onnxruntime

    loader = load or _load
    folder = Path(onnxruntime.__file__).parent / "capi"
    return Facts(
        has_card=has_card(),
        driver=driver_version(_read(_KERNEL_DRIVER)),
        driver_cuda=_driver_cuda(loader),
        runtime_cuda=str(getattr(onnxruntime, "cuda_version", "") or ""),
        unloadable=_unloadable((folder / _SHARED, folder / _PROVIDER), loader),
        both_installed=all(map(is_installed, ("onnxruntime", "onnxruntime-gpu"))),
    )


def explain(found: Facts, said: str = "", asked: bool = False) -> str:
    """Why the processor was used, and what to do; empty where nothing better could be expected.

    Args:
        found: of this machine.
        said: what CUDA or ONNX Runtime said when it failed; may be empty.
        asked: whether the user asked for the card, instead of leaving the choice to the program.
    """
    why = _why(found, said, asked)
    return f"{why} {_INSTEAD}" if why else ""


def _why(found: Facts, said: str, asked: bool) -> str:
    if is_out_of_memory(said):
        return "The graphics card has too little free memory for this. Close other programs that use it."
    if found.both_installed:
        return (
            "The graphics card is not used: onnxruntime and onnxruntime-gpu are both installed and overwrite each "
            "other. Uninstall both, then install only onnxruntime-gpu."
        )
    if not found.has_card:
        return "No NVIDIA graphics card was found, or its driver is not installed." if asked else ""
    if not found.runtime_cuda:
        return (
            "The graphics card is not used: the ONNX Runtime of this installation was built without CUDA. Install the "
            "training engine with CUDA, or the package onnxruntime-gpu."
        )
    if not found.driver_cuda:
        return f"The graphics card is not used: its driver{_named(found.driver)} cannot be loaded. {_UPDATE}"
    if found.driver_cuda < _number(found.runtime_cuda):
        return (
            f"The graphics card is not used: its driver{_named(found.driver)} is too old. It can run CUDA "
            f"{_text(found.driver_cuda)}, and CUDA {found.runtime_cuda} is needed. {_UPDATE}"
        )
    if found.unloadable:
        return (
            f"The graphics card is not used: the library {found.unloadable} is missing or damaged. Install "
            "deskclassify anew (the packaged program: repair the training engine in the preferences)."
        )
    line = (said.strip().splitlines() or [""])[0][:160]
    return f"The graphics card is not used: CUDA failed{f' ({line})' if line else ''}. Restart the computer. {_UPDATE}"


def is_out_of_memory(said: str) -> bool:
    """Whether CUDA or ONNX Runtime complains about the card's memory."""
    text = said.lower()
    return "out of memory" in text or "failed to allocate memory" in text or "cudaerrormemoryallocation" in text


def driver_version(text: str) -> str:
    """The driver's version out of the system's own text; empty where there is none."""
    found = re.search(r"\b(\d{3}\.\d+(?:\.\d+)?)\b", text)
    return found.group(1) if found else ""


def _named(driver: str) -> str:
    return f" ({driver})" if driver else ""


def _number(cuda: str) -> int:
    """`13.0` → 13000: within a major version, every driver runs every minor one (CUDA's own promise)."""
    major = cuda.partition(".")[0]
    return 1000 * int(major) if major.isdigit() else 0


def _text(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _driver_cuda(load: Callable[[str], ctypes.CDLL]) -> int:
    try:
        library = load(_DRIVER_LIBRARY)
    except OSError:
        return 0
    version = ctypes.c_int(0)
    try:
        failed = library.cuDriverGetVersion(ctypes.byref(version))
    except AttributeError:
        return 0
    return 0 if failed else version.value


def _unloadable(libraries: Iterable[Path], load: Callable[[str], ctypes.CDLL]) -> str:
    """The name of what keeps the last of the libraries from loading; each needs the one before."""
    for library in libraries:
        try:
            load(str(library))
        except OSError as error:
            named = _LIBRARY.search(str(error))
            return named.group(0) if named else library.name
    return ""


def _load(name: str) -> ctypes.CDLL:
    return ctypes.CDLL(name)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def is_installed(name: str) -> bool:
    """Whether there is a package of this name."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
