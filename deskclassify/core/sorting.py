"""Pictures copied into folders of their classes. The originals are only read; nothing is moved or overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Prediction, Progress, Throttle
from deskclassify.core.use_events import Sorted
from deskclassify.core.use_requests import SortRequest
from deskclassify.core.words import counted, size

_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]+')  # what some file system does not take
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows does not take
_LONGEST_FOLDER, _LONGEST_NAME = 120, 255  # bytes: file systems allow 255
_BLOCK = 4096  # bytes: a file takes whole blocks of the disk
_CHUNK = 1 << 20  # bytes


def sort(request: SortRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `SortRequest`: copies in the given order, each whole or not there at all.

    When it is told to stop, the copies so far stay, and `Sorted.stopped` says so; when one fails, they stay as well.

    Raises:
        InputError: there is nothing to copy, or the disk has too little room for it.
        OSError: a copy cannot be written.
    """
    if not request.files:
        raise InputError("There is no picture with an answer to copy. Classify some first.")
    folder = Path(os.path.abspath(Path(request.folder).expanduser()))
    _check_space(request.files, folder, should_stop)
    copied = 0
    missing: list[str] = []
    unreadable: list[str] = []
    begun, throttle = time.monotonic(), Throttle()
    for number, (path, name) in enumerate(request.files, 1):
        if should_stop():
            yield Sorted(copied, tuple(missing), str(folder), tuple(unreadable), stopped=True)
            return
        source = Path(path)
        try:
            source.open("rb").close()  # what goes wrong from here on is the fault of the target
        except FileNotFoundError:
            missing.append(path)
        except OSError:
            unreadable.append(path)
        else:
            copy_into(source, folder / folder_name(name))
            copied += 1
        if throttle.ready(number == len(request.files)):
            rate = number / max(1e-6, time.monotonic() - begun)
            yield Progress("copy", number, len(request.files), rate, (len(request.files) - number) / rate)
    yield Sorted(copied, tuple(missing), str(folder), tuple(unreadable))


def places(rows: Iterable[Prediction]) -> tuple[tuple[str, str], ...]:
    """Path and folder name for each answer, as `SortRequest` takes them.

    Files that could not be read are left out. Classes whose names differ only in what a folder cannot be called, or by
    upper and lower case, get folders of their own.
    """
    names: dict[tuple[str, bool], str] = {}
    taken: set[str] = set()
    made = []
    for row in rows:
        if row.error:
            continue
        key = ("", True) if row.refused else (row.label, False)
        if key not in names:
            wanted = folder_name(NO_ANSWER if row.refused else row.label)
            free, number = wanted, 1
            while free.casefold() in taken:
                number += 1
                free = f"{wanted} {number}"
            taken.add(free.casefold())
            names[key] = free
        made.append((row.path, names[key]))
    return tuple(made)


def folder_name(label: str) -> str:
    """A class name as the name of one folder: nothing in it may lead elsewhere."""
    clean = _REFUSED.sub("-", label).strip(" .")
    while len(clean.encode()) > _LONGEST_FOLDER:
        clean = clean[:-1].rstrip(" .")
    clean = clean or "class"
    if reserved := _RESERVED.fullmatch(clean):
        return f"{reserved[1]}_{reserved[2] or ''}"  # “con.x” is a device as well
    return clean


def copy_into(file: Path, folder: Path) -> Path:
    """Copy a file under a free name.

    Returns:
        the copy.

    Raises:
        OSError: it cannot be read or written; no half copy is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        target = folder / (file.name if number == 1 else _numbered(file, number))
        try:
            with file.open("rb") as source, target.open("xb") as sink:
                try:
                    shutil.copyfileobj(source, sink, _CHUNK)
                except BaseException:
                    sink.close()
                    os.unlink(target)  # noqa: PTH108
                    raise
        except FileExistsError:
            number += 1
            continue
        with contextlib.suppress(OSError):
            shutil.copystat(file, target)
        return target


def in_words(done: Sorted) -> str:
    """What came of it, in a sentence or two."""
    text = f"{counted(done.copied, 'picture')} copied into folders of their classes in “{Path(done.folder).name}”."
    if done.stopped:
        text = f"Stopped. {text}"
    for paths, why in ((done.missing, "not there any more"), (done.unreadable, "not to be read")):
        if paths:
            text += f" {counted(len(paths), 'file')} could not be copied: {why} ({_named(paths)})."
    return text


def _named(paths: Sequence[str]) -> str:
    return ", ".join(Path(path).name for path in paths[:3]) + (" …" if len(paths) > 3 else "")


def _numbered(file: Path, number: int) -> str:
    stem, end = file.stem, f" ({number}){file.suffix}"
    while stem and len(os.fsencode(stem + end)) > _LONGEST_NAME:
        stem = stem[:-1]
    return stem + end


def _check_space(files: Sequence[tuple[str, str]], folder: Path, should_stop: ShouldStop) -> None:
    """Raises InputError if the disk has no room; a disk that does not tell is trusted."""
    needed = 0
    for path, _ in files:
        if should_stop():
            return
        with contextlib.suppress(OSError):  # told of when it is to be copied
            needed += -(-Path(path).stat().st_size // _BLOCK) * _BLOCK
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        return
    if needed > free:
        raise InputError(
            f"The copies need {size(needed)}, but only {size(free)} are free there. Free some space, or choose a "
            "folder on another disk."
        )
