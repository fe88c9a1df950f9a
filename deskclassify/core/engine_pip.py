"""Running Python and pip for the training engine: watched, stopped at any moment, failures in plain words."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from deskclassify.core import cache, engine_files, paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.words import size

_LOOK_SECONDS = 0.25
_TAIL = 6_000  # characters of the log behind Details
_NETWORK = re.compile(
    r"NewConnectionError|Failed to establish|Name or service not known|name resolution|timed out|ConnectTimeout"
    r"|ReadTimeout|ProxyError|SSLError|Connection (refused|reset|aborted)|Network is unreachable|IncompleteRead"
    r"|HTTP error|Could not fetch URL",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"No matching distribution found for ([\w.+=-]+)")


class StoppedError(Exception):
    """The user stopped it."""


class Tools:
    """Runs commands one after the other.

    Args:
        should_stop: asked four times a second.
        scratch: folder for their temporary files, so that the progress of a download can be seen there.
        offline: whether only a folder of wheels is used, for the words of a failure.
    """

    def __init__(self, should_stop: ShouldStop, scratch: Path, offline: bool = False) -> None:
        self.log = paths.log_dir() / "engine-install.log"
        self.log.write_text("", encoding="utf-8")
        self.scratch = scratch
        self._should_stop = should_stop
        self._offline = offline

    def run(self, command: Sequence[str], measure: Callable[[], int] | None = None) -> Iterator[int]:
        """Run a command to its end.

        Args:
            command: and its arguments.
            measure: how far it is, asked now and then.

        Yields:
            what `measure` says.

        Raises:
            StoppedError: the user stopped it; the command is ended.
            InputError, UserError: it failed.
        """
        self.scratch.mkdir(parents=True, exist_ok=True)
        begin = self.log.stat().st_size
        with self.log.open("ab") as log, _process(command, log, self._environment()) as process:
            while True:
                try:
                    code = process.wait(_LOOK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if self._should_stop():
                        raise StoppedError from None
                    if measure is not None:
                        yield measure()
        if self._should_stop():
            raise StoppedError
        if code != 0:
            raise failure(self._said(begin), self._offline)

    def answer(self, command: Sequence[str]) -> str:
        """Run a command and return what it said."""
        begin = self.log.stat().st_size
        for _ in self.run(command):
            pass
        return self._said(begin)

    def pip(
        self, python: Path, *arguments: str | Path, measure: Callable[[], int] | None = None, timeout_seconds: int = 60
    ) -> Iterator[int]:
        """Run pip of a Python; proxies, certificates and mirrors of pip's own settings hold."""
        quiet = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-cache-dir")
        patience = ("--retries", "3", "--timeout", str(timeout_seconds))
        first, *rest = map(str, arguments)
        return self.run([str(python), "-I", "-m", "pip", first, *quiet, *patience, *rest], measure)

    def _environment(self) -> dict[str, str]:
        return {**engine_files.environment(), "TMPDIR": str(self.scratch), "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}

    def _said(self, begin: int) -> str:
        with self.log.open("rb") as file:
            file.seek(begin)
            return file.read().decode("utf-8", "replace")


@contextlib.contextmanager
def _process(command: Sequence[str], log: IO[bytes], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is ended, with its own children, when the block is left before it has ended."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=paths.cache_dir(),  # not where a folder may be called like a module
        start_new_session=True,  # Ctrl-C is for us, who stop it in good order
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for end in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, end)
            else:
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def failure(said: str, offline: bool = False) -> UserError:
    """What a failed pip or venv means for the user."""
    details = said[-_TAIL:]
    if "No space left on device" in said or "Errno 28" in said or "Disk quota exceeded" in said:
        return UserError("The disk is full. Free some space, then install again; what was downloaded is kept.", details)
    if "DO NOT MATCH THE HASHES" in said:
        return UserError(
            "A downloaded package is not the one that was published: its digest differs. It was not installed. Try "
            "again; if it happens again, the network or the mirror changes files on their way.",
            details,
        )
    absent = _ABSENT.search(said)
    if not offline and _NETWORK.search(said):
        return UserError(
            "The packages could not be downloaded: the package index cannot be reached. Check the network (and the "
            "proxy), then install again; it goes on with what is there. Without a network, give a folder of wheels.",
            details,
        )
    if absent:
        where = "the folder of wheels" if offline else "the package index"
        return InputError(f"The package {absent[1]} for this Python is not in {where}.", details)
    if "ensurepip" in said:
        return InputError(
            "Python could not make a virtual environment. On Debian and Ubuntu, type: sudo apt install python3-venv",
            details,
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")] or said.strip().splitlines()[-1:]
    reason = errors[-1].removeprefix("ERROR: ")[:200] if errors else "it ended without a word"
    return UserError(f"The training engine could not be installed: {reason}. The log has more.", details)


def check_room(folder: Path, needed: int) -> None:
    """Look whether there is room.

    Raises:
        InputError: there is not.
    """
    free = free_bytes(folder)
    if free < needed:
        raise InputError(
            f"There is not enough room on the disk for the training engine: it needs {size(needed)}, and "
            f"{size(free)} are free at {folder}. Free some space, then try again."
        )


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder that may not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def folder_bytes(folder: Path | None) -> int:
    """Bytes of all files below a folder; 0 where there is none."""
    return cache.folder_bytes(folder) if folder is not None and folder.exists() else 0


class Steady:
    """Asks a costly question at most once in a while, and repeats the answer meanwhile."""

    def __init__(self, measure: Callable[[], int], seconds: float = 1.0) -> None:
        self._measure, self._seconds = measure, seconds
        self._next, self._last = 0.0, 0

    def __call__(self) -> int:
        """The newest answer."""
        if time.monotonic() >= self._next:
            self._last = self._measure()
            self._next = time.monotonic() + self._seconds
        return self._last
