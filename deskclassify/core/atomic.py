"""Files that are either the old ones or the new ones, never half of each."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes, flush: bool = True) -> None:
    """Write beside the target, flush to the disk, then rename over it.

    Args:
        path: the target.
        data: its contents.
        flush: False for what may be damaged when the power fails: a flush takes some milliseconds.

    Raises:
        OSError: the disk is full or the folder may not be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            if flush:
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def is_part(path: Path) -> bool:
    """Whether a file is what a process that was killed left of a write."""
    return path.name.startswith(".") and path.name.endswith(".part")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; file names that are not valid Unicode keep their bytes."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that a person can read."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with a header row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read back what `write_csv` wrote, a dict a row."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))
