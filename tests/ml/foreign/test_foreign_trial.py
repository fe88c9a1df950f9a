"""A model's first run happens in a process that may be lost, under limits."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile_models
import pytest
from onnx import TensorProto

from deskclassify.core.machine import resident_bytes
from deskclassify.ml.foreign import trial, verdicts
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.verdict import Tried

SMALL = Limits(memory_bytes=300_000_000, wall_seconds=90, cpu_seconds=60)
SHORT = Limits(memory_bytes=300_000_000, wall_seconds=2)
LIBRARIES = 150_000_000  # bytes that Python and ONNX Runtime take with nothing opened, with room
BOMBS = [name for name in hostile_models.corpus() if name.startswith("bomb-")]


def outcome(path: Path, limits: Limits) -> verdicts.Outcome:
    return verdicts.run_trial(path, trial.digest(path.read_bytes()), limits=limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_bombs_and_loops_end_within_their_limits(tmp_path: Path) -> None:
    files = {path.stem: path for path in hostile_models.write_corpus(tmp_path / "corpus")}
    before = resident_bytes() or 0
    asked = [(name, SMALL) for name in BOMBS] + [(name, SHORT) for name in hostile_models.HANGING]
    with ThreadPoolExecutor(3) as pool:
        found = dict(
            zip((name for name, _ in asked), pool.map(lambda one: outcome(files[one[0]], one[1]), asked), strict=True)
        )
    for name, ended in found.items():
        assert ended.verdict.facts is None, name
        assert ended.verdict.refusal.startswith("“{name}” "), name
        assert ended.peak_bytes < LIBRARIES + SMALL.memory_bytes, name
    for name in set(BOMBS) - {"bomb-tile"}:  # ONNX Runtime itself knows a bound for Tile
        assert "memory" in found[name].verdict.refusal, (name, found[name].verdict)
        assert not found[name].verdict.lasting
    for name in hostile_models.HANGING:
        assert "was not done after 2 s" in found[name].verdict.refusal
        assert found[name].seconds < 2 + 20  # with other programs at work
    assert (resident_bytes() or 0) - before < 50_000_000, "the process that asks pays nothing"


def test_where_the_system_has_no_limits_the_one_who_waits_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows: the child takes what it wants, and is killed."""
    file = tmp_path / "growing.onnx"
    file.write_bytes(hostile_models._growing().SerializeToString())
    code = (
        "import sys; from deskclassify.ml.foreign import trial; trial._limit_memory = lambda *_: None; "
        "sys.exit(trial.main(sys.argv[1:]))"
    )
    monkeypatch.setattr(verdicts, "_command", lambda: [sys.executable, "-c", code])
    monkeypatch.setattr(verdicts, "_LIBRARIES_BYTES", LIBRARIES)
    ended = outcome(file, SMALL)
    assert "memory" in ended.verdict.refusal
    assert ended.peak_bytes < LIBRARIES + 4 * SMALL.memory_bytes


def test_a_crash_of_the_process_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "any.onnx"
    file.write_bytes(b"anything")
    for code, part in (("import os; os.abort()", "ended the process"), ("print('{')", "ended the process")):
        monkeypatch.setattr(verdicts, "_command", lambda code=code: [sys.executable, "-c", code])
        ended = outcome(file, SHORT)
        assert part in ended.verdict.refusal
        assert not ended.verdict.lasting


def test_fuzzed_models_are_run_without_harm(tmp_path: Path) -> None:
    """Hundreds of damaged models, run one after the other in one process with a limit of memory."""
    code = """
import sys
import numpy as np
import hostile_models
from deskclassify.ml.foreign import trial
from deskclassify.ml.foreign.limits import Limits
limits = Limits(memory_bytes=300_000_000, cpu_seconds=60)
trial._limit_time(limits)
trial._limit_memory(limits, 0)
models = [hostile_models.good(**how).SerializeToString() for how in ({}, {"layout": "nhwc"}, {"batch": 1})]
random = np.random.default_rng(7)
usable = 0
for number in range(1500):
    data = bytearray(models[number % 3])
    for _ in range(random.integers(1, 4)):
        data[random.integers(len(data))] ^= 1 << random.integers(8)
    verdict = trial.judge(bytes(data), limits)
    assert bool(verdict.refusal) != (verdict.tried is not None)
    assert verdict.refusal.isprintable()
    usable += verdict.tried is not None
print("usable", usable)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(hostile_models.__file__).parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert 30 < int(done.stdout.split()[-1]) < 1000, "some flips do no harm, and most do"


@pytest.mark.parametrize(
    ("changes", "shape", "batch", "sums"),
    [
        ({}, (3,), 0, True),
        ({"softmax": False}, (3,), 0, False),
        ({"batch": 1, "squeeze": False}, (3, 1, 1), 1, True),
        ({"batch": 4}, (3,), 4, True),
        ({"kind": TensorProto.FLOAT16}, (3,), 0, True),
        ({"size": None}, (3,), 0, True),
        ({"classes": 5, "kind": TensorProto.UINT8, "layout": "nhwc"}, (5,), 0, True),
    ],
)
def test_what_is_measured(changes: dict[str, object], shape: tuple[int, ...], batch: int, sums: bool) -> None:
    verdict = trial.judge(hostile_models.good(**changes).SerializeToString(), USUAL)  # type: ignore[arg-type]
    assert verdict.refusal == ""
    assert isinstance(verdict.tried, Tried)
    assert (verdict.tried.shape, verdict.tried.batch, verdict.tried.sums_to_one) == (shape, batch, sums)


def test_a_model_that_mixes_up_its_pictures_gets_them_one_by_one() -> None:
    """Its shapes promise any number; with several, each answer hangs on the others (a network in training mode)."""
    from onnx import helper

    def mixing(nodes: list[object], constants: list[object]) -> str:
        nodes.append(helper.make_node("ReduceSum", ["plain"], ["all"], keepdims=0))
        nodes.append(helper.make_node("Mul", ["plain", "all"], ["mixed"]))
        return "mixed"

    verdict = trial.judge(hostile_models.good(softmax=False, extra=mixing).SerializeToString(), USUAL)
    assert verdict.tried is not None
    assert verdict.tried.batch == 1


def test_two_rows_of_answers_are_told_apart_by_the_names() -> None:
    from onnx import helper

    model = hostile_models.good(names="{0: 'a', 1: 'b'}")
    model.graph.node.append(helper.make_node("Slice", ["answers", "zero", "two", "axis"], ["short"]))
    model.graph.initializer.extend(
        hostile_models.constant(name, [number]) for name, number in (("zero", 0), ("two", 2), ("axis", 1))
    )
    model.graph.output.append(hostile_models.value("short", ["N", 2]))
    verdict = trial.judge(model.SerializeToString(), USUAL)
    assert verdict.tried is not None
    assert (verdict.tried.output, verdict.tried.classes) == ("short", 2)
    del model.metadata_props[:]
    assert "several outputs" in trial.judge(model.SerializeToString(), USUAL).refusal


def test_the_hidden_command_prints_only_its_verdict(tmp_path: Path) -> None:
    file = tmp_path / "good.onnx"
    file.write_bytes(hostile_models.good().SerializeToString())
    begun = time.monotonic()
    done = outcome(file, USUAL)
    assert done.verdict.refusal == ""
    assert done.seconds <= time.monotonic() - begun


@pytest.mark.skipif(sys.platform == "win32", reason="there a process does not learn that its parent is gone")
def test_a_trial_ends_with_whoever_wanted_it(tmp_path: Path) -> None:
    """The window was killed in the middle of it."""
    import os

    file = tmp_path / "loop.onnx"
    file.write_bytes(hostile_models.corpus()["loop-without-end"]().SerializeToString())  # type: ignore[union-attr]
    code = (
        "import os, subprocess, sys; "
        "call = [sys.executable, '-m', 'deskclassify', 'trial', sys.argv[1], '{}', str(os.getpid())]; "
        "child = subprocess.Popen(call, stdout=subprocess.DEVNULL); print(child.pid, flush=True); sys.stdin.read()"
    )
    call = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").exists() and ") Z " in Path(f"/proc/{child}/stat").read_text():
            return  # ended; nobody has fetched it
        time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("it goes on alone")
