"""One question to a web server, answered in a thread of its own: a silent server cannot hold the job.

Only http and https are spoken. A redirection to anything else is refused, and so is one from https to http.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import re
import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO

from deskclassify import __version__
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.ml.intake.stopping import StoppedError

SILENT_SECONDS = 30.0  # after which a server is given up
_LOOK_SECONDS = 1.0  # between two looks at whether the user has cancelled, while nothing comes
_CHUNK_BYTES = 1 << 18
_WAITING_CHUNKS = 8
_IN_PATH = "%/:=&?~+!$,;'@()*[]"  # characters of an address that stay as they are


@dataclass(frozen=True)
class Answer:
    """What the server says before the first byte.

    Attributes:
        status: 200: all of it follows; 206: a part.
        start: the first byte that follows; None where the server does not tell.
        total: length of the whole file in bytes; None where the server does not tell.
        etag, modified: by which a changed file is known; may be empty.
    """

    status: int
    start: int | None
    total: int | None
    etag: str
    modified: str


class Line:
    """A connection. Use it as a context: the end of the block ends the connection, whatever the server does.

    Args:
        address: http or https.
        headers: of the request.
        should_stop: of the job.
    """

    def __init__(self, address: str, headers: Mapping[str, str], should_stop: ShouldStop) -> None:
        self._request = urllib.request.Request(
            address, headers={"User-Agent": f"deskclassify/{__version__}", "Accept-Encoding": "identity", **headers}
        )
        self._should_stop = should_stop
        self._things: queue.Queue[Answer | bytes | Exception | None] = queue.Queue(_WAITING_CHUNKS)
        self._closed = threading.Event()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for the server
        # While it still looks for the server it cannot be woken; it then ends by its own time limit.
        self._thread.join(2.0)

    def answer(self) -> Answer:
        """Wait for what the server says first.

        Raises:
            HTTPError: it refuses.
            OSError, HTTPException: it cannot be reached, or is silent.
            StoppedError: it was cancelled.
        """
        thing = self._next()
        assert isinstance(thing, Answer)
        return thing

    def chunk(self) -> bytes:
        """Wait for some more bytes; none at the end.

        Raises:
            OSError, HTTPException: the connection has broken, or is silent.
            StoppedError: it was cancelled.
        """
        thing = self._next()
        return thing if isinstance(thing, bytes) else b""

    def _next(self) -> Answer | bytes | None:
        while True:
            try:
                thing = self._things.get(timeout=_LOOK_SECONDS)
                break
            except queue.Empty:
                if self._should_stop():
                    raise StoppedError from None
        if isinstance(thing, Exception):
            raise thing
        return thing

    def _run(self) -> None:
        try:
            opener = _opener(self._sockets)
            with opener.open(self._request, timeout=SILENT_SECONDS) as response:
                self._put(_answer(response.status, response.headers))
                while not self._closed.is_set() and (chunk := response.read1(_CHUNK_BYTES)):
                    self._put(chunk)
            self._put(None)
        except Exception as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            self._put(error)

    def _put(self, thing: Answer | bytes | Exception | None) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._things.put(thing, timeout=0.2)
                return


def tidy(address: str) -> str:
    """An address as a server takes it: spaces and letters beyond ASCII escaped, the fragment left out.

    Raises:
        InputError: it is no address of the web.
    """
    try:
        parts = urllib.parse.urlsplit(address.strip())
        host, port = parts.hostname, parts.port
        name = host.encode("idna").decode("ascii") if host else ""
    except ValueError as error:  # UnicodeError is one
        raise InputError(f"“{address}” is not a web address: {error}. Copy it from the browser.") from error
    if parts.scheme not in ("http", "https") or not name or re.search(r"[\s\x00-\x1f]", name):
        raise InputError(f"“{address}” is not a web address that can be used. It must begin with https:// or http://.")
    if ":" in name:
        name = f"[{name}]"
    place = name if port is None else f"{name}:{port}"
    path, query = (urllib.parse.quote(text, safe=_IN_PATH) for text in (parts.path or "/", parts.query))
    return urllib.parse.urlunsplit((parts.scheme, place, path, query, ""))


def _answer(status: int, headers: Message) -> Answer:
    length = _number(headers.get("Content-Length", ""))
    start, total = (0, length) if status != 206 else (None, None)
    found = re.match(r"bytes (\d+)-\d*/(\d+|\*)", headers.get("Content-Range", ""))
    if status == 206 and found:
        start, total = int(found.group(1)), _number(found.group(2))
        total = start + length if total is None and length is not None else total
    return Answer(status, start, total, headers.get("ETag", ""), headers.get("Last-Modified", ""))


def whole_length(error: urllib.error.HTTPError) -> int | None:
    """The length of the file that a server tells when it refuses a part (416); None where it does not."""
    found = re.match(r"bytes \*/(\d+)", error.headers.get("Content-Range", "")) if error.headers else None
    return int(found.group(1)) if found else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _opener(sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    """No handler for file:, ftp: and data: is in it; proxies of the system are used."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Http(sockets),
        _Https(sockets),
        _Redirections(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class _Http(urllib.request.HTTPHandler):
    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._sockets = sockets

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        sockets = self._sockets

        class Kept(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        return self.do_open(Kept, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, sockets: list[socket.socket]) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(context=self._tls)
        self._sockets = sockets

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        sockets = self._sockets

        class Kept(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        return self.do_open(Kept, req, context=self._tls)


class _Redirections(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme.lower()
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise urllib.error.HTTPError(req.full_url, code, f"sends on to {newurl[:200]}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
