"""Write the lists of the training engine, resources/engine/{cpu,cuda}-linux-x86_64.txt: each package with its digests.

The training engine is everything that pyproject.toml names but the window. pip resolves it within constraints.txt and
tells the digest of each file, for each Python that the lists serve; so one list serves them all. What the files take
is measured on those for the Python that runs this script.

PyPI has no torch without CUDA for Linux: that one is on torch's own index (https://pytorch.org/get-started/locally),
and its digests are in `CPU_BUILDS`. PyPI's torchvision goes with it too, as `deskclassify/ml/lone_torchvision.py` says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "resources" / "engine"
PYTHONS = ("3.11", "3.12", "3.13")
GLIBC = range(35, 4, -1)  # minor versions: Debian 12 has 2.36
PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in GLIBC), "manylinux2014_x86_64", "manylinux1_x86_64")
WINDOW_ONLY = frozenset({"pyside6-essentials", "pyqtgraph", "send2trash", "onnxruntime-gpu", "onnxruntime"})
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_DRIVER = 580  # oldest NVIDIA driver for CUDA 13, https://docs.nvidia.com/cuda/cuda-toolkit-release-notes

# Digests of the wheels for Linux x86-64 on CPU_INDEX, for Python 3.11, 3.12 and 3.13.
CPU_BUILDS = {
    "torch==2.13.0+cpu": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
        "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",
        "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",
    ),
    "torchvision==0.28.0": (
        "1dad604dfc0177ecebe0891bd9701fe2c62ec3f7819a247be541b3fb6effee99",
        "b545d46f4d2f9d30381281cf22874bfe1d32a8a7b0ee8396fccde89f30c6a9d9",
        "c6373ec4c2f922e89f45ac91889404d312ba29a31f205b0ad9a725a3894ca246",
    ),
}


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(kind: str) -> list[str]:
    """The requirements of an engine, as pip reads them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rest = [one for one in project["dependencies"] if normal(re.split(r"[^\w.-]", one)[0]) not in WINDOW_ONLY]
    if kind == "cuda":
        return [*rest, "onnxruntime-gpu"]
    rest = [one for one in rest if not one.startswith(("torch", "nvidia-"))]
    return [*rest, *CPU_BUILDS, "onnxruntime"]


def constraints(kind: str, folder: Path) -> Path:
    """constraints.txt, for the CPU without the packages that are others there."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = []
    for line in lines:
        name, _, version = line.partition("==")
        if kind == "cpu" and name == "onnxruntime-gpu":
            kept.append(f"onnxruntime=={version}")
        elif kind == "cuda" or normal(name) not in ("torch", "torchvision"):
            kept.append(line)
    file = folder / f"constraints-{kind}.txt"
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return file


def report(folder: Path, *arguments: str) -> list[dict[str, object]]:
    """What pip would install."""
    file = folder / "report.json"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    subprocess.run([*command, "--only-binary=:all:", "--report", str(file), *arguments], check=True)
    installed: list[dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))["install"]
    return installed


def pinned(found: Iterable[dict[str, object]]) -> dict[str, str]:
    """name==version → sha256 of the file."""
    made = {}
    for one in found:
        info, source = one["metadata"], one["download_info"]
        assert isinstance(info, dict) and isinstance(source, dict)
        made[f"{normal(info['name'])}=={info['version']}"] = source["archive_info"]["hashes"]["sha256"]
    return made


def digests(kind: str, folder: Path) -> dict[str, list[str]]:
    """name==version → the digests of its files for all Pythons."""
    here = pinned(report(folder, "-c", str(constraints(kind, folder)), *wanted(kind)))
    known = {name: [digest] for name, digest in here.items()}
    builds = CPU_BUILDS if kind == "cpu" else {}
    others = [name for name in known if not name.startswith("torch==") or kind == "cuda"]
    for python in (one for one in PYTHONS if one != f"{sys.version_info.major}.{sys.version_info.minor}"):
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        where = ["--python-version", python, *platforms, "--target", str(folder / "nowhere"), "--no-deps"]
        for name, digest in pinned(report(folder, *where, *others)).items():
            known[name].append(digest)
    for name, more in builds.items():
        known[name] += more
    return {name: sorted(set(all_of_it)) for name, all_of_it in known.items()}


def sizes(names: Iterable[str], folder: Path) -> tuple[dict[str, int], int]:
    """Download each package: name==version → bytes of the wheel, and the bytes of all of them unpacked."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *names], check=True
    )
    wheels, unpacked = {}, 0
    for wheel in folder.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        wheels[f"{normal(name)}=={version}"] = wheel.stat().st_size
        with zipfile.ZipFile(wheel) as archive:
            unpacked += sum(item.file_size for item in archive.infolist())
    return wheels, unpacked


def write(kind: str) -> None:
    """Write the list of one kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = digests(kind, folder)
        wheels = folder / "wheels"
        measured, unpacked = sizes(known, wheels)
    lines = [
        f"# The training engine with {'CUDA' if kind == 'cuda' else 'the processor only'}, Linux x86-64.",
        "# Written by packaging/engine/lock.py from pyproject.toml and constraints.txt.",
        f"# pythons: {' '.join(PYTHONS)}",
        f"# unpacked: {unpacked} bytes",
        *([f"# driver: {CUDA_DRIVER}"] if kind == "cuda" else [f"--extra-index-url {CPU_INDEX}"]),
    ]
    for one in sorted(known):
        hashes = " ".join(f"--hash=sha256:{digest}" for digest in known[one])
        lines.append(f"{one} {hashes}  # {measured[one]} bytes")
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / f"{kind}-linux-x86_64.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write both, or those that are named."""
    for kind in sys.argv[1:] or ("cpu", "cuda"):
        write(kind)


if __name__ == "__main__":
    main()
