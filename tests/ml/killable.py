"""Trainings that can be killed at any moment, each in a fork of one process that has imported everything.

Reads requests as JSON lines and answers each with one: `{"code", "ticks", "error", "messages"}`, the code
as of `Popen.returncode`. A tick is a batch, or a step of writing a file; `{"kill_at": n, "delay": seconds}`
ends the training by SIGKILL so long after its n-th tick, or in the middle of it with a delay of 0.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import torch

from deskclassify.core import requests, wire
from deskclassify.core.control import never
from deskclassify.core.errors import Failure
from deskclassify.core.events import Message
from deskclassify.ml import loop, training

for name in ("onnxruntime", "timm", "torch._dynamo", "deskclassify.ml.ort", "deskclassify.ml.tracing"):
    importlib.import_module(name)  # once, for all the forks

PATIENCE_SECONDS = 400.0
SECONDS_BETWEEN_SAVES = 0.0  # after each batch: then the number of ticks does not depend on the machine


class Clock:
    """Counts ticks, and kills at the one that was named."""

    def __init__(self, kill_at: int | None, delay: float) -> None:
        self.ticks = 0
        self._kill_at = kill_at
        self._delay = delay

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with a tick before it."""

        def ticking(*arguments: Any, **named: Any) -> Any:
            self.ticks += 1
            if self.ticks == self._kill_at:
                self._kill()
            return function(*arguments, **named)

        return ticking

    def _kill(self) -> None:
        def kill() -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        if self._delay:
            threading.Timer(self._delay, kill).start()
        else:
            kill()


def train(order: dict[str, Any], answers: int) -> None:
    """The life of one fork."""
    clock = Clock(order.get("kill_at"), order.get("delay", 0.0))
    os.environ["DESKCLASSIFY_HOME"] = order["home"]
    torch.set_num_threads(1)
    training._SECONDS_BETWEEN_SAVES = SECONDS_BETWEEN_SAVES  # type: ignore[attr-defined]
    loop.Loop._step = clock.before(loop.Loop._step)  # type: ignore[method-assign]
    for place, name in ((os, "replace"), (shutil, "rmtree")):
        setattr(place, name, clock.before(getattr(place, name)))
    os.fsync = clock.before(lambda number: None)  # SIGKILL loses nothing that was written, and a flush takes long
    error = ""
    messages: list[str] = []
    try:
        request = wire.decode_request(order["request"])
        stream = requests.generator(request)(request, never)
        messages.extend(event.text for event in stream if isinstance(event, Message))
    except Exception as caught:
        error = Failure.of(caught).details
    os.write(answers, json.dumps({"ticks": clock.ticks, "error": error, "messages": messages}).encode())


def main() -> None:
    """Fork for each line of the input."""
    faulthandler.enable()
    torch.set_num_threads(1)
    for line in sys.stdin:
        orders = json.loads(line)
        print(json.dumps([answer(*child) for child in [start(order) for order in orders]]), flush=True)


def start(order: dict[str, Any]) -> tuple[int, int]:
    """Fork: the child's process id, and the pipe that it answers through."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(2, 1)
            train(order, writer)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    return child, reader


def answer(child: int, reader: int) -> dict[str, Any]:
    """Wait for a child; one that hangs is ended, and its stacks are on standard error."""
    with os.fdopen(reader, "rb") as pipe:
        for signal_, seconds in ((signal.SIGABRT, PATIENCE_SECONDS), (signal.SIGKILL, 5.0)):
            if not select.select([pipe], [], [], seconds)[0]:
                os.kill(child, signal_)
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"ticks": 0, "error": "", "messages": [], **(json.loads(said) if said else {}), "code": code}


if __name__ == "__main__":
    main()
