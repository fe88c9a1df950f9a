"""What goes into the bundle and what does not. The recipe `packaging/bundle/deskclassify.spec` asks here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from installers.definitions import Definitions

Entry = tuple[str, str, str]  # name in the bundle, file, kind: PyInstaller's own

HIDDEN = ["PySide6.QtMultimedia", "PySide6.QtPrintSupport", "PySide6.QtNetwork"]
# Whose version the program shows, in “About” and `doctor`.
METADATA = ["deskclassify", "numpy", "Pillow", "onnx", "onnxruntime", "PySide6-Essentials", "pyqtgraph", "psutil"]
# None of it is needed to show the window and to predict. torch and its kind are not in the environment at all.
EXCLUDED = [
    "tkinter", "unittest", "pydoc_data", "lib2to3", "idlelib", "test", "setuptools", "pkg_resources", "pip", "wheel",
    "torch", "torchvision", "timm", "scipy", "sklearn", "captum", "matplotlib", "pandas", "IPython", "pytest", "PyQt5",
    "PyQt6", "PySide2", "OpenGL", "PIL._imagingtk", "PIL.ImageTk",
    "onnx.backend.test", "onnx.reference", "numpy.f2py", "numpy.testing", "numpy.tests",
    "onnxruntime.transformers", "onnxruntime.tools",
    "pyqtgraph.examples", "pyqtgraph.opengl", "pyqtgraph.flowchart", "pyqtgraph.console", "pyqtgraph.jupyter",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets",
]  # fmt: skip

# Libraries of the system that travel along: Python's own, whose versions differ from one distribution to the next.
# Those of the desktop (X11, Wayland, OpenGL, fonts, D-Bus, C) are the system's: it keeps them safe, and they must fit
# its drivers and services.
_TRAVELS = re.compile(r"lib(python3|ssl|crypto|ffi|bz2|lzma|z|sqlite3|expat|uuid|mpdec|readline|tinfo|ncursesw)[.\d]")
_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")
_UNWANTED_DATA = ("PySide6/Qt/translations/", "onnx/backend/test/", "onnx/test/", "pyqtgraph/examples/")


def kept(binaries: Iterable[Entry], data: Iterable[Entry], known: Definitions) -> tuple[list[Entry], list[Entry]]:
    """What stays of PyInstaller's lists.

    Gone are unwanted plugins of Qt with what only those need, the desktop's own libraries, tests, and Qt's
    translations into languages that this program does not speak.
    """
    wanted = [one for one in binaries if _is_kept_plugin(one[0], known) and not _is_of_desktop(one[0], one[1])]
    stay = _reachable(wanted)
    there = {_posix(one[0]) for one in stay}
    # PyInstaller sets a link beside the program for each library; its second part is where the link leads to.
    plain = [one for one in data if one[2] != "SYMLINK" or _posix(one[1]) in there]
    return stay, [one for one in plain if not _posix(one[0]).startswith(_UNWANTED_DATA)]


def of_system(folder: Path) -> list[Path]:
    """The libraries in a finished bundle that a distribution has too: all that travels but Python itself."""
    files = [file for file in (folder / "_internal").glob("lib*.so*") if not file.is_symlink()]
    return [file for file in files if _TRAVELS.match(file.name) and not file.name.startswith("libpython")]


def _posix(name: str) -> str:
    return name.replace("\\", "/")


def _is_kept_plugin(name: str, known: Definitions) -> bool:
    parts = PurePosixPath(_posix(name)).parts
    if "plugins" not in parts or not parts[0].startswith("PySide6"):
        return True
    folder, file = parts[-2], parts[-1].partition(".")[0].removeprefix("lib")
    return file in known.bundle["qt_plugins"].get(folder, ())


def _is_of_desktop(name: str, file: str) -> bool:
    # Debian's Python lies in /usr/lib too, with its modules; the system's libraries are those without a folder.
    path = _posix(str(Path(file).resolve()))
    return "/" not in _posix(name) and path.startswith(_SYSTEM) and not _TRAVELS.match(PurePosixPath(path).name)


def _reachable(entries: list[Entry]) -> list[Entry]:
    """Without Qt's libraries that nothing of the rest needs. Windows and macOS keep them all."""
    libraries = {PurePosixPath(_posix(one[0])).name: one for one in entries if _is_qt_library(one[0])}
    if not any(name.endswith(".so.6") for name in libraries):
        return entries
    stay = [one for one in entries if not _is_qt_library(one[0])]
    left = [*stay]
    while left:
        for name in needed(left.pop()[1]):
            found = libraries.pop(name, None)
            if found is not None:
                stay.append(found)
                left.append(found)
    return stay


def _is_qt_library(name: str) -> bool:
    return _posix(name).startswith("PySide6/Qt/lib/")


def needed(file: str) -> list[str]:
    """Names of the shared libraries that an ELF file asks for."""
    said = subprocess.run(["objdump", "-p", file], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^\s+NEEDED\s+(\S+)", said, re.MULTILINE)


def property_list(known: Definitions) -> dict[str, Any]:
    """What macOS wants to know: names, file types, and why the camera is asked for."""
    return {
        "CFBundleDisplayName": known.name,
        "CFBundleShortVersionString": known.version,
        "NSHighResolutionCapable": True,
        "NSCameraUsageDescription": "The live camera classifies what it sees; nothing is sent anywhere.",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": one.comment,
                "CFBundleTypeExtensions": [pattern.removeprefix("*.") for pattern in one.patterns],
                "CFBundleTypeRole": "Editor" if "project" in one.type else "Viewer",
            }
            for one in known.mime
        ],
        "UTExportedTypeDeclarations": [],
    }
