from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from deskclassify.core.architectures import get
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml import schedule
from deskclassify.ml.device import choose
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.inputs import PictureInputs
from deskclassify.ml.phases import Precision
from deskclassify.ml.targets import Targets
from deskclassify.ml.training import fit
from deskclassify.ml.unfrozen import UnfrozenPhase
from deskclassify.ml.zoo import build

_REPOSITORY = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 800


@contextlib.contextmanager
def ended_in_time(process: subprocess.Popen[str]) -> Iterator[None]:
    """Ends torchrun after a while, and with it the processes that may wait for each other and hold our pipe."""
    late = threading.Timer(_PATIENCE_SECONDS, process.terminate)
    late.start()
    try:
        yield
    finally:
        late.cancel()
        late.join()


def train(sample: Path, run: Path, processes: int, home: Path) -> dict[str, object]:
    options = ["--preset", "balanced", "--epochs", "1", "--image-size", "64", "--json"]
    command = ["-m", "deskclassify", "train", str(sample), "--out", str(run), *options]
    if processes > 1:
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        command = [*launcher, *command]
    environment = {**os.environ, "DESKCLASSIFY_HOME": str(home), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_REPOSITORY)}
    call = [sys.executable, *command]
    with (
        subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done,
        ended_in_time(done),
    ):
        told, errors = done.communicate()
    assert done.returncode == 0, errors[-3000:]
    events = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events].count("finished") == 1  # one process speaks for all
    finished: dict[str, object] = events[-1]
    return finished


@pytest.mark.slow
def test_two_processes_train_as_one(sample: Path, tmp_path: Path, home: Path) -> None:
    alone = train(sample, tmp_path / "alone", 1, home)
    together = train(sample, tmp_path / "together", 2, home)
    assert together["accuracy"] == pytest.approx(alone["accuracy"], abs=0.101)  # one picture of ten
    ours, theirs = RunFolder(tmp_path / "together"), RunFolder(tmp_path / "alone")
    assert [row.epoch for row in ours.history()] == [row.epoch for row in theirs.history()]
    frozen = [row for row in ours.history() if row.phase == "frozen"]
    assert [row.train_loss for row in frozen] == [row.train_loss for row in theirs.history()[: len(frozen)]]
    last, other = ours.history()[-1], theirs.history()[-1]
    assert last.phase == "unfrozen"
    # Dropout differs, and Adam makes much of small differences in rounding; the gradients are tested below.
    assert last.train_loss == pytest.approx(other.train_loss, rel=0.3)
    one, two = load_file(ours.last / "model.safetensors"), load_file(theirs.last / "model.safetensors")
    moved = [float(np.abs(one[name] - two[name]).max()) for name in one if name.endswith("weight")]
    assert 0 < max(moved) < 0.02


class _Recorder(Ranks):
    """One of several processes that keeps its gradients instead of sending them."""

    def sum(self, values: Iterable[torch.Tensor]) -> None:
        self.parts = [value.clone() for value in values]


def test_the_gradients_of_the_shares_add_up_to_those_of_the_batch() -> None:
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 255, (5, 64, 64, 3), dtype=np.uint8)

    def parts(rank: int, world: int) -> list[torch.Tensor]:
        torch.manual_seed(0)
        recorder = _Recorder(rank, world)
        model = build(get("resnet18"), 3)
        model.head.dropout.p = 0.0
        torch.nn.init.normal_(model.head.linear.weight)
        architecture = get("resnet18")
        inputs = PictureInputs(
            lambda picked: pictures[picked], architecture.mean, architecture.std, torch.device("cpu"), 1.0
        )
        phase = UnfrozenPhase(
            model, inputs, Targets(torch.tensor([0, 1, 2, 1, 0]), 3), lambda: np.empty((0, 3)), choose("cpu"),
            Precision("fp32"), 1, 4, [0.0, 0.0, 0.0], True, 1, ranks=recorder,
        )  # fmt: skip
        phase.begin_epoch(0)
        phase.step(torch.tensor([4, 2, 0, 1, 3]), schedule.generator("x"), None)
        phase.close()
        return recorder.parts

    whole, first, second = parts(0, 1), parts(0, 2), parts(1, 2)
    assert len(whole) > 60
    for one, left, right in zip(whole, first, second, strict=True):
        assert torch.allclose(one, left + right, rtol=1e-3, atol=1e-5)


def test_one_process_is_a_group_of_its_own() -> None:
    ranks = Ranks()
    assert ranks.leads
    assert ranks.any(True, torch.device("cpu"))
    assert not ranks.any(False, torch.device("cpu"))
    values = torch.ones(3)
    ranks.sum([values])
    ranks.wait()
    assert values.tolist() == [1, 1, 1]
    assert torch.equal(ranks.share(torch.arange(5)), torch.arange(5))


def test_shares_make_up_the_batch() -> None:
    batch = torch.arange(7)
    assert torch.equal(torch.cat([Ranks(rank, 3).share(batch) for rank in range(3)]), batch)


class Torchrun:
    """Two processes that train, with what rank 0 tells, and each one's standard error in a file."""

    def __init__(self, sample: Path, run: Path, home: Path, logs: Path, resume: bool) -> None:
        self._logs = logs
        options = ["--preset", "balanced", "--frozen-epochs", "2", "--epochs", "2", "--image-size", "32", "--json"]
        command = [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
            *("--redirects", "2", "--log-dir", str(logs), "-m", "deskclassify"),
            *("train", str(sample), "--out", str(run), *options, *(["--resume"] if resume else [])),
        ]
        home_only = {"DESKCLASSIFY_HOME": str(home), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_REPOSITORY)}
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **home_only},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # torchrun's own report
            text=True,
        )

    def wait_for(self, phase: str, batches: int) -> None:
        """Until so many batches of a phase were told of."""
        assert self.process.stdout is not None
        with ended_in_time(self.process):
            for line in self.process.stdout:
                event = json.loads(line) if line.startswith("{") else {}
                batches -= event.get("event") == "batch" and event["phase"] == phase
                if not batches:
                    return
        raise AssertionError(f"it ended before: {self.errors()}")

    def kill(self, rank: int) -> None:
        """End one of the two by force."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # ended meanwhile
            if parent == self.process.pid and f"RANK={rank}".encode() in environment:
                os.kill(int(entry.name), signal.SIGKILL)
                return
        raise AssertionError(f"there is no rank {rank}")

    def end(self) -> tuple[int, list[dict[str, object]]]:
        """Wait for the end: the exit code, and the last things that were told."""
        with ended_in_time(self.process):
            told, _ = self.process.communicate()
        return self.process.returncode, [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    def errors(self) -> str:
        """What both processes have written to standard error."""
        return "".join(file.read_text() for file in sorted(self._logs.rglob("stderr.log")))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the processes in /proc")
def test_a_killed_process_ends_the_others_with_one_sentence_and_it_resumes(
    sample: Path, tmp_path: Path, home: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    for rank, batches in ((1, 1), (0, 4)):
        logs = tmp_path / f"without-{rank}"
        both = Torchrun(sample, run.path, home, logs, resume=rank == 0)
        both.wait_for("unfrozen", batches)
        both.kill(rank)
        code, told = both.end()
        assert code == 1
        assert both.errors().count("Another process of this training has ended") == 1
        assert "--resume" in both.errors()
        assert "Traceback" not in both.errors()
        if rank == 1:
            assert told[-1]["event"] == "failed"
    again = Torchrun(sample, run.path, home, tmp_path / "again", resume=True)
    code, told = again.end()
    assert (code, told[-1]["event"]) == (0, "finished"), again.errors()
    assert run.info().raw["status"] == "finished"

    spec = DataSpec((Source(str(sample)),))
    request = FitRequest(spec, str(tmp_path / "alone"), epochs=2, frozen_epochs=2, image_size=32)
    list(fit(request, never))
    ours, theirs = run.history(), RunFolder(tmp_path / "alone").history()
    assert [row.epoch for row in ours] == [row.epoch for row in theirs] == [1, 2, 3, 4]
    assert [row.train_loss for row in ours] == pytest.approx([row.train_loss for row in theirs], rel=0.3)
    assert told[-1]["accuracy"] == pytest.approx(RunFolder(tmp_path / "alone").info().result["accuracy"], abs=0.201)


def test_the_first_that_fails_speaks() -> None:
    store = torch.distributed.HashStore()
    speaks = []
    for rank in (1, 0):
        ranks = Ranks(rank, 2)
        ranks._store = store
        speaks.append(ranks._is_first_to_fail())
    assert speaks == [True, False]


def test_alone_a_failure_is_the_failure() -> None:
    with pytest.raises(InputError, match="as it is"), Ranks().joined(False):
        raise InputError("as it is")


def test_processes_talk_as_often_whatever_the_cache_holds(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process may find in the cache what another has just read; they must not wait for each other because of it."""
    asked: list[bool] = []
    ask = Ranks.any

    def counted(self: Ranks, flag: bool, device: torch.device) -> bool:
        asked.append(flag)
        return ask(self, flag, device)

    monkeypatch.setattr(Ranks, "any", counted)
    counts = []
    for name in ("reads", "finds"):
        asked.clear()
        spec = DataSpec((Source(str(sample)),))
        list(fit(FitRequest(spec, str(tmp_path / name), epochs=1, frozen_epochs=1, image_size=32), never))
        counts.append(len(asked))
    assert counts[0] == counts[1] > 2
