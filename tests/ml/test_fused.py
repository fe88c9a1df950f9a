from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import nn
from torch.nn import functional

from deskclassify.core.architectures import get
from deskclassify.ml import fused, fused_functions, unfrozen
from deskclassify.ml.device import choose
from deskclassify.ml.fused import FasterStep, autocast, norms_of
from deskclassify.ml.inputs import PictureInputs
from deskclassify.ml.phases import Precision
from deskclassify.ml.targets import Targets
from deskclassify.ml.unfrozen import UnfrozenPhase
from deskclassify.ml.zoo import build

CPU = torch.device("cpu")


def counted(monkeypatch: pytest.MonkeyPatch, function: Any) -> list[tuple[Any, ...]]:
    """The arguments of each call of an autograd function, from now on."""
    seen: list[tuple[Any, ...]] = []
    own = function.apply

    def apply(*arguments: Any) -> Any:
        seen.append(arguments)
        return own(*arguments)

    monkeypatch.setattr(function, "apply", apply)
    return seen


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The arguments of the convolutions that were computed in another way than torch's."""
    return counted(monkeypatch, fused_functions.Convolution)


def kernels(calls: list[tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """The shapes of the weights."""
    return [tuple(weight.shape) for _, weight, *_ in calls]


def gradients(
    model: nn.Module, images: torch.Tensor, dtype: torch.dtype, norms: fused.Norms | None = None
) -> list[torch.Tensor]:
    """The result, and the gradients by the pictures and by each parameter."""
    images = images.clone().requires_grad_(True)
    model.zero_grad()
    with autocast(CPU, dtype, norms):
        result = model(images)
    generator = torch.Generator().manual_seed(1)
    result.backward(torch.randn(result.shape, generator=generator).to(result.dtype))
    assert images.grad is not None
    return [result.detach(), images.grad, *(value.grad.clone() for value in model.parameters())]  # type: ignore[union-attr]


def with_statistics(model: nn.Module, size: int) -> nn.Module:
    """The network with BatchNorms that change something, in eval mode."""
    generator = torch.Generator().manual_seed(0)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None and part.running_var is not None
            nn.init.uniform_(part.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(part.bias, generator=generator)
            part.momentum = 1.0
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, 0, 0.1, generator=generator)
    model.train()
    with torch.no_grad():
        model(2 * torch.randn(4, 3, size, size, generator=generator) + 1)
    return model.eval()


# -- gradients of depthwise convolutions ---------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("kernel", "dilation", "padding"), [(3, 1, 1), (5, 1, 2), (3, 2, 1), (5, 2, 4), (5, 1, 0)])
def test_the_gradients_are_those_of_float32(
    kernel: int, stride: int, dilation: int, padding: int, calls: list[tuple[Any, ...]]
) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(24, 24, kernel, stride, padding, dilation, groups=24, bias=False)
    images = torch.randn(4, 24, 18, 13).contiguous(memory_format=torch.channels_last)
    exact = gradients(layer, images, torch.float32)
    assert not calls  # without a BatchNorm nothing is gained in float32
    ours = gradients(layer, images, torch.bfloat16)
    assert kernels(calls) == [(24, 1, kernel, kernel)]
    for one, other in zip(ours, exact, strict=True):
        assert one.shape == other.shape
        # bfloat16 has 8 bits: what goes in and what comes out is rounded to 1/256 of its size.
        assert float((one.float() - other).abs().max()) < 0.02 * float(other.abs().max())
    assert all(value.dtype == torch.float32 for value in ours[1:])


def test_what_needs_no_gradient_gets_none() -> None:
    for kernel in (3, 5):
        layer = nn.Conv2d(8, 8, kernel, 2, 2, groups=8, bias=False)
        layer.weight.requires_grad_(False)
        images = torch.randn(2, 8, 9, 9, requires_grad=True)
        with autocast(CPU, torch.bfloat16):
            layer(images).sum().backward()
        assert images.grad is not None
        assert layer.weight.grad is None


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, padding=1, groups=8),  # with a bias
        nn.Conv2d(8, 16, 3, padding=1, groups=8, bias=False),  # two results for each channel
        nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False),
        nn.Conv2d(8, 8, 3, padding=1, bias=False),
        nn.Conv2d(8, 8, (3, 5), padding=(1, 2), groups=8, bias=False),
        nn.Conv2d(8, 8, 3, (1, 2), padding=1, groups=8, bias=False),
        nn.Conv2d(8, 8, 3, padding="same", groups=8, bias=False),
    ],
)
def test_other_convolutions_are_left_alone(layer: nn.Module, calls: list[tuple[Any, ...]]) -> None:
    images = torch.randn(2, 8, 10, 10)
    with torch.autocast("cpu", torch.bfloat16):
        plain = layer(images)
    with autocast(CPU, torch.bfloat16):
        ours = layer(images)
    assert not calls
    assert torch.equal(plain, ours)


def test_without_autocast_and_norms_nothing_is_changed(calls: list[tuple[Any, ...]]) -> None:
    layer = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
    images = torch.randn(2, 8, 10, 10)
    with FasterStep({}):
        assert torch.equal(layer(images), functional.conv2d(images, layer.weight, None, 1, 1, 1, 8))
    assert not calls


def test_all_depthwise_layers_of_the_bundled_network_are_faster(calls: list[tuple[Any, ...]]) -> None:
    model = build(get("efficientnet_lite0"), 3).train()
    deep = [part for part in model.modules() if isinstance(part, nn.Conv2d) and part.groups > 1]
    with autocast(CPU, torch.bfloat16, norms_of(model)):  # these use the statistics of the batch: they stay apart
        model(torch.randn(2, 3, 64, 64)).float().sum().backward()
    assert sorted(kernels(calls)) == sorted(tuple(part.weight.shape) for part in deep)
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in model.parameters())


@pytest.mark.parametrize(
    "activation", [nn.ReLU(inplace=True), nn.ReLU6(inplace=True), nn.Hardtanh(-1, 2, inplace=True)]
)
def test_activations_are_not_computed_in_place_and_give_the_same(activation: nn.Module) -> None:
    images = (4 * torch.randn(2, 3, 5, 5)).requires_grad_(True)
    before = images * 1.0
    kept: list[torch.Tensor] = []
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda one: one)
    with hooks, autocast(CPU, torch.float32):
        result = activation(before)
    assert torch.equal(before, images)
    assert [one.data_ptr() for one in kept] == [result.data_ptr()]  # what the next layer keeps anyway
    result.square().sum().backward()
    ours, images.grad = images.grad, None
    plain = activation(images * 1.0)
    assert torch.equal(plain, result)
    plain.square().sum().backward()
    assert ours is not None and images.grad is not None
    assert torch.equal(ours, images.grad)


# -- BatchNorm folded into the convolution -------------------------------------------------


@pytest.mark.parametrize("one_pass", [True, False])
@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet34", "vgg16_bn", "mobilenet_v3_large", "convnext_tiny"])
def test_folded_it_is_the_same_function_with_the_same_gradients(
    name: str, one_pass: bool, calls: list[tuple[Any, ...]]
) -> None:
    """In 64 bits, which oneDNN does not compute, to eight digits; in 32 bits as near as the rounding allows."""
    dtype = torch.float32 if one_pass else torch.float64
    if one_pass and dtype not in fused_functions.one_pass():
        pytest.skip("torch is built without oneDNN")
    model = with_statistics(build(get(name), 3), 64).to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(3, 3, 64, 64, dtype=dtype).contiguous(memory_format=torch.channels_last)
    before = copy.deepcopy(model.state_dict())
    norms = norms_of(model)
    assert len(norms) == sum(isinstance(part, nn.BatchNorm2d) for part in model.modules())
    plain = gradients(model, images, torch.float32)
    assert not calls
    ours = gradients(model, images, torch.float32, norms)
    assert len(calls) == len(norms)
    for one, other in zip(ours, plain, strict=True):
        assert float((one - other).norm()) <= (2e-2 if one_pass else 1e-8) * float(other.norm())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_folded_in_half_the_bits_it_is_no_less_exact() -> None:
    model = with_statistics(build(get("efficientnet_lite0"), 3), 64).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(3, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    exact = gradients(model, images, torch.float32)

    def errors(norms: fused.Norms | None) -> float:
        found = gradients(model, images, torch.bfloat16, norms)
        relative = [float((one - two).norm() / two.norm()) for one, two in zip(found, exact, strict=True)]
        return sum(relative) / len(relative)

    assert errors(norms_of(model)) < 1.1 * errors(None)


def test_a_norm_that_is_no_scale_of_a_convolution_is_not_folded(calls: list[tuple[Any, ...]]) -> None:
    apart = [
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, bias=False)),
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, affine=False)),
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, track_running_stats=False)),
    ]
    for model in apart:
        norms = norms_of(model.eval())
        assert not norms
        images = torch.randn(2, 3, 8, 8)
        plain = model(images)
        with autocast(CPU, torch.float32, norms):
            assert torch.equal(plain, model(images))
    assert not calls


def test_frozen_stages_give_no_gradients_and_the_norm_of_another_layer_is_computed() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 5, groups=4, bias=False), nn.BatchNorm2d(4)
    ).eval()
    model[:2].requires_grad_(False)
    images = torch.randn(2, 3, 12, 12)
    with autocast(CPU, torch.float32, norms_of(model)):
        folded = model(images)
        again = functional.batch_norm(images, torch.zeros(3), torch.ones(3))
    folded.sum().backward()
    torch.testing.assert_close(folded, model(images))
    assert not torch.equal(again, images)
    assert [value.grad is not None for value in model.parameters()] == [False] * 3 + [True] * 3


def test_a_training_that_keeps_the_statistics_is_folded_and_goes_as_without(
    monkeypatch: pytest.MonkeyPatch, calls: list[tuple[Any, ...]]
) -> None:
    def train(kept: bool) -> list[float]:
        calls.clear()
        torch.manual_seed(0)
        architecture = get("resnet18")
        model = build(architecture, 2)
        model.head.dropout.p = 0.0
        pictures = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3), dtype=np.uint8)
        inputs = PictureInputs(lambda picked: pictures[picked], architecture.mean, architecture.std, CPU, 0.0)
        phase = UnfrozenPhase(
            model, inputs, Targets(torch.arange(12) % 2, 2), lambda: np.zeros((1, 2), np.float32), choose("cpu"),
            Precision("fp32"), 1, 6, [1e-4, 1e-4, 1e-3], kept, 0,
        )  # fmt: skip
        phase.begin_epoch(0)
        steps = [phase.step(torch.arange(6), torch.Generator().manual_seed(0), None) for _ in range(4)]
        phase.close()
        return steps

    train(kept=False)
    assert not calls
    steps = train(kept=True)
    assert len(calls) == 4 * 20
    monkeypatch.setattr(unfrozen, "norms_of", lambda model: {})
    apart = train(kept=True)
    assert not calls
    assert steps == pytest.approx(apart, rel=1e-3)
    assert len(set(steps)) == 4


# -- BatchNorm with the statistics of the batch --------------------------------------------


def test_normalised_and_clamped_in_one_pass_it_is_the_same_function(monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.float32 not in fused_functions.one_pass():
        pytest.skip("torch is built without oneDNN")
    norm = BatchNormAct2d(24, act_layer=nn.ReLU6)
    nn.init.uniform_(norm.weight, 0.5, 2)
    nn.init.normal_(norm.bias, 1)
    before = nn.Conv2d(24, 24, 1, bias=False)  # BatchNorm is the one of a convolution
    other = copy.deepcopy(norm)
    images = (3 * torch.randn(4, 24, 9, 7) + 1).contiguous(memory_format=torch.channels_last)
    plain = gradients(other, images, torch.float32)
    seen = counted(monkeypatch, fused_functions.Normalisation)
    ours = gradients(norm, images, torch.float32, norms_of(nn.Sequential(before, norm)))
    assert len(seen) == 1
    for one, two in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)
    for name, value in other.state_dict().items():  # the running statistics
        torch.testing.assert_close(norm.state_dict()[name], value)
    half = gradients(norm, images, torch.bfloat16, norms_of(nn.Sequential(before, norm)))
    for one, two in zip(half, plain, strict=True):
        assert float((one.float() - two).norm()) < 0.02 * float(two.norm())


def test_all_activations_of_the_bundled_network_are_part_of_another_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.float32 not in fused_functions.one_pass():
        pytest.skip("torch is built without oneDNN")
    model = build(get("efficientnet_lite0"), 3)
    with_statistics(model, 64).train()
    model.head.dropout.p = 0.0
    other = copy.deepcopy(model)
    seen = counted(monkeypatch, fused_functions.Normalisation)
    monkeypatch.setattr(fused, "Clamp", None)
    images = torch.randn(8, 3, 64, 64)
    with autocast(CPU, torch.float32, norms_of(model)):
        ours = model(images)
    assert len(seen) == 33  # the other 16 follow projections and have none
    torch.testing.assert_close(ours, other(images), rtol=1e-3, atol=1e-3)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-3, atol=1e-3)


# -- padding -------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("pad", [(0, 1, 0, 1), (2, 0, 1, 3), (0, 0, 0, 0)])
def test_padded_pictures_and_their_gradients_are_torchs(layout: torch.memory_format, pad: tuple[int, ...]) -> None:
    images = torch.randn(2, 3, 6, 5).contiguous(memory_format=layout).requires_grad_(True)
    plain = functional.pad(images, pad)
    weights = torch.randn(plain.shape)
    (expected,) = torch.autograd.grad((plain * weights).sum(), images)
    with FasterStep({}):
        ours = functional.pad(images, pad)
    assert ours.grad_fn is not None
    assert "Pad" in type(ours.grad_fn).__name__ and type(ours.grad_fn) is not type(plain.grad_fn)
    assert torch.equal(ours, plain)
    assert ours.is_contiguous(memory_format=layout)
    assert torch.equal(torch.autograd.grad((ours * weights).sum(), images)[0], expected)


@pytest.mark.parametrize(
    ("pad", "more"),
    [((1, 1), {}), ((1, -1, 0, 0), {}), ((1, 1, 1, 1), {"mode": "reflect"}), ((1, 1, 1, 1), {"value": 2.0})],
)
def test_other_paddings_are_left_alone(pad: tuple[int, ...], more: dict[str, Any]) -> None:
    images = torch.randn(2, 3, 6, 5, requires_grad=True)
    plain = functional.pad(images, pad, **more)
    with FasterStep({}):
        ours = functional.pad(images, pad, **more)
    assert torch.equal(ours, plain)
    assert type(ours.grad_fn) is type(plain.grad_fn)
