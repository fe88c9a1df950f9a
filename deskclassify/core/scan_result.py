"""The check of all files, after something was mended: no file need be opened again."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from deskclassify.core.events import ScanDone
from deskclassify.core.sources import DataSpec, Listing


def arranged(scan: ScanDone, listing: Listing, data: DataSpec) -> ScanDone:
    """The same check with other labels, another split, and without what was left out.

    Args:
        scan: of all pictures that were found, also of those that were left out.
        listing: of `data`.
        data: as it is now.
    """
    left_out = frozenset(item.path for item in listing.left_out)
    unreadable = tuple(problem for problem in scan.unreadable if problem.path not in left_out)
    bad = frozenset(problem.path for problem in unreadable)
    held = {item.path for item in listing.items} if bad else frozenset()
    kept = listing.without(bad, data) if bad & held else listing
    # Of a group that has lost some, nobody knows whether the rest is equal: it stays what the whole was.
    pairs = [(group, _rest(group, left_out)) for group in scan.duplicates]
    near = frozenset(scan.near_duplicates)
    return replace(
        scan,
        images=len(kept.items),
        classes=kept.classes(),
        subsets=kept.subsets(),
        unreadable=unreadable,
        duplicates=tuple(rest for _, rest in pairs if len(rest) > 1),
        near_duplicates=tuple(rest for group, rest in pairs if len(rest) > 1 and group in near),
        unlabelled=sum(item.path not in bad for item in listing.unlabelled),
        problems=tuple(problem for problem in listing.problems if problem.kind != "unreadable"),
    )


def _rest(group: Iterable[str], left_out: Container[str]) -> tuple[str, ...]:
    return tuple(path for path in group if path not in left_out)
