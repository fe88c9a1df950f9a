from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from deskclassify.core import paths
from deskclassify.core.architectures import get
from deskclassify.ml import device, fused, measured, ort, trunk, tuning, zoo
from deskclassify.ml.tuning import TrunkTuned, Tuned

LITE = get("efficientnet_lite0")
CPU = device.choose("cpu")
KEY = {"of": "test", "size": 64}
IMAGES = np.zeros((3, 8, 8, 3), np.uint8)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: nothing is known yet."""
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(tmp_path))
    return tmp_path


class Tiny(nn.Module):
    """A trunk with all that a step could change: weights, BatchNorm statistics, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 16, 3), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.second(self.first(images))
        return result


def tiny() -> zoo.Classifier:
    with torch.random.fork_rng([]):
        return zoo.Classifier(Tiny(), zoo.Head(16, 3))


def tune(**changes: Any) -> Tuned:
    usual = {"model": tiny(), "architecture": LITE, "size": 64, "batch": 4, "freeze_statistics": False, "device": CPU}
    return tuning.tune(**{**usual, **changes})


def files() -> list[Path]:
    return list((paths.cache_dir() / "measured").glob("*"))


# -- training -------------------------------------------------------------------------


def test_a_network_is_timed_and_nothing_of_it_changes() -> None:
    model = tiny()
    model.trunk.eval()
    model.head.train()
    weight = next(model.parameters())
    weight.grad = torch.ones_like(weight)
    model.head.requires_grad_(False)
    torch.manual_seed(7)
    before = {name: (value.clone(), value.stride()) for name, value in model.state_dict().items()}
    modes = {name: module.training for name, module in model.named_modules()}
    wanted = {name: value.requires_grad for name, value in model.named_parameters()}
    state = torch.get_rng_state()
    found = tune(model=model)
    assert found.images_per_second == max(found.figures.values()) > 0
    assert found.bytes_per_image > 3 * 64 * 64 * 2
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) and after[name].stride() == at for name, (value, at) in before.items())
    assert modes == {name: module.training for name, module in model.named_modules()}
    assert wanted == {name: value.requires_grad for name, value in model.named_parameters()}
    assert weight.grad is not None and bool((weight.grad == 1).all())
    assert torch.equal(state, torch.get_rng_state())


def test_what_was_measured_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = tune()
    monkeypatch.setattr(tuning, "_Probe", None)
    assert tune() == first
    with pytest.raises(TypeError):
        tune(size=96)  # another size is another measurement
    with pytest.raises(TypeError):
        tune(freeze_statistics=True)


def test_what_is_timed_is_a_step_as_it_will_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    own = fused.Convolution.apply
    monkeypatch.setattr(fused.Convolution, "apply", lambda *arguments: seen.append(1) or own(*arguments))
    tune()
    assert not seen
    tune(freeze_statistics=True)
    assert seen


def test_what_was_measured_beside_other_programs_is_forgotten_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        clocks = {"perf_counter": (0.0, 10.0, 10.0, 10.0), "thread_time": (0.0, 9.0, 3.0, 3.0)}
        cores = torch.get_num_threads()
        for name, times in {**clocks, "process_time": (0.0, 9.0, 9.0 * cores, 6.0 * cores)}.items():
            patch.setattr(time, name, functools.partial(next, iter(times)))
        watch = measured.Watch()
        # This thread at work; it waits for others that are; it waits, and they get too little.
        assert [watch.was_disturbed() for _ in range(3)] == [False, False, True]
    for disturbed in (True, False):
        measured.keep(KEY, TrunkTuned("torch"), disturbed)
        (file,) = files()
        assert measured.recall(KEY, TrunkTuned) == TrunkTuned("torch")
        os.utime(file, (0, time.time() - 3700))
        assert (measured.recall(KEY, TrunkTuned) is None) == disturbed


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"of": {}, "measured": {}}', b"precision"])
def test_a_damaged_file_is_measured_anew_and_mended(damage: bytes) -> None:
    tune()
    (file,) = files()
    if damage == b"precision":
        value = json.loads(file.read_text())
        value["measured"]["precision"] = "int3"
        damage = json.dumps(value).encode()
    file.write_bytes(damage)
    again = tune()
    assert again.figures
    assert json.loads(file.read_text())["measured"]["figures"] == again.figures


def test_a_full_disk_costs_only_the_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(measured.atomic, "write_json", full)
    assert tune().figures and not files()


def played(monkeypatch: pytest.MonkeyPatch, seconds: dict[tuple[str, bool], float | Exception]) -> list[Any]:
    """Steps take what is told, for each candidate, at any size; returns those made at full size."""
    made: list[Any] = []

    def step(self: Any, images: torch.Tensor, precision: str) -> float:
        candidate = (precision, images.is_contiguous(memory_format=torch.channels_last))
        if images.shape[2] != tuning._TRIAL_SIZE:
            made.append(candidate)
        taken = seconds[candidate]
        if isinstance(taken, Exception):
            raise taken
        return taken

    monkeypatch.setattr(tuning._Probe, "_step", step)
    return made


def test_the_fastest_is_chosen_and_the_hopeless_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: dict[tuple[str, bool], float | Exception] = {
        ("fp32", True): 0.2,
        ("fp32", False): 0.15,
        ("bf16", True): 0.1,
        ("bf16", False): 0.9,
    }
    made = played(monkeypatch, seconds)
    found = tune(size=96)
    assert (found.precision, found.channels_last, found.layout) == ("bf16", True, "channels last")
    assert found.figures == pytest.approx(
        {"bf16, channels last": 40, "fp32, contiguous": 4 / 0.15, "fp32, channels last": 20}
    )
    assert ("bf16", False) not in made
    assert found.sentence() == "bf16, channels last: 40 images/s (fp32: 27)"


def test_what_raises_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RuntimeError("no kernel")
    seconds: dict[tuple[str, bool], float | Exception] = {
        ("fp32", True): broken,
        ("fp32", False): 0.4,
        ("bf16", True): broken,
        ("bf16", False): broken,
    }
    played(monkeypatch, seconds)
    found = tune(size=96)
    assert (found.name, list(found.figures)) == ("fp32, contiguous", ["fp32, contiguous"])
    played(monkeypatch, dict.fromkeys(seconds, broken))
    assert tune(size=128) == Tuned() and len(files()) == 1


def test_a_stopped_measurement_is_not_kept() -> None:
    assert tune(should_stop=lambda: True) == Tuned()
    assert not files()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device on this machine")
def test_a_card_is_timed_in_all_formats_and_the_network_stays_where_it_was() -> None:
    model, state = tiny(), torch.cuda.get_rng_state()
    found = tune(model=model, size=96, batch=16, device=device.choose("cuda"))
    assert {name.partition(",")[0] for name in found.figures} >= {"fp32", "fp16"}
    assert all(value.device.type == "cpu" for value in model.state_dict().values())
    assert torch.equal(state, torch.cuda.get_rng_state())


# -- the frozen trunk -----------------------------------------------------------------


def opener(seconds: float, opened: list[float]) -> Callable[[], tuning.RunPictures]:
    def run(images: np.ndarray) -> np.ndarray:
        time.sleep(seconds)
        return np.full(len(images), seconds)

    def open_it() -> tuning.RunPictures:
        opened.append(seconds)
        return run

    return open_it


def broken_opener() -> tuning.RunPictures:
    raise RuntimeError("no such operator")


@pytest.mark.parametrize("slow", ["onnxruntime", "torch"])
def test_the_faster_runtime_is_opened_and_remembered(slow: str) -> None:
    opened: list[float] = []
    openers: Any = {name: opener(0.05 if name == slow else 0.001, opened) for name in ("onnxruntime", "torch")}
    assert tuning.tune_trunk(openers, KEY, IMAGES, 4)(IMAGES)[0] == 0.001
    kept = measured.recall(KEY, TrunkTuned)
    assert kept is not None and kept.runtime != slow and set(kept.figures) == {"onnxruntime", "torch"}
    opened.clear()
    assert tuning.tune_trunk(openers, KEY, IMAGES, 4)(IMAGES)[0] == 0.001
    assert opened == [0.001]


def test_torch_steps_in_for_a_runtime_that_fails_but_not_for_good() -> None:
    opened: list[float] = []
    openers: Any = {"onnxruntime": broken_opener, "torch": opener(0.001, opened)}
    assert len(tuning.tune_trunk(openers, KEY, IMAGES, 4)(IMAGES)) == 3
    assert measured.recall(KEY, TrunkTuned) is None
    measured.keep(KEY, TrunkTuned("onnxruntime", {"onnxruntime": 9.0, "torch": 1.0}), disturbed=False)
    assert len(tuning.tune_trunk(openers, KEY, IMAGES, 4)(IMAGES)) == 3
    with pytest.raises(RuntimeError, match="neither"):
        tuning.tune_trunk({"onnxruntime": broken_opener}, KEY, IMAGES, 4)


def test_both_runtimes_answer_alike_and_leave_the_trunk_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = zoo.build(LITE, 2)
    model.trunk.train()
    strides = [value.stride() for value in model.trunk.parameters()]
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    answers = {}
    for runtime in ("onnxruntime", "torch"):
        chosen = TrunkTuned(runtime, {"onnxruntime": 1.0, "torch": 1.0})  # type: ignore[arg-type]
        monkeypatch.setattr(measured, "recall", lambda *_, chosen=chosen: chosen)
        answers[runtime] = trunk.runner(model.trunk, LITE, "digest", 64, CPU)(pixels)
    assert answers["torch"].shape == (3, 1280) and answers["torch"].dtype == np.float32
    assert np.abs(answers["torch"] - answers["onnxruntime"]).max() < 1e-3
    assert strides == [value.stride() for value in model.trunk.parameters()]
    assert all(module.training for module in model.trunk.modules())


def test_a_damaged_graph_in_the_cache_is_made_anew() -> None:
    model = zoo.build(LITE, 2)
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    before = trunk.runner(model.trunk, LITE, "digest", 64, CPU)(pixels)
    (file,) = (paths.cache_dir() / "trunks").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    opened = trunk._ort_runner(model.trunk, LITE, "digest", 64)
    assert np.allclose(opened(pixels), before, atol=1e-3)
    ort.session(str(file))
