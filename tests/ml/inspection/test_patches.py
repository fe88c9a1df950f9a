"""What excites one channel: planted patterns are found where they were planted, and gradients are guided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from deskclassify.core import cache
from deskclassify.core.architectures import DEFAULT, get
from deskclassify.core.errors import InputError
from deskclassify.core.layer_requests import PatchesRequest, SearchRequest
from deskclassify.core.paths import cache_dir
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import zoo
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection import network, patches
from deskclassify.ml.inspection.layers import describe
from deskclassify.ml.inspection.network import Opened
from deskclassify.ml.inspection.patches import Seeker, as_picture, guide
from deskclassify.ml.inspection.receptive import fields

SIZE = 32
PLANTED = {3: (5, 20), 11: (0, 0), 24: (27, 13)}  # number of a picture → top and left of the pattern in it


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Networks, searches and answers of other tests are not known."""
    network.forget()
    patches._answers.clear()
    folder = cache_dir() / "excitations"
    if folder.is_dir():
        cache.clear_folder(folder)
    yield
    network.forget()
    patches._answers.clear()


class Tiny(nn.Module):
    """Channel 0 of `find` answers to a pattern of 5 × 5 pixels, channel 1 to nothing in particular."""

    def __init__(self, pattern: np.ndarray) -> None:
        super().__init__()
        self.find = nn.Conv2d(3, 2, 5, padding=2)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        kernel = torch.from_numpy(pattern).permute(2, 0, 1).float() - 0.5
        with torch.no_grad():
            self.find.weight[0] = kernel
            self.find.bias[:] = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.flatten(self.pool(self.act(self.find(images))))


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Thirty pictures of noise, three of which hold the pattern; a network that looks for it is the pretrained one."""
    generator = np.random.default_rng(3)
    pattern = generator.integers(0, 2, (5, 5, 3))
    files = []
    for number in range(30):
        pixels = generator.integers(60, 196, (SIZE, SIZE, 3)).astype(np.uint8)
        if number in PLANTED:
            top, left = PLANTED[number]
            pixels[top : top + 5, left : left + 5] = pattern * 255 // (1 if number != 24 else 2) + (number == 24) * 60
        files.append(str(tmp_path / f"{number:02d}.png"))
        Image.fromarray(pixels).save(files[-1])
    model = Tiny(pattern).eval()
    how = Preprocess("squish", SIZE, SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    opened = Opened((DEFAULT, 0, -1), model, get(DEFAULT), how, (), describe(model, SIZE))
    monkeypatch.setitem(network._kept, opened.key, opened)
    return tuple(files)


@pytest.mark.parametrize("layer", ["find", "act"])
def test_a_planted_pattern_is_found_where_it_lies(planted: tuple[str, ...], layer: str, drain: Any) -> None:
    drain(SearchRequest(DEFAULT, planted))
    labels = tuple("planted" if number in PLANTED else "noise" for number in range(30))
    (shown,) = drain(PatchesRequest(DEFAULT, layer, 0, planted, labels))
    assert shown.is_searched
    assert len(shown.patches) == 9
    first = shown.patches[:3]
    assert [patch.path for patch in first] in (
        [planted[3], planted[11], planted[24]],
        [planted[11], planted[3], planted[24]],
    )
    for patch in first:
        top, left = PLANTED[int(Path(patch.path).stem)]
        assert patch.box == (top, left, 5, 5)
        assert patch.place == (top + 2, left + 2)
        assert patch.label == "planted"
        whole = np.asarray(Image.open(patch.path))
        np.testing.assert_array_equal(patch.picture, whole)
        np.testing.assert_array_equal(patch.pixels, whole[top : top + 5, left : left + 5])
        # Of a single convolution the gradients are its kernel: bright where the pattern is white, dark where black.
        np.testing.assert_array_equal(patch.gradients > 127, patch.pixels > 127)
    assert all(patch.label == "noise" for patch in shown.patches[3:])
    values = [patch.value for patch in shown.patches]
    assert values == sorted(values, reverse=True)
    assert values[2] > 1.5 * values[3] > 0


def test_before_a_search_nothing_is_known_and_labels_are_those_of_the_question(
    planted: tuple[str, ...], drain: Any
) -> None:
    (shown,) = drain(PatchesRequest(DEFAULT, "find", 0, planted))
    assert (shown.is_searched, shown.patches) == (False, ())
    drain(SearchRequest(DEFAULT, planted))
    for label in ("one", "other"):
        (shown,) = drain(PatchesRequest(DEFAULT, "find", 0, planted, (label,) * 30))
        assert {patch.label for patch in shown.patches} == {label}
    (shown,) = drain(PatchesRequest(DEFAULT, "find", 0, planted))
    assert {patch.label for patch in shown.patches} == {""}


def test_single_values_see_the_whole_picture(planted: tuple[str, ...], drain: Any) -> None:
    drain(SearchRequest(DEFAULT, planted))
    (shown,) = drain(PatchesRequest(DEFAULT, "pool", 1, planted))
    assert {patch.box for patch in shown.patches} == {(0, 0, SIZE, SIZE)}
    assert {patch.place for patch in shown.patches} == {(0, 0)}
    assert shown.patches[0].gradients.shape == (SIZE, SIZE, 3)


def test_the_second_time_is_remembered(planted: tuple[str, ...], drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drain(SearchRequest(DEFAULT, planted))
    (shown,) = drain(PatchesRequest(DEFAULT, "find", 0, planted))
    with monkeypatch.context() as patched:
        patched.setattr(Seeker, "strongest", None)
        (again,) = drain(PatchesRequest(DEFAULT, "find", 0, planted))
    assert [patch.value for patch in again.patches] == [patch.value for patch in shown.patches]
    for channel in range(2):
        for layer in ("find", "act", "pool"):
            drain(PatchesRequest(DEFAULT, layer, channel, planted))
    assert len(patches._answers) <= patches._MOST_KEPT


def test_stopped_gives_no_answer_and_keeps_none(planted: tuple[str, ...], drain: Any) -> None:
    drain(SearchRequest(DEFAULT, planted))
    assert list(patches.show_patches(PatchesRequest(DEFAULT, "find", 0, planted), lambda: True)) == []
    assert not patches._answers


def test_a_wrong_channel_is_a_sentence(planted: tuple[str, ...], drain: Any) -> None:
    for channel in (-1, 2):
        with pytest.raises(InputError, match="has 2 channels; choose one from 0 to 1"):
            drain(PatchesRequest(DEFAULT, "find", channel, planted))


def test_patches_of_a_real_network_are_those_of_looking_at_every_picture(trained: Path, drain: Any) -> None:
    items = RunFolder(trained).split()[:12]
    files = tuple(item.path for item in items)
    drain(SearchRequest(str(trained), files))
    layer, channel = "blocks.2.1.bn2", 17
    (shown,) = drain(PatchesRequest(str(trained), layer, channel, files, tuple(item.label for item in items)))
    (opened,) = network.open_network(str(trained), None, lambda: False)
    _, path, _ = opened.find(layer)
    expected = {}
    for file in files:
        with capture(opened.model, [path]) as found:
            opened.model(opened.input_of(file)[1])
        expected[file] = found[path][0, channel]
    assert len(shown.patches) == 9
    for patch in shown.patches:
        values = expected[patch.path]
        assert patch.value == pytest.approx(float(values.max()), abs=1e-4)
        assert float(values[patch.place]) == pytest.approx(float(values.max()), abs=1e-4)
        top, left, height, width = patch.box
        assert patch.pixels.shape == patch.gradients.shape == (height, width, 3)
        np.testing.assert_array_equal(patch.pixels, patch.picture[top : top + height, left : left + width])
        # What lies outside of the box does not matter.
        assert height <= 67 and width <= 67
    best = sorted((float(values.max()) for values in expected.values()), reverse=True)[:9]
    np.testing.assert_allclose([patch.value for patch in shown.patches], best, atol=1e-3)
    labels = {item.path: item.label for item in items}
    assert [patch.label for patch in shown.patches] == [labels[patch.path] for patch in shown.patches]


class Branches(nn.Module):
    """Two ways from the picture to a value, one of which a ReLU behind them weighs below zero."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 2, 1, bias=False)
        self.act = act
        self.second = nn.Conv2d(2, 1, 1, bias=False)
        nn.init.zeros_(self.first.weight)
        with torch.no_grad():
            self.first.weight[0, 0] = self.first.weight[1, 1] = 1.0
            self.second.weight[0, :, 0, 0] = torch.tensor([2.0, -3.0])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.second(self.act(self.first(images)))


@pytest.mark.parametrize(
    "act", [nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(inplace=True), nn.Hardswish(inplace=True), nn.SiLU(), nn.GELU()]
)
def test_gradients_are_guided(act: nn.Module) -> None:
    model = Branches(act)
    picture = torch.full((1, 3, 2, 2), 4.0)
    plain = picture.clone().requires_grad_()
    model(plain)[0, 0, 0, 0].backward()
    assert float(plain.grad[0, 1, 0, 0]) < 0
    guide(model)
    given = picture.clone().requires_grad_()
    model(given)[0, 0, 0, 0].backward()
    steps = 4.0 + torch.linspace(-1e-3, 1e-3, 2)
    slope = float(act(steps.clone()).diff()) / 2e-3
    assert given.grad is not None
    assert float(given.grad[0, 0, 0, 0]) == pytest.approx(2 * slope, rel=1e-2)
    assert float(given.grad[0, 1, 0, 0]) == 0  # its activation would lower the value: it lets nothing back
    assert not given.grad[0, :, 1].any()


def test_a_value_at_the_cut_still_tells_what_moves_it() -> None:
    """The gradient of a ReLU6 that gives 6 is zero; asked for is what drives it there."""
    model = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU6(inplace=True))
    nn.init.ones_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    picture = torch.full((1, 3, 4, 4), 5.0)
    picture[0, :, 2, 1] = 7.0
    found = Seeker(model, "1", 4).strongest(picture, 0)
    assert (found.value, found.rank, found.place) == (6.0, 21.0, (2, 1))
    assert (found.gradients[:, 2, 1] == 1).all()
    assert found.gradients.sum() == 3


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v3_large", "efficientnet_b0", "convnext_tiny"])
def test_every_kind_of_layer_of_other_networks(name: str) -> None:
    torch.manual_seed(0)
    model = zoo.build(get(name), 3).eval()
    found = fields(model, 64)
    kinds: dict[str, str] = {}
    for layer in describe(model, 64):
        kinds.setdefault(layer.kind, f"trunk.{layer.name}" if not layer.name.startswith("head") else layer.name)
    picture = torch.randn(1, 3, 64, 64)
    for path in kinds.values():
        strongest = Seeker(model, path, 64).strongest(picture, 1)
        assert np.isfinite(strongest.value) and np.isfinite(strongest.gradients).all()
        top, left, height, width = found[path].window(*strongest.place)
        outside = strongest.gradients.copy()
        outside[:, top : top + height, left : left + width] = 0
        gated = name in ("mobilenet_v3_large", "efficientnet_b0")  # the gates hang on the whole picture
        assert gated or not outside.any(), path
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_gradients_become_colours_around_grey() -> None:
    values = np.zeros((4, 5, 3), dtype=np.float32)
    assert (as_picture(values) == 128).all()
    values[1, 2], values[3, 4] = 0.5, -0.5
    picture = as_picture(values)
    assert (picture[1, 2] == 255).all() and (picture[3, 4] == 0).all()
    assert (picture == 128).sum() == 54
    assert as_picture(np.empty((0, 3, 3))).shape == (0, 3, 3)
