"""Class names in a text: a line each, also with the numbers that Teachable Machine writes before them."""

from __future__ import annotations

import re
from pathlib import Path

from deskclassify.core.errors import InputError

_LARGEST = 1_000_000  # bytes of a text file with labels
_NUMBERED = re.compile(r"\s*(\d+)[\s:,;]+(.+)")


def split(text: str) -> tuple[str, ...]:
    """Class names, one from each line that is not empty.

    Where every line begins with its own number, counted from 0 or from 1, the numbers are not part of the names.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_NUMBERED.fullmatch(line) for line in lines]
    numbers = [int(one[1]) for one in found if one is not None]
    if len(numbers) == len(lines) and numbers in (list(range(len(lines))), list(range(1, len(lines) + 1))):
        return tuple(one[2].strip() for one in found if one is not None)
    return tuple(lines)


def read(file: Path) -> tuple[str, ...]:
    """Class names from a text file.

    Raises:
        InputError: it is none, or there is nothing in it.
    """
    try:
        with file.open("rb") as source:
            data = source.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"“{file.name}” cannot be read: {error.strerror}. Choose another file.") from error
    if len(data) > _LARGEST or b"\0" in data:
        raise InputError(f"“{file.name}” is no text file with a class name in each line. Choose another file.")
    names = split(data.decode("utf-8-sig", "replace"))
    if not names:
        raise InputError(f"“{file.name}” is empty. It must hold a class name in each line.")
    return names
