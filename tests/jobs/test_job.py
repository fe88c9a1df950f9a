"""The QThread that drains a job, and its owner."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject, QThread, Slot

from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.requests import SleepRequest
from deskclassify.engine.client import run_in_process
from deskclassify.jobs.job import Job
from deskclassify.jobs.owner import JobOwner

SHORT = SleepRequest(ticks=3, seconds=0.0)
LONG = SleepRequest(ticks=100_000, seconds=0.01)


class Listener(QObject):
    """Remembers what came, and in which thread."""

    def __init__(self):
        super().__init__()
        self.got, self.threads = [], set()

    @Slot(object)
    def take(self, value):
        self.got.append(value)
        self.threads.add(QThread.currentThread())

    @Slot(object)
    def end(self, value):
        self.got.append(("end", value))

    @Slot(object)
    def fail(self, value):
        self.got.append(("failure", value))


def failing(request, control):
    yield Progress("x", 1, 2)
    raise InputError("The folder is empty.")


def dying(request, control):
    yield Progress("x", 1, 2)
    raise ZeroDivisionError("oops")


@pytest.fixture
def owner(qapp):
    made = JobOwner(run_in_process)
    yield made
    assert made.close()
    made.deleteLater()


def test_events_arrive_in_order_in_the_threads_of_the_window(qtbot, owner):
    listener = Listener()
    job = owner.start(SHORT, listener.take, listener.end, listener.fail)
    assert owner.jobs == (job,)
    qtbot.waitUntil(lambda: not owner.jobs)
    steps = [Progress("tick", at, 3) for at in (1, 2, 3)]
    assert listener.got == [*steps, ("end", steps[-1])]
    assert listener.threads == {owner.thread()}
    assert QThread.currentThread() == owner.thread()


@pytest.mark.parametrize(
    ("stream", "sentence", "is_input"),
    [(failing, "The folder is empty.", True), (dying, "ZeroDivisionError: oops", False)],
)
def test_a_failure_has_a_route_to_a_sentence(qtbot, qapp, stream, sentence, is_input):
    owner, listener = JobOwner(stream), Listener()
    owner.start(SHORT, listener.take, listener.end, listener.fail)
    qtbot.waitUntil(lambda: not owner.jobs)
    (kind, failure) = listener.got[-1]
    assert kind == "failure"
    assert sentence in failure.sentence
    assert failure.is_input == is_input
    assert "Traceback" in failure.details
    assert len(listener.got) == 2  # no success beside it
    owner.deleteLater()


def test_signals_come_in_their_order(qtbot, qapp):
    job = Job(run_in_process, SHORT)
    with qtbot.waitSignals([job.received, job.succeeded, job.finished], order="strict", timeout=5000):
        job.request = SleepRequest(ticks=1, seconds=0.0)
        job.start()
    assert job.wait(5000)
    job.deleteLater()


def test_close_stops_all_and_waits(qtbot, qapp):
    closed = []
    owner = JobOwner(run_in_process, lambda: closed.append(threading.active_count()))
    jobs = [owner.start(LONG) for _ in range(3)]
    assert owner.close(5_000)
    assert closed
    assert all(job.isFinished() for job in jobs)
    assert owner.jobs == ()
    owner.deleteLater()


def test_changed_tells_of_begin_and_end(qtbot, owner):
    count = []
    owner.changed.connect(lambda: count.append(len(owner.jobs)))
    owner.start(SHORT)
    qtbot.waitUntil(lambda: not owner.jobs)
    assert count == [1, 0]
