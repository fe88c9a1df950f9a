"""Where a command writes: results on standard output, everything else on standard error.

Native libraries (libtiff, ONNX Runtime, the exporter of torch) print as they please. While a
command runs, both standard streams are therefore pointed at the log, and only this module
writes to the real ones.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from deskclassify.core import paths

_LOG_BYTES = 2_000_000
_PLAIN_WIDTH = 160  # columns, where the output is a file or a pipe
_SHOW_CURSOR = "\x1b[?25h"


class Output:
    """The streams of one command.

    Args:
        as_json: standard output carries JSON lines only.
        silent: write nothing at all (the other processes of a distributed training).
    """

    def __init__(self, as_json: bool = False, silent: bool = False) -> None:
        self.as_json = as_json
        self._stack = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._out, self._err = sys.stdout, sys.stderr
        self._log: IO[str] | None = None
        self._guard()
        self._loud = self._err
        if silent:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - the stack closes it
            self._out = self._err = self._stack.enter_context(nowhere)
        on_terminal = self._out.isatty() and not as_json
        self._notes = self._console(self._out if on_terminal else self._err)
        self._results = self._notes if on_terminal else self._console(self._err if as_json else self._out)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self.has_finished = False  # the last JSON line told of an end

    def close(self) -> None:
        """Give the streams back."""
        self.end_progress()
        self._stack.close()

    def _guard(self) -> None:
        """Point the streams at the log; a log that cannot be written is no reason to fail."""
        try:
            file = paths.log_dir() / "command.log"
            if file.is_file() and file.stat().st_size > _LOG_BYTES:
                file.replace(file.with_suffix(".old.log"))
            log = file.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
        except OSError:
            return
        self._log = self._stack.enter_context(log)
        self._out, self._err = self._duplicate(self._out, 1), self._duplicate(self._err, 2)
        self._stack.enter_context(contextlib.redirect_stdout(log))
        self._stack.enter_context(contextlib.redirect_stderr(log))

    def _duplicate(self, stream: TextIO, number: int) -> TextIO:
        """A private copy of a standard stream, whose own number then leads to the log."""
        stream.flush()
        try:
            if stream.fileno() != number:
                return stream  # a test has put its own stream there
        except (OSError, ValueError):
            return stream
        encoding = stream.encoding or "utf-8"
        assert self._log is not None
        saved = os.dup(number)
        copy = os.fdopen(os.dup(number), "w", encoding=encoding, errors="backslashreplace", buffering=1)
        os.dup2(self._log.fileno(), number)
        if number == 2 and not faulthandler.is_enabled():
            faulthandler.enable(copy)
            self._stack.callback(faulthandler.disable)

        def restore() -> None:
            with contextlib.suppress(OSError, ValueError):
                copy.close()
            os.dup2(saved, number)
            os.close(saved)

        self._stack.callback(restore)
        return copy

    @staticmethod
    def _console(stream: TextIO) -> Console:
        width = None if stream.isatty() else _PLAIN_WIDTH
        return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)

    @property
    def is_live(self) -> bool:
        """Whether somebody sees progress bars move."""
        return self._notes.is_terminal

    def json(self, value: dict[str, Any]) -> None:
        """One line of JSON on standard output; numbers that JSON does not know become null."""
        self.has_finished = value.get("event") == "finished"
        with self._lock:
            self._out.write(json.dumps(_finite(value), allow_nan=False) + "\n")
            self._out.flush()

    def result(self, value: RenderableType) -> None:
        """Something the user asked for: on standard output, on standard error beside JSON."""
        self._results.print(value, soft_wrap=isinstance(value, str))

    def note(self, text: str) -> None:
        """A remark, on standard error (above the progress bar)."""
        self._notes.print(text, soft_wrap=True)

    def sentence(self, text: str, aloud: bool = False) -> None:
        """Why the command ends, as one line on standard error; `aloud` also where this process is silent."""
        self.end_progress()
        stream = self._loud if aloud else self._err
        with self._lock, contextlib.suppress(OSError):
            stream.write(" ".join(text.split()) + "\n")
            stream.flush()

    def log(self, text: str) -> None:
        """Technical text for the log only."""
        if self._log is not None and text:
            self._log.write(text.rstrip() + "\n")

    def show_cursor(self) -> None:
        """Before the process is ended at once: a progress bar hides the cursor."""
        if self._notes.is_terminal:
            with contextlib.suppress(OSError):
                self._notes.file.write(_SHOW_CURSOR)
                self._notes.file.flush()

    def progress(self, stage: str, done: int, total: int, remark: str = "") -> None:
        """Move the bar of a stage; drawn on terminals only."""
        if not self.is_live:
            return
        if self._progress is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[remark]}", markup=False),
            )
            self._progress = Progress(*columns, console=self._notes, transient=True)
            self._progress.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, remark=remark)
        self._progress.update(self._tasks[stage], completed=done, total=total, remark=remark)

    def end_progress(self) -> None:
        """Take the bars away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._tasks.clear()


@contextlib.contextmanager
def opened(as_json: bool = False, silent: bool = False) -> Iterator[Output]:
    """An `Output` that is closed at the end, whatever happens."""
    output = Output(as_json, silent)
    try:
        yield output
    finally:
        output.close()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
