"""The licences of all that is in the bundle: what stands in the packages, and in Debian's for its libraries."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from importlib import metadata
from pathlib import Path

from installers.definitions import Definitions

# What the bundle carries, by the name of its distribution; PyInstaller's own part is the start program.
PARTS = (
    "PySide6_Essentials", "PySide6_Addons", "shiboken6", "pyqtgraph", "numpy", "pillow", "onnx", "onnxruntime",
    "ml_dtypes", "protobuf", "flatbuffers", "typing_extensions", "typer", "annotated-doc", "shellingham", "pydantic",
    "pydantic_core", "annotated-types", "typing-inspection", "rich", "Pygments", "markdown-it-py", "mdurl",
    "platformdirs", "psutil", "Send2Trash", "pyinstaller",
)  # fmt: skip
_FILE = re.compile(r"(^|/)(licen[cs]e|copying|notice|third[-_]?party)[^/]*$|\.dist-info/licenses/", re.IGNORECASE)
_QT = (
    "The Qt libraries and the FFmpeg libraries in PySide6/Qt/lib are used under the GNU Lesser General Public License, "
    "version 3 (Qt) and 2.1 or later (FFmpeg). They are separate files: replace them by builds of your own, of the "
    "same version, and the program uses those. The sources are at https://download.qt.io/official_releases/ and "
    "https://ffmpeg.org/releases/; the licences at https://www.gnu.org/licenses/, on Debian in "
    "/usr/share/common-licenses.\n"
)


def text(known: Definitions, folder: Path) -> str:
    """One text of all notices.

    Args:
        known: the definitions.
        folder: the finished bundle; the libraries of the system in it are looked up in dpkg's lists.
    """
    written = [f"{known.name} {known.version} holds the following works of others.\n\n{_QT}"]
    for name in PARTS:
        found = metadata.distribution(name)
        said = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
        title = f"{found.metadata['Name']} {found.version}"
        written.append(_section(title, said if len(said) < 200 else "", _texts(found)))
    written.append(_section("Python", "PSF-2.0", [_python()]))
    written += [_section(name, "", [copyright_of(name)]) for name in libraries_of_system(folder)]
    return "\n".join(written)


def libraries_of_system(folder: Path) -> list[str]:
    """Debian's packages whose libraries the bundle carries; none where dpkg does not know them."""
    files = [file.name for file in (folder / "_internal").glob("lib*.so*") if file.is_file() and not file.is_symlink()]
    found = set()
    for name in files:
        said = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True, check=False).stdout
        found |= {line.partition(":")[0] for line in said.splitlines() if line.endswith(f"/{name}")}
    return sorted(name for name in found if not name.startswith("libpython"))


def copyright_of(package: str) -> str:
    """What Debian says of a package's copyright."""
    file = Path("/usr/share/doc") / package / "copyright"
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _texts(found: metadata.Distribution) -> list[str]:
    files = [file for file in found.files or () if _FILE.search(str(file)) and "test" not in str(file).lower()]
    return [Path(str(found.locate_file(file))).read_text(encoding="utf-8", errors="replace") for file in files]


def _python() -> str:
    places = [Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"]
    places += [Path("/usr/share/doc") / f"python{sysconfig.get_python_version()}" / "copyright"]
    return next((file.read_text(encoding="utf-8", errors="replace") for file in places if file.is_file()), "")


def _section(title: str, said: str, texts: list[str]) -> str:
    line = "=" * 78
    return "\n".join([line, f"{title}  {said}".rstrip(), line, *(one.strip() for one in texts if one.strip()), ""])
