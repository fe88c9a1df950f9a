"""The whole way with networks that are not bundled: from a weight file to an answer of the exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from deskclassify.core.architectures import get
from deskclassify.core.layer_requests import LayersRequest
from deskclassify.core.requests import ExportRequest, FitRequest, PredictRequest
from deskclassify.core.sources import DataSpec
from deskclassify.ml import zoo


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "convnext_tiny"])
def test_from_a_weight_file_to_an_answer(
    name: str, sample: Path, sample_spec: DataSpec, tmp_path: Path, drain: Any
) -> None:
    weights, run, model = tmp_path / "weights.pth", tmp_path / "run", tmp_path / "model.onnx"
    torch.save(zoo.build(get(name), 2).trunk.state_dict(), weights)
    settings: dict[str, Any] = {"preset": "balanced", "epochs": 1, "frozen_epochs": 2, "image_size": 64}
    trained = drain(FitRequest(sample_spec, str(run), name, weights=str(weights), **settings))[-1]
    assert trained.train_images + trained.valid_images == 60
    exported = drain(ExportRequest(str(run), str(model), fast=True))[-1]
    assert exported.top1_agreement == 1.0
    assert exported.max_abs_diff <= 1e-3
    answers = drain(PredictRequest(str(model), (str(sample),)))
    assert answers[-1].images == 60
    assert answers[-1].architecture == name
    assert drain(LayersRequest(str(run)))[-1].layers[-1].shape == (5,)
