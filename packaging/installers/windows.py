"""The installer for Windows, by NSIS: from the same recipe and definitions as the packages for Linux.

NOT TRIED: written without a Windows machine at hand. packaging/windows/README.md says how it is meant to be run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

from installers import definitions, icons, notices
from installers.definitions import BUILD, DIST, ROOT, Definitions


def script(known: Definitions, folder: Path) -> str:
    """The NSIS script for a finished bundle."""
    template = Template((ROOT / "packaging" / "windows" / "deskclassify.nsi.in").read_text(encoding="utf-8"))
    register, unregister = [], []
    for one in known.mime:
        for pattern in one.patterns:
            suffix = pattern.removeprefix("*")
            kind = f"{known.name}{suffix}"
            # Another program may be the usual one for models: this one is offered, and takes over nothing.
            register += [
                f'  WriteRegStr HKCU "Software\\Classes\\{kind}" "" "{one.comment}"',
                f'  WriteRegStr HKCU "Software\\Classes\\{kind}\\shell\\open\\command" "" '
                f'\'"$INSTDIR\\{known.name}.exe" "%1"\'',
                f'  WriteRegStr HKCU "Software\\Classes\\{suffix}\\OpenWithProgids" "{kind}" ""',
            ]
            unregister += [
                f'  DeleteRegKey HKCU "Software\\Classes\\{kind}"',
                f'  DeleteRegValue HKCU "Software\\Classes\\{suffix}\\OpenWithProgids" "{kind}"',
            ]
    return template.substitute(
        name=known.name,
        version=known.version,
        summary=known.summary,
        developer=known.developer,
        copyright=known.copyright,
        output=DIST / f"{known.name}-{known.version}-windows-x86_64.exe",
        icon=BUILD / "icons" / "deskclassify.ico",
        license_file=ROOT / "LICENSE",
        notices=BUILD / "third-party-notices.txt",
        folder=folder,
        register_types="\n".join(register),
        unregister_types="\n".join(unregister),
    )


def main() -> None:
    """Icons, bundle, notices, script, and NSIS over it."""
    known = definitions.load()
    icons.draw(BUILD / "icons")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(BUILD / "bundle"), "--workpath", str(BUILD / "work")]
    subprocess.run([*command, str(ROOT / "packaging" / "bundle" / "deskclassify.spec")], check=True)
    folder = BUILD / "bundle" / known.name
    (BUILD / "third-party-notices.txt").write_text(notices.text(known, folder), encoding="utf-8")
    file = BUILD / "deskclassify.nsi"
    file.write_text(script(known, folder), encoding="utf-8-sig")
    DIST.mkdir(exist_ok=True)
    makensis = shutil.which("makensis")
    if makensis is None:
        raise SystemExit("NSIS (makensis) is not installed: https://nsis.sourceforge.io")
    subprocess.run([makensis, str(file)], check=True)


if __name__ == "__main__":
    main()
