"""What only a graphics card can show; `make gpu-check` runs these where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from deskclassify.core.events import EpochDone
from deskclassify.core.requests import MIXES, DoctorRequest, ExportRequest, FitRequest, Mix
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ml import schedule
from deskclassify.ml.augment import augment, draw
from deskclassify.ml.mixing import mix

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
