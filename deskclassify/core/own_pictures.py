"""Pictures that the user gives to a class by hand: pasted, copied or taken with the camera. The project keeps copies.

Each addition goes into a folder of its own, `PROJECT/pictures/CLASS/KIND N`, which becomes a source of the data with
the class as its label. Thus undo is exact: it takes that source away, the data are as before to the byte, and what
lies in the folders of other additions is not touched. The copies stay on the disk, so that redo finds them.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL import Image

from deskclassify.core import labels
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.pictures import FORMATS, PictureError, is_picture_name, open_rgb
from deskclassify.core.requests import Process, Request
from deskclassify.core.sources import DataSpec, Problem, Source, walk

Kind = Literal["pasted", "copied", "camera"]
FOLDER = "pictures"  # below the project's
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices, to Windows
_LONGEST_BYTES = 120  # of a name: file systems allow 255, and numbers and suffixes come to it
_JPEG_QUALITY = 95
_SUFFIX_OF = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "GIF": ".gif", "BMP": ".bmp", "DIB": ".bmp",
              "TIFF": ".tif", "WEBP": ".webp", "PPM": ".ppm", "JPEG2000": ".jp2", "AVIF": ".avif", "ICO": ".ico",
              "TGA": ".tga"}  # fmt: skip


@dataclass(frozen=True)
class KeepRequest(Request):
    """Copy pictures into the folder of an addition; then `Kept`. Runs in the window's process: nothing goes on a wire.

    Attributes:
        project: its folder.
        label: the class, as the user sees it.
        pictures: paths of pictures and of folders of them, or pixels, uint8 `[h, w, 3]` (RGB) or `[h, w, 4]`.
        kind: how they came; photos of the camera are kept as JPEG, other pixels as PNG.
        folder: of an addition, made by `new_folder`, that is gone on with; empty for a new one.
        data: of the project. A copy gets no name by which a picture was left out or given another class.
    """

    job: ClassVar[str] = "deskclassify.core.own_pictures:keep"
    process: ClassVar[Process] = "here"
    project: str
    label: str
    pictures: tuple[str | np.ndarray, ...]
    kind: Kind = "pasted"
    folder: str = ""
    data: DataSpec = field(default_factory=DataSpec)


@dataclass(frozen=True)
class Kept(Event):
    """Copies were made.

    Attributes:
        project, label: as in the request.
        folder: that holds them; empty where none could be kept.
        files: the copies.
        refused: what is no picture that can be read, and why.
    """

    event: ClassVar[str] = "finished"
    project: str
    label: str
    folder: str
    files: tuple[str, ...]
    refused: tuple[Problem, ...] = ()


def keep(request: KeepRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `KeepRequest`. When it is stopped, or fails, what it has written so far is removed.

    Raises:
        InputError: the name of the class was given up for another one.
        OSError: a copy cannot be written.
    """
    is_taken = _names_with_a_past(request.data, found_name(request.data, request.label))
    pictures = list(_unfolded(request.pictures))
    folder = Path(request.folder) if request.folder else None
    files: list[Path] = []
    refused: list[Problem] = []
    try:
        for done, picture in enumerate(pictures):
            if should_stop():
                _remove(files, None if request.folder else folder)
                return
            if done:
                yield Progress("keep", done, len(pictures))
            try:
                data, name = _contents(picture, request.kind)
            except PictureError as error:
                refused.append(Problem(str(picture), error.sentence, "unreadable"))
                continue
            if folder is None:
                folder = new_folder(Path(request.project), request.label, request.kind)
            files.append(_write(folder, name, data, is_taken))
    except BaseException:  # also when the generator is closed
        _remove(files, None if request.folder else folder)
        raise
    where = str(folder) if files else ""
    yield Kept(request.project, request.label, where, tuple(map(str, files)), tuple(refused))


def new_folder(project: Path, label: str, kind: Kind) -> Path:
    """Make the folder of an addition to a class.

    Raises:
        OSError: it cannot be made.
    """
    parent = project / FOLDER / safe_name(label)
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        try:
            (parent / f"{kind} {number}").mkdir()
        except FileExistsError:
            number += 1
        else:
            return parent / f"{kind} {number}"


def with_addition(data: DataSpec, folder: str, label: str) -> DataSpec:
    """The data with the folder of an addition, so that its pictures are shown as of the class `label`.

    Raises:
        InputError: that name was given up for another one.
    """
    return replace(data, sources=(*data.sources, Source(folder, found_name(data, label))))


def found_name(data: DataSpec, shown: str) -> str:
    """The class name that a source must have so that its pictures are shown under the name `shown`.

    Raises:
        InputError: there is none: the class was renamed, and no other has got its name since.
    """
    name = labels.normal(shown.strip())
    other = data.renamed.get(name, name)
    if other == name:
        return name
    for found, wanted in data.renamed.items():
        if wanted == name:
            return found
    raise InputError(f"The class “{name}” was renamed “{other}”. Add the pictures to “{other}”, or choose a new name.")


def safe_name(name: str) -> str:
    """A name that every file system takes, as near to the wanted one as can be; never hidden, never empty."""
    clean = _FORBIDDEN.sub("-", labels.normal(name)).strip(" .")
    while len(os.fsencode(clean)) > _LONGEST_BYTES:
        clean = clean[:-1].rstrip(" .")
    if not clean:
        return "class"
    return f"{clean}_" if _RESERVED.fullmatch(clean) else clean


def _unfolded(pictures: Sequence[str | np.ndarray]) -> Iterator[Path | np.ndarray]:
    """Folders become the pictures in them."""
    for picture in pictures:
        if isinstance(picture, np.ndarray):
            yield picture
        elif Path(picture).is_dir():
            found = [entry for entry in walk(Path(picture)) if not isinstance(entry, Problem)]
            yield from (Path(picture) / entry for entry in found if is_picture_name(entry.name))
        else:
            yield Path(picture)


def _contents(picture: Path | np.ndarray, kind: Kind) -> tuple[bytes, str]:
    """The bytes of the copy, and its name.

    Raises:
        PictureError: it cannot be read.
    """
    if isinstance(picture, np.ndarray):
        return _encoded(picture, kind)
    open_rgb(picture)  # all of it: a copy that nobody can read would only be told of later
    stem, suffix = safe_name(picture.stem), picture.suffix
    if not is_picture_name(picture.name):  # a walk finds pictures by their names
        with Image.open(picture, formats=FORMATS) as image:
            stem, suffix = safe_name(picture.name), _SUFFIX_OF.get(image.format or "", ".png")
    try:
        return picture.read_bytes(), stem + suffix
    except OSError as error:
        raise PictureError(f"The file cannot be read: {error.strerror}.") from error


def _encoded(pixels: np.ndarray, kind: Kind) -> tuple[bytes, str]:
    stem = f"{kind} {datetime.now():%Y-%m-%d %H.%M.%S}"
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if kind == "camera":
        image.convert("RGB").save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        return buffer.getvalue(), f"{stem}.jpg"
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), f"{stem}.png"


def _names_with_a_past(data: DataSpec, label: str) -> Callable[[str], bool]:
    """Whether a picture of this name in the class was mended by hand: the new one would be left out with it."""
    mended = frozenset((*data.excluded, *data.relabelled))
    return lambda name: f"{label}/{labels.normal(name)}" in mended


def _write(folder: Path, name: str, data: bytes, is_taken: Callable[[str], bool]) -> Path:
    """Write under a name that no addition to the class has yet: names tell the pictures of a class apart.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem} {number}{suffix}")
        number += 1
        others = (other for other in folder.parent.iterdir() if other != folder)
        if is_taken(target.name) or any((other / target.name).exists() for other in others):
            continue
        try:
            file = target.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(data)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target


def _remove(files: Sequence[Path], folder: Path | None) -> None:
    """Take back the copies of an addition that does not come about."""
    for file in files:
        file.unlink(missing_ok=True)
    if folder is not None:
        with suppress(OSError):  # something else lies in it
            folder.rmdir()
