"""A web server on 127.0.0.1 that misbehaves on demand, and archives to serve."""

from __future__ import annotations

import http.server
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

MOST_SECONDS = 10.0  # that a stalling answer lasts at most


@dataclass
class File:
    """One file of the server.

    Attributes:
        tricks: one for each request, in turn, then none: `cut:N` ends after N bytes, `stall:N` falls silent after N
            bytes, `lie:N` tells N bytes more than there are, `status:N`, `redirect:ADDRESS`, `chunked`, `endless`,
            `misplaced`, `bare` (206 without Content-Range), `silent` (no byte at all).
    """

    body: bytes
    etag: str = ""
    modified: str = ""
    takes_if_range: bool = True
    tricks: list[str] = field(default_factory=list)


@dataclass
class Server:
    address: str = ""
    files: dict[str, File] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)  # path, Range
    release: threading.Event = field(default_factory=threading.Event)
    was_silent: threading.Event = field(default_factory=threading.Event)

    def put(self, name: str, body: bytes, **more: Any) -> str:
        """Serve a file; returns its address."""
        self.files[f"/{name}"] = File(body, **more)
        return f"{self.address}/{name}"

    @property
    def ranges(self) -> list[str]:
        return [one for _, one in self.requests]


class Handler(http.server.BaseHTTPRequestHandler):
    state: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.state.requests.append((self.path, wanted))
        file = self.state.files.get(self.path)
        if file is None:
            self.send_error(404)
            return
        trick, _, argument = (file.tricks.pop(0) if file.tricks else "").partition(":")
        if trick == "status":
            self.send_error(int(argument))
            return
        if trick == "redirect":
            self.send_response(302)
            self.send_header("Location", argument)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if trick == "silent":
            self._fall_silent()
            return
        if trick in ("chunked", "endless"):
            self._chunks(file, trick == "endless")
            return
        self._send(file, wanted, trick, argument)

    def _send(self, file: File, wanted: str, trick: str, argument: str) -> None:
        size = len(file.body)
        start = int(found.group(1)) if (found := re.match(r"bytes=(\d+)-", wanted)) else 0
        condition = self.headers.get("If-Range")
        if condition and file.takes_if_range and condition not in (file.etag, file.modified):
            start, wanted = 0, ""
        if wanted and start >= size:
            self.send_response(416)
            told = size + (int(argument) if trick == "lie" else 0)
            self.send_header("Content-Range", f"bytes */{told}")
            self._about(file)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if wanted else 200)
        if wanted and trick != "bare":
            at = 0 if trick == "misplaced" else start
            self.send_header("Content-Range", f"bytes {at}-{size - 1}/{size}")
        self._about(file)
        self.send_header("Content-Length", str(size - start + (int(argument) if trick == "lie" else 0)))
        self.end_headers()
        end = start + int(argument) if trick in ("cut", "stall") else size
        self.wfile.write(file.body[start:end])
        if trick == "stall":
            self.wfile.flush()
            self._fall_silent()

    def _about(self, file: File) -> None:
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.modified:
            self.send_header("Last-Modified", file.modified)

    def _chunks(self, file: File, is_endless: bool) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(1000 if is_endless else 1):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(file.body), file.body))
        self.wfile.write(b"0\r\n\r\n")

    def _fall_silent(self) -> None:
        self.state.was_silent.set()
        self.state.release.wait(MOST_SECONDS)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no error here."""


def picture(shade: int = 0) -> bytes:
    """A PNG of 8 × 8 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade % 256, shade // 256 % 256, 90)).save(file, "PNG")
    return file.getvalue()


Members = dict[str, bytes]


def tar_bytes(members: Members, kind: str = "gz", format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{kind}" if kind else "w", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def zip_bytes(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()


def pack(kind: str, members: Members) -> bytes:
    return zip_bytes(members) if kind == "zip" else tar_bytes(members, kind.removeprefix("tar").lstrip("."))


KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")

CLASSES: Members = {
    f"set/{name}/{number}.png": picture(number * 7 + place * 300)
    for place, name in enumerate(("ant", "bee"))
    for number in range(3)
}


def has_come(folder: Path, count: int) -> Callable[[], bool]:
    """A `should_stop` that says yes once a part of so many bytes lies in a folder."""
    return lambda: any(part.stat().st_size == count for part in folder.glob("*.part"))


def drain(steps: Any) -> tuple[list[Any], Any]:
    """Events of a step and what it returns."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value
