"""The layers of every network of the zoo, as a person reads them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.layer_requests import LayersRequest
from deskclassify.ml import zoo
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection.layers import describe, explain, kind_of, module_path, shown_name, units

OWN_RULE = explain(nn.PixelShuffle(2))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_layers_of_every_network(name: str) -> None:
    model = zoo.build(get(name), 3).train()
    layers = describe(model, 64)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert len(layers) > 20
    assert len({layer.name for layer in layers}) == len(layers)
    assert layers[-1].name == "head.linear"
    for layer in layers:
        path = module_path(model, layer.name)
        assert path is not None and shown_name(path) == layer.name
        assert layer.shape and layer.kind and layer.stage
        sentence = explain(model.get_submodule(path), layer)
        assert sentence.endswith(".") and sentence != OWN_RULE, layer
        # Permute, StochasticDepth and dropout change nothing outside training.
        assert not set(layer.kind.split()) & {"Permute", "StochasticDepth", "Dropout", "Identity"}
    fields = [layer.receptive_field for layer in layers]
    assert fields[0] == model_kernel(model)
    assert 0 <= max(fields) < 64
    assert layers[-1].receptive_field == layers[-2].receptive_field == 0


def model_kernel(model: nn.Module) -> int:
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    return int(first.kernel_size[0])


def test_shapes_are_those_of_a_real_pass_channels_first() -> None:
    model = zoo.build(get("convnext_tiny"), 3).eval()
    layers = describe(model, 64)
    chosen = [next(layer for layer in layers if layer.kind == kind) for kind in ("Linear", "GELU", "LayerNorm")]
    paths = [module_path(model, layer.name) or "" for layer in chosen]
    with capture(model, paths) as found:
        model(torch.zeros(1, 3, 64, 64))
    assert tuple(found[paths[0]].shape) == (1, 16, 16, 384)
    assert chosen[0].shape == chosen[1].shape == (384, 16, 16)
    assert tuple(found[paths[2]].shape[1:]) == chosen[2].shape == (96, 16, 16)


def test_the_same_kind_is_explained_by_its_place() -> None:
    model = zoo.build(get("mobilenet_v3_large"), 3)
    layers = {layer.name: layer for layer in describe(model, 64)}

    def sentence(name: str) -> str:
        return explain(model.get_submodule(module_path(model, name) or ""), layers[name])

    assert "how loud" in sentence("features.4.block.2.avgpool")
    assert "how loud" not in sentence("avgpool")
    assert "one is worked out for each channel" in sentence("features.4.block.2.fc2")
    assert "between 0 and 1" in sentence("features.4.block.2.scale_activation")
    assert sentence("head.linear") == "A weighted sum of all features gives one score for each class."
    convnext = zoo.build(get("convnext_tiny"), 3)
    linear = next(layer for layer in describe(convnext, 64) if layer.kind == "Linear")
    assert explain(convnext.get_submodule(f"trunk.{linear.name}"), linear).startswith("Each of the 384 channels is a")


def test_a_normalisation_is_named_with_the_activation_inside_it_or_without(drain: Any) -> None:
    (listed,) = drain(LayersRequest("efficientnet_lite0"))
    kinds = {layer.name: layer.kind for layer in listed.layers}
    assert kinds["bn1"] == "BatchNorm + ReLU6"
    assert kinds["blocks.1.0.bn3"] == "BatchNorm"  # the projection of an inverted residual is linear
    model = zoo.build(get("efficientnet_lite0"), 2)
    sentence = explain(dict(units(model))["trunk.bn1"])
    assert "common range" in sentence and "above six" in sentence


def test_convolutions_are_told_apart() -> None:
    assert kind_of(nn.Conv2d(4, 4, 3, groups=4)) == "Depthwise convolution"
    assert kind_of(nn.Conv2d(4, 8, 3, groups=2)) == kind_of(nn.Conv2d(1, 1, 3)) == "Convolution"
    assert "8 small patterns" in explain(nn.Conv2d(4, 8, 3))
    assert "mix of the 4 before" in explain(nn.Conv2d(4, 8, 1))
    assert "pattern of its own" in explain(nn.Conv2d(4, 4, 3, groups=4))
