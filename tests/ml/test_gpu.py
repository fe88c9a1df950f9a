"""What only a graphics card can show; `make gpu-check` runs these where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from deskclassify.core.events import EpochDone
from deskclassify.core.requests import DoctorRequest, ExportRequest, FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec

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
