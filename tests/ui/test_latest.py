"""Of several questions only the last one counts."""

from __future__ import annotations

import threading

import pytest

from deskclassify.core.errors import UserError
from deskclassify.core.events import Progress
from deskclassify.core.requests import SleepRequest
from deskclassify.ui.latest import Latest


class Slow:
    """Each job waits for its gate, then answers with its number of ticks; also when it was told to stop."""

    def __init__(self):
        self.begun = []
        self.controls = []
        self.gates = {}
        self.errors = {}

    def __call__(self, request, control):
        self.begun.append(request.ticks)
        self.controls.append(control)
        self.gates.setdefault(request.ticks, threading.Event()).wait(5)
        if request.ticks in self.errors:
            raise self.errors[request.ticks]
        yield Progress("one", request.ticks, 9)
        yield Progress("two", request.ticks, 9)

    def let(self, *ticks):
        for one in ticks:
            self.gates.setdefault(one, threading.Event()).set()


@pytest.fixture
def slow():
    made = Slow()
    yield made
    made.let(*range(10))


@pytest.fixture
def told(session_on, slow):
    latest = Latest(session_on(slow))
    seen = {"events": [], "failed": [], "busy": []}
    latest.received.connect(lambda event: seen["events"].append((event.stage, event.done)))
    latest.failed.connect(lambda failure: seen["failed"].append(failure.sentence))
    latest.busy_changed.connect(lambda busy: seen["busy"].append(busy))
    return latest, seen


def test_all_events_of_the_answer_come_and_then_it_is_idle(told, slow, qtbot):
    latest, seen = told
    slow.let(1)
    latest.ask(SleepRequest(1))
    assert latest.is_busy
    qtbot.waitUntil(lambda: not latest.is_busy)
    assert seen == {"events": [("one", 1), ("two", 1)], "failed": [], "busy": [True, False]}


def test_a_new_question_stops_the_one_before_and_its_answer_is_dropped(told, slow, qtbot):
    latest, seen = told
    latest.ask(SleepRequest(1))
    qtbot.waitUntil(lambda: slow.begun == [1])
    latest.ask(SleepRequest(2))
    assert slow.controls[0].stopped
    slow.let(1, 2)
    qtbot.waitUntil(lambda: not latest.is_busy and not latest._session.owner.jobs)
    assert seen["events"] == [("one", 2), ("two", 2)]
    assert seen["busy"] == [True, False]


def test_a_failure_of_a_dropped_question_is_not_told(told, slow, qtbot):
    latest, seen = told
    slow.errors = {1: UserError("The first."), 2: UserError("The second.")}
    latest.ask(SleepRequest(1))
    qtbot.waitUntil(lambda: slow.begun == [1])
    latest.ask(SleepRequest(2))
    slow.let(1, 2)
    qtbot.waitUntil(lambda: not latest.is_busy and not latest._session.owner.jobs)
    assert seen["failed"] == ["The second."]


def test_in_the_pause_only_the_last_is_sent(session_on, slow, qtbot):
    latest = Latest(session_on(slow), pause_milliseconds=30)
    slow.let(1, 2, 3)
    for ticks in (1, 2, 3):
        latest.ask(SleepRequest(ticks))
    qtbot.waitUntil(lambda: not latest.is_busy)
    assert slow.begun == [3]


def test_what_is_dropped_before_it_was_sent_never_begins(told, slow, qtbot):
    latest, seen = told
    latest.ask(SleepRequest(1))
    latest.drop()
    assert not latest.is_busy
    qtbot.wait(50)
    assert slow.begun == []
    assert seen["busy"] == [True, False]
