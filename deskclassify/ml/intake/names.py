"""Names from elsewhere as names of files here: what some file system does not take is replaced."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+')  # the last ones turn text around
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\..*)?", re.IGNORECASE)  # by Windows
_MOST_BYTES = 200  # file systems take 255; some letters are left for “ (2)”
_ENDINGS = re.compile(r"(\.(tar\.\w+|tgz|tbz2?|txz|tar|zip|csv|tsv|txt))$", re.IGNORECASE)


def one(name: str, otherwise: str = "unnamed") -> str:
    """A name for one file or folder, in NFC; nothing in it leads elsewhere.

    Args:
        name: any text; bytes that are no UTF-8 may be in it as surrogates.
        otherwise: for a name of which nothing is left.
    """
    text = unicodedata.normalize("NFC", _readable(name))
    clean = _REFUSED.sub("-", text).strip().rstrip(" .")
    if clean in ("", "..", "-"):
        clean = otherwise
    if _RESERVED.fullmatch(clean):
        clean = f"{clean}_"
    return _short(clean)


def of_archive(name: str) -> str:
    """The name of an archive or a table, less its ending."""
    return one(_ENDINGS.sub("", name).lstrip("."), "pictures")


def free(name: str, number: int) -> str:
    """The name with a number, where it is taken: “cat (2).jpg”."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} ({number}).{suffix}" if dot and stem else f"{name} ({number})"


def _readable(name: str) -> str:
    """Bytes that were no UTF-8 become letters of Latin-1, so that the name can be written anywhere."""
    if name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name):
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("latin-1")
    except UnicodeEncodeError:
        return re.sub(r"[\ud800-\udfff]", "-", name)


def _short(name: str) -> str:
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = name, ""
    mark = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    kept = stem.encode()[: _MOST_BYTES - len(suffix.encode()) - 10].decode("utf-8", "ignore")
    return f"{kept}~{mark}.{suffix}" if suffix else f"{kept}~{mark}"
