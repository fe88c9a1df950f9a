"""The sums of residual blocks as layers, in every network of the zoo."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.ml import zoo
from deskclassify.ml.inspection.layers import describe
from deskclassify.ml.inspection.sums import Sum, show_sums
from deskclassify.ml.inspection.twin import twin

# As in the papers: every block of a ResNet and of ConvNeXt, and the inverted residuals that keep size and channels.
SUMS = {
    "efficientnet_lite0": 9,
    "resnet18": 8,
    "resnet34": 16,
    "resnet50": 16,
    "vgg16_bn": 0,
    "mobilenet_v3_large": 10,
    "efficientnet_b0": 9,
    "convnext_tiny": 18,
}


def random_network(name: str) -> nn.Module:
    torch.manual_seed(3)
    return zoo.build(get(name), 3).eval()


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_the_network_computes_the_same_with_its_sums_in_sight(name: str) -> None:
    model = random_network(name)
    shown = copy.deepcopy(model)
    show_sums(shown)
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(shown(images), model(images))
        assert torch.equal(twin(shown)(images), model(images))
        assert torch.equal(copy.deepcopy(shown)(images), model(images))
    assert set(shown.state_dict()) == set(model.state_dict())
    assert not any(module.training for module in shown.modules())
    assert sum(isinstance(module, Sum) for module in shown.modules()) == SUMS[name]
    kinds = [layer.kind for layer in describe(shown, 64)]
    assert kinds.count("Sum with the shortcut") == SUMS[name]


def test_a_reused_relu_is_a_layer_in_each_of_its_places() -> None:
    model = random_network("resnet50")
    show_sums(model)
    block = [layer.name for layer in describe(model, 64) if layer.name.startswith("layer2.1.")]
    assert block == [
        f"layer2.1.{part}" for part in ("conv1", "bn1", "relu", "conv2", "bn2", "relu2", "conv3", "bn3", "add", "relu3")
    ]


def test_a_sum_is_what_it_says(trained: Path, sample: Path, drain: Any) -> None:
    (listed,) = drain(LayersRequest(str(trained)))
    at = next(at for at, layer in enumerate(listed.layers) if layer.kind == "Sum with the shortcut")
    name = listed.layers[at].name
    block = name.rpartition(".")[0]
    assert listed.layers[at - 1].name == f"{block}.bn3" and listed.layers[at].trained is None
    image = str(next(sample.rglob("*.jpg")))
    (shown,) = drain(LayerRequest(str(trained), name, image))
    assert "past the block" in shown.explanation
    before = [layer for layer in listed.layers[:at] if not layer.name.startswith(f"{block}.")][-1]
    low, high = {}, {}
    for one in (before.name, f"{block}.bn3", name):
        (part,) = drain(LayerRequest(str(trained), one, image))
        low[one], high[one] = part.low, part.high
    assert (high[name] <= high[before.name] + high[f"{block}.bn3"] + 1e-3).all()
    assert (low[name] >= low[before.name] + low[f"{block}.bn3"] - 1e-3).all()
    assert (high[name] != high[f"{block}.bn3"]).any()
