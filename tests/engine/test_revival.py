"""A training outlives the process it runs in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deskclassify.core.control import Control
from deskclassify.core.errors import EngineDiedError, Failure, UserError
from deskclassify.core.events import Message, Progress
from deskclassify.core.requests import FitRequest, SleepRequest
from deskclassify.core.sources import DataSpec
from deskclassify.engine.client import EngineClient
from deskclassify.engine.revival import MOST_DEATHS, revived

DONE = Progress("done", 1, 1)


class Stream:
    """A training that dies at its first calls; before each death it saves its place, if it gets further."""

    def __init__(self, run, deaths, saves=()):
        self.run, self.deaths, self.saves = Path(run), deaths, list(saves)
        self.requests = []

    def __call__(self, request, control):
        self.requests.append(request)
        yield Progress("working", 0, 1)
        if len(self.requests) <= self.deaths:
            if self.saves:
                place = self.saves.pop(0)
                (self.run / "last").mkdir(parents=True, exist_ok=True)
                (self.run / "run.json").write_text("{}")
                (self.run / "last" / "state.json").write_text(place)
            raise EngineDiedError("It died.", "Do something.", "exit code -9")
        yield DONE


@pytest.fixture
def request_(tmp_path):
    return FitRequest(DataSpec(), str(tmp_path / "run"))


def drain(stream, request, control=None):
    return list(revived(stream, request, control or Control()))


def test_without_a_death_nothing_is_said(request_):
    assert [type(event) for event in drain(Stream(request_.run, 0), request_)] == [Progress, Progress]


def test_it_goes_on_from_what_was_saved_and_says_so_in_one_line(request_):
    stream = Stream(request_.run, 1, ["first"])
    events = drain(stream, request_)
    assert [event.text for event in events if isinstance(event, Message)] == [
        "It died. A new process goes on from what was saved."
    ]
    assert [request.resume for request in stream.requests] == [False, True]
    assert events[-1] is DONE


def test_before_anything_was_saved_it_begins_anew(request_):
    stream = Stream(request_.run, 1)
    assert drain(stream, request_)[-1] is DONE
    assert [request.resume for request in stream.requests] == [False, False]


def test_any_number_of_deaths_is_survived_as_long_as_it_gets_further(request_):
    stream = Stream(request_.run, 8, [str(number) for number in range(8)])
    assert drain(stream, request_)[-1] is DONE


def test_without_progress_it_ends_with_a_sentence(request_):
    stream = Stream(request_.run, 99, ["same"] * 99)
    with pytest.raises(EngineDiedError, match="none got further") as caught:
        drain(stream, request_)
    assert len(stream.requests) == 1 + MOST_DEATHS
    assert caught.value.details == "exit code -9"


def test_what_was_stopped_is_not_revived(request_):
    control = Control()
    control.stop()
    stream = Stream(request_.run, 1, ["first"])
    with pytest.raises(EngineDiedError, match="Do something"):
        drain(stream, request_, control)
    assert len(stream.requests) == 1


def test_a_failure_of_its_own_is_not_survived(request_):
    def fails(request, control):
        yield DONE
        raise UserError("The loss became infinite.")

    with pytest.raises(UserError, match="infinite"):
        drain(fails, request_)


@pytest.mark.parametrize(
    ("text", "deadly"),
    [
        ("CUDA error: unspecified launch failure\nCUDA kernel errors might be…", True),
        ("CUDA error: device-side assert triggered", True),
        ("CUDA driver error: unknown error", True),
        ("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", True),
        ("CUDA error: CUBLAS_STATUS_INTERNAL_ERROR when calling `cublasCreate(handle)`", True),
        ("CUDA failure 719: unspecified launch failure ; GPU=0", True),
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", False),
        ("CUDA error: out of memory", False),
        ("shape '[2, 3]' is invalid for input of size 5", False),
    ],
)
def test_a_lost_graphics_card_is_told_from_other_failures(text, deadly):
    failure = Failure.of(RuntimeError(text))
    assert failure.is_deadly is deadly
    assert ("graphics card does not answer" in failure.sentence) is deadly
    assert ("--resume" in failure.sentence) is deadly


def test_a_process_whose_card_is_lost_is_replaced(tmp_path, monkeypatch):
    """The child fails as torch does; the next job runs in another process."""
    (tmp_path / "sitecustomize.py").write_text(
        "from deskclassify.core import requests\n"
        "real = requests.tick\n"
        "def tick(request, should_stop):\n"
        "    yield from real(request, should_stop)\n"
        "    if request.ticks == 2:\n"
        "        raise RuntimeError('CUDA error: unspecified launch failure')\n"
        "requests.tick = tick\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    client, pids = EngineClient("test"), []
    with pytest.raises(EngineDiedError, match="graphics card") as caught:
        pids.extend(client.pid for _ in client.stream(SleepRequest(ticks=2, seconds=0.0), Control()))
    assert "unspecified launch failure" in caught.value.details
    assert client.pid is None
    pids.extend(client.pid for _ in client.stream(SleepRequest(ticks=1, seconds=0.0), Control()))
    client.close()
    assert len(set(pids)) == 2
