"""A training that is killed at any moment goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from deskclassify.core import wire
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source

_KILLS = 24
Orders = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="trainings are forked here")


@pytest.fixture(scope="module")
def forks() -> Iterator[Orders]:
    """`forks(order, …)` runs trainings at the same time in forked processes; see `killable`."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    call = [sys.executable, str(Path(__file__).with_name("killable.py"))]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def run(*orders: dict[str, Any]) -> list[dict[str, Any]]:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps(orders) + "\n")
            server.stdin.flush()
            answers: list[dict[str, Any]] = json.loads(server.stdout.readline())
            assert not any(answer["error"] for answer in answers), answers
            return answers

        yield run


def order(request: FitRequest, home: Path, **more: float) -> dict[str, Any]:
    return {"request": wire.encode(request), "home": str(home), **more}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> FitRequest:
    """A training of both phases on 36 small pictures of noise, that takes about a second."""
    folder = tmp_path_factory.mktemp("small")
    draw = np.random.default_rng(7)
    from PIL import Image

    for name, level in (("dark", 60), ("light", 120), ("white", 200)):
        (folder / name).mkdir()
        for number in range(12):
            noise = draw.integers(level - 60, level + 55, (36, 40, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / name / f"{number}.png")
    data = DataSpec((Source(str(folder)),), valid_pct=0.25)
    return FitRequest(data, "", preset="balanced", epochs=2, frozen_epochs=2, image_size=32, batch_size=6, device="cpu")


@dataclass(frozen=True)
class Whole:
    """A training that nothing disturbed."""

    request: FitRequest
    home: Path
    ticks: int

    @property
    def run(self) -> RunFolder:
        return RunFolder(Path(self.request.run))

    def other_home(self, folder: Path) -> Path:
        """A home without features and pictures. What is known of the machine stays: finding it out is not the point."""
        known = shutil.ignore_patterns("features", "pictures", "activations", "files.db*")
        return Path(shutil.copytree(self.home, folder / "home", ignore=known))


@pytest.fixture(scope="module")
def whole(forks: Orders, small: FitRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    request = replace(small, run=str(folder / "run"))
    (answer,) = forks(order(request, folder / "home"))
    return Whole(request, folder / "home", answer["ticks"])


def same_tensors(one: Path, two: Path) -> bool:
    left, right = load_file(one), load_file(two)
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def assert_same_run(one: RunFolder, two: RunFolder) -> None:
    """Everything that a training computes is equal, bit for bit; only the seconds differ."""

    def rows(run: RunFolder) -> list[Any]:
        return [replace(row, seconds=0.0, images_per_second=0.0) for row in run.history()]

    assert rows(one) == rows(two)
    assert one.predictions() == two.predictions()
    assert one.split() == two.split()
    for name in ("best", "last/model", "last/optimizer", "last/frozen_head", "last/extra"):
        file = f"{name}.safetensors"
        assert same_tensors(one.path / file, two.path / file), name
    for key in ("accuracy", "best_epoch", "classes", "train_images", "valid_images"):
        assert one.info().result[key] == two.info().result[key]


@pytest.mark.slow
def test_killed_at_two_dozen_random_moments_it_ends_as_if_never_killed(
    forks: Orders, whole: Whole, tmp_path: Path
) -> None:
    draw = random.Random(5)
    kills, places, lives = 0, set(), 0
    while kills < _KILLS:  # a run that has come to its end is followed by another
        lives += 1
        run, home = RunFolder(tmp_path / f"run-{lives}"), whole.other_home(tmp_path / f"{lives}")
        code = -signal.SIGKILL
        while code:
            request = replace(whole.request, run=str(run.path), resume=run.info_file.is_file())
            latest = whole.ticks // 4 if request.resume else 10  # at first before anything is learned
            moment = {"kill_at": draw.randrange(1, latest), "delay": draw.choice((0, 0, 0.003, 0.03))}
            (answer,) = forks(order(request, home, **(moment if kills < _KILLS else {})))
            code = answer["code"]
            assert code in (0, -signal.SIGKILL)
            kills += code != 0
            places.add(where(run))
        assert_same_run(run, whole.run)
        assert not list(run.path.rglob("*.part"))
    assert {"before", "frozen", "unfrozen"} <= places


def where(run: RunFolder) -> str:
    """The phase of the newest saved state; `before` where there is none."""
    file = run.last / "state.json"
    return str(json.loads(file.read_text())["phase"]) if file.is_file() else "before"


def test_a_truncated_checkpoint_costs_a_step_back_and_nothing_else(forks: Orders, whole: Whole, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    request = replace(whole.request, run=str(run.path))
    (killed,) = forks(order(request, whole.home, kill_at=int(0.7 * whole.ticks), delay=0))
    assert killed["code"] == -signal.SIGKILL
    file = run.last / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    (answer,) = forks(order(replace(request, resume=True), whole.home))
    assert any("saved last is damaged" in text for text in answer["messages"])
    assert_same_run(run, whole.run)


def test_two_trainings_at_once_share_an_empty_cache(forks: Orders, whole: Whole, tmp_path: Path) -> None:
    home = whole.other_home(tmp_path)
    requests_ = [replace(whole.request, run=str(tmp_path / name)) for name in ("one", "two", "third")]
    forks(*(order(request, home) for request in requests_[:2]))
    forks(order(requests_[2], home))  # reads what the two have written
    theirs = whole.run.history()
    for request in requests_:
        run = RunFolder(Path(request.run))
        assert run.info().result["accuracy"] == whole.run.info().result["accuracy"]
        ours = run.history()
        assert [row.train_loss for row in ours] == pytest.approx([row.train_loss for row in theirs], rel=0.02)
