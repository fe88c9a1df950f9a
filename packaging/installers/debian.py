"""The .deb: the bundle in /usr/lib, what the desktop asks for, and what Debian's policy wants to be said."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
import time
from pathlib import Path

from installers import bundle, desktop, notices
from installers.definitions import BUILD, DIST, ROOT, Definitions, changes, epoch

ARCHITECTURE = "amd64"
COMPRESSION = 6  # of xz


def build(known: Definitions, folder: Path, drawn: Path) -> Path:
    """Make the package.

    Args:
        known: the definitions.
        folder: the finished bundle.
        drawn: the folder of `icons.draw`.

    Returns:
        the file, in dist/.
    """
    tree = BUILD / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    home = tree / "usr" / "lib" / known.name
    shutil.copytree(folder, home, symlinks=True)
    for file in bundle.of_system(home):
        file.unlink()  # on Debian the system's own, which it keeps safe
    _modes(home)
    link = tree / "usr" / "bin" / known.name
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../lib/{known.name}/{known.name}")
    desktop.place(known, tree / "usr" / "share", drawn, known.name)
    _documents(known, folder, tree / "usr" / "share" / "doc" / known.name)
    overrides = tree / "usr" / "share" / "lintian" / "overrides" / known.name
    overrides.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "packaging" / "linux" / "lintian-overrides", overrides)
    _modes(tree / "usr" / "share")
    _control(known, tree)
    target = DIST / f"{known.name}_{known.version}_{ARCHITECTURE}.deb"
    DIST.mkdir(exist_ok=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch())}  # no file is newer than that in the package
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{COMPRESSION}", "--build", str(tree), str(target)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return target


def _documents(known: Definitions, folder: Path, doc: Path) -> None:
    doc.mkdir(parents=True)
    template = (ROOT / "packaging" / "linux" / "copyright.in").read_text(encoding="utf-8")
    text = template.replace("$name", known.name).replace("$maintainer", known.maintainer)
    (doc / "copyright").write_text(text.replace("$copyright", known.copyright), encoding="utf-8")
    _pack(doc / "changelog.gz", _changelog(known))
    _pack(doc / "third-party-notices.txt.gz", notices.text(known, folder))


def _changelog(known: Definitions) -> str:
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch()))
    entries = "".join(
        textwrap.fill(one, 78, initial_indent="  * ", subsequent_indent="    ") + "\n" for one in changes()
    )
    return f"{known.name} ({known.version}) unstable; urgency=medium\n\n{entries}\n -- {known.maintainer}  {when}\n"


def _control(known: Definitions, tree: Path) -> None:
    folder = tree / "DEBIAN"
    folder.mkdir()
    depends, recommends = _dependencies(known, tree / "usr" / "lib" / known.name)
    kilobytes = sum(-(-file.lstat().st_size // 1024) for file in (tree / "usr").rglob("*") if not file.is_dir())
    body = "\n .\n".join(textwrap.fill(one, 78, initial_indent=" ", subsequent_indent=" ") for one in known.description)
    (folder / "control").write_text(
        f"Package: {known.name}\nVersion: {known.version}\nArchitecture: {ARCHITECTURE}\n"
        f"Maintainer: {known.maintainer}\nInstalled-Size: {kilobytes}\n"
        f"Depends: {', '.join(depends)}\nRecommends: {', '.join(recommends)}\n"
        f"Section: {known.debian_section}\nPriority: optional\n"
        f"Description: {known.summary[0].lower() + known.summary[1:]}\n{body}\n",
        encoding="utf-8",
    )
    sums = [
        f"{_digest(file)}  {file.relative_to(tree)}\n"
        for file in sorted((tree / "usr").rglob("*"))
        if file.is_file() and not file.is_symlink()
    ]
    (folder / "md5sums").write_text("".join(sums), encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o644)
    folder.chmod(0o755)


def _digest(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _dependencies(known: Definitions, home: Path) -> tuple[list[str], list[str]]:
    """What dpkg-shlibdeps finds for the libraries in the bundle, and what the definitions add."""
    files = [file for file in home.rglob("*") if file.is_file() and not file.is_symlink() and is_elf(file)]
    optional = [file for file in files if file.name in known.debian["optional_libraries"]]
    command = ["dpkg-shlibdeps", "-O", "--ignore-missing-info", "-x" + known.name]
    command += [f"-l{folder}" for folder in sorted({str(file.parent) for file in files})]
    command += ["-dDepends", *(f"-e{file}" for file in files if file not in optional)]
    command += ["-dRecommends", *(f"-e{file}" for file in optional)]
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "debian" / "control"
        control.parent.mkdir()
        control.write_text(f"Source: {known.name}\n\nPackage: {known.name}\nArchitecture: {ARCHITECTURE}\n")
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"dpkg-shlibdeps cannot find a library; install its package, then try again:\n{said.stderr}")
    found = dict(re.findall(r"^shlibs:(\w+)=(.*)$", said.stdout, re.MULTILINE))
    depends = [*found["Depends"].split(", "), *known.debian["depends"]]
    recommends = [one for one in found.get("Recommends", "").split(", ") if one and one not in depends]
    return sorted(depends), sorted([*recommends, *known.debian["recommends"]])


def is_elf(file: Path) -> bool:
    """Whether a file is a program or library of Linux."""
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _modes(folder: Path) -> None:
    """Only the program may be run; PyInstaller keeps what the wheels have, which is mixed."""
    for file in [folder, *folder.rglob("*")]:
        if file.is_symlink():
            continue
        is_program = file.parent.name == file.name
        file.chmod(0o755 if file.is_dir() or is_program else 0o644)


def _pack(file: Path, text: str) -> None:
    file.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
