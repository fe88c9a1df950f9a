"""Write constraints.txt: the exact version of everything that pyproject.toml's ranges lead to.

pip resolves the ranges without installing, and its report is the list. Local version tags
(`+cpu`) are left out, so that the file names versions and not where a build came from.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN_NAME = "deskclassify"
HEADER = "# Written by `make lock`. Ranges are in pyproject.toml.\n"


def resolve() -> dict[str, str]:
    """Ask pip for the newest versions that fit together; name → version."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), f"{ROOT}[dev]"], check=True)
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {one["metadata"]["name"]: one["metadata"]["version"].partition("+")[0] for one in installed}


def main() -> None:
    """Write the file."""
    versions = resolve()
    lines = [f"{name}=={versions[name]}\n" for name in sorted(versions, key=str.lower) if name != OWN_NAME]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
