"""Makes the packages: `python -m installers`, in the environment that packaging/make_installer.sh prepares."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from installers import archive, debian, definitions, icons
from installers.definitions import BUILD, DIST, ROOT

LARGEST_DEB = 300_000_000  # bytes; what was promised


def say(text: str) -> None:
    """To the terminal, now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def make_bundle(name: str) -> Path:
    """Run PyInstaller and return the folder."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(definitions.epoch()), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(BUILD / "bundle"), "--workpath", str(BUILD / "work")]
    log = BUILD / "bundle.log"
    with log.open("wb") as stream:
        made = subprocess.run(
            [*command, str(ROOT / "packaging" / "bundle" / "deskclassify.spec")],
            check=False,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    if made.returncode:
        raise SystemExit(f"PyInstaller failed:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")
    folder = BUILD / "bundle" / name
    # Wheels come stripped, Python's own libraries often not.
    own = [*folder.glob("_internal/libpython*.so*"), *folder.glob("_internal/python3*/lib-dynload/*.so")]
    subprocess.run(["strip", "--strip-unneeded", *map(str, own)], check=True)
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """Give PyInstaller's archives the same bytes each time: its base library is written with the time of day."""
    library = folder / "_internal" / "base_library.zip"
    with zipfile.ZipFile(library) as old:
        held = {name: old.read(name) for name in sorted(old.namelist())}
    with zipfile.ZipFile(library, "w", zipfile.ZIP_STORED) as new:
        for name, data in held.items():
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def missing(names: set[str], *folders: str) -> list[str]:
    """Files of the checkout's folders that are not among the names of what was packed."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    wanted = {file.relative_to(ROOT).as_posix() for file in files if file.suffix != ".pyc"}
    return sorted(wanted - names)


def check(known: definitions.Definitions, folder: Path) -> None:
    """Nothing of the program may be missing in the wheel, in the source package or in the bundle."""
    with zipfile.ZipFile(DIST / f"{known.name}-{known.version}-py3-none-any.whl") as wheel:
        lacking = missing(set(wheel.namelist()), "deskclassify", "resources")
    with tarfile.open(DIST / f"{known.name}-{known.version}.tar.gz") as source:
        held = {name.partition("/")[2] for name in source.getnames()}
        lacking += missing(held, "deskclassify", "resources", "tests", "docs", "packaging", "benchmarks")
    inside = folder / "_internal"
    held = {file.relative_to(inside).as_posix() for file in inside.rglob("*")}
    lacking += [one for one in missing(held, "resources") if one != "resources/__init__.py"]
    if lacking:
        raise SystemExit(f"These files are missing in what was packed: {', '.join(lacking[:20])}")


def main() -> None:
    """Bundle, .deb and .tar.xz; their sizes at the end."""
    known = definitions.load()
    drawn = BUILD / "icons"
    shutil.rmtree(drawn, ignore_errors=True)
    icons.draw(drawn)
    say("Making the bundle")
    folder = make_bundle(known.name)
    check(known, folder)
    unpacked = sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())
    say(f"Making the packages ({unpacked / 1e6:.0f} MB unpacked)")
    made = [debian.build(known, folder, drawn), archive.build(known, folder, drawn)]
    made += [*DIST.glob(f"{known.name}-{known.version}*.whl"), DIST / f"{known.name}-{known.version}.tar.gz"]
    for file in made:
        say(f"  {file.stat().st_size / 1e6:7.1f} MB  {file.relative_to(ROOT)}")
    if made[0].stat().st_size > LARGEST_DEB:
        raise SystemExit(f"The .deb is larger than {LARGEST_DEB / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
