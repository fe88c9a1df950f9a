"""The pictures as they are labelled now, copied into a new tree of class folders. The originals are only read."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deskclassify.core import atomic, labels
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Copied
from deskclassify.core.data_requests import CopyRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.sources import DataSpec, Item, list_data
from deskclassify.core.words import counted, size

TABLE = "labels.csv"
LEFT_OUT = "left_out.csv"
_HEADER = ("path", "label", "subset", "original", "found", "changed")
_SPARE = 1.02  # of the pictures' bytes: blocks of the disk, the tables
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices, on Windows
_LONGEST = 120  # characters of a folder's name, and of a file's without its suffix when it gets a number


@dataclass(frozen=True)
class _Copy:
    """One picture and where it goes, relative to the target."""

    item: Item
    place: str


def copy(request: CopyRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Copy into `class/name` or `subset/class/name`, with a table of what was changed.

    `labels.csv` has the new path, the class, the subset, the original's path, the class that was found there, and what
    was changed by hand; `left_out.csv` names the pictures that were left out. Either everything is there at the end or
    nothing: it is written beside the target, which gets its name last. Pictures without a class are not copied.

    Raises:
        InputError: there is nothing to copy, the target is not empty, lies among the pictures, or the disk is too full.
    """
    begun = time.monotonic()
    listing = list_data(request.data, should_stop)
    if should_stop():
        return
    target = Path(os.path.abspath(Path(request.target).expanduser()))
    _check_target(target, request.data)
    if not listing.items:
        raise InputError("There are no pictures with a class to copy. Add pictures on the Data page first.")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    failed: list[_Copy] = []
    try:
        part.mkdir()
        _check_space(listing.items, part)
        done: list[_Copy] = []
        yield from _copy_all(places(listing.items, request.by_subset), part, done, failed, should_stop)
        if should_stop():
            return
        if not done:
            raise InputError("None of the pictures could be read, so there is nothing to copy.")
        _write_tables(part, done, listing.left_out)
        if target.is_dir():
            target.rmdir()  # it is empty, or this fails
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # ours alone; gone already if all went well
    yield Copied(str(target), len(done), tuple(one.item.path for one in failed), time.monotonic() - begun)


def in_words(copied: Copied) -> str:
    """What came of it, in a sentence or two."""
    text = f"{counted(copied.images, 'picture')} copied to {copied.folder}."
    if copied.failed:
        names = ", ".join(Path(path).name for path in copied.failed[:3]) + (" …" if len(copied.failed) > 3 else "")
        text += f" {counted(len(copied.failed), 'picture')} could not be read: {names}."
    return text


def places(items: Sequence[Item], by_subset: bool) -> list[_Copy]:
    """Where each picture goes. No two places differ by upper and lower case only: some disks take them for one."""
    folders = folder_names({item.label for item in items}, by_subset)
    taken: set[str] = set()
    tried: dict[str, int] = {}  # the last number of a name: very many pictures may have the same
    made = []
    for item in items:
        folder = f"{item.subset}/{folders[item.label]}" if by_subset else folders[item.label]
        name = labels.normal(Path(item.path).name)
        stem, suffix, wanted = Path(name).stem, Path(name).suffix, f"{folder}/{name}".casefold()
        while f"{folder}/{name}".casefold() in taken:
            tried[wanted] = tried.get(wanted, 1) + 1
            name = f"{stem[:_LONGEST]} {tried[wanted]}{suffix}"
        taken.add(f"{folder}/{name}".casefold())
        made.append(_Copy(item, f"{folder}/{name}"))
    return made


def folder_names(classes: Iterable[str], by_subset: bool) -> dict[str, str]:
    """Class → name of its folder, which every usual file system takes and which is found again as a class.

    Args:
        classes: their names.
        by_subset: whether the folders lie in those of the subsets; if not, none may be called like a subset.
    """
    taken: set[str] = set()
    names = {}
    for name in sorted(classes):
        clean = _FORBIDDEN.sub("_", labels.normal(name)).strip()[:_LONGEST].rstrip(" .") or "_"
        if clean.startswith((".", "__MACOSX", "@eaDir")):
            clean = f"class {clean}"  # hidden folders, and those that systems make, are passed over
        if _RESERVED.fullmatch(clean) or (not by_subset and clean.lower() in labels.SUBSETS):
            clean += "_"
        free, number = clean, 1
        while free.casefold() in taken:
            number += 1
            free = f"{clean} {number}"
        taken.add(free.casefold())
        names[name] = free
    return names


def _check_target(target: Path, data: DataSpec) -> None:
    if not target.name or not target.parent.is_dir():
        raise InputError(f"There is no folder “{target.parent}”. Choose a place for the copy that exists.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"“{target.name}” is not empty. Choose a new folder, so that nothing is overwritten.")
    for source in data.sources:
        if target.resolve().is_relative_to(Path(source.path).expanduser().resolve()):
            raise InputError(
                f"“{target.name}” would lie among the pictures of “{Path(source.path).name}” and be taken for one of "
                "their folders. Choose a place outside of it."
            )


def _check_space(items: Iterable[Item], part: Path) -> None:
    needed = 0
    for item in items:
        try:
            needed += Path(item.path).stat().st_size
        except OSError:
            continue  # told of when it is to be copied
    free = shutil.disk_usage(part).free
    if needed * _SPARE > free:
        raise InputError(
            f"The copy needs {size(needed)}, but only {size(free)} are free there. Free some space, or choose a folder "
            "on another disk."
        )


def _copy_all(
    copies: Sequence[_Copy], part: Path, done: list[_Copy], failed: list[_Copy], should_stop: ShouldStop
) -> Iterator[Event]:
    begun, throttle = time.monotonic(), Throttle()
    for number, one in enumerate(copies, 1):
        if should_stop():
            return
        place = part / one.place
        place.parent.mkdir(parents=True, exist_ok=True)
        (done if _copied(Path(one.item.path), place) else failed).append(one)
        if throttle.ready(number == len(copies)):
            rate = number / max(1e-6, time.monotonic() - begun)
            yield Progress("copy", number, len(copies), rate, (len(copies) - number) / rate)


def _copied(original: Path, place: Path) -> bool:
    """Copy one file with its time; False if it cannot be read. What goes wrong with the copy itself is raised."""
    try:
        original.open("rb").close()
    except OSError:
        return False
    try:
        shutil.copy2(original, place)
    except OSError as error:
        if error.errno != errno.EIO:  # else a bad spot of the disk
            raise
        place.unlink(missing_ok=True)
        return False
    return True


def _write_tables(part: Path, done: Iterable[_Copy], left_out: Sequence[Item]) -> None:
    rows = [
        (one.place, one.item.label, one.item.subset, one.item.path, one.item.found, _changed(one.item)) for one in done
    ]
    atomic.write_csv(part / TABLE, _HEADER, rows)
    if left_out:
        atomic.write_csv(part / LEFT_OUT, ("original", "label"), [(item.path, item.label) for item in left_out])


def _changed(item: Item) -> str:
    if not item.found:
        return "class given by hand"
    return "" if item.found == item.label else "class changed"
