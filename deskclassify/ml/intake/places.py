"""The folders that pictures are brought into: made beside their place, and moved there when all is in them.

Each holds a hidden file that tells where the pictures are from, so that the same archive is not unpacked twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deskclassify.core import atomic, paths
from deskclassify.core.data_events import Fetched
from deskclassify.core.pictures import is_picture_name
from deskclassify.ml.intake import names

_MARK = ".deskclassify.json"
_UNDER_WAY = ".unfinished-"
_OLD_SECONDS = 86_400.0  # after which an unfinished folder is of a process that was killed


@dataclass(frozen=True)
class Mark:
    """Where the pictures of a folder are from.

    Attributes:
        origin: kind and place: `web:ADDRESS`, `file:PATH`, `set:NAME`, `sounds:PATH`, `table:PATH`.
        digests: of the archive or of what the pictures were made from, as `algorithm:digits`.
        below: the folder below this one that holds the classes; empty for itself.
        images: number of pictures.
        rule: the label rule that fits.
        left_out: files that were not taken.
        title: for the project.
        etag, modified, total: what the server said of the archive.
    """

    origin: str
    digests: tuple[str, ...]
    below: str
    images: int
    rule: str
    left_out: int
    title: str
    etag: str = ""
    modified: str = ""
    total: int | None = None


@contextmanager
def under_way() -> Iterator[Path]:
    """A new folder for what is being made; it is removed in the end, unless `settle` has moved it.

    Raises:
        OSError: it cannot be made.
    """
    _clear_old()
    folder = paths.pictures_dir() / f"{_UNDER_WAY}{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(folder: Path, name: str, mark: Mark) -> Path:
    """Give a finished folder its place, under a name that is free.

    Returns:
        the place.

    Raises:
        OSError: it cannot be moved; nothing has changed.
    """
    atomic.write_json(folder / _MARK, asdict(mark))
    number = 1
    while True:
        place = paths.pictures_dir() / (name if number == 1 else f"{name} ({number})")
        if not os.path.lexists(place):
            # On a race, rename over an empty or a full folder fails, and the next name is tried.
            with contextlib.suppress(FileExistsError, PermissionError):
                os.rename(folder, place)  # noqa: PTH104 - refuses a folder that is there, replace may not
                return place
            if not os.path.lexists(place):
                os.rename(folder, place)  # noqa: PTH104 - refused for another reason: say it
                return place
        number += 1


def earlier(fits: Callable[[Mark], bool]) -> tuple[Path, Mark] | None:
    """A folder that was made before and still has all its pictures."""
    try:
        places = sorted(entry.path for entry in os.scandir(paths.pictures_dir()) if not entry.name.startswith("."))
    except OSError:
        return None
    for place in map(Path, places):
        mark = _read(place)
        if mark is not None and fits(mark) and count_pictures(place / mark.below) == mark.images:
            return place, mark
    return None


def fetched(place: Path, mark: Mark, seconds: float) -> Fetched:
    """The event that tells of a folder."""
    folder = place / mark.below if mark.below else place
    kind, _, table = mark.rule.partition(":")
    # A bare name would be looked for in the working folder first.
    rule = f"csv:{folder / table}" if kind == "csv" else mark.rule
    is_drawn = mark.origin.startswith(("sounds:", "table:"))
    return Fetched(str(folder), mark.title, mark.images, rule, mark.left_out, seconds, is_drawn)


def count_pictures(folder: Path) -> int:
    """Pictures below a folder, by their names."""
    return sum(is_picture_name(name) for _, _, files in os.walk(folder) for name in files)


def title_of(name: str) -> str:
    """A name for the project: “flower_photos” becomes “flower photos”."""
    return " ".join(name.replace("_", " ").split()) or name


def folder_name(title: str) -> str:
    """A name for the folder."""
    return names.one(title, "pictures").lstrip(".") or "pictures"


def _read(place: Path) -> Mark | None:
    try:
        value = json.loads((place / _MARK).read_text(encoding="utf-8"))
        mark = Mark(**{**value, "digests": tuple(value["digests"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return mark if isinstance(mark.images, int) and ".." not in Path(str(mark.below)).parts else None


def _clear_old() -> None:
    with contextlib.suppress(OSError):
        for entry in os.scandir(paths.pictures_dir()):
            if entry.name.startswith(_UNDER_WAY) and time.time() - entry.stat().st_mtime > _OLD_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)
