"""Mending the data by hand: each function makes another `DataSpec` of one, and no file is touched.

All of it is an overlay: which picture has another class, which is left out, what a class is called. What comes out is
in one form, however it came about: what changes nothing has no entry, so to go back by hand gives the data of before.

A name can mean two things: what was found in the folders, and what the user sees. `DataSpec.renamed` leads from the
one to the other, in a single step. So when “ants” is called “insects”, and a picture is called “ants” later, those are
two classes; `DataSpec.distinct` then has the name, which says that it means itself when it was given by hand. (Projects
of earlier versions have no such names: there, labels given by hand follow the renaming.)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from deskclassify.core import labels
from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Item, Listing

LONGEST_NAME = 100  # characters; file systems take 255 bytes, and an exported copy makes folders of the names
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]")


def class_name(text: str, known: Collection[str] = ()) -> str:
    """The name of a class as it is kept: trimmed, in Unicode's composed form (NFC).

    Args:
        text: what the user has typed.
        known: names that are there already, and so are right.

    Raises:
        InputError: it is empty, too long, or holds what a folder's name must not.
    """
    name = labels.normal(text).strip()
    if name in known:
        return name
    if not name or name in (".", ".."):
        raise InputError("A class needs a name. Type one that says what its pictures show.")
    if _FORBIDDEN.search(name):
        raise InputError(f"“{name}” cannot be the name of a class: leave out slashes, backslashes and line breaks.")
    if len(name) > LONGEST_NAME:
        raise InputError(f"The name of a class can have {LONGEST_NAME} characters at most; this one has {len(name)}.")
    return name


def relabel(spec: DataSpec, items: Iterable[Item], label: str) -> DataSpec:
    """Give pictures a class.

    Args:
        spec: the data.
        items: from a listing of it.
        label: a class as the user sees it, or a new one.

    Raises:
        InputError: the label is empty.
    """
    label = labels.normal(label)
    if not label:
        raise InputError("A picture needs the name of a class. Choose one.")
    given = dict(_settled(spec).relabelled)
    for item in items:
        if item.found and spec.renamed.get(item.found, item.found) == label:
            given.pop(item.key, None)
        else:
            given[item.key] = label
    return _standing(replace(spec, relabelled=given))


def exclude(spec: DataSpec, keys: Iterable[str]) -> DataSpec:
    """Leave pictures out."""
    return replace(spec, excluded=tuple(dict.fromkeys((*spec.excluded, *keys))))


def include(spec: DataSpec, keys: Collection[str]) -> DataSpec:
    """Use pictures again that were left out."""
    back = frozenset(keys)
    return replace(spec, excluded=tuple(key for key in spec.excluded if key not in back))


def create_class(spec: DataSpec, name: str) -> DataSpec:
    """Make a class that has no pictures yet.

    Raises:
        InputError: it cannot be called so.
    """
    return replace(spec, created=_unique((*spec.created, class_name(name))))


def drop_class(spec: DataSpec, name: str) -> DataSpec:
    """The contrary of `create_class`; pictures that have the class keep it."""
    return replace(spec, created=tuple(known for known in spec.created if known != name))


def rename_class(spec: DataSpec, old: str, new: str, listing: Listing | None = None) -> DataSpec:
    """Give a class another name; if there is one of that name, the two become one. See `merge_classes`."""
    return merge_classes(spec, (old,), new, listing)


def merge_classes(spec: DataSpec, names: Iterable[str], into: str, listing: Listing | None = None) -> DataSpec:
    """Make one class of several.

    Args:
        spec: the data.
        names: of the classes, as the user sees them.
        into: the name of the one class: one of them, another, or a new one.
        listing: of the data. It tells which names were found; without it, each may have been.

    Raises:
        InputError: it cannot be called so.
    """
    spec, old = _settled(spec), frozenset(names)
    into = class_name(into, {*old, *(listing.classes() if listing is not None else ())})
    renamed = {found: into if shown in old else shown for found, shown in spec.renamed.items()}
    # A name that nothing leads to is kept even if it was never found: a model may have been trained on it.
    led_to = frozenset() if listing is None else frozenset(spec.renamed.values()) - found_names(listing)
    renamed.update((name, into) for name in sorted(old - led_to) if name not in renamed)
    given = {key: into if label in old else label for key, label in spec.relabelled.items()}
    created = _unique(into if name in old else name for name in spec.created)
    kept = {found: shown for found, shown in renamed.items() if found != shown}
    return _standing(replace(spec, renamed=kept, relabelled=given, created=created))


def found_names(listing: Listing) -> frozenset[str]:
    """The classes that folders, rule or tables name."""
    return frozenset(item.found for item in (*listing.items, *listing.left_out) if item.found)


def keep_together(spec: DataSpec, groups: Iterable[Sequence[str]]) -> DataSpec:
    """Keep pictures on one side of the split.

    Args:
        spec: the data.
        groups: of keys; groups that share a picture, also with an earlier one, become one.
    """
    of: dict[str, set[str]] = {}
    for group in (*spec.together, *groups):
        whole = set(group).union(*(of[key] for key in group if key in of))
        of.update((key, whole) for key in whole)
    united = {id(whole): tuple(sorted(whole)) for whole in of.values() if len(whole) > 1}
    return replace(spec, together=tuple(sorted(united.values())))


def _settled(spec: DataSpec) -> DataSpec:
    """The same data with all labels that were given by hand as the user sees them."""
    given = {
        key: label if label in spec.distinct else spec.renamed.get(label, label)
        for key, label in spec.relabelled.items()
    }
    return spec if given == spec.relabelled else replace(spec, relabelled=given)


def _standing(spec: DataSpec) -> DataSpec:
    """Labels given by hand are meant as they are seen: those that a renaming would lead on are `distinct`."""
    return replace(spec, distinct=tuple(sorted(set(spec.relabelled.values()) & spec.renamed.keys())))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
