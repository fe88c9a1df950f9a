"""Tiny wheels, written by hand, for tests that install with the real pip."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

from deskclassify.core.engine_files import Package, normal


def make_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a wheel of pure Python with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    every = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_record(text)},{len(text.encode())}" for path, text in every.items()]
    every[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in every.items():
            archive.writestr(path, text)
    return wheel


def listed(name: str, version: str, wheel: Path) -> Package:
    """The package of a list that this wheel is."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return Package(normal(name), version, frozenset({digest}), wheel.stat().st_size)


def make_index(folder: Path, wheels: list[Path]) -> str:
    """Write a package index of these wheels; returns its address."""
    for wheel in wheels:
        place = folder / normal(wheel.name.split("-")[0])
        place.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = f'<a href="{wheel.as_uri()}#sha256={digest}">{wheel.name}</a>'
        (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>", encoding="utf-8")
    return folder.as_uri()


def _record(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
