"""A full disk makes a training wait, and changes nothing of what it learns."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from deskclassify.cli import app
from deskclassify.core.control import Control, never
from deskclassify.core.events import BatchDone, EpochDone, Event, FitDone, Held, Message
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ml import disk_full, training
from deskclassify.ml.disk_full import PatientDisk
from deskclassify.ml.training import fit


class Disk:
    """`write` raises that there is no room until `room` is set, or for so many calls."""

    def __init__(self, refusals: int | None = None, number: int = errno.ENOSPC) -> None:
        self.room = threading.Event()
        self.tries = 0
        self._refusals = refusals
        self._number = number

    def write(self) -> None:
        self.tries += 1
        if self._refusals is not None and self.tries > self._refusals:
            self.room.set()
        if not self.room.is_set():
            raise OSError(self._number, os.strerror(self._number))


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_full, "RETRY_SECONDS", 0.0)


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_it_waits_says_so_once_and_goes_on(number: int) -> None:
    disk = Disk(3, number)
    events = list(PatientDisk(Path("runs/one"), never).write(disk.write, 45_300_000))
    assert kinds(events) == ["Held", "Message"]
    assert isinstance(events[0], Held)
    assert "runs" in events[0].text
    assert "46 MB are needed" in events[0].text
    assert disk.tries == 4


def test_what_fits_is_not_spoken_of() -> None:
    assert list(PatientDisk(Path(), never).write(Disk(0).write)) == []


def test_other_errors_are_not_waited_for() -> None:
    with pytest.raises(PermissionError):
        list(PatientDisk(Path(), never).write(Disk(3, errno.EACCES).write))


@pytest.mark.usefixtures("quickly")
def test_stop_gives_up_at_once_and_for_what_comes_after() -> None:
    disk, full = PatientDisk(Path(), lambda: True), Disk()
    assert kinds(list(disk.write(full.write))) == ["Held", "Message"]
    assert list(disk.write(full.write)) == []
    assert full.tries == 2


def test_let_go_on_it_tries_at_once_and_says_again_when_it_was_in_vain() -> None:
    control, full = Control(), Disk()
    stream = PatientDisk(Path(), control).write(full.write)
    for _ in range(2):
        assert isinstance(next(stream), Held)
        control.pause(True)
        threading.Timer(0.5, control.pause, (False,)).start()
    assert full.tries == 2
    full.room.set()
    begun = time.monotonic()
    assert kinds(list(stream)) == ["Message"]
    assert time.monotonic() - begun < disk_full.RETRY_SECONDS


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], bool]], None]:
    """`refuse(when)` lets the n-th flush of a file fail for want of room, where `when(n)` says so."""

    def install(when: Callable[[int], bool]) -> None:
        calls = [0]
        real = os.fsync

        def fsync(number: int) -> None:
            calls[0] += 1
            if when(calls[0]):
                raise OSError(errno.ENOSPC, "No space left on device")
            real(number)

        monkeypatch.setattr(os, "fsync", fsync)

    return install


def same_tensors(one: Path, two: Path) -> bool:
    left, right = load_file(one), load_file(two)
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def assert_same_training(run: RunFolder, undisturbed: RunFolder) -> None:
    def rows(one: RunFolder) -> list[EpochDone]:
        return [replace(row, seconds=0.0, images_per_second=0.0) for row in one.history()]

    assert rows(run) == rows(undisturbed)
    assert run.predictions() == undisturbed.predictions()
    assert same_tensors(run.best, undisturbed.best)
    assert same_tensors(run.last / "model.safetensors", undisturbed.last / "model.safetensors")
    assert not list(run.path.rglob("*.part"))
    assert not (run.path / "last.new").exists()


@pytest.mark.usefixtures("quickly")
def test_a_disk_that_is_full_now_and_then_changes_nothing(
    sample_spec: DataSpec, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuse: Any
) -> None:
    monkeypatch.setattr(training, "_SECONDS_BETWEEN_SAVES", 0.05)
    refuse(lambda call: call % 20 < 3)
    events = list(fit(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick"), never))
    assert isinstance(events[-1], FitDone)
    assert not events[-1].stopped
    held = [event for event in events if isinstance(event, Held)]
    assert len(held) >= 3
    assert any("room on the disk again" in event.text for event in events if isinstance(event, Message))
    assert_same_training(RunFolder(tmp_path / "run"), RunFolder(trained))


@pytest.mark.usefixtures("quickly")
def test_stopped_while_the_disk_is_full_it_goes_on_from_what_was_saved_before(
    sample_spec: DataSpec, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuse: Any
) -> None:
    monkeypatch.setattr(training, "_SECONDS_BETWEEN_SAVES", 0.0)
    run = RunFolder(tmp_path / "run")
    request = FitRequest(sample_spec, str(run.path), preset="quick")
    events: list[Event] = []
    mended = threading.Event()
    refuse(lambda _: not mended.is_set() and sum(isinstance(event, BatchDone) for event in events) >= 3)
    for event in fit(request, lambda: any(isinstance(event, Held) for event in events)):
        events.append(event)  # noqa: PERF402 - the disk and the stop look at them while they come
    assert isinstance(events[-1], FitDone)
    assert events[-1].stopped
    assert kinds(events).count("Held") == 1
    assert "only what was saved before is kept" in str(events)
    assert run.info().raw["status"] == "running"  # not even this could be written
    mended.set()
    assert not list(fit(replace(request, resume=True), never))[-1].stopped  # type: ignore[attr-defined]
    assert_same_training(run, RunFolder(trained))


@pytest.mark.usefixtures("quickly")
def test_the_command_line_tells_once_and_goes_on(
    sample: Path, tmp_path: Path, refuse: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(lambda call: 3 <= call < 9)
    arguments = ["train", str(sample), "--out", str(tmp_path / "run"), "--preset", "quick", "--epochs", "1"]
    assert app.main(arguments) == 0
    told = capsys.readouterr().err
    assert told.count("is full") == 1
    assert "Ctrl-C ends it" in told
    assert RunFolder(tmp_path / "run").is_finished()
