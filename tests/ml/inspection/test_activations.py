from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.ops import Permute

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.layer_requests import ChannelRequest, LayerRequest, LayersRequest
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import zoo
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection import network, passes
from deskclassify.ml.inspection.activations import tiles
from deskclassify.ml.inspection.layers import describe
from deskclassify.ml.inspection.network import Opened

_SIZE = 64  # pixels


@pytest.fixture(autouse=True)
def forgotten() -> Any:
    yield
    network.forget()
    assert not passes._kept


@pytest.fixture
def picture(sample: Path) -> str:
    return str(next(sample.rglob("*.jpg")))


@pytest.fixture
def noise(tmp_path: Path) -> str:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (_SIZE, _SIZE, 3), dtype=np.uint8)).save(path)
    return str(path)


def opened_of(model: nn.Module, classes: tuple[str, ...] = ("a", "b", "c"), size: int = _SIZE) -> Opened:
    how = Preprocess("squish", size, size)
    return Opened(("made by hand", 0, -1), model, get("resnet18"), how, classes, describe(model, size))


class Linear(nn.Module):
    """Where everything is linear, contributions add up to the difference of the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.mix = nn.Conv2d(8, 6, 1, bias=False)
        self.pool = nn.AvgPool2d(31)
        self.flat = nn.Flatten()
        self.linear = nn.Linear(6, 3, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.linear(self.flat(self.pool(self.mix(self.conv(images)))))


class InPlace(nn.Module):
    """All that works in place: an activation that is used twice, a sum, and a layer that leads nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.act = nn.ReLU(inplace=True)
        self.again = nn.Conv2d(6, 6, 3, padding=1)
        self.aside = nn.Conv2d(6, 2, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flat = nn.Flatten()
        self.linear = nn.Linear(6, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first = self.act(self.norm(self.conv(images)))
        second = self.again(first)
        self.aside(second)
        second += first
        return self.linear(self.flat(self.pool(self.act(second))))


class Turned(nn.Module):
    """Channels come last in its middle, as in ConvNeXt."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 4, stride=4)
        self.block = nn.Sequential(
            Permute([0, 2, 3, 1]), nn.LayerNorm(4), nn.Linear(4, 10), nn.GELU(), nn.Linear(10, 5), Permute([0, 3, 1, 2])
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(5, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.linear(self.pool(self.block(self.conv(images))).flatten(1))


# -- what is shown ------------------------------------------------------------------------


def test_all_channels_of_a_layer_by_number(trained: Path, picture: str, drain: Any) -> None:
    (shown,) = drain(LayerRequest(str(trained), "blocks.1.0.conv_dw", picture))
    assert shown.activations.shape == (96, 56, 56)
    assert shown.activations.dtype == np.uint8
    assert shown.picture.shape == (224, 224, 3)
    flat = shown.activations.reshape(96, -1)
    assert (flat.min(1) == 0).all() and ((flat.max(1) == 255) == (shown.high > shown.low)).all()
    assert shown.low.dtype == shown.high.dtype == shown.strength.dtype == np.float32
    assert not shown.separation.size
    (channel,) = drain(ChannelRequest(str(trained), "blocks.1.0.conv_dw", picture, 7))
    assert channel.values.shape == (56, 56)
    assert shown.strength[7] == pytest.approx(np.maximum(channel.values, 0).mean(), rel=1e-5)
    # The scale gives the values back, to half a level.
    back = shown.low[7] + shown.activations[7] / 255 * (shown.high[7] - shown.low[7])
    assert np.abs(back - channel.values).max() <= (shown.high[7] - shown.low[7]) / 255 * 0.51


def test_a_channel_has_the_networks_own_values(trained: Path, picture: str, drain: Any) -> None:
    (channel,) = drain(ChannelRequest(str(trained), "bn1", picture, 3))
    (opened,) = network.open_network(str(trained), None, lambda: False)
    with capture(opened.model, ["trunk.bn1"]) as found:
        opened.model(opened.input_of(picture)[1])
    np.testing.assert_array_equal(channel.values, found["trunk.bn1"][0, 3].numpy())


def test_large_maps_are_averaged_for_the_grid(noise: str) -> None:
    values = np.arange(2 * 150 * 130, dtype=np.float32).reshape(2, 150, 130)
    pixels, low, high = tiles(values)
    assert pixels.shape == (2, 75, 65)
    assert low[0] == values[0, :2, :2].mean() and high[1] == values[1, -2:, -2:].mean()


def test_flat_and_broken_channels_have_tiles() -> None:
    values = np.zeros((3, 4, 4), dtype=np.float32)
    values[0] = 7
    values[1, 0, 0], values[1, 0, 1], values[2, 1, 1] = np.inf, -np.inf, np.nan
    pixels, low, high = tiles(values)
    assert low[0] == high[0] == 7 and not pixels[0].any()
    assert np.isfinite(low).all() and np.isfinite(high).all()
    assert (pixels[1, 0, 0], pixels[1, 0, 1]) == (255, 0)


def test_the_last_layer_shows_a_score_for_each_class_and_the_answer_its_probabilities(
    trained: Path, picture: str, drain: Any
) -> None:
    (shown,) = drain(LayerRequest(str(trained), "head.linear", picture))
    classes = RunFolder(trained).info().classes
    assert shown.value_names == classes
    assert shown.values.shape == (5,) and shown.activations.size == 0
    odds = np.exp(shown.values - shown.values.max())
    wanted = dict(zip(classes, odds / odds.sum(), strict=True))
    assert dict(shown.answer) == pytest.approx(wanted, abs=1e-5)
    assert [probability for _, probability in shown.answer] == pytest.approx(sorted(wanted.values())[::-1], abs=1e-5)


def test_the_answer_is_that_of_the_run(trained: Path, drain: Any) -> None:
    for verdict in RunFolder(trained).predictions()[:4]:
        (shown,) = drain(LayerRequest(str(trained), "conv_stem", verdict.path))
        assert shown.answer[0][0] == verdict.predicted
        assert shown.answer[0][1] == pytest.approx(verdict.probability, abs=0.02)


def test_without_a_picture_there_is_only_the_layer(drain: Any) -> None:
    (shown,) = drain(LayerRequest("efficientnet_lite0", "bn1", separate=True))
    assert not shown.activations.size and not shown.picture.size and not shown.separation.size
    assert shown.answer == () and shown.explanation


def test_a_pretrained_network_gives_no_answer_and_separates_nothing(picture: str, drain: Any) -> None:
    (shown,) = drain(LayerRequest("efficientnet_lite0", "bn1", picture, separate=True))
    assert shown.activations.shape == (32, 112, 112)
    assert shown.answer == () and not shown.separation.size


def test_errors_are_sentences(trained: Path, picture: str, drain: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no layer"):
        drain(LayerRequest(str(trained), "nonsense", picture))
    for channel in (-1, 32):
        with pytest.raises(InputError, match="Choose one of the tiles"):
            drain(ChannelRequest(str(trained), "conv_stem", picture, channel))
    with pytest.raises(InputError, match="Choose one of the tiles"):
        drain(ChannelRequest(str(trained), "head.linear", picture, 0))
    with pytest.raises(UserError):
        drain(LayerRequest(str(trained), "conv_stem", str(tmp_path / "gone.jpg")))
    assert [key[1] for key in passes._kept] == [picture]


# -- the kept pass ------------------------------------------------------------------------


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pictures that were sent through a network, in order."""
    sent: list[str] = []
    real = passes._run
    monkeypatch.setattr(passes, "_run", lambda opened, image, group: sent.append(image) or real(opened, image, group))
    return sent


def test_all_layers_of_a_picture_take_one_pass(trained: Path, picture: str, drain: Any, runs: list[str]) -> None:
    (listed,) = drain(LayersRequest(str(trained)))
    for layer in listed.layers:
        (shown,) = drain(LayerRequest(str(trained), layer.name, picture))
        assert (shown.activations.size > 0) == (len(layer.shape) == 3)
    drain(ChannelRequest(str(trained), "conv_head", picture, 5))
    assert runs == [picture]


def test_the_last_two_pictures_are_kept_and_a_changed_file_is_another(
    noise: str, tmp_path: Path, runs: list[str]
) -> None:
    opened = opened_of(InPlace().eval())
    second, third = str(tmp_path / "2.png"), str(tmp_path / "3.png")
    for path in (second, third):
        Image.new("RGB", (_SIZE, _SIZE), "gold").save(path)
    for image in (noise, second, noise, third, noise, second):
        passes.pass_of(opened, image, "conv")
    assert runs == [noise, second, third, second]
    assert len(passes._kept) == passes.MOST_PASSES
    before = passes.pass_of(opened, second, "conv").outputs["conv"]
    Image.new("RGB", (_SIZE, _SIZE), "navy").save(second, compress_level=0)
    assert not np.array_equal(passes.pass_of(opened, second, "conv").outputs["conv"], before)


def test_bytes_are_stated_and_bounded(noise: str, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_of(InPlace().eval())
    found = passes.pass_of(opened, noise, "conv")
    assert found.bytes == sum(output.nbytes for output in found.outputs.values())
    assert found.bytes == 4 * sum(math.prod(layer.shape) for layer in opened.layers)
    monkeypatch.setattr(passes, "MOST_BYTES", 2 * 6 * _SIZE * _SIZE * 4)  # two maps
    passes.forget()
    runs.clear()
    every = {}
    for layer in opened.layers:
        part = passes.pass_of(opened, noise, layer.name)
        assert part.bytes <= passes.MOST_BYTES and len(part.outputs) >= 1
        every[layer.name] = part.outputs[layer.name]
    assert len(runs) == 3
    for name, output in found.outputs.items():
        np.testing.assert_array_equal(every[name], output)


def test_a_layer_larger_than_the_bound_is_still_shown(noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "MOST_BYTES", 10)
    opened = opened_of(InPlace().eval())
    assert list(passes.pass_of(opened, noise, "norm").outputs) == ["norm"]


def test_what_works_in_place_does_not_touch_what_is_kept(noise: str) -> None:
    torch.manual_seed(1)
    model = InPlace().train()
    opened = opened_of(model)
    model.norm.eval()
    found = passes.pass_of(opened, noise, "conv")
    np.testing.assert_array_equal(found.outputs["act"], np.maximum(found.outputs["norm"], 0))
    assert found.outputs["norm"].min() < 0 and found.outputs["again"].min() < 0
    passes.separate(opened, noise, "conv")
    assert model.training and not model.norm.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_no_hook_stays_after_an_error(noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = InPlace().eval()
    opened = opened_of(model)
    monkeypatch.setattr(model, "forward", lambda images: model.conv(model.conv(images)))
    for ask in (passes.pass_of, passes.separate):
        with pytest.raises(RuntimeError):
            ask(opened, noise, "conv")
    assert not any(module._forward_hooks for module in model.modules())
    assert not passes._kept


def test_channels_that_come_last_are_put_first(noise: str) -> None:
    torch.manual_seed(0)
    model = Turned().eval()
    opened = opened_of(model)
    found = passes.pass_of(opened, noise, "conv")
    shapes = {name: output.shape for name, output in found.outputs.items() if name not in ("block.0", "block.5")}
    assert shapes == {
        "conv": (4, 16, 16),
        "block.1": (4, 16, 16),
        "block.2": (10, 16, 16),
        "block.3": (10, 16, 16),
        "block.4": (5, 16, 16),
        "pool": (5, 1, 1),
        "linear": (3,),
    }
    inner = model.block[1](torch.from_numpy(found.outputs["conv"]).permute(1, 2, 0)).permute(2, 0, 1)
    np.testing.assert_allclose(found.outputs["block.1"], inner.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(found.outputs["pool"][:, 0, 0], found.outputs["block.4"].mean((1, 2)), atol=1e-6)
    passes.separate(opened, noise, "conv")
    assert {name: len(one) for name, one in found.separations.items()} == {
        name: len(output) for name, output in found.outputs.items()
    }
    np.testing.assert_allclose(found.separations["block.4"], found.separations["pool"], rtol=1e-4)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_network_gives_all_its_layers_and_is_left_as_it_was(name: str, noise: str) -> None:
    torch.manual_seed(0)
    model = zoo.build(get(name), 3)
    nn.init.normal_(model.head.linear.weight)
    nn.init.normal_(model.head.linear.bias)
    opened = opened_of(model.train())
    found = passes.pass_of(opened, noise, opened.layers[0].name)
    assert list(found.outputs) == [layer.name for layer in opened.layers]
    assert all(found.outputs[layer.name].size == math.prod(layer.shape) for layer in opened.layers)
    separation = passes.separate(opened, noise, "head.linear")
    assert set(found.separations) == set(found.outputs)
    scores = dict(zip(opened.classes, found.outputs["head.linear"], strict=True))
    first, second = (one for one, _ in found.answer[:2])
    assert separation.sum() == pytest.approx(scores[first] - scores[second], rel=1e-4, abs=1e-5)
    bias = dict(zip(opened.classes, model.head.linear.bias.tolist(), strict=True))
    features = found.separations["head.norm"].sum() + bias[first] - bias[second]
    assert features == pytest.approx(scores[first] - scores[second], rel=1e-3, abs=1e-4)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


def test_memory_is_let_go_of(noise: str) -> None:
    opened = opened_of(InPlace().eval())
    passes.separate(opened, noise, "conv")
    buffer = weakref.ref(passes.pass_of(opened, noise, "conv").outputs["conv"].base)
    gc.collect()
    assert buffer() is not None
    passes.forget()
    gc.collect()
    assert buffer() is None


# -- what separates two classes -----------------------------------------------------------


def test_where_all_is_linear_the_separations_add_up_to_the_difference_of_the_scores(noise: str) -> None:
    torch.manual_seed(0)
    model = Linear().eval()
    opened = opened_of(model)
    found = passes.pass_of(opened, noise, "conv")
    passes.separate(opened, noise, "conv")
    scores = dict(zip(opened.classes, found.outputs["linear"], strict=True))
    first, second = (name for name, _ in found.answer[:2])
    difference = scores[first] - scores[second]
    assert difference > 0
    for name, separation in found.separations.items():
        assert len(separation) == len(found.outputs[name])
        assert separation.sum() == pytest.approx(difference, rel=1e-4), name
    weight = model.linear.weight.detach().numpy()
    features = found.outputs["pool"].ravel()
    at = [opened.classes.index(name) for name in (first, second)]
    np.testing.assert_allclose(found.separations["pool"], features * (weight[at[0]] - weight[at[1]]), rtol=1e-4)


def test_what_leads_nowhere_separates_nothing_and_frozen_weights_do_not_matter(noise: str) -> None:
    torch.manual_seed(0)
    opened = opened_of(InPlace().eval())
    free = passes.separate(opened, noise, "act")
    assert not passes.separate(opened, noise, "aside").any()
    passes.forget()
    opened.model.requires_grad_(False)
    np.testing.assert_allclose(passes.separate(opened, noise, "act"), free, rtol=1e-5)
    assert free.any()


def test_separation_of_a_run_is_shown_when_asked_for(trained: Path, picture: str, drain: Any) -> None:
    (shown,) = drain(LayerRequest(str(trained), "conv_head", picture, separate=True))
    assert shown.separation.shape == (1280,) and shown.separation.dtype == np.float32
    assert np.isfinite(shown.separation).all() and shown.separation.any()
    (scores,) = drain(LayerRequest(str(trained), "head.linear", picture, separate=True))
    by_name = dict(zip(scores.value_names, scores.separation, strict=True))
    (first, _), (second, _) = scores.answer[:2]
    assert [name for name, value in by_name.items() if value] == [
        one for one in scores.value_names if one in (first, second)
    ]
