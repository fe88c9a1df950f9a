"""The scripts in the .tar.xz: installed for one user, found in the menu, and taken away again without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the archive is for Linux")
LINUX = Path(__file__).resolve().parents[2] / "packaging" / "linux"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """What the archive holds, with a program that only says that it runs."""
    from installers import definitions, desktop

    folder = tmp_path / "unpacked"
    for script in ("install.sh", "uninstall.sh"):
        text = (LINUX / f"{script}.in").read_text(encoding="utf-8").replace("@NAME@", "deskclassify")
        (folder / script).parent.mkdir(exist_ok=True)
        (folder / script).write_text(text.replace("@ID@", definitions.load().id))
        (folder / script).chmod(0o755)
    program = folder / "program" / "deskclassify"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho runs: $1\n")
    program.chmod(0o755)
    menu = folder / "share" / "applications" / "deskclassify.desktop"
    menu.parent.mkdir(parents=True)
    menu.write_text(desktop.entry(definitions.load(), "@PROGRAM@"), encoding="utf-8")
    for name in ("LICENSE", "third-party-notices.txt"):
        (folder / name).write_text(name)
    return folder


def run(script: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [str(script), *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_installed_twice_it_runs_and_is_gone_after_removal(unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    own = home / ".config" / "deskclassify" / "settings.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    for _ in range(2):
        installed = run(unpacked / "install.sh", home)
        assert installed.returncode == 0, installed.stderr
    assert run(home / ".local" / "bin" / "deskclassify", home, "it").stdout == "runs: it\n"
    menu = home / ".local" / "share" / "applications" / "deskclassify.desktop"
    assert f'Exec="{home}/.local/opt/deskclassify/deskclassify" %F\n' in menu.read_text(encoding="utf-8")
    removed = run(home / ".local" / "opt" / "deskclassify" / "uninstall.sh", home)
    assert removed.returncode == 0, removed.stderr
    left = {file.name for file in home.rglob("*") if file.is_file() or file.is_symlink()}
    assert left <= {"settings.json", "mimeinfo.cache", "icon-theme.cache"}
    assert own.read_text() == "{}"


def test_removing_what_is_not_there_is_a_sentence(unpacked: Path, tmp_path: Path) -> None:
    said = run(unpacked / "uninstall.sh", tmp_path)
    assert said.returncode == 1 and "is not installed" in said.stderr
