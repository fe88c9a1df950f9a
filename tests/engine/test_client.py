"""The window's end of the wire, with real child processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from deskclassify.core import events
from deskclassify.core.control import Control
from deskclassify.core.errors import InputError
from deskclassify.core.requests import ListRequest, SleepRequest
from deskclassify.core.sources import DataSpec, Source
from deskclassify.engine.client import EngineClient, EngineDiedError, EnginePool, log_file

LONG = SleepRequest(ticks=10_000, seconds=0.01)


@pytest.fixture
def client():
    made = EngineClient("test", stop_grace_seconds=5.0)
    yield made
    made.close()


def drain(client, request, control=None):
    return list(client.stream(request, control or Control()))


def test_events_come_back_and_the_child_stays_warm(client):
    got = drain(client, SleepRequest(ticks=3, seconds=0.0))
    assert got == [events.Progress("tick", at, 3) for at in (1, 2, 3)]
    pid = client.pid
    drain(client, SleepRequest(ticks=1, seconds=0.0))
    assert client.pid == pid is not None
    client.close()
    assert client.pid is None


def test_failures_are_raised_here_as_what_they_were(client):
    with pytest.raises(InputError, match="There is no folder"):
        drain(client, ListRequest(DataSpec((Source("/no/such/folder"),))))
    assert drain(client, SleepRequest(ticks=1, seconds=0.0))


def test_stop_is_passed_on(client):
    control = Control()
    seen = 0
    for _ in client.stream(LONG, control):
        seen += 1
        control.stop()
    assert 1 <= seen < 100
    assert client.pid is not None


def test_pause_is_passed_on(client):
    control, seen = Control(), []
    thread = threading.Thread(target=lambda: seen.extend(client.stream(SleepRequest(ticks=100, seconds=0.01), control)))
    thread.start()
    while client.pid is None or not seen:
        time.sleep(0.01)
    control.pause(True)
    time.sleep(0.3)
    held = len(seen)
    time.sleep(0.3)
    assert len(seen) == held < 100
    control.pause(False)
    thread.join(10)
    assert len(seen) == 100


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_dies_is_told_and_the_next_job_has_a_new_one(client, number):
    with pytest.raises(EngineDiedError) as caught:
        for _ in client.stream(LONG, Control()):
            os.kill(client.pid, number)
    assert signal.Signals(number).name in caught.value.sentence
    assert "exit code" in caught.value.details
    assert len(drain(client, SleepRequest(ticks=2, seconds=0.0))) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_child_that_does_not_stop_in_time_is_killed():
    client = EngineClient("test", stop_grace_seconds=0.2)
    control = Control()
    begin = time.monotonic()
    for _ in client.stream(LONG, control):
        pid = client.pid
        os.kill(pid, signal.SIGSTOP)  # as if it hung in native code
        control.stop()
    assert time.monotonic() - begin < 5
    assert client.pid is None
    assert drain(client, SleepRequest(ticks=1, seconds=0.0))
    client.close()


def test_a_stopped_control_does_not_wait_for_a_busy_child(client):
    other = Control()
    thread = threading.Thread(target=lambda: drain(client, LONG, other))
    thread.start()
    while client.pid is None:
        time.sleep(0.01)
    stopped = Control()
    stopped.stop()
    assert drain(client, LONG, stopped) == []
    other.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_after_close_nothing_starts():
    client = EngineClient("test")
    client.close()
    with pytest.raises(EngineDiedError, match="closing"):
        drain(client, LONG)


def test_pool_gives_each_kind_its_own_child_and_runs_walks_here(tmp_path, make_pictures):
    pool = EnginePool()
    make_pictures(tmp_path, {"a": 2, "b": 2})
    assert pool.client("viewer") is pool.client("viewer") is not pool.client("trainer")
    (listed,) = pool.stream(ListRequest(DataSpec((Source(str(tmp_path)),))), Control())
    assert listed.listing.classes() == {"a": 2, "b": 2}
    assert pool.client("viewer").pid is None
    pool.close()


def test_large_logs_are_begun_anew():
    file = log_file("test")
    file.write_bytes(b"x" * 2_000_001)
    assert log_file("test") == file
    assert not file.exists()
    assert file.with_suffix(".old.log").stat().st_size == 2_000_001
