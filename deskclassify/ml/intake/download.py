"""A download that goes on where it ended, is checked before it gets its name, and can be cancelled at any moment.

| what happens                               | what is done                                              |
| ------------------------------------------ | --------------------------------------------------------- |
| the connection breaks, or is silent        | it goes on from there, after a pause                      |
| the program ends, or the user cancels      | the part is kept; next time it goes on from there         |
| the file has changed on the server         | the part is thrown away: two files are never glued        |
| nothing tells whether it has changed       | the part is thrown away, unless a digest is known         |
| the digest is wrong after going on         | once more from the beginning                              |
| the digest is wrong                        | the file is removed, and that is said                     |

A changed file is known by ETag, date or length (RFC 9110, sections 13 and 14: `If-Range`, `Content-Range`).
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import time
import urllib.error
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError, is_disk_full
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.words import size
from deskclassify.ml.intake import digests, stopping
from deskclassify.ml.intake.digests import Digest
from deskclassify.ml.intake.line import Answer, Line, tidy, whole_length
from deskclassify.ml.intake.part import Part
from deskclassify.ml.intake.stopping import StoppedError

MOST_BYTES = 50_000_000_000
_RESERVE_BYTES = 64_000_000  # that stay free on the disk
_TRIES = 3  # in a row that bring nothing
_MOST_TRIES = 100
_PAUSE_SECONDS = 0.5
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # what a server answers that may do better later
_RATE_SECONDS = 5.0  # over which the rate is taken


class DownloadError(UserError):
    """It could not be downloaded; `why` is the reason, to be put into a sentence."""

    def __init__(self, sentence: str, why: str) -> None:
        super().__init__(sentence)
        self.why = why


class DamagedError(UserError):
    """What was downloaded is not what it should be; it was removed."""


@dataclass(frozen=True)
class Wanted:
    """What is to be downloaded.

    Attributes:
        address: http or https.
        target: the file; it appears when it is whole and was checked.
        title: for sentences.
        digest: that it must have; None: not checked.
        most_bytes: more is refused.
        advice: what to do about a file that is too large.
    """

    address: str
    target: Path
    title: str
    digest: Digest | None = None
    most_bytes: int = MOST_BYTES
    advice: str = "Download and unpack it yourself, then add the folder."


def look(address: str, should_stop: ShouldStop) -> Answer:
    """Ask what a server has, without downloading it.

    Raises:
        InputError: the address is none.
        HTTPError, OSError, HTTPException: the server cannot be reached, or refuses.
        StoppedError: it was cancelled.
    """
    with Line(tidy(address), {}, should_stop) as line:
        return line.answer()


def download(wanted: Wanted, should_stop: ShouldStop) -> Generator[Event, None, Answer]:
    """Download a file to `wanted.target`.

    Yields:
        Progress of the stage `download`, in bytes; `total` is 0 where the server does not tell the length.

    Returns:
        what the server said of it.

    Raises:
        InputError: the address is none, or the file is too large.
        DownloadError: the server cannot be reached, or refuses.
        DamagedError: the digest is wrong.
        UserError: the disk is full.
        StoppedError: it was cancelled.
    """
    address = tidy(wanted.address)
    wanted.target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(wanted.target, address, wanted.digest is not None)
    for is_last in (False, True):
        if wanted.digest is None or not part.is_whole:
            yield from _receive_all(wanted, address, part, should_stop)
        if wanted.digest is None:
            break
        found = yield from digests.of_file(part.file, (wanted.digest.algorithm,), should_stop)
        if found[wanted.digest.algorithm].digits.startswith(wanted.digest.digits):
            break
        at_once = part.came_at_once
        part.forget()
        if at_once or is_last:
            raise DamagedError(
                f"{wanted.title} is damaged, or not the file that was meant: its hash is wrong. It was removed; "
                "try again, or ask the publisher for the right digest."
            )
    said = part.said
    part.finish()
    return said


def put_back(wanted: Wanted, said: Answer) -> None:
    """Make a finished download a part again, to be looked at when it is next wanted."""
    part = Part(wanted.target, tidy(wanted.address), True)
    if wanted.target.is_file():
        os.replace(wanted.target, part.file)
        part.note(said)


def _receive_all(wanted: Wanted, address: str, part: Part, should_stop: ShouldStop) -> Generator[Event, None, None]:
    idle, best = 0, part.length
    for _ in range(_MOST_TRIES):
        try:
            yield from _receive(wanted, address, part, should_stop)
            return
        except urllib.error.HTTPError as error:
            if error.code == 416 and part.length:
                if whole_length(error) in (None, part.length) and wanted.digest is not None:
                    return  # it is there already, and will be checked
                if whole_length(error) == part.length and part.said.etag == (error.headers.get("ETag") or ""):
                    return
                part.forget()
            elif error.code not in _AGAIN:
                raise _refused(wanted, error) from None
            why = f"the server answered {error.code} {error.reason}"
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a name that is none
            why = _reason(error)
        idle = 0 if part.length > best else idle + 1
        best = max(best, part.length)
        if idle >= _TRIES:
            break
        stopping.wait(_PAUSE_SECONDS * max(1, idle), should_stop)
    raise DownloadError(
        f"{wanted.title} could not be downloaded: {why}. What has come is kept; check the connection and the address "
        f"{wanted.address}, then try again, and it goes on from there.",
        why,
    )


def _receive(wanted: Wanted, address: str, part: Part, should_stop: ShouldStop) -> Generator[Event, None, None]:
    with Line(address, part.headers(), should_stop) as line:
        said = line.answer()
        part.begin(said)
        total = part.said.total
        _check_size(wanted, part.length if total is None else total)
        _check_room(wanted, (total or 0) - part.length)
        throttle, rate = Throttle(0.2), _Rate(part.length)
        with part.open() as file:
            while chunk := line.chunk():
                _write(file, chunk, wanted)
                part.length += len(chunk)
                if total is None:
                    _check_size(wanted, part.length)
                if throttle.ready(part.length == total):
                    yield Progress("download", part.length, total or 0, None, rate.seconds_left(part.length, total))
                if should_stop():
                    raise StoppedError
    if total is not None and part.length < total:
        raise OSError(f"the connection ended after {part.length:,} of {total:,} bytes")
    if not part.length:
        raise OSError("the server sent nothing")


def _write(file: BinaryIO, chunk: bytes, wanted: Wanted) -> None:
    """Write; what goes wrong here is no fault of the connection, and not tried again."""
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        if is_disk_full(error):
            raise _no_room(wanted, len(chunk)) from error
        raise UserError(f"{wanted.title} could not be saved in {wanted.target.parent}: {error.strerror}.") from error


class _Rate:
    """Bytes a second over the last seconds."""

    def __init__(self, have: int) -> None:
        self._points: deque[tuple[float, int]] = deque([(time.monotonic(), have)])

    def seconds_left(self, have: int, total: int | None) -> float | None:
        now = time.monotonic()
        self._points.append((now, have))
        while len(self._points) > 2 and now - self._points[0][0] > _RATE_SECONDS:
            self._points.popleft()
        since, then = self._points[0]
        if total is None or have <= then or now <= since:
            return None
        return (total - have) * (now - since) / (have - then)


def _check_size(wanted: Wanted, count: int) -> None:
    if count > wanted.most_bytes:
        raise InputError(
            f"{wanted.title} is larger than {size(wanted.most_bytes)}, the most that is downloaded. {wanted.advice}"
        )


def _check_room(wanted: Wanted, more: int) -> None:
    if more > 0 and shutil.disk_usage(wanted.target.parent).free < more + _RESERVE_BYTES:
        raise _no_room(wanted, more)


def _no_room(wanted: Wanted, more: int) -> UserError:
    return UserError(
        f"There is no room on the disk that holds “{wanted.target.parent}”: {wanted.title} needs {size(more)} more. "
        "Free some space, then try again; what has come is kept."
    )


def _refused(wanted: Wanted, error: urllib.error.HTTPError) -> DownloadError:
    why = f"the server answered {error.code} {error.reason}"
    if error.code in (404, 410):
        advice = "There is no such file. Check the address, or look for a newer one."
    elif error.code in (401, 403, 407, 451):
        advice = "It does not give it to everybody. Download it in the browser, then choose the file."
    elif 300 <= error.code < 400:
        advice = "It sends on in a circle, or to an address that is not safe. Look for another address."
    else:
        advice = "Check the address."
    return DownloadError(f"{wanted.title} could not be downloaded from {wanted.address}: {why}. {advice}", why)


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return "the server does not answer"
    if isinstance(inner, socket.gaierror):
        return "the server was not found, as happens without a network"
    if isinstance(inner, ConnectionRefusedError):
        return "the server takes no connection"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"the certificate of the server is not to be trusted ({inner.verify_message})"
    if isinstance(inner, http.client.IncompleteRead):
        return "the connection ended too early"
    text = getattr(inner, "strerror", None) or str(inner)
    return str(text) or type(inner).__name__


def forget_old(folder: Path, days: float = 30.0) -> None:
    """Remove parts of downloads that nobody has gone on with for long."""
    if folder.is_dir():
        for file in folder.iterdir():
            if file.is_file() and time.time() - file.stat().st_mtime > days * 86400:
                file.unlink(missing_ok=True)
