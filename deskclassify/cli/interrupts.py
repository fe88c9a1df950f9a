"""Ctrl-C and the termination signal, while a command runs.

| signal          | effect                                                                       |
| --------------- | ---------------------------------------------------------------------------- |
| first           | `Control.stop()`: the job ends at its next safe point and keeps what it has   |
| second          | the process ends at once, with exit code 130                                 |
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from deskclassify.core.control import Control

EXIT_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns signals into a stop, in a `with` statement.

    A thread reads the signals from a socket that the interpreter writes to as they come: so the
    second one takes effect also while the main thread is deep in native code.

    Args:
        control: of the job.
        on_first: called once, in that thread.
        on_second: called just before the process ends.
    """

    def __init__(self, control: Control, on_first: Callable[[], None], on_second: Callable[[], None]) -> None:
        self._control = control
        self._on_first, self._on_second = on_first, on_second
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is not threading.main_thread():
            return self  # signals can only be caught in the main thread
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._before = {number: signal.signal(number, _pass) for number in _SIGNALS}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._before:
            return
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def _watch(self) -> None:
        while numbers := self._reader.recv(16):
            for number in numbers:
                if number not in _SIGNALS:
                    continue
                if self._control.stopped:
                    self._on_second()
                    os._exit(EXIT_INTERRUPTED)
                self._control.stop()
                self._on_first()


def _pass(number: int, frame: FrameType | None) -> None:
    """A handler must be there, or the interpreter would not wake the socket."""
