from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from deskclassify.core.architectures import get
from deskclassify.ml import depthwise
from deskclassify.ml.depthwise import FastDepthwise, autocast
from deskclassify.ml.zoo import build

CPU = torch.device("cpu")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the weights for which the faster gradients were taken."""
    seen: list[tuple[int, ...]] = []
    own = depthwise._Depthwise.apply

    def apply(images: torch.Tensor, weight: torch.Tensor, *rest: object) -> torch.Tensor:
        seen.append(tuple(weight.shape))
        result: torch.Tensor = own(images, weight, *rest)
        return result

    monkeypatch.setattr(depthwise._Depthwise, "apply", apply)
    return seen


def gradients(layer: nn.Module, images: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    images = images.clone().requires_grad_(True)
    layer.zero_grad()
    with autocast(CPU, dtype):
        result = layer(images)
    generator = torch.Generator().manual_seed(1)
    result.backward(torch.randn(result.shape, generator=generator).to(result.dtype))
    assert images.grad is not None
    return result.detach().float(), images.grad, *(value.grad.clone() for value in layer.parameters())  # type: ignore[union-attr]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (5, 1), (3, 2)])
def test_the_gradients_are_those_of_float32(
    kernel: int, stride: int, dilation: int, calls: list[tuple[int, ...]]
) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(24, 24, kernel, stride, kernel // 2, dilation, groups=24, bias=False)
    images = torch.randn(4, 24, 18, 14).contiguous(memory_format=torch.channels_last)
    exact = gradients(layer, images, torch.float32)
    assert not calls  # float32 has fast gradients anyway
    ours = gradients(layer, images, torch.bfloat16)
    assert calls == [(24, 1, kernel, kernel)]
    for one, other in zip(ours, exact, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype == torch.float32
        # bfloat16 has 8 bits: what goes in and what comes out is rounded to 1/256 of its size.
        assert float((one - other).abs().max()) < 0.02 * float(other.abs().max())


def test_what_needs_no_gradient_gets_none() -> None:
    layer = nn.Conv2d(8, 8, 5, 2, 2, groups=8, bias=False)
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
def test_other_convolutions_are_left_alone(layer: nn.Module, calls: list[tuple[int, ...]]) -> None:
    images = torch.randn(2, 8, 10, 10)
    with torch.autocast("cpu", torch.bfloat16):
        plain = layer(images)
    with autocast(CPU, torch.bfloat16):
        ours = layer(images)
    assert not calls
    assert torch.equal(plain, ours)


def test_without_autocast_nothing_is_changed(calls: list[tuple[int, ...]]) -> None:
    layer = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
    images = torch.randn(2, 8, 10, 10)
    with FastDepthwise():
        assert torch.equal(layer(images), functional.conv2d(images, layer.weight, None, 1, 1, 1, 8))
    assert not calls


def test_all_depthwise_layers_of_the_bundled_network_are_faster(calls: list[tuple[int, ...]]) -> None:
    model = build(get("efficientnet_lite0"), 3).train()
    deep = [part for part in model.modules() if isinstance(part, nn.Conv2d) and part.groups > 1]
    with autocast(CPU, torch.bfloat16):
        model(torch.randn(2, 3, 64, 64)).float().sum().backward()
    assert sorted(calls) == sorted(tuple(part.weight.shape) for part in deep)
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in model.parameters())
