"""A file is tried once; its own files never; and what is kept is not believed blindly."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import hostile_models
import pytest

from deskclassify.core import paths
from deskclassify.core.errors import InputError
from deskclassify.ml.foreign import verdicts
from deskclassify.ml.foreign.limits import Limits
from deskclassify.ml.foreign.trial import digest
from deskclassify.ml.foreign.verdict import Verdict


def forbidden(*_: Any) -> verdicts.Outcome:
    raise AssertionError("nothing is to be tried")


def test_a_file_is_tried_once(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(hostile_models.good())
    first = verdicts.judged(file)
    assert not first.own
    assert first.data == file.read_bytes()
    monkeypatch.setattr(verdicts, "run_trial", forbidden)
    again = verdicts.judged(file)
    assert (again.facts, again.tried) == (first.facts, first.tried)
    moved = file.rename(file.with_name("another name.onnx"))
    assert verdicts.judged(moved).digest == first.digest


def test_a_changed_file_is_tried_anew(write: Any, tried_here: None) -> None:
    verdicts.judged(write(hostile_models.good()))
    with pytest.raises(InputError, match=r"“model\.onnx” cannot be read"):
        verdicts.judged(write(b"something else"))


def test_own_files_need_no_trial(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(hostile_models.lying())
    verdicts.remember_own(file.read_bytes())
    monkeypatch.setattr(verdicts, "run_trial", forbidden)
    assert verdicts.judged(file).own


def test_a_refusal_is_kept_too_if_it_will_not_change(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(hostile_models.corpus()["cycle"]())
    asked = []

    def refuse(lasting: bool) -> Any:
        def run(*_: Any) -> verdicts.Outcome:
            asked.append(lasting)
            return verdicts.Outcome(Verdict("“{name}” is not opened: for a test.", lasting=lasting), 0, 0.0)

        return run

    for lasting, times in ((False, 2), (True, 1)):
        asked.clear()
        monkeypatch.setattr(verdicts, "run_trial", refuse(lasting))
        for _ in range(2):
            with pytest.raises(InputError, match=r"“model\.onnx” is not opened: for a test"):
                verdicts.judged(file)
        assert len(asked) == times


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"scope": "other", "own": true, "verdict": {}}', b"\xff"])
def test_a_damaged_cache_is_passed_over(write: Any, tried_here: None, content: bytes) -> None:
    file = write(hostile_models.good())
    kept = paths.cache_dir() / "verdicts" / f"{digest(file.read_bytes())}.json"
    kept.parent.mkdir()
    kept.write_bytes(content)
    assert not verdicts.judged(file).own
    assert json.loads(kept.read_text())["verdict"]["facts"]


def test_waiting_can_be_stopped(write: Any) -> None:
    """The child is gone then: the guard of all tests looks for it."""
    file = write(hostile_models.corpus()["loop-without-end"]())
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(verdicts.StoppedError):
        verdicts.judged(file, stop.is_set)
    assert time.monotonic() - begun < 10


def test_a_file_that_changes_on_the_way_is_not_believed(write: Any) -> None:
    file = write(hostile_models.good())
    ended = verdicts.run_trial(file, digest(b"what was read here before"))
    assert "changed while it was being read" in ended.verdict.refusal
    assert not ended.verdict.lasting


def test_what_is_no_file_gets_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.onnx", tmp_path / ("x" * 400)):
        with pytest.raises(InputError):
            verdicts.judged(path)


def test_a_file_that_is_too_large_is_not_even_read(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(hostile_models.good())
    with monkeypatch.context() as patched, pytest.raises(InputError, match="GB"):
        patched.setattr(Path, "read_bytes", forbidden)
        verdicts.judged(file, limits=Limits(file_bytes=100))
