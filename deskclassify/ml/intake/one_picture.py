"""A single picture from the web, as it is dragged out of a browser: downloaded into the cache, under its own name."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator
from pathlib import Path

from deskclassify.core import paths
from deskclassify.core.bare_pictures import suffix_of
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Fetched
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.pictures import is_picture_name
from deskclassify.ml.intake import download, names
from deskclassify.ml.intake.download import Wanted

MOST_BYTES = 200_000_000
_HEAD_BYTES = 512


def bring(wanted: Wanted, should_stop: ShouldStop) -> Generator[Event, None, Fetched]:
    """Download a picture; `Fetched.folder` holds nothing else.

    Args:
        wanted: the address, and where the download lies until it is looked at.
        should_stop: of the job.

    Raises:
        InputError: what comes is no picture; the sentence says what it is.
        UserError: it cannot be downloaded or written.
        StoppedError: it was cancelled.
    """
    begun = time.monotonic()
    download.forget_old(wanted.target.parent)
    yield from download.download(wanted, should_stop)
    try:
        suffix = suffix_of(wanted.target)
        if not suffix:
            with wanted.target.open("rb") as file:
                raise InputError(_no_picture(wanted.address, file.read(_HEAD_BYTES)))
        place = _place(wanted, suffix)
        os.replace(wanted.target, place)
    finally:
        wanted.target.unlink(missing_ok=True)
    return Fetched(str(place.parent), place.name, 1, seconds=time.monotonic() - begun)


def _place(wanted: Wanted, suffix: str) -> Path:
    """One folder for an address: the same picture again takes the place of the one before."""
    mark = hashlib.blake2b(wanted.address.encode(), digest_size=8).hexdigest()
    folder = paths.cache_dir() / "pasted" / f"web-{mark}"
    folder.mkdir(parents=True, exist_ok=True)
    name = names.one(wanted.title, "picture")
    return folder / (name if is_picture_name(name) else f"{name}{suffix}")


def _no_picture(address: str, head: bytes) -> str:
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return (
            f"{address} is the address of a web page, not of a picture. Drag the picture itself, or copy it in the "
            "browser and paste it here."
        )
    if start.startswith((b"<svg", b"<?xml")):
        return f"{address} is an SVG drawing, which cannot be read. Save it as PNG, then drop the file."
    return (
        f"{address} is no picture of a kind that can be read. Open it in the browser, save it as JPEG or PNG, then "
        "drop the file."
    )
