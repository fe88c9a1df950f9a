"""What packaging/definitions.toml says, with what is known elsewhere: version, changes, date."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "installer"
DIST = ROOT / "dist"


@dataclass(frozen=True)
class Mime:
    """A file type of the program."""

    type: str
    comment: str
    patterns: list[str]
    parent: str


@dataclass(frozen=True)
class Definitions:
    """All that packages say of the program; the fields of definitions.toml, and `version`."""

    name: str
    id: str
    developer: str
    email: str
    license: str
    copyright: str
    summary: str
    generic_name: str
    keywords: list[str]
    categories: list[str]
    debian_section: str
    description: list[str]
    mime: list[Mime]
    debian: dict[str, list[str]]
    bundle: dict[str, Any]
    version: str

    @property
    def maintainer(self) -> str:
        """As Debian writes it."""
        return f"{self.developer} <{self.email}>"


@cache
def load() -> Definitions:
    """Read packaging/definitions.toml."""
    known = tomllib.loads((ROOT / "packaging" / "definitions.toml").read_text(encoding="utf-8"))
    known["mime"] = [Mime(**one) for one in known["mime"]]
    return Definitions(**known, version=version())


def version() -> str:
    """The version of the package, read without importing it."""
    text = (ROOT / "deskclassify" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise SystemExit("deskclassify/__init__.py says no __version__.")
    return found[1]


def changes() -> list[str]:
    """The entries of CHANGELOG.md for the newest version, each as one line."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.split(r"^## ", text, flags=re.MULTILINE)[1]
    return [" ".join(entry.split()) for entry in re.split(r"^- ", newest, flags=re.MULTILINE)[1:]]


def epoch() -> int:
    """Seconds since 1970 that stand for the time of the build: of the last commit, so that builds are alike."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    try:
        said = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        return int(said)
    except (OSError, ValueError, subprocess.CalledProcessError):  # a source package knows no commits
        return int((ROOT / "CHANGELOG.md").stat().st_mtime)
