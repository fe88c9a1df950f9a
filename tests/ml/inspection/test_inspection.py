from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from deskclassify.ml.layers import describe
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.errors import InputError
from deskclassify.core.requests import LayerRequest, LayersRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import zoo
from deskclassify.ml.capture import capture


@pytest.fixture
def picture(sample: Path) -> str:
    return str(next(sample.rglob("*.jpg")))


def test_layers_of_a_run_end_in_its_classes(trained: Path, drain: Any) -> None:
    (listed,) = drain(LayersRequest(str(trained)))
    names = [layer.name for layer in listed.layers]
    assert names[0] == "conv_stem"
    assert names[-1] == "head.linear"
    assert listed.layers[0].shape == (32, 112, 112)
    assert listed.layers[-1].shape == (5,)
    assert listed.parameters == sum(layer.parameters for layer in listed.layers)
    assert len(listed.classes) == 5


def test_a_pretrained_network_has_no_head_yet(drain: Any) -> None:
    (listed,) = drain(LayersRequest("efficientnet_lite0"))
    assert not any(layer.name.startswith("head") for layer in listed.layers)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_layers_of_every_network_have_shapes(name: str) -> None:
    model = zoo.build(get(name), 3).train()
    layers = describe(model, 64)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert len(layers) > 20
    assert all(layer.shape and layer.kind and layer.stage for layer in layers)
    assert len({layer.name for layer in layers}) == len(layers)


def test_hooks_and_modes_are_as_before_even_after_an_error() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4).eval(), nn.ReLU(inplace=True)).train()
    model[1].eval()
    with pytest.raises(RuntimeError), capture(model, ["0", "2"]) as found:
        model(torch.randn(1, 3, 8, 8))
        assert found["0"].min() < 0 <= found["2"].min()  # the ReLU in place has not touched what was kept
        model(torch.randn(1, 7, 8, 8))
    assert [module.training for module in model] == [True, False, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_wrong_names_get_a_sentence(trained: Path, picture: str, drain: Any) -> None:
    with pytest.raises(InputError, match="has no layer"):
        drain(LayerRequest(str(trained), "nonsense", picture))
    with pytest.raises(InputError, match="neither a run folder nor a network"):
        drain(LayersRequest("nonsense"))


def test_a_normalisation_is_named_with_the_activation_inside_it_or_without(drain: Any) -> None:
    (listed,) = drain(LayersRequest("efficientnet_lite0"))
    kinds = {layer.name: layer.kind for layer in listed.layers}
    assert kinds["bn1"] == "BatchNorm + ReLU6"
    assert kinds["blocks.1.0.bn3"] == "BatchNorm"  # the projection of an inverted residual is linear
    (shown,) = drain(LayerRequest("efficientnet_lite0", "bn1"))
    assert "common range" in shown.explanation
    assert "above six" in shown.explanation
