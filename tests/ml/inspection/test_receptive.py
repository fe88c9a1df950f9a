"""Receptive fields, held against what gradients say: a value sees the pixels that move it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.ml import zoo
from deskclassify.ml.inspection.layers import units
from deskclassify.ml.inspection.receptive import Field, fields

SIZE = 40
Box = tuple[int, int, int, int]


class Residual(nn.Module):
    """A dilated branch beside a bare one, added in place, behind a stride."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)
        self.branch = nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.act = nn.ReLU(inplace=True)
        self.after = nn.Conv2d(4, 2, 3, padding="same")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        stem = self.act(self.stem(images))
        branch = self.branch(stem)
        branch += stem
        return self.after(self.act(branch))


class Uneven(nn.Module):
    """Padding on one side only, and windows that are not square."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, (5, 2), (3, 1), (1, 0))
        self.pool = nn.AvgPool2d((1, 3), ceil_mode=True)
        self.last = nn.Conv2d(4, 4, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(nn.functional.pad(self.pool(self.conv(images)), (3, 0, 1, 2)))


class ChannelsLast(nn.Module):
    """As in ConvNeXt: what works on channels works at each place by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 7, 2, 3)
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 8)
        self.last = nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inner = nn.functional.gelu(self.linear(self.norm(self.conv(images).permute(0, 2, 3, 1))))
        return self.last(inner.permute(0, 3, 1, 2).transpose(2, 3).transpose(2, 3))


def positive(model: nn.Module) -> nn.Module:
    """Weights above zero that add up to one: nothing cancels, nothing is cut off, nothing vanishes."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        values = torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.1
        parameter.data = values / values[0].sum() if parameter.ndim > 1 else values
    return model.double().eval()


def outputs(model: nn.Module, names: list[str], size: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A picture of values above zero, and what the named modules make of it, to be differentiated."""
    dtype = next(model.parameters()).dtype
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(2), dtype=dtype)
    picture.requires_grad_()
    found: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: object, output: torch.Tensor) -> None:
            if name not in found:
                found[name] = output.clone()  # of its own: what is done in place behind it must not reach it

        return hook

    handles = [model.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    model(picture)
    for handle in handles:
        handle.remove()
    return picture, found


def seen(picture: torch.Tensor, output: torch.Tensor, row: int, column: int, field: Field) -> Box | None:
    """Top, left, height and width of the pixels that move a value; None where it sees only padding."""
    value = output[0, row, column].sum() if field.channels_last else output[0, :, row, column].sum()
    (gradient,) = torch.autograd.grad(value, picture, retain_graph=True)
    moved = gradient[0].abs().sum(0) > 0
    rows, columns = torch.where(moved.any(1))[0].tolist(), torch.where(moved.any(0))[0].tolist()
    if not rows:
        return None
    return rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def places(field: Field) -> list[tuple[int, int]]:
    rows, columns = field.rows.count, field.columns.count
    return [(0, 0), (rows // 2, columns // 2), (rows - 1, columns // 3), (rows - 1, columns - 1)]


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU6(inplace=True), nn.Conv2d(4, 4, 5, 3, 2)),
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, padding=1), nn.AvgPool2d(3, 2, 1), nn.ZeroPad2d(2), nn.Conv2d(4, 2, 2)),
        nn.Sequential(nn.Conv2d(3, 4, 3, dilation=4), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(5)),
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=3, padding_mode="reflect"), nn.ReflectionPad2d(4), nn.Conv2d(4, 2, 3)),
        Residual(),
        Uneven(),
        ChannelsLast(),
    ],
    ids=["strides", "pooling", "dilation", "reflection", "residual", "uneven", "channels last"],
)
def test_a_field_is_exactly_what_moves_the_value(model: nn.Module) -> None:
    found = fields(positive(model), SIZE)
    picture, values = outputs(model, list(found), SIZE)
    assert found.keys() == {name for name, _ in model.named_modules() if name}
    for name, field in found.items():
        assert field.rows.count * field.columns.count > 1
        for place in places(field):
            window = field.window(*place)
            assert (window if window[2] * window[3] else None) == seen(picture, values[name], *place, field), name


def test_max_pooling_sees_one_of_the_pixels_of_its_window() -> None:
    model = nn.Sequential(nn.Conv2d(3, 1, 3, bias=False), nn.MaxPool2d(3, 2, 1))
    field = fields(model, 9)["1"]
    assert field.window(1, 1) == (1, 1, 5, 5)
    nn.init.ones_(model[0].weight)
    for row, column in ((1, 1), (5, 5)):
        picture = torch.zeros(1, 3, 9, 9)
        picture[:, :, row, column] = 1
        assert model(picture)[0, 0, 1, 1] == 3  # both corners of the window reach the value
    picture = torch.ones(1, 3, 9, 9)
    picture[:, :, 1:6, 1:6] = 0
    assert model(picture)[0, 0, 1, 1] == 0  # and nothing outside of it does


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_fields_of_every_network(name: str) -> None:
    size = 64
    model = positive(zoo.build(get(name), 3)).float()
    for module in model.modules():
        if type(module).__name__ == "SqueezeExcitation":  # its gate weighs whole channels and is left out
            module.register_forward_hook(lambda module, arguments, output: arguments[0])
    found = fields(model, size)
    shown = [path for path, _ in units(model) if path in found]
    maps = [path for path in shown if found[path].rows.count > 1]
    chosen = maps[:: max(1, len(maps) // 6)]
    picture, values = outputs(model, chosen, size)
    pooled = any(isinstance(module, nn.MaxPool2d) for module in model.modules())
    for path in chosen:
        field = found[path]
        for place in places(field)[1:2]:
            expected, box = field.window(*place), seen(picture, values[path], *place, field)
            inside = all(
                expected[at] <= box[at] and box[at] + box[at + 2] <= expected[at] + expected[at + 2] for at in (0, 1)
            )
            assert inside if pooled else box == expected, (path, place, box, expected)
    assert len(chosen) > 5
    assert found["head.linear"].is_whole
    assert found["head.linear"].window(0, 0) == (0, 0, size, size)
    assert not found[maps[0]].is_whole


def test_known_fields() -> None:
    """Figures that the literature gives for these networks."""
    assert fields(zoo.build(get("vgg16_bn"), 2), 320)["trunk.features.43"].size == 212
    assert fields(zoo.build(get("resnet18"), 2), 640)["trunk.layer4"].size == 435


def test_a_gate_of_one_place_weighs_channels_and_is_left_out() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
            self.out = nn.Identity()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found = self.conv(images)
            return self.out(found * self.gate(found))

    found = fields(Gated(), 12)
    assert found["gate"].is_whole
    assert found["gate"].shape == (4, 1, 1)
    assert found["out"].window(2, 3) == found["conv"].window(2, 3) == (2, 3, 3, 3)


def test_what_has_no_rule_is_taken_to_see_all() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.across = nn.Linear(10, 10)  # mixes columns
            self.up = nn.Upsample(scale_factor=2)
            self.last = nn.Conv2d(4, 4, 1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found = self.conv(images)
            return self.last(self.up(found)), self.across(found)

    found = fields(Flat(), 12)
    assert not found["conv"].is_whole
    assert found["across"].is_whole
    assert found["last"].is_whole


def test_a_module_that_is_passed_twice_counts_where_it_is_passed_first() -> None:
    found = fields(zoo.build(get("resnet50"), 2), 64)
    names = list(found)
    assert found["trunk.layer1.0.relu"].shape == (64, 16, 16)  # behind the last convolution it has 256 channels
    assert names.index("trunk.layer1.0.bn1") < names.index("trunk.layer1.0.relu") < names.index("trunk.layer1.0.conv2")


def test_nothing_remains_on_the_network() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    before = model[0].weight.clone()
    with pytest.raises(RuntimeError):
        fields(nn.Sequential(nn.Conv2d(7, 4, 3)), 16)
    fields(model, 16)
    assert model.training
    assert model[0].weight.device.type == "cpu"
    assert torch.equal(model[0].weight, before)
    assert not any(module._forward_hooks for module in model.modules())
