"""Write packaging/bundle/requirements.txt: all that the bundle is made of, with versions and hashes.

    PYTHONPATH=packaging python -m installers.locking

pip resolves `requirements.in` without installing; the index then tells the hashes of all wheels of those versions, so
that one list serves Linux, Windows and macOS. `pip install --require-hashes` refuses whatever else it is given.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from installers.definitions import ROOT

FOLDER = ROOT / "packaging" / "bundle"
INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"
_HEADER = "# Written by `python -m installers.locking` from requirements.in: every wheel, by its hash.\n"
_ONLY = {"pefile": "win32", "pywin32-ctypes": "win32", "macholib": "darwin"}


def resolved(requirements: Path) -> list[dict[str, Any]]:
    """Ask pip what it would install for the requirements, newest versions that fit together."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--only-binary=:all:", "--report", str(report), "--requirement", str(requirements)]
        subprocess.run(command, check=True)
        found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return found


def hashes(name: str, version: str) -> list[str]:
    """SHA-256 of every wheel of a version, as the index tells them."""
    plain = re.sub(r"[-_.]+", "-", name).lower()
    asked = urllib.request.Request(f"{INDEX}/{plain}/", headers={"Accept": _JSON})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        files = json.load(answer)["files"]
    wanted = re.compile(rf"[^-]+-{re.escape(version)}-.*\.whl")
    return sorted(file["hashes"]["sha256"] for file in files if wanted.fullmatch(file["filename"]))


def lines(found: list[dict[str, Any]]) -> list[str]:
    """The file's lines, by name."""
    written = []
    for one in sorted(found, key=lambda entry: entry["metadata"]["name"].lower()):
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        known = hashes(name, version)
        used = one["download_info"]["archive_info"]["hashes"]["sha256"]
        if used not in known:
            raise SystemExit(f"The index does not list the file of {name} {version} that pip chose.")
        marker = f'; sys_platform == "{_ONLY[name.lower()]}"' if name.lower() in _ONLY else ""
        written.append(f"{name}=={version}{marker} \\\n")
        written += [f"    --hash=sha256:{value} \\\n" for value in known[:-1]] + [f"    --hash=sha256:{known[-1]}\n"]
    return written


def main() -> None:
    """Write the file."""
    text = _HEADER + "".join(lines(resolved(FOLDER / "requirements.in")))
    (FOLDER / "requirements.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
