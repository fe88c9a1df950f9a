"""The window's end of the wire: starts child processes, streams events, survives their death."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from deskclassify.core import events, paths, requests, wire
from deskclassify.core.codec import from_json
from deskclassify.core.control import Control
from deskclassify.core.errors import EngineDiedError, Failure, InputError
from deskclassify.core.requests import FitRequest
from deskclassify.core.use_requests import InstallEngineRequest, RemoveEngineRequest
from deskclassify.engine import places
from deskclassify.engine.places import Place
from deskclassify.engine.revival import revived

_POLL_SECONDS = 0.05
_STOP_GRACE_SECONDS = 30.0
_LOG_BYTES = 2_000_000


class EngineClient:
    """One child process, started at its first job and kept warm; one job at a time.

    Args:
        name: of the process, for the log.
        stop_grace_seconds: how long a job may take to stop before its process is killed.
        place: the program that it runs; None for this one.
    """

    def __init__(self, name: str, stop_grace_seconds: float = _STOP_GRACE_SECONDS, place: Place | None = None) -> None:
        self.name = name
        self._place = place or places.bundle()
        self._grace = stop_grace_seconds
        self._busy = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id while the child lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def is_from_engine(self) -> bool:
        """Whether its child runs from the training engine, and not from this program."""
        return bool(self._place.name)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return self._busy.locked()

    def stream(self, request: requests.Request, control: Control) -> Iterator[events.Event]:
        """Run a job in the child and yield its events.

        Stop and pause of `control` are passed on. A job that does not stop in time is killed
        with its process; the next job starts a new one.

        Raises:
            UserError: the job failed; the sentence is the job's own.
            EngineDiedError: the process ended by itself.
        """
        while not self._busy.acquire(timeout=_POLL_SECONDS):
            if control.stopped:
                return
        try:
            self._start()
            self._number += 1
            self._send({"run": self._number, "request": wire.encode(request)})
            yield from self._drain(self._number, control)
        finally:
            self._busy.release()

    def ask_to_end(self) -> None:
        """Tell the child that no more will come; does not wait."""
        self._closed = True
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def close(self, seconds: float = 5.0) -> None:
        """End the child: ask first, kill after the given time."""
        self.ask_to_end()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _start(self) -> None:
        if self._closed:
            raise EngineDiedError("The program is closing.")
        if self._process is not None and self._process.poll() is None:
            return
        self._reap()
        self._lines = queue.Queue()
        with log_file(self.name).open("ab") as log:
            self._process = subprocess.Popen(
                self._place.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._place.environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        assert self._process.stdout is not None
        threading.Thread(
            target=_read, args=(self._process.stdout, self._lines), name=f"read-{self.name}", daemon=True
        ).start()

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process = None

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self._death() from error

    def _drain(self, number: int, control: Control) -> Iterator[events.Event]:
        kill_at: float | None = None
        held = False
        while True:
            if control.stopped and kill_at is None:
                kill_at = time.monotonic() + self._grace
                self._send({"stop": number})
            elif control.paused != held and kill_at is None:
                held = control.paused
                self._send({"pause": number, "hold": held})
            if kill_at is not None and time.monotonic() > kill_at:
                self._kill()
                return
            try:
                message = self._lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if message is None:
                raise self._death()
            if message["id"] != number:
                continue  # the tail of a job that was given up
            if "event" in message:
                yield wire.decode_event(message["event"])
            elif "failure" in message:
                failure = from_json(Failure, message["failure"])
                if failure.is_deadly:
                    self._kill()  # the next job gets a new process
                failure.raise_again()
            else:
                return

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._reap()

    def _death(self) -> EngineDiedError:
        code: int | None = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(5)
            self._kill()
        details = f"Process “{self.name}”, exit code {code}.\n\n{_tail(log_file(self.name))}"
        return EngineDiedError(_why(code), "What was reached is kept; start it again to go on.", details)


class EnginePool:
    """The children of the window, by kind: see `requests.Process`."""

    def __init__(self) -> None:
        self._clients: dict[str, EngineClient] = {}

    def client(self, kind: str, place: Place | None = None) -> EngineClient:
        """The child of a kind, in a place; started when it gets its first job."""
        name = f"{kind}-{place.name}" if place is not None and place.name else kind
        if name not in self._clients:
            self._clients[name] = EngineClient(name, place=place)
        return self._clients[name]

    def stream(self, request: requests.Request, control: Control) -> Iterator[events.Event]:
        """Run a job in the child that its request names; a training outlives its child.

        Raises:
            EngineMissingError: it needs the training engine, which is not installed.
            InputError: it changes the training engine, which is at work.
        """
        if isinstance(request, InstallEngineRequest | RemoveEngineRequest):
            self._leave_engine()
        if request.process == "here":
            return run_in_process(request, control)
        stream = self.client(request.process, places.place(request)).stream
        return revived(stream, request, control) if isinstance(request, FitRequest) else stream(request, control)

    def _leave_engine(self) -> None:
        """End the children that run from the training engine, so that it can be exchanged."""
        there = [name for name, client in self._clients.items() if client.is_from_engine]
        if any(self._clients[name].is_busy for name in there):
            raise InputError("The training engine is at work. Wait until that has ended, or stop it, then try again.")
        for name in there:
            self._clients.pop(name).close()

    def close(self) -> None:
        """End all children, at the same time."""
        for client in self._clients.values():
            client.ask_to_end()
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def run_in_process(request: requests.Request, control: Control) -> Iterator[events.Event]:
    """Run a job here, without a child: for tests and `--in-process`."""
    yield from requests.generator(request)(request, control)


def log_file(name: str) -> Path:
    """The log of a child; begun anew when it has grown large."""
    file = paths.log_dir() / f"{name}.log"
    if file.is_file() and file.stat().st_size > _LOG_BYTES:
        file.replace(file.with_suffix(".old.log"))
    return file


def _read(pipe: IO[bytes], lines: queue.Queue[dict[str, Any] | None]) -> None:
    with contextlib.suppress(ValueError, OSError):  # the pipe was closed under the reader
        for line in pipe:
            lines.put(json.loads(line))
    lines.put(None)


def _why(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        memory = ", often for lack of memory" if name == "SIGKILL" else ""
        return f"The engine process was ended by the system ({name}{memory})."
    return "The engine process ended unexpectedly."


def _tail(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[-4000:]
    except OSError:
        return ""
