"""Memory that runs out costs time, and neither the training nor its schedule."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deskclassify.core.architectures import get
from deskclassify.core.errors import UserError
from deskclassify.core.events import EpochDone, Message
from deskclassify.ml import memory
from deskclassify.ml.device import choose
from deskclassify.ml.inputs import PictureInputs
from deskclassify.ml.loop import Best, Loop
from deskclassify.ml.phases import Precision
from deskclassify.ml.targets import Targets
from deskclassify.ml.unfrozen import UnfrozenPhase
from deskclassify.ml.zoo import build

COUNT, SIZE, BATCH = 12, 32, 6


def make_phase(after_inputs: Callable[[int], None]) -> UnfrozenPhase:
    """A tiny training; `after_inputs` is called with the size of each micro-batch."""
    architecture = get("resnet18")
    torch.manual_seed(0)
    model = build(architecture, 2)
    model.head.dropout.p = 0.0
    pictures = np.random.default_rng(0).integers(0, 255, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)

    class Inputs(PictureInputs):
        def __call__(self, picked: torch.Tensor, *rest: Any) -> torch.Tensor:
            after_inputs(len(picked))
            return super().__call__(picked, *rest)

    inputs = Inputs(lambda picked: pictures[picked], architecture.mean, architecture.std, torch.device("cpu"), 1.0)
    targets = Targets(torch.arange(COUNT) % 2, 2)
    return UnfrozenPhase(
        model, inputs, targets, lambda: np.zeros((1, 2), np.float32), choose("cpu"), Precision("fp32"),
        3, BATCH, [1e-3, 1e-3, 1e-3], True, 1,
    )  # fmt: skip


def train(after_inputs: Callable[[int], None]) -> tuple[list[Any], list[list[float]], UnfrozenPhase]:
    """Events, the rate of each group at each step, and the phase."""
    phase = make_phase(after_inputs)
    trace: list[list[float]] = []
    real = phase.optimizer.step

    def step(*arguments: Any, **more: Any) -> Any:
        trace.append([group["lr"] for group in phase.optimizer.param_groups])
        return real(*arguments, **more)

    phase.optimizer.step = step  # type: ignore[method-assign]
    loop = Loop(phase, np.zeros(1, np.int64), 1, Best(), lambda best: iter(()), lambda place, over: iter(()))
    events = list(loop.run(lambda: False))
    phase.close()
    return events, trace, phase


def losses(events: list[Any]) -> list[float]:
    return [event.train_loss for event in events if isinstance(event, EpochDone)]


ERRORS = {
    "gpu": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "cpu": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    "python": MemoryError(),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_out_of_memory_at_a_step_halves_the_micro_batch_and_leaves_the_schedule(error: Exception) -> None:
    undisturbed, rates, _ = train(lambda count: None)
    calls = [0]

    def run_out(count: int) -> None:
        calls[0] += 1
        if calls[0] >= 4 and count > 2:
            raise error

    events, trace, phase = train(run_out)
    assert trace == rates
    assert len(trace) == 6
    assert phase.micro_batch == 2  # 6, 3 and then 2
    assert losses(events) == pytest.approx(losses(undisturbed), rel=2e-3)
    told = [event.text for event in events if isinstance(event, Message)]
    assert len(told) == 2
    assert "2 pictures at a time" in told[1]
    assert "learns from 6 as before" in told[1]


def test_when_not_even_one_picture_fits_there_is_a_sentence() -> None:
    def run_out(count: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(UserError, match="not suffice even for one picture"):
        train(run_out)


def test_another_error_is_not_taken_for_it() -> None:
    def fail(count: int) -> None:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        train(fail)


_UNDER_A_LIMIT = """
import resource, sys
from deskclassify.core.requests import FitRequest
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml import preparation
from deskclassify.ml.training import fit
real = preparation.unfrozen_phase
def limited(*arguments):
    used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, ((used + 800_000) * 1024, resource.RLIM_INFINITY))
    return (yield from real(*arguments))
preparation.unfrozen_phase = limited
data = DataSpec((Source(sys.argv[1]),))
request = FitRequest(data, sys.argv[2], preset="balanced", epochs=1, batch_size=32)
for event in fit(request, lambda: False):
    print(type(event).__name__, getattr(event, "text", ""))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a process's memory is set as on Linux")
def test_a_real_limit_of_the_processors_memory_is_kept_to(sample: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _UNDER_A_LIMIT, str(sample), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"There is memory for \d+ pictures? at a time", done.stdout)
    assert done.stdout.splitlines()[-1].startswith("FitDone")


def test_a_micro_batch_fits_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000)
    cpu = choose("cpu")
    assert memory.micro_batch(32, 10, cpu) == 32
    assert memory.micro_batch(32, 70, cpu) == 8
    assert memory.micro_batch(32, 5_000, cpu) == 1
    assert memory.micro_batch(32, 0, cpu) == 32


def test_memory_is_kept_for_a_while_and_given_back() -> None:
    with memory.kept():
        block = torch.zeros(64 * 2**20)
        del block
    again = torch.ones(1000).sum()
    assert float(again) == 1000
