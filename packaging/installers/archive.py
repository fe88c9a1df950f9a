"""The .tar.xz: the same bundle for any Linux, with scripts that install it for one user, and undo it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from installers import desktop, notices
from installers.definitions import BUILD, DIST, ROOT, Definitions, epoch


def build(known: Definitions, folder: Path, drawn: Path) -> Path:
    """Make the archive.

    Args:
        known: the definitions.
        folder: the finished bundle.
        drawn: the folder of `icons.draw`.

    Returns:
        the file, in dist/.
    """
    name = f"{known.name}-{known.version}"
    tree = BUILD / "archive" / name
    shutil.rmtree(tree.parent, ignore_errors=True)
    shutil.copytree(folder, tree / "program", symlinks=True)
    desktop.place(known, tree / "share", drawn, "@PROGRAM@")
    for script in ("install.sh", "uninstall.sh"):
        text = (ROOT / "packaging" / "linux" / f"{script}.in").read_text(encoding="utf-8")
        (tree / script).write_text(text.replace("@NAME@", known.name).replace("@ID@", known.id), encoding="utf-8")
        (tree / script).chmod(0o755)
    shutil.copyfile(ROOT / "LICENSE", tree / "LICENSE")
    (tree / "third-party-notices.txt").write_text(notices.text(known, folder), encoding="utf-8")
    target = DIST / f"{name}-linux-x86_64.tar.xz"
    DIST.mkdir(exist_ok=True)
    # As all do who want the same file from the same source: https://reproducible-builds.org/docs/archives/
    command = ["tar", "--sort=name", f"--mtime=@{epoch()}", "--owner=0", "--group=0", "--numeric-owner"]
    command += ["--format=gnu", "--use-compress-program=xz -6 -T0", "-cf", str(target), "-C", str(tree.parent), name]
    subprocess.run(command, check=True)
    return target
