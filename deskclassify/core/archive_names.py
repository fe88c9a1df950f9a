"""Which files are archives that can be unpacked, by their names."""

from __future__ import annotations

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive_name(name: str) -> bool:
    """Whether a file name ends like an archive that can be unpacked."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)
