"""What only a graphics card can show; `make gpu-check` runs these where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from deskclassify.core.architectures import get
from deskclassify.core.events import EpochDone, Message, PredictDone, Prediction
from deskclassify.core.requests import MIXES, DoctorRequest, ExportRequest, FitRequest, Mix, PredictRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ml import memory, schedule, tuning
from deskclassify.ml.augment import augment, draw
from deskclassify.ml.device import choose
from deskclassify.ml.fused import autocast
from deskclassify.ml.inputs import PictureInputs
from deskclassify.ml.mixing import mix
from deskclassify.ml.zoo import build

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device on this machine"),
]


def test_a_whole_training_on_the_card(sample_spec: DataSpec, tmp_path: Path, drain: Any) -> None:
    request = FitRequest(sample_spec, str(tmp_path / "run"), preset="balanced", epochs=2, device="cuda")
    events = drain(request)
    rows = [event for event in events if isinstance(event, EpochDone)]
    assert rows[-1].phase == "unfrozen"
    assert events[-1].accuracy >= max(row.accuracy or 0 for row in rows if row.phase == "frozen")
    info = RunFolder(tmp_path / "run").info().raw
    assert info["device"]["name"].startswith("cuda")
    assert info["precision"] in ("bf16", "fp16")


def test_what_was_trained_on_the_card_is_exported_with_proof(sample_spec: DataSpec, tmp_path: Path, drain: Any) -> None:
    drain(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick", device="cuda"))
    done = drain(ExportRequest(str(tmp_path / "run"), str(tmp_path / "m.onnx")))[-1]
    assert done.top1_agreement == 1.0
    assert done.max_abs_diff <= 1e-3


def test_an_exported_model_runs_on_the_card_and_answers_as_on_the_processor(
    sample_spec: DataSpec, tmp_path: Path, drain: Any
) -> None:
    drain(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick", device="cuda"))
    drain(ExportRequest(str(tmp_path / "run"), str(tmp_path / "m.onnx")))
    paths = (sample_spec.sources[0].path,)
    told = {device: drain(PredictRequest(str(tmp_path / "m.onnx"), paths, device=device)) for device in ("cpu", "cuda")}
    done = told["cuda"][-1]
    assert isinstance(done, PredictDone)
    assert done.provider == "CUDAExecutionProvider", done.provider_note
    rows = [[event for event in events if isinstance(event, Prediction)] for events in told.values()]
    assert len(rows[0]) > 10 and [row.label for row in rows[0]] == [row.label for row in rows[1]]
    for one, other in zip(*rows, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-3)


def test_the_card_is_chosen_and_named(drain: Any) -> None:
    (found,) = drain(DoctorRequest())
    assert found.device == torch.cuda.get_device_name(0)


@pytest.mark.parametrize("strength", [0.0, 0.7, 2.0])
def test_augmentation_is_the_same_on_the_card(strength: float) -> None:
    # Smooth pictures: a sampling place that differs in its last digit makes no visible difference.
    waves = torch.linspace(0, 6, 96).sin().mul(100).add(128).expand(16, 3, 96, 96).contiguous()
    draws = draw(16, schedule.generator("card"))
    here, there = augment(waves, draws, strength), augment(waves.cuda(), draws, strength)
    assert there.is_cuda
    assert float((here - there.cpu()).abs().quantile(0.999)) < 0.05


@pytest.mark.parametrize("kind", MIXES)
def test_mixing_is_the_same_on_the_card(kind: Mix) -> None:
    images, targets = torch.rand(12, 3, 32, 32), torch.eye(12)
    here = mix(images, targets, kind, schedule.generator("card"))
    there = mix(images.cuda(), targets.cuda(), kind, schedule.generator("card"))
    for one, other in zip(here, there, strict=True):
        assert other.is_cuda
        assert torch.allclose(one, other.cpu(), atol=1e-6)


def test_pictures_travel_from_pinned_memory_in_the_networks_layout() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (6, 48, 48, 3), dtype=np.uint8)
    seen: list[torch.Tensor] = []

    class Inputs(PictureInputs):
        def _read(self, picked: torch.Tensor) -> torch.Tensor:
            seen.append(super()._read(picked))
            return seen[-1]

    inputs = Inputs(lambda picked: pictures[picked], (0.5,) * 3, (0.5,) * 3, torch.device("cuda"), 0.0)
    picked = torch.tensor([4, 1, 5])
    inputs.expect(picked)
    batch = inputs(picked, draw(3, schedule.generator("card")), 0, None)
    inputs.close()
    assert len(seen) == 1  # what was read ahead was used
    assert seen[0].is_pinned()
    assert batch.is_cuda
    assert batch.is_contiguous(memory_format=torch.channels_last)
    expected = torch.from_numpy(pictures[picked.numpy()]).permute(0, 3, 1, 2) / 127.5 - 1
    assert torch.allclose(batch.cpu(), expected, atol=1e-5)


def test_formats_and_layouts_are_timed_on_the_card() -> None:
    model = build(get("resnet18"), 3)
    found = tuning.tune(model, get("resnet18"), 64, 8, False, choose("cuda"))
    assert found.precision in ("fp32", "bf16", "fp16")
    assert found.name in found.figures
    assert {name.partition(",")[0] for name in found.figures} & {"bf16", "fp16"}
    assert all(rate > 0 for rate in found.figures.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_used_on_the_card(dtype: torch.dtype) -> None:
    layer = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False).cuda().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(4, 8, 16, 16, device="cuda").contiguous(memory_format=torch.channels_last)
    with autocast(torch.device("cuda"), dtype):
        result = layer(images)
    assert result.dtype == dtype
    result.float().sum().backward()
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()


def test_a_card_that_is_too_small_costs_time_and_not_the_schedule(
    sample_spec: DataSpec, tmp_path: Path, drain: Any
) -> None:
    def run(name: str) -> tuple[list[EpochDone], list[str]]:
        request = FitRequest(
            sample_spec,
            str(tmp_path / name),
            preset="balanced",
            epochs=2,
            frozen_epochs=1,
            batch_size=32,
            device="cuda",
        )
        events = drain(request)
        rows = [event for event in events if isinstance(event, EpochDone) and event.phase == "unfrozen"]
        return rows, [event.text for event in events if isinstance(event, Message)]

    run("first")  # features and timings are kept from here on, so that the steps are what needs most
    memory.release()
    torch.cuda.reset_peak_memory_stats()
    plenty, said = run("plenty")
    assert not any("Memory ran out" in text for text in said)
    needed, total = torch.cuda.max_memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    memory.release()
    torch.cuda.set_per_process_memory_fraction(0.7 * needed / total)
    try:
        scarce, said = run("scarce")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("Memory ran out" in text for text in said)
    assert [row.lr for row in scarce] == [row.lr for row in plenty]
    assert len(scarce) == len(plenty) == 2
