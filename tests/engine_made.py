"""A training engine for tests: an environment whose packages are those of the tests' own."""

from __future__ import annotations

import json
import site
import subprocess
import sys
from pathlib import Path

from deskclassify import __version__
from deskclassify.core import engine_files, paths

REPOSITORY = Path(__file__).resolve().parents[1]


def make_engine(kind: str = "cpu", version: str = __version__) -> Path:
    """Make one where `paths.engine_dir()` says; its deskclassify is the checkout's, reached by a link."""
    engine = paths.engine_dir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(engine)], check=True)
    packages = engine_files.site_of(engine)
    lines = "".join(f"import site; site.addsitedir({folder!r})\n" for folder in site.getsitepackages())
    (packages / "tests.pth").write_text(lines, encoding="utf-8")
    (packages / "torch").mkdir()  # looked for, and not imported: the search goes on behind a folder without __init__
    (packages / "deskclassify").symlink_to(REPOSITORY / "deskclassify")
    (packages / "resources").symlink_to(REPOSITORY / "resources")
    record = {"version": version, "kind": kind, "packages": "", "wheel": ""}
    (engine / engine_files.RECORD).write_text(json.dumps(record), encoding="utf-8")
    return engine
