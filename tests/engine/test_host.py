"""The child's end of the wire."""

from __future__ import annotations

import io
import json
import os
import threading

import pytest

from deskclassify.core.requests import ListRequest, SleepRequest
from deskclassify.core.sources import DataSpec, Source
from deskclassify.core.wire import encode
from deskclassify.engine.host import Host


class Wire:
    """A host on pipes, with what it answers."""

    def __init__(self):
        reading, self._write = os.pipe()
        self.source, self.out = os.fdopen(reading, "rb"), io.BytesIO()
        self.thread = threading.Thread(target=Host(self.source, self.out).run)
        self.thread.start()

    def send(self, **message):
        os.write(self._write, json.dumps(message).encode() + b"\n")

    def run(self, number, request):
        self.send(run=number, request=encode(request))

    def end(self):
        """Close the input, and give every line that came."""
        os.close(self._write)
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.source.close()
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def wait_for(self, text):
        for _ in range(200):
            if text in self.out.getvalue():
                return
            threading.Event().wait(0.02)
        pytest.fail(f"{text!r} did not come")


@pytest.fixture
def wire(monkeypatch):
    # The grace timer ends the process where it fires: here that would be pytest.
    monkeypatch.setattr("deskclassify.engine.host.threading.Timer", lambda *args: threading.Thread(target=int))
    return Wire()


def test_events_then_the_end(wire):
    wire.run(1, SleepRequest(ticks=2, seconds=0.0))
    wire.wait_for(b'"end"')
    lines = wire.end()
    assert [line["event"]["done"] for line in lines[:-1]] == [1, 2]
    assert lines[-1] == {"id": 1, "end": True}


def test_jobs_run_one_after_the_other(wire):
    for number in (1, 2):
        wire.run(number, SleepRequest(ticks=2, seconds=0.01))
    wire.wait_for(b'{"id": 2, "end"')
    assert [line["id"] for line in wire.end()] == [1, 1, 1, 2, 2, 2]


def test_a_failure_is_a_sentence_and_the_host_lives_on(wire):
    wire.run(1, ListRequest(DataSpec((Source("/no/such/folder"),))))
    wire.run(2, SleepRequest(ticks=1, seconds=0.0))
    wire.wait_for(b'{"id": 2, "end"')
    first = wire.end()[0]
    assert first["failure"]["sentence"].startswith("There is no folder")
    assert first["failure"]["is_input"]


def test_stop_ends_a_job_and_a_queued_one_never_starts(wire):
    wire.run(1, SleepRequest(ticks=1000, seconds=0.01))
    wire.run(2, SleepRequest(ticks=1000, seconds=0.01))
    wire.wait_for(b"event")
    wire.send(stop=2)
    wire.send(stop=1)
    wire.wait_for(b'{"id": 2, "end"')
    lines = wire.end()
    assert not [line for line in lines if line["id"] == 2 and "event" in line]
    assert len(lines) < 500


def test_pause_holds_and_lets_go_on(wire):
    wire.run(1, SleepRequest(ticks=30, seconds=0.01))
    wire.wait_for(b"event")
    wire.send(pause=1, hold=True)
    threading.Event().wait(0.1)
    held = len(wire.out.getvalue())
    threading.Event().wait(0.2)
    assert len(wire.out.getvalue()) == held
    wire.send(pause=1, hold=False)
    wire.wait_for(b'"end"')
    wire.end()


def test_the_end_of_input_stops_the_running_job(wire):
    wire.run(1, SleepRequest(ticks=10_000, seconds=0.01))
    wire.wait_for(b"event")
    assert wire.end()[-1] == {"id": 1, "end": True}


def test_stop_for_a_job_that_is_gone_is_no_harm(wire):
    wire.send(stop=7)
    wire.send(pause=7, hold=True)
    wire.run(1, SleepRequest(ticks=1, seconds=0.0))
    wire.wait_for(b'"end"')
    assert wire.end()
