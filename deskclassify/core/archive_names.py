"""Which files are archives that can be unpacked, by their names, and which texts are addresses of the web."""

from __future__ import annotations

from urllib.parse import urlsplit

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive_name(name: str) -> bool:
    """Whether a file name ends like an archive that can be unpacked."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def is_address(text: str) -> bool:
    """Whether something can be downloaded from there."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
