"""From an archive on the disk to a folder of pictures in its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from deskclassify.core import labels
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.ml.intake import archives, places
from deskclassify.ml.intake.places import Mark
from deskclassify.ml.intake.unpacking import Limits, Unpacked

Finish = Callable[[Path, list[PurePosixPath]], str]
"""from the folder with the classes and the pictures below it to the label rule; may write a table"""
_BY_NAME = r"regex:^(.+)_\d+"
_ENOUGH = 0.5  # of the pictures must be in a table, or have a name with a number


@dataclass(frozen=True)
class How:
    """How an archive is unpacked.

    Attributes:
        renamed: names of folders in the archive → names wanted.
        finish: finds the rule; by default from what lies there.
        limits: what it may come to.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    finish: Finish | None = None
    limits: Limits = field(default_factory=Limits)


def settle(
    archive: Path, mark: Mark, should_stop: ShouldStop, begun: float, how: How | None = None
) -> Generator[Event, None, Fetched]:
    """Unpack an archive and give the pictures their place.

    Args:
        archive: the file.
        mark: where it is from; the counts are filled in here.
        should_stop: of the job.
        begun: `time.monotonic()` at the start of the job.
        how: what is special about it.

    Raises:
        InputError: it cannot be unpacked; nothing is left behind.
        StoppedError: it was cancelled; nothing is left behind.
    """
    how = how or How()
    with places.under_way() as folder:
        found = yield from archives.unpack(archive, folder, should_stop, how.renamed, how.limits)
        root = archives.common_root(found)
        pictures = [path.relative_to(root) for path in found.pictures if path.is_relative_to(root)]
        finish = how.finish or (lambda at, paths: fitting_rule(at, paths, found, root))
        rule = finish(folder / root, pictures)
        below = "" if root == PurePosixPath() else root.as_posix()
        mark = replace(mark, below=below, images=len(pictures), rule=rule, left_out=found.left_out)
        place = places.settle(folder, places.folder_name(mark.title), mark)
    return places.fetched(place, mark, time.monotonic() - begun)


def fitting_rule(folder: Path, pictures: list[PurePosixPath], found: Unpacked, root: PurePosixPath) -> str:
    """The label rule that fits what was unpacked: class folders, a table at the top, or names with numbers.

    Args:
        folder: that holds the class folders.
        pictures: below it.
        found: all that was unpacked.
        root: the folder, below where it was unpacked.
    """
    holders = {path.parts[:-1] for path in pictures}
    if len({parts[:2] for parts in holders if parts}) > 1:
        return "folder"
    tables = [path for path in found.tables if path.parent == root and path.suffix.lower() != ".txt"]
    for table in tables:
        if _names_pictures(folder, table.name, pictures):
            return f"csv:{table.name}"
    by_name = labels.parse(_BY_NAME, folder)
    answers = [by_name(path) for path in pictures]
    classes = {answer.label for answer in answers if isinstance(answer, labels.Labelled)}
    labelled = sum(isinstance(answer, labels.Labelled) for answer in answers)
    if 1 < len(classes) <= len(pictures) / 2 and labelled > _ENOUGH * len(pictures):
        return _BY_NAME
    return "folder"


def _names_pictures(folder: Path, table: str, pictures: list[PurePosixPath]) -> bool:
    try:
        rule = labels.parse(f"csv:{folder / table}", folder)
    except InputError:
        return False
    answers = [rule(path) for path in pictures]
    classes = {answer.label for answer in answers if isinstance(answer, labels.Labelled)}
    labelled = sum(isinstance(answer, labels.Labelled) for answer in answers)
    return len(classes) > 1 and labelled > _ENOUGH * len(pictures)
