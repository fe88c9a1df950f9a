"""What a Linux desktop asks for: desktop entry, AppStream component, file types, icons, man page."""

from __future__ import annotations

import gzip
import shutil
import time
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

from installers import icons, manual
from installers.definitions import ROOT, Definitions, changes, epoch


def entry(known: Definitions, command: str) -> str:
    """The desktop entry; `command` starts the program."""
    template = Template((ROOT / "packaging" / "linux" / "deskclassify.desktop.in").read_text(encoding="utf-8"))
    return template.substitute(
        name=known.name,
        generic_name=known.generic_name,
        summary=known.summary,
        command=command,
        categories=_list(known.categories),
        keywords=_list(known.keywords),
        mime_types=_list([one.type for one in known.mime]),
    )


def metainfo(known: Definitions) -> str:
    """The AppStream component: what software centres show."""
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch()))
    paragraphs = "\n".join(f"    <p>{escape(one)}</p>" for one in known.description)
    types = "\n".join(f"    <mediatype>{one.type}</mediatype>" for one in known.mime)
    keywords = "\n".join(f"    <keyword>{escape(one)}</keyword>" for one in known.keywords)
    categories = "\n".join(f"    <category>{one}</category>" for one in known.categories)
    news = "\n".join(f"          <li>{escape(one)}</li>" for one in changes())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<component type="desktop-application">
  <id>{known.id}</id>
  <name>{known.name}</name>
  <summary>{escape(known.summary)}</summary>
  <metadata_license>CC0-1.0</metadata_license>
  <project_license>{known.license}</project_license>
  <developer_name>{escape(known.developer)}</developer_name>
  <description>
{paragraphs}
  </description>
  <launchable type="desktop-id">{known.name}.desktop</launchable>
  <icon type="stock">{known.name}</icon>
  <provides>
    <binary>{known.name}</binary>
{types}
  </provides>
  <categories>
{categories}
  </categories>
  <keywords>
{keywords}
  </keywords>
  <content_rating type="oars-1.1"/>
  <releases>
    <release version="{known.version}" date="{date}">
      <description>
        <ul>
{news}
        </ul>
      </description>
    </release>
  </releases>
</component>
"""


def mime(known: Definitions) -> str:
    """The program's file types, for the shared MIME-info database."""
    types = "\n".join(
        f'  <mime-type type="{one.type}">\n    <comment>{escape(one.comment)}</comment>\n'
        f'    <icon name="{known.name}"/>\n    <sub-class-of type="{one.parent}"/>\n'
        + "".join(f'    <glob pattern="{pattern}"/>\n' for pattern in one.patterns)
        + "  </mime-type>"
        for one in known.mime
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n{types}\n</mime-info>\n'
    )


def place(known: Definitions, share: Path, drawn: Path, command: str) -> None:
    """Write all of it below a `share` folder.

    Args:
        known: the definitions.
        share: `usr/share` of a package, or what becomes `~/.local/share`.
        drawn: the folder of `icons.draw`.
        command: what starts the program.
    """
    _write(share / "applications" / f"{known.name}.desktop", entry(known, command))
    _write(share / "metainfo" / f"{known.id}.metainfo.xml", metainfo(known))
    _write(share / "mime" / "packages" / f"{known.name}.xml", mime(known))
    page = share / "man" / "man1" / f"{known.name}.1.gz"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(gzip.compress(manual.write(known, manual.commands()).encode("utf-8"), 9, mtime=0))
    hicolor = share / "icons" / "hicolor"
    for size in icons.SIZES:
        _copy(drawn / f"{size}.png", hicolor / f"{size}x{size}" / "apps" / f"{known.name}.png")
    _copy(icons.SOURCE, hicolor / "scalable" / "apps" / f"{known.name}.svg")


def _list(words: list[str]) -> str:
    return "".join(f"{word};" for word in words)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
