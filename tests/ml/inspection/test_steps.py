"""The arithmetic by hand is the network's own, for every convolution and whatever follows it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from timm.layers import BatchNormAct2d, create_conv2d
from torch import nn
from torch.nn import functional
from torchvision.models.vgg import cfgs, make_layers

from deskclassify.core.architectures import get
from deskclassify.core.errors import InputError
from deskclassify.core.layer_events import Stepped
from deskclassify.core.layer_requests import StepRequest
from deskclassify.core.pictures import PictureError
from deskclassify.ml import zoo
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection import steps
from deskclassify.ml.inspection.flow import Flow, follow
from deskclassify.ml.inspection.formulas import is_activation, is_known
from deskclassify.ml.inspection.network import forget

ALLOWED = 1e-4
_SIDE = 64  # pixels


def flow_of(model: nn.Module, path: str, tensor: torch.Tensor) -> Flow:
    return follow(model, path, tensor, is_known, is_activation)


def step_at(flow: Flow, channel: int, row: int, column: int) -> Stepped:
    return steps.convolution_step(flow, StepRequest("", "", "", channel, row, column))


def checked(stepped: Stepped) -> Stepped:
    """What is shown is the value that the network gave, and follows from the numbers that are shown with it."""
    assert stepped.value == pytest.approx(stepped.network_value, abs=ALLOWED)
    assert stepped.output[stepped.row, stepped.column] == np.float32(stepped.network_value)
    by_hand = float((stepped.patch.astype(np.float64) * stepped.kernel).sum() + stepped.bias)
    assert by_hand == stepped.value
    for following in stepped.following:
        assert following.value == pytest.approx(following.network_value, abs=ALLOWED)
    return stepped


def random_statistics(model: nn.Module) -> nn.Module:
    """As after a training: with those of a fresh network a BatchNorm would do nothing, and nothing would be tested."""
    torch.manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 4)
            if isinstance(module, nn.BatchNorm2d) and module.affine:
                module.weight.uniform_(0.3, 0.9)
                module.bias.normal_(0, 0.3)
    return model.eval()


@cache
def flows_of(name: str, every: int = 1) -> tuple[Flow, ...]:
    """Every convolution of a network on one picture, or every second, third, …"""
    torch.manual_seed(0)
    model = make_layers(cfgs["D"]) if name == "vgg16" else zoo.build(get(name), 3)
    model = random_statistics(model)
    tensor = torch.randn(1, 3, _SIDE, _SIDE)
    paths = [path for path, module in model.named_modules() if isinstance(module, nn.Conv2d)][::every]
    found = tuple(flow_of(model, path, tensor) for path in paths)
    with capture(model, paths) as outputs:
        model(tensor)
    for path, flow in zip(paths, found, strict=True):
        assert torch.equal(flow.output, outputs[path][0])
    return found


NETWORKS = {
    "efficientnet_lite0": (49, {"BatchNorm → ReLU6": 33, "BatchNorm": 16}),
    "resnet18": (20, {"BatchNorm → ReLU": 9, "BatchNorm": 11}),
    "vgg16_bn": (13, {"BatchNorm → ReLU": 13}),
    "vgg16": (13, {"ReLU": 13}),
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_convolution_is_followed_by_the_layers_that_really_follow(name: str) -> None:
    count, wanted = NETWORKS[name]
    chains = [" → ".join(one.kind for one in step_at(flow, 0, 0, 0).following) for flow in flows_of(name)]
    assert len(chains) == count
    assert {chain: chains.count(chain) for chain in chains} == wanted


@pytest.mark.parametrize("name", list(NETWORKS))
@settings(max_examples=8, deadline=None)
@given(draw=st.data())
def test_every_convolution_of_a_network_at_any_place(name: str, draw: st.DataObject) -> None:
    for flow in flows_of(name):
        place = [draw.draw(st.integers(0, size - 1)) for size in flow.output.shape]
        checked(step_at(flow, *place))


@pytest.mark.parametrize(
    ("name", "every", "wanted"),
    [
        ("mobilenet_v3_large", 3, {"BatchNorm → Hardswish", "BatchNorm → ReLU", "BatchNorm", "ReLU", "Hardsigmoid"}),
        ("convnext_tiny", 4, {"LayerNorm", ""}),  # both kinds: over channels in place, and behind a change of axes
    ],
)
def test_other_normalisations_and_activations(name: str, every: int, wanted: set[str]) -> None:
    chains = set()
    for flow in flows_of(name, every):
        channels, height, width = flow.output.shape
        stepped = checked(step_at(flow, channels - 1, height // 2, width - 1))
        chains.add(" → ".join(one.kind for one in stepped.following))
    assert chains == wanted


convolutions = st.builds(
    dict,
    kernel_size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.sampled_from([1, 2, 4]),
    padding_mode=st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
    bias=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(how=convolutions, draw=st.data())
def test_every_kind_of_convolution(how: dict[str, Any], draw: st.DataObject) -> None:
    check_kind(nn.Conv2d(4, 8, **how), draw.draw)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@settings(max_examples=30, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 4)),
    dilation=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
    mode=st.sampled_from(["zeros", "reflect"]),
    draw=st.data(),
)
def test_padding_by_name(kernel: tuple[int, int], dilation: int, padding: str, mode: str, draw: st.DataObject) -> None:
    check_kind(nn.Conv2d(4, 4, kernel, 1, padding, dilation, padding_mode=mode), draw.draw)


@settings(max_examples=30, deadline=None)
@given(kernel=st.integers(1, 5), stride=st.integers(2, 3), dilation=st.integers(1, 2), draw=st.data())
def test_padding_as_in_tensorflow(kernel: int, stride: int, dilation: int, draw: st.DataObject) -> None:
    check_kind(create_conv2d(4, 4, kernel, stride=stride, dilation=dilation, padding="same"), draw.draw)


def check_kind(layer: nn.Conv2d, draw: Callable[[Any], Any]) -> None:
    """The value is right, and so is what is said of where the window lies."""
    torch.manual_seed(0)
    source = torch.rand(1, 4, 12, 11) + 1  # nowhere 0: what is 0 in a patch is padding
    flow = flow_of(nn.Sequential(layer), "0", source)
    stepped = checked(step_at(flow, *(draw(st.integers(0, size - 1)) for size in flow.output.shape)))
    size, first = len(stepped.patch), stepped.first_input
    assert first == stepped.channel // (layer.out_channels // layer.groups) * size
    for (row, column), inside in np.ndenumerate(stepped.inside):
        at = (stepped.corner[0] + row * stepped.dilation[0], stepped.corner[1] + column * stepped.dilation[1])
        assert bool(inside) == (0 <= at[0] < 12 and 0 <= at[1] < 11)
        if inside:
            np.testing.assert_array_equal(stepped.patch[:, row, column], source[0, first : first + size, at[0], at[1]])
        else:
            assert (stepped.patch[:, row, column] == 0).all() == (layer.padding_mode == "zeros")


class Branches(nn.Module):
    """All that may come between a convolution and what is defined behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU(inplace=True)  # used three times, defined before what it follows
        self.norm = nn.BatchNorm2d(4)
        self.one, self.two, self.three, self.four = (nn.Conv2d(3 if at == 0 else 4, 4, 3, padding=1) for at in range(4))
        self.other = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Layers in another order than they are defined, sums in place and not, and a function that is no module."""
        x = self.act(self.norm(self.one(x)))
        y = self.two(x)
        y += x
        y = self.act(y)
        z = self.other(functional.silu(self.three(y)))
        return self.act(self.four(z) + y)


def test_layers_that_follow_are_found_by_where_the_tensor_goes() -> None:
    model = random_statistics(Branches())
    tensor = torch.randn(1, 3, 9, 9)
    found = {name: flow_of(model, name, tensor) for name in ("one", "two", "three", "four")}
    assert [one.path for one in found["one"].behind] == ["norm", "act"]
    assert all(not found[name].behind for name in ("two", "three", "four"))
    assert found["one"].behind[0].output.min() < 0 <= found["one"].behind[1].output.min()  # not written over in place
    checked(step_at(found["one"], 1, 0, 8))


@pytest.mark.parametrize(
    "layer",
    [
        nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.2), nn.Sigmoid(), nn.Hardsigmoid(), nn.Tanh(), nn.SiLU(), nn.Hardswish(),
        nn.GELU(), nn.GELU("tanh"), nn.BatchNorm2d(6, track_running_stats=False), nn.BatchNorm2d(6, affine=False),
        BatchNormAct2d(6), BatchNormAct2d(6, apply_act=False), nn.Sequential(nn.Identity(), nn.Dropout(), nn.ReLU()),
    ],
    ids=repr,
)  # fmt: skip
def test_what_follows_is_computed_by_hand(layer: nn.Module) -> None:
    torch.manual_seed(3)
    convolution = nn.Conv2d(3, 6, 3)
    nn.init.normal_(convolution.weight, std=2)  # so that the curves are met at both ends and between
    model = random_statistics(nn.Sequential(convolution, layer))
    flow = flow_of(model, "0", torch.randn(1, 3, 8, 8))
    for channel in range(6):
        stepped = checked(step_at(flow, channel, channel % 6, 2))
        assert stepped.following
        assert model(torch.zeros(1, 3, 8, 8)).shape[1] == 6


def test_far_below_zero_nothing_overflows() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.SiLU())
    nn.init.constant_(model[0].weight, -1e4)
    (following,) = step_at(flow_of(model, "0", torch.ones(1, 1, 2, 2)), 0, 0, 0).following
    assert following.value == pytest.approx(0, abs=1e-9) == following.network_value


def test_terms_are_those_of_the_formula() -> None:
    flow = flows_of("resnet18")[0]
    norm, act = step_at(flow, 5, 3, 4).following
    module = flow.behind[0].module
    assert norm.formula == "(x − mean) ÷ √(variance + ε) × scale + shift"
    assert list(norm.terms) == ["mean", "variance", "ε", "scale", "shift"]
    assert norm.terms["variance"] == float(module.running_var[5])  # type: ignore[index, union-attr]
    assert (act.formula, act.terms) == ("max(0, x)", {})
    assert (norm.name, act.name) == ("bn1", "relu")


def test_tolerance_grows_only_where_products_cancel_out() -> None:
    model = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False))
    model[0].weight.data = torch.tensor([[[[1.0]], [[-1.0]]]])
    small = step_at(flow_of(model, "0", torch.ones(1, 2, 1, 1)), 0, 0, 0)
    large = step_at(flow_of(model, "0", torch.full((1, 2, 1, 1), 1e6)), 0, 0, 0)
    assert small.tolerance == ALLOWED
    assert large.tolerance == pytest.approx(2.0)


@pytest.mark.parametrize("broken", [False, True])
def test_hooks_and_modes_are_as_before_even_after_an_error(broken: bool) -> None:
    model = Branches().train()
    model.other.eval()
    before = [module.training for module in model.modules()]
    if broken:
        with pytest.raises(RuntimeError):
            flow_of(model, "two", torch.randn(1, 7, 9, 9))
    else:
        flow_of(model, "two", torch.randn(1, 3, 9, 9))
    assert [module.training for module in model.modules()] == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_the_network_runs_no_further_than_needed() -> None:
    ran = []
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Sigmoid())
    model[3].register_forward_hook(lambda *_: ran.append(1))
    flow_of(model, "0", torch.randn(1, 3, 9, 9))
    assert not ran


def test_a_convolution_that_no_picture_reaches() -> None:
    model = Branches()
    model.add_module("unused", nn.Conv2d(3, 3, 1))
    with pytest.raises(KeyError):
        flow_of(model, "unused", torch.randn(1, 3, 9, 9))


@pytest.fixture
def picture(sample: Path, tmp_path: Path) -> str:
    return str(shutil.copy(next(sample.rglob("*.jpg")), tmp_path / "picture.jpg"))


@pytest.mark.parametrize("layer", ["conv_stem", "blocks.1.0.conv_dw", "blocks.3.0.conv_dw", "conv_head"])
def test_a_step_of_a_trained_network(trained: Path, picture: str, layer: str, drain: Any) -> None:
    (first,) = drain(StepRequest(str(trained), layer, picture))
    height, width = first.output.shape
    for row, column in ((0, 0), (height // 2, width - 1)):
        (stepped,) = drain(StepRequest(str(trained), layer, picture, 2, row, column))
        checked(stepped)
        assert [one.kind for one in stepped.following] == ["BatchNorm", "ReLU6"]
        top, left, tall, wide = stepped.window
        assert 0 <= top < top + tall <= 224 and 0 <= left < left + wide <= 224
        assert stepped.picture.shape == (224, 224, 3)
    assert first.window[:2] == (0, 0)


def test_the_window_of_the_first_layer_is_its_patch(trained: Path, picture: str, drain: Any) -> None:
    (stepped,) = drain(StepRequest(str(trained), "conv_stem", picture, 0, 50, 60))
    top, left, height, width = stepped.window
    assert (top, left) == stepped.corner
    assert (height, width) == (3, 3)
    seen = stepped.picture[top : top + 3, left : left + 3].transpose(2, 0, 1)
    np.testing.assert_allclose(stepped.patch, (seen / 255 - 0.5) / 0.5, atol=1e-5)


def test_moving_the_window_does_not_run_the_network_again(
    trained: Path, picture: str, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget()
    ran = []

    def counted(*arguments: Any) -> Flow:
        ran.append(arguments[1])
        return follow(*arguments)

    monkeypatch.setattr(steps, "follow", counted)
    for column in range(4):
        drain(StepRequest(str(trained), "conv_stem", picture, 1, 5, column))
    assert len(ran) == 1
    with Image.open(picture) as old:
        old.rotate(90).save(picture, quality=60)
    drain(StepRequest(str(trained), "conv_stem", picture, 1, 5, 3))
    assert len(ran) == 2  # the file is another picture now


def test_the_pass_is_let_go_of_with_the_network(trained: Path, picture: str, drain: Any) -> None:
    drain(StepRequest(str(trained), "conv_stem", picture))
    assert len(steps._kept)
    forget()
    assert not len(steps._kept)


def test_nothing_is_computed_for_who_no_longer_wants_it(trained: Path, picture: str) -> None:
    assert not list(steps.step(StepRequest(str(trained), "conv_stem", picture), lambda: True))


def test_wrong_questions_get_a_sentence(trained: Path, picture: str, drain: Any) -> None:
    with pytest.raises(InputError, match="no convolution"):
        drain(StepRequest(str(trained), "head.linear", picture))
    for place in ((0, 1000, 0), (0, 0, 112), (32, 0, 0), (-1, 0, 0)):
        with pytest.raises(InputError, match="choose one of these"):
            drain(StepRequest(str(trained), "conv_stem", picture, *place))
    with pytest.raises(PictureError):
        drain(StepRequest(str(trained), "conv_stem", picture + ".gone"))
    with pytest.raises(InputError):
        drain(StepRequest(str(trained), "conv_stem", ""))
