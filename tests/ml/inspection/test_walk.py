"""Stepping through every layer of every network leaves nothing behind."""

from __future__ import annotations

import ctypes
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.codec import to_json
from deskclassify.core.control import never
from deskclassify.core.layer_requests import (
    ChannelRequest,
    KernelRequest,
    KernelsRequest,
    LayerRequest,
    LayersRequest,
    StepRequest,
)
from deskclassify.core.requests import FitRequest
from deskclassify.core.sources import DataSpec
from deskclassify.ml import zoo
from deskclassify.ml.inspection import network

SIZE = 64  # pixels
CLASSES = ("fish", "leaf", "mushroom")
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_MOST_GROWTH = 24e6  # bytes that the process may keep for its own purposes


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    network.forget()


def random_run(name: str, folder: Path) -> Path:
    """A run folder with random weights, as if nothing had been learned."""
    torch.manual_seed(1)
    folder.mkdir()
    model = zoo.build(get(name), len(CLASSES))
    nn.init.normal_(model.head.linear.weight)
    save_file(model.state_dict(), folder / "best.safetensors")
    info = {"classes": CLASSES, "architecture": name, "preprocess": to_json(get(name).preprocess("squish", SIZE))}
    (folder / "run.json").write_text(json.dumps(info))
    return folder


def trained_run(name: str, folder: Path, spec: DataSpec, drain: Any) -> Path:
    """A run of two short epochs, from a weight file of random weights: nothing is downloaded."""
    weights = folder.with_suffix(".pth")
    torch.manual_seed(2)
    torch.save(zoo.build(get(name), 2).trunk.state_dict(), weights)
    drain(
        FitRequest(
            spec, str(folder), name, "balanced", epochs=1, frozen_epochs=1, image_size=SIZE, weights=str(weights)
        )
    )
    return folder


def state_of(model: nn.Module) -> dict[str, Any]:
    return {
        "modes": {name: module.training for name, module in model.named_modules()},
        "hooks": {name: [len(getattr(module, kind)) for kind in HOOKS] for name, module in model.named_modules()},
        "gradients": {name: (value.requires_grad, value.grad) for name, value in model.named_parameters()},
        "weights": {name: float(value.double().sum()) for name, value in model.state_dict().items()},
    }


def walk(run: Path, image: str, drain: Any, every: int) -> int:
    """All views of all layers, or of every so many."""
    (listed,) = drain(LayersRequest(str(run)))
    for layer in listed.layers[::every]:
        (shown,) = drain(LayerRequest(str(run), layer.name, image, separate=True))
        assert shown.layer == layer and shown.explanation
        (kernels,) = drain(KernelsRequest(str(run), layer.name))
        if len(layer.shape) == 3 and layer.shape[1:] != (1, 1):
            assert len(shown.activations) == layer.shape[0] == len(shown.separation)
            (channel,) = drain(ChannelRequest(str(run), layer.name, image, layer.shape[0] - 1))
            assert channel.values.shape == layer.shape[1:]
            assert np.isfinite(channel.values).all()
        else:
            assert shown.values.size == np.prod(layer.shape)
        if len(kernels.tiles):
            drain(KernelRequest(str(run), layer.name, len(kernels.tiles) - 1))
        if "onvolution" in layer.kind and len(layer.shape) == 3:
            drain(StepRequest(str(run), layer.name, image, 0, layer.shape[1] - 1, layer.shape[2] - 1))
    return len(listed.layers)


def tensor_bytes() -> int:
    gc.collect()
    seen = {
        thing.untyped_storage().data_ptr(): thing.untyped_storage().nbytes()
        for thing in gc.get_objects()
        if issubclass(type(thing), torch.Tensor) and thing.device.type == "cpu"
    }
    return sum(seen.values())


def resident_bytes() -> int:
    gc.collect()
    if Path("/proc/self").exists():
        ctypes.CDLL(None).malloc_trim(0)
    size: int = psutil.Process().memory_info().rss
    return size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [("random", "efficientnet_lite0"), ("random", "resnet18"), *(("trained", name) for name in ARCHITECTURES)],
)
def test_a_walk_through_all_layers_leaves_nothing_behind(
    kind: str, name: str, sample: Path, sample_spec: DataSpec, tmp_path: Path, drain: Any
) -> None:
    folder = tmp_path / "run"
    run = random_run(name, folder) if kind == "random" else trained_run(name, folder, sample_spec, drain)
    image = str(next(sample.rglob("*.jpg")))
    # The first time brings what is kept on purpose: the pretrained weights, and libraries' own scratch memory.
    walked_and_as_before(run, image, drain, 1)
    tensors, resident = tensor_bytes(), resident_bytes()
    walked_and_as_before(run, image, drain, 2)
    assert tensor_bytes() == tensors
    assert resident_bytes() - resident <= _MOST_GROWTH


def walked_and_as_before(run: Path, image: str, drain: Any, every: int) -> None:
    (opened,) = (step for step in network.open_network(str(run), None, never) if isinstance(step, network.Opened))
    before = state_of(opened.model)
    assert not any(sum(counts) for counts in before["hooks"].values())
    assert walk(run, image, drain, every) > 20
    assert state_of(opened.model) == before
    del opened
    network.forget()
