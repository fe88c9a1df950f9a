"""Pictures that have no file, of the clipboard, a browser or the camera, are written into the program's cache."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL import Image

from deskclassify.core import browser_drops, paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.pictures import FORMATS
from deskclassify.core.requests import Process, Request

BareKind = Literal["pasted", "camera"]
_COMPRESSION = 1  # of PNG: the file is read once or twice, and written while somebody waits
_SUFFIX_OF = {"JPEG": ".jpg", "JPEG2000": ".jp2"}  # of all others it is the name of the format


@dataclass(frozen=True)
class BareRequest(Request):
    """Write pictures into the cache; then `BareKept`. Runs in the window's process: nothing goes on a wire.

    Attributes:
        pictures: pixels, uint8 `[h, w, 3]` (RGB) or `[h, w, 4]`, or `data:` addresses that hold a picture.
        kind: how they came: the folder, and the beginning of the names.
    """

    job: ClassVar[str] = "deskclassify.core.bare_pictures:keep"
    process: ClassVar[Process] = "here"
    pictures: tuple[np.ndarray | str, ...]
    kind: BareKind = "pasted"


@dataclass(frozen=True)
class BareKept(Event):
    """The files that were written, in order."""

    event: ClassVar[str] = "finished"
    files: tuple[str, ...]


def keep(request: BareRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `BareRequest`.

    Raises:
        InputError: what an address holds is no picture.
        OSError: there is no room.
    """
    files: list[str] = []
    for picture in request.pictures:
        if should_stop():
            break
        data, suffix = _contents(picture)
        files.append(str(_write(data, request.kind, suffix)))
    yield BareKept(tuple(files))


def suffix_of(data: bytes | Path) -> str:
    """What the name of a picture ends with, by its content; empty for what cannot be read as one."""
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FORMATS) as image:
            return _SUFFIX_OF.get(image.format or "", f".{(image.format or '').lower()}")
    except Exception:  # Pillow raises what it likes on bad files
        return ""


def _contents(picture: np.ndarray | str) -> tuple[bytes, str]:
    if isinstance(picture, np.ndarray):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=_COMPRESSION)
        return buffer.getvalue(), ".png"
    data = browser_drops.decode(picture)
    suffix = suffix_of(data)
    if not suffix:
        raise InputError(
            "The picture that was dropped is of a kind that cannot be read, such as SVG. Save it as JPEG or PNG, then "
            "drop the file."
        )
    return data, suffix


def _write(data: bytes, kind: str, suffix: str) -> Path:
    folder = paths.cache_dir() / kind
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=f"{kind}-", suffix=suffix, dir=folder, delete=False) as file:
        target = Path(file.name)
        try:
            file.write(data)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return target
