"""What the user said of models that others wrote: kept by the content of the file, wherever it lies."""

from __future__ import annotations

import json
import re
from pathlib import Path

from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import UserError
from deskclassify.core.foreign import Handling


def recall(digest: str) -> Handling | None:
    """What was said of a file; None where nothing was, or it cannot be read any more.

    Args:
        digest: hexadecimal, of the whole file.
    """
    try:
        return from_json(Handling, json.loads(_file(digest).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def remember(digest: str, handling: Handling) -> None:
    """Keep what was said of a file.

    Raises:
        UserError: it cannot be written.
    """
    try:
        atomic.write_json(_file(digest), to_json(handling))
    except OSError as error:
        raise UserError(
            f"What you said of the model cannot be kept in “{_folder()}”: {error.strerror}. Make room there, or allow "
            "writing."
        ) from error


def forget(digest: str) -> None:
    """Keep nothing of what was said of a file.

    Raises:
        UserError: it cannot be removed.
    """
    try:
        _file(digest).unlink(missing_ok=True)
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / "forgotten.json").touch()  # so that `stamp` is another one
    except OSError as error:
        raise UserError(
            f"What you said of the model cannot be removed from “{_folder()}”: {error.strerror}. Allow writing there."
        ) from error


def stamp() -> int:
    """A number that is another one as soon as something was said; for what keeps models open."""
    try:
        return max((file.stat().st_mtime_ns for file in _folder().glob("*.json")), default=0)
    except OSError:
        return 0


def _folder() -> Path:
    return paths.settings_dir() / "models"


def _file(digest: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{8,128}", digest):
        raise ValueError(f"{digest!r} is no digest")
    return _folder() / f"{digest}.json"
