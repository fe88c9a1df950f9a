"""The child process: reads requests from standard input, runs their jobs, writes events.

| line from the window              | effect                                             |
| --------------------------------- | -------------------------------------------------- |
| `{"run": id, "request": {…}}`     | the job is queued; jobs run one after the other    |
| `{"stop": id}`                    | it is asked to stop; a queued one never starts     |
| `{"pause": id, "hold": bool}`     | it is held at its next safe point, or let go on    |
| end of input                      | the running job is stopped, then the process ends  |

| line to the window                            | meaning             |
| --------------------------------------------- | ------------------- |
| `{"id": id, "event": {…}}`                    | an event of the job |
| `{"id": id, "end": true}`                     | the job has ended   |
| `{"id": id, "failure": {sentence, details}}`  | the job has failed  |

After a failure that is deadly (a graphics card's context is lost) the process ends.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import queue
import sys
import threading
from typing import Any, BinaryIO

from deskclassify.core import requests, wire
from deskclassify.core.codec import to_json
from deskclassify.core.control import Control
from deskclassify.core.errors import Failure

_GRACE_SECONDS = 10.0  # for the running job, once the window is gone


class Host:
    """Runs jobs in the main thread; a second thread listens for stop and pause."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._jobs: queue.Queue[tuple[int, requests.Request] | None] = queue.Queue()
        self._controls: dict[int, Control] = {}

    def run(self) -> None:
        """Serve until the input ends, or a job has left this process useless."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        while (job := self._jobs.get()) is not None and self._run_one(*job):
            pass

    def _listen(self) -> None:
        for line in self._source:
            self._take(json.loads(line))
        for control in list(self._controls.values()):
            control.stop()
        self._jobs.put(None)
        # A job that hangs in native code must not outlive the window.
        leave = threading.Timer(_GRACE_SECONDS, os._exit, (1,))
        leave.daemon = True
        leave.start()

    def _take(self, message: dict[str, Any]) -> None:
        if "run" in message:
            number = int(message["run"])
            self._controls[number] = Control()
            self._jobs.put((number, wire.decode_request(message["request"])))
        elif "stop" in message and message["stop"] in self._controls:
            self._controls[message["stop"]].stop()
        elif "pause" in message and message["pause"] in self._controls:
            self._controls[message["pause"]].pause(bool(message["hold"]))

    def _run_one(self, number: int, request: requests.Request) -> bool:
        """Run a job; returns whether this process can run another."""
        control = self._controls[number]
        try:
            if not control.stopped:
                for event in requests.generator(request)(request, control):
                    self._send({"id": number, "event": wire.encode(event)})
            self._send({"id": number, "end": True})
            return True
        except Exception as error:
            failure = Failure.of(error)
            self._send({"id": number, "failure": to_json(failure)})
            return not failure.is_deadly
        finally:
            del self._controls[number]

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the window is gone; the end of input says so too
            self._sink.write(json.dumps(message).encode("ascii") + b"\n")
            self._sink.flush()


def main() -> int:
    """Entry point of the hidden `engine` command."""
    faulthandler.enable()
    # Libraries print to standard output as they please: give them the error stream instead.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Host(sys.stdin.buffer, sink).run()
    return 0
