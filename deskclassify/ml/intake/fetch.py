"""An archive, from the disk or from the web, becomes a folder of pictures in the program's own place."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
import urllib.parse
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath

from deskclassify.core import paths
from deskclassify.core.archive_names import is_archive_name
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message
from deskclassify.core.pictures import is_picture_name
from deskclassify.ml.intake import digests, download, names, one_picture, places, settling
from deskclassify.ml.intake.digests import Digest
from deskclassify.ml.intake.line import Answer, tidy
from deskclassify.ml.intake.places import Mark
from deskclassify.ml.intake.stopping import StoppedError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive


def fetch(request: FetchRequest, should_stop: ShouldStop = never) -> Iterator[Event]:
    """Unpack an archive into `paths.pictures_dir()`, downloading it first where it is an address.

    The same archive is not unpacked twice, nor downloaded twice where the server or a digest tells that it is the
    same. When it is stopped, nothing is left of the pictures; of a download the part is kept.

    Raises:
        InputError: the source or the digest is wrong, or the archive cannot be unpacked.
        UserError: it cannot be downloaded or written.
    """
    begun = time.monotonic()
    source = request.source.strip().strip('"')
    digest = Digest.parse(request.digest) if request.digest.strip() else None
    try:
        if request.picture and is_address(source) and not is_archive_name(_name_in(source)):
            yield (yield from _one_picture(tidy(source), should_stop))
        elif is_address(source):
            yield (yield from _from_web(tidy(source), digest, should_stop, begun))
        else:
            yield (yield from _from_disk(source, digest, should_stop, begun))
    except StoppedError:
        return


def is_address(source: str) -> bool:
    """Whether it is a web address, as opposed to a path."""
    return _SCHEME.match(source) is not None


def get_file(
    address: str, file: Path, title: str, digest: Digest | None, should_stop: ShouldStop
) -> Generator[Event, None, Answer]:
    """Have a file downloaded, also where an earlier try was cancelled while it was unpacked.

    Raises:
        UserError: see `download.download`.
        StoppedError: it was cancelled.
    """
    download.forget_old(file.parent)
    return (yield from download.download(download.Wanted(address, file, title, digest), should_stop))


def place_for(address: str) -> Path:
    """Where the download of an address lies until it is unpacked."""
    mark = hashlib.blake2b(address.encode(), digest_size=6).hexdigest()
    return paths.downloads_dir() / f"{mark}-{_name_in(address)}"


def _one_picture(address: str, should_stop: ShouldStop) -> Generator[Event, None, Fetched]:
    wanted = download.Wanted(
        address,
        place_for(address),
        _name_in(address),
        most_bytes=one_picture.MOST_BYTES,
        advice="Save it in the browser, then drop the file.",
    )
    return (yield from one_picture.bring(wanted, should_stop))


def _from_disk(
    source: str, digest: Digest | None, should_stop: ShouldStop, begun: float
) -> Generator[Event, None, Fetched]:
    file = _existing(source)
    wanted = ("sha256",) if digest is None else ("sha256", digest.algorithm)
    found = yield from digests.of_file(file, tuple(dict.fromkeys(wanted)), should_stop)
    if digest is not None and found[digest.algorithm] != digest:
        raise InputError(
            f"{file.name} is not the file that was meant: its digest is {found[digest.algorithm]}. Get it again, or "
            "leave the digest out."
        )
    mark = Mark(f"file:{file}", tuple(map(str, found.values())), "", 0, "", 0, _title(file.name))
    known = _unpacked_before(mark)
    return known or (yield from settling.settle(file, mark, should_stop, begun))


def _from_web(
    address: str, digest: Digest | None, should_stop: ShouldStop, begun: float
) -> Generator[Event, None, Fetched]:
    known = places.earlier(lambda mark: mark.origin == f"web:{address}" and _has(mark, digest))
    if known is not None and (digest is not None or (yield from _is_same(address, known[1], should_stop))):
        return places.fetched(*known, time.monotonic() - begun)
    file, name = place_for(address), _name_in(address)
    said = yield from get_file(address, file, f"The archive {name}", digest, should_stop)
    try:
        wanted = ("sha256",) if digest is None else ("sha256", digest.algorithm)
        found = yield from digests.of_file(file, tuple(dict.fromkeys(wanted)), should_stop)
        marked = tuple(map(str, found.values()))
        facts = (said.etag, said.modified, said.total)
        mark = Mark(f"web:{address}", marked, "", 0, "", 0, _title(name), *facts)
        done = _unpacked_before(mark) or (yield from settling.settle(file, mark, should_stop, begun))
    except InputError:
        file.unlink(missing_ok=True)  # the next try must not find a damaged one
        raise
    except BaseException:
        download.put_back(download.Wanted(address, file, name), said)
        raise
    file.unlink(missing_ok=True)
    return done


def _is_same(address: str, mark: Mark, should_stop: ShouldStop) -> Generator[Event, None, bool]:
    """Whether the server still has the archive that was unpacked before."""
    try:
        said = download.look(address, should_stop)
    except (OSError, http.client.HTTPException):
        yield Message("The server could not be asked whether the archive has changed: the one from before is used.")
        return True
    same_length = said.total is not None and said.total == mark.total
    if said.etag or mark.etag:
        return said.etag == mark.etag
    return bool(said.modified) and said.modified == mark.modified and same_length


def _unpacked_before(wanted: Mark) -> Fetched | None:
    """The pictures of an archive with the same content."""
    sums = {one for one in wanted.digests if one.startswith("sha256:")}
    known = places.earlier(lambda mark: mark.origin.startswith(("web:", "file:")) and bool(sums & {*mark.digests}))
    return places.fetched(*known, 0.0) if known else None


def _has(mark: Mark, digest: Digest | None) -> bool:
    return digest is None or str(digest) in mark.digests


def _existing(source: str) -> Path:
    if not source:
        raise InputError("No archive is given. Give the path of one, or a web address that begins with https://.")
    try:
        file = Path(source).expanduser().absolute()
        is_folder, is_file = file.is_dir(), file.is_file()
    except (OSError, ValueError, RuntimeError):  # a null byte, a name that is too long, an unknown user
        is_folder = is_file = False
    if is_folder:
        raise InputError(f"“{source}” is a folder. Add it as a folder; only archives have to be unpacked.")
    if not is_file:
        raise InputError(
            f"There is no archive “{source}”. Check the path; a web address must begin with https:// or http://."
        )
    if is_picture_name(file.name):
        raise InputError(f"{file.name} is a picture, not an archive. Add the folder that it lies in.")
    return file


def _name_in(address: str) -> str:
    """The name of the file that an address ends with."""
    parts = urllib.parse.urlsplit(address)
    name = PurePosixPath(urllib.parse.unquote(parts.path)).name or (parts.hostname or "pictures")
    return names.one(name, "pictures")


def _title(name: str) -> str:
    return places.title_of(names.of_archive(name))
