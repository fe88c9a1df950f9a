"""The training engine on the disk: the lists of its packages, its record, and what state it is in.

| in the user's folder | is                                                                             |
| -------------------- | ------------------------------------------------------------------------------ |
| `engine/`            | a virtual environment; whole, if it holds `engine.json`, which is written last |
| `engine.new/`        | one that is being made; becomes `engine/` by a rename                          |
| `engine.old/`        | the one before, until the new one has taken its place                          |
| `cache/engine/`      | downloaded wheels: an installation that was interrupted goes on from them      |

The bundle of the program holds no torch. A checkout or an installation by pip has it beside the program, and needs no
engine.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import resources
from deskclassify import __version__
from deskclassify.core import paths
from deskclassify.core.codec import from_json
from deskclassify.core.errors import InputError

State = Literal["bundled", "installed", "missing", "unfinished", "damaged", "outdated"]
Kind = Literal["cpu", "cuda"]
RECORD = "engine.json"
_CHUNK = 1 << 20  # bytes
_LINE = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)  # (?P<bytes>\d+)")
_NOT_FOR_CHILDREN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX")


@dataclass(frozen=True)
class Package:
    """One package of a list.

    Attributes:
        digests: SHA-256 of each of its files, as hex.
        bytes: of its wheel.
    """

    name: str
    version: str
    digests: frozenset[str]
    bytes: int

    @property
    def requirement(self) -> str:
        """A line for pip."""
        hashes = " ".join(f"--hash=sha256:{digest}" for digest in sorted(self.digests))
        return f"{self.name}=={self.version} {hashes}"

    def is_wheel(self, file_name: str) -> bool:
        """Whether a file is a wheel of this package and version; a build tag such as `+cpu` may be added."""
        name, _, rest = file_name.removesuffix(".whl").partition("-")
        version = rest.partition("-")[0]
        return normal(name) == self.name and self.version in (version, version.partition("+")[0])


@dataclass(frozen=True)
class PackageList:
    """What an engine is made of: `resources/engine/KIND-SYSTEM-MACHINE.txt`, written by packaging/engine/lock.py.

    Attributes:
        index: address of an index besides PyPI; may be empty.
        pythons: versions it serves, `3.11`.
        unpacked: bytes on the disk.
        driver: oldest NVIDIA driver that it runs with; 0: any.
        digest: of the list itself.
    """

    kind: Kind
    packages: tuple[Package, ...]
    index: str
    pythons: tuple[str, ...]
    unpacked: int
    driver: int
    digest: str

    @property
    def download_bytes(self) -> int:
        """Bytes of all wheels."""
        return sum(package.bytes for package in self.packages)


@dataclass(frozen=True)
class Record:
    """What a whole engine says of itself.

    Attributes:
        version: of deskclassify in it.
        packages: digest of the list that it was made from.
        wheel: digest of deskclassify's own wheel.
    """

    version: str
    kind: Kind
    packages: str
    wheel: str
    python: str = ""


def is_needed() -> bool:
    """Whether this program has no torch beside it."""
    return bool(getattr(sys, "frozen", False)) or importlib.util.find_spec("torch") is None


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package_list(kind: Kind) -> PackageList:
    """The list for this system.

    Raises:
        InputError: there is none.
    """
    system = f"{platform.system()}-{platform.machine()}".lower().replace("amd64", "x86_64")
    try:
        data = (_lists() / f"{kind}-{system}.txt").read_bytes()
    except OSError as error:
        raise InputError(
            f"The training engine cannot be installed by itself on this system ({system}). Install Python and then "
            "the program with pip: it brings everything that training needs."
        ) from error
    return parse(kind, data)


def _lists() -> Path:
    return Path(resources.__file__).parent / "engine"


def parse(kind: Kind, data: bytes) -> PackageList:
    """Read a list of packages.

    Raises:
        ValueError: a line is neither a package nor a remark: the file is damaged.
    """
    packages: list[Package] = []
    told: dict[str, str] = {}
    index = ""
    for line in data.decode("ascii").splitlines():
        if found := _LINE.match(line):
            digests = frozenset(re.findall(r"sha256:([0-9a-f]{64})", found["hashes"]))
            packages.append(Package(normal(found["name"]), found["version"], digests, int(found["bytes"])))
        elif line.startswith("#"):
            key, _, value = line.lstrip("# ").partition(": ")
            told[key] = value
        elif line.startswith("--extra-index-url "):
            index = line.split()[1]
        elif line.strip():
            raise ValueError(f"not a package: {line[:80]}")
    unpacked, driver = int(told["unpacked"].split()[0]), int(told.get("driver", "0"))
    digest = hashlib.sha256(data).hexdigest()
    return PackageList(kind, tuple(packages), index, tuple(told["pythons"].split()), unpacked, driver, digest)


def own_wheel() -> Path:
    """The wheel of this very program, which is shipped with the bundle.

    Raises:
        InputError: it is not there.
    """
    bundle = getattr(sys, "_MEIPASS", "")
    for folder in (*([Path(bundle) / "engine"] if bundle else []), _lists()):
        wheels = sorted(folder.glob(f"deskclassify-{__version__}-*.whl"))
        if wheels:
            return wheels[-1]
    raise InputError(
        "This copy of the program lacks its own part of the training engine, so it is not whole. "
        "Install the program again."
    )


def own_wheel_digest() -> str:
    """SHA-256 of the own wheel; empty where there is none."""
    try:
        wheel = own_wheel()
        return _digest(str(wheel), wheel.stat().st_mtime_ns)
    except (InputError, OSError):
        return ""


@functools.lru_cache(maxsize=4)
def _digest(path: str, changed: int) -> str:
    return digest_of(Path(path))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def python_of(engine: Path) -> Path:
    """The Python of a virtual environment."""
    return engine / "Scripts" / "python.exe" if os.name == "nt" else engine / "bin" / "python"


def site_of(engine: Path) -> Path | None:
    """The folder of its packages; None where there is none."""
    folders = [engine / "Lib" / "site-packages"] if os.name == "nt" else engine.glob("lib/python3*/site-packages")
    return next((folder for folder in folders if folder.is_dir()), None)


def new_dir() -> Path:
    """An engine that is being made."""
    return paths.engine_dir().with_name("engine.new")


def old_dir() -> Path:
    """The engine that is being replaced."""
    return paths.engine_dir().with_name("engine.old")


def wheels_dir() -> Path:
    """Downloaded wheels."""
    return paths.cache_dir() / "engine"


def record(engine: Path) -> Record | None:
    """What an engine says of itself; None where it was not made to its end."""
    try:
        return from_json(Record, json.loads((engine / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def state() -> tuple[State, Record | None]:
    """What there is of the engine; this takes a blink, and runs nothing."""
    if not is_needed():
        return "bundled", None
    engine = paths.engine_dir()
    found = record(engine)
    if found is None:
        if engine.exists():
            return "damaged", None
        started = new_dir().exists() or old_dir().exists() or any(wheels_dir().glob("*.whl"))
        return ("unfinished" if started else "missing"), None
    site = site_of(engine)
    # A symbolic link whose Python was removed with an upgrade of the system does not exist.
    if not python_of(engine).exists() or site is None or not all((site / name).is_dir() for name in _PARTS):
        return "damaged", found
    if found.version != __version__ or own_wheel_digest() not in ("", found.wheel):
        return "outdated", found
    return "installed", found


_PARTS = ("torch", "deskclassify")


def delete(folder: Path) -> None:
    """Delete a folder, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def settle() -> None:
    """Finish a change of engines that was cut off between its two renames."""
    engine = paths.engine_dir()
    for candidate in (new_dir(), old_dir()):
        if not engine.exists() and record(candidate) is not None:
            candidate.replace(engine)


def environment() -> dict[str, str]:
    """The environment for programs outside of the bundle: without what leads them to the bundle's own files.

    PyInstaller points LD_LIBRARY_PATH at its libraries and keeps the user's own in LD_LIBRARY_PATH_ORIG
    (https://pyinstaller.org/en/stable/runtime-information.html).
    """
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_CHILDREN}
    if getattr(sys, "frozen", False):
        kept.pop("LD_LIBRARY_PATH", None)
        original = kept.pop("LD_LIBRARY_PATH_ORIG", "")
        if original:
            kept["LD_LIBRARY_PATH"] = original
    return kept
