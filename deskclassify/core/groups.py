"""Pictures that must lie on one side of the split: by sub-folder, by a part of the name, or told one by one."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Protocol

from deskclassify.core import labels
from deskclassify.core.errors import InputError

FOLDER, PATTERN = "folder", "regex:"
GROUPING_HELP = "Use folder, or regex:PATTERN (its first group is what pictures of one group have in common)."
_DISTINCT = re.compile(r"[^/]*~[0-9a-f]{8}/")  # what `sources` puts before a key that another folder has as well


class Picture(Protocol):
    """What is asked of `sources.Item`."""

    @property
    def path(self) -> str:
        """Absolute."""

    @property
    def key(self) -> str:
        """Its path below its source."""

    @property
    def fixed(self) -> str:
        """The subset that folders or a table prescribe; empty for none."""

    @property
    def label(self) -> str:
        """Its class."""


def check(grouping: str) -> None:
    """Refuse what is no grouping.

    Raises:
        InputError: it is none, or its pattern is wrong.
    """
    if grouping and grouping != FOLDER:
        _pattern(grouping)


def find(
    pictures: Sequence[Picture],
    grouping: str,
    together: Sequence[Sequence[str]] = (),
    in_classes: bool = True,
    roots: Container[str] = (),
) -> dict[str, str]:
    """Which pictures belong together.

    * `folder`: those of one sub-folder below the class folder; pictures directly in the class folder are alone.
      Where folders are no classes, those of one folder.
    * `regex:PATTERN`: those whose file names give the same first group, also across classes, as the pictures of one
      patient do; a name that does not match is alone.

    Groups that share a picture become one (union-find).

    Args:
        pictures: all there are.
        grouping: see above; empty for none.
        together: groups of keys; those that are no picture's are passed over.
        in_classes: whether the first folder of a key names a class, so that it is no group.
        roots: paths of folders that are no group either: those that were added.

    Returns:
        key → name of its group, for the pictures that are not alone. The name is the smallest of its keys.

    Raises:
        InputError: there is no such grouping, or its pattern is wrong.
    """
    by_name: dict[str, list[str]] = {}
    if grouping == FOLDER:
        for one in pictures:
            folder = _folder(one, in_classes)
            if folder and folder not in roots:
                by_name.setdefault(folder, []).append(one.key)
    elif grouping:
        pattern = _pattern(grouping)
        for one in pictures:
            found = pattern.search(os.path.basename(one.path))  # noqa: PTH119 - a Path for each picture takes long
            if found is not None and found.group(1):
                by_name.setdefault(labels.normal(found.group(1)), []).append(one.key)
    known = {one.key for one in pictures} if together else set()
    told = ([key for key in group if key in known] for group in together)
    return _united([*by_name.values(), *told])


def _folder(one: Picture, in_classes: bool) -> str:
    """The folder that a picture shares with its group; empty for none. Absolute, for names repeat in other sources."""
    depth = _DISTINCT.sub("", one.key, count=1).count("/")
    # A fixed subset comes from a folder above the class folder, or from the user's word, and then nothing is drawn.
    classes = (2 if one.fixed else 1) if in_classes else 0
    return os.path.dirname(one.path) if depth > classes else ""  # noqa: PTH120


def _pattern(grouping: str) -> re.Pattern[str]:
    if not grouping.startswith(PATTERN):
        raise InputError(f"“{grouping}” is no way to group pictures. {GROUPING_HELP}")
    text = grouping.removeprefix(PATTERN)
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise InputError(f"The pattern “{text}” is not a valid regular expression: {error}.") from error
    if compiled.groups < 1:
        raise InputError(
            f"The pattern “{text}” has no group. Put the part that pictures of one group have in common in "
            "parentheses, as in ^(patient\\d+)_."
        )
    return compiled


def _united(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Union-find: key → the smallest key of all that it is tied to; those that are alone are missing."""
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while (parent := above.setdefault(key, key)) != key:
            above[key] = above[parent]  # halve the path
            key = parent
        return key

    for group in map(list, map(dict.fromkeys, groups)):
        if len(group) < 2:
            continue
        first = top(group[0])
        for key in group[1:]:
            other = top(key)
            first, other = min(first, other), max(first, other)
            above[other] = first
    return {key: top(key) for key in list(above)}


def remarks(pictures: Sequence[Picture], groups: Mapping[str, str], grouping: str) -> list[str]:
    """What the user should know of the groups, in sentences.

    Args:
        pictures: all there are.
        groups: as `find` gives them.
        grouping: how they were found.
    """
    told = []
    if grouping == FOLDER and not groups:
        told.append("No two pictures lie in one sub-folder of a class: the split keeps nothing together.")
    elif grouping and not groups:
        pattern = grouping.removeprefix(PATTERN)
        told.append(f"No two file names agree in what “{pattern}” finds: the split keeps nothing together.")
    return [*told, *_torn(pictures, groups), *_undivided(pictures, groups)]


def _torn(pictures: Sequence[Picture], groups: Mapping[str, str]) -> list[str]:
    fixed: dict[str, set[str]] = {}
    for one in pictures:
        if one.fixed and one.key in groups:
            fixed.setdefault(groups[one.key], set()).add(one.fixed)
    torn = [name for name, sides in fixed.items() if len(sides) > 1]
    if not torn:
        return []
    several = "pictures that belong together lie" if len(torn) == 1 else "groups of pictures lie"
    return [
        f"{'Some' if len(torn) == 1 else f'{len(torn):,}'} {several} on several sides of the split, as folders or a "
        f"table say, such as those of {PurePath(min(torn)).name}. That makes the accuracy look better than it is: "
        "leave out those of one side."
    ]


def _undivided(pictures: Sequence[Picture], groups: Mapping[str, str]) -> list[str]:
    blocks: dict[str, set[str]] = {}
    grouped: set[str] = set()
    for one in pictures if groups else ():
        group = groups.get(one.key)
        blocks.setdefault(one.label, set()).add(one.key if group is None else group)
        if group is not None:
            grouped.add(one.label)
    return [
        f"All pictures of “{name}” belong together, so none of them can be kept for validation. Add others of this "
        "class, or keep less together."
        for name, found in sorted(blocks.items())
        if len(found) == 1 and name in grouped
    ]
