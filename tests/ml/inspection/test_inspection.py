"""Opening a network to look into, and the hooks by which others look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deskclassify.core.errors import InputError
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection.twin import twin


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


def test_hooks_and_modes_are_as_before_even_after_an_error() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4).eval(), nn.ReLU(inplace=True)).train()
    model[1].eval()
    with pytest.raises(RuntimeError), capture(model, ["0", "2"]) as found:
        model(torch.randn(1, 3, 8, 8))
        assert found["0"].min() < 0 <= found["2"].min()  # the ReLU in place has not touched what was kept
        model(torch.randn(1, 7, 8, 8))
    assert [module.training for module in model] == [True, False, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_twin_shares_weights_but_no_hooks() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    seen = []
    model[0].register_forward_hook(lambda *_: seen.append("hook"))
    shared = twin(model)
    assert shared[0].weight is model[0].weight and shared[1].running_mean is model[1].running_mean
    assert not shared.training and model.training
    shared[0].register_forward_hook(lambda *_: seen.append("own"))
    shared(torch.zeros(1, 3, 5, 5))
    model(torch.zeros(1, 3, 5, 5))
    assert seen == ["own", "hook"]
    assert twin(model, lambda value: value.to("meta"))(torch.zeros(1, 3, 5, 5, device="meta")).shape == (1, 4, 3, 3)


def test_wrong_names_get_a_sentence(trained: Path, drain: Any) -> None:
    with pytest.raises(InputError, match="has no layer"):
        drain(LayerRequest(str(trained), "nonsense"))
    with pytest.raises(InputError, match="neither a run folder nor a network"):
        drain(LayersRequest("nonsense"))
