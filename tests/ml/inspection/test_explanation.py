from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.control import never
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import METHODS, ExplainRequest
from deskclassify.core.pictures import open_rgb
from deskclassify.core.preprocess import apply
from deskclassify.core.wire import decode_event, encode
from deskclassify.ml import zoo
from deskclassify.ml.inspection import explanation
from deskclassify.ml.inspection.layers import describe
from deskclassify.ml.inspection.network import Opened, open_network

SIZE = 32
SPOT = (slice(20, 28), slice(4, 12))  # where the planted object lies


class Spotter(nn.Module):
    """Says “bright” by the share of bright places, “dark” where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.shrink = nn.MaxPool2d(4)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flat = nn.Flatten()
        self.linear = nn.Linear(1, 2)
        with torch.no_grad():
            self.conv.weight.fill_(1 / 27)
            self.conv.bias.fill_(-0.2)
            self.linear.weight.copy_(torch.tensor([[60.0], [-60.0]]))
            self.linear.bias.copy_(torch.tensor([-1.0, 1.0]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.linear(self.flat(self.pool(self.shrink(self.act(self.conv(images))))))


def opened_of(model: nn.Module, size: int = SIZE, name: str = "efficientnet_lite0", classes: int = 2) -> Opened:
    architecture = get(name)
    names = ("bright", "dark", "neither")[:classes]
    layers = describe(model, size)
    return Opened(("test", 0, -1), model.eval(), architecture, architecture.preprocess("squish", size), names, layers)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a network explained in place of the one that a request names."""

    def use(opened: Opened) -> None:
        monkeypatch.setattr(explanation, "look", lambda model, epoch, show, should_stop: show(opened))

    return use


@pytest.fixture
def planted(tmp_path: Path) -> str:
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    pixels[SPOT] = 255
    path = tmp_path / "planted.png"
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.fixture
def photo(sample: Path) -> str:
    return str(sorted(sample.rglob("*.jpg"))[0])


def explained(request: ExplainRequest, should_stop: Any = never) -> Explained:
    *before, last = explanation.explain(request, should_stop)
    assert all(isinstance(event, Progress) for event in before)
    return last


def state(model: nn.Module) -> list[Any]:
    """All that an explanation might leave changed."""
    hooks = [
        (len(one._forward_hooks), len(one._forward_pre_hooks), len(one._backward_hooks), len(one._backward_pre_hooks))
        for one in model.modules()
    ]
    weights = [(one.requires_grad, one.grad is None, one.detach().clone().sum().item()) for one in model.parameters()]
    return [hooks, [one.training for one in model.modules()], weights]


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation."""
    ranks = [np.argsort(np.argsort(values.ravel())) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("method", METHODS)
def test_the_heat_lies_on_the_object_that_decides(method: Any, use: Any, planted: str) -> None:
    use(opened_of(Spotter()))
    found = explained(ExplainRequest("", planted, method))
    assert (found.method, found.target, found.image) == (method, "bright", planted)
    assert found.heat.dtype == np.float32 and found.heat.shape == (SIZE, SIZE)
    assert found.heat.max() == 1 and found.heat.min() >= -1
    speaking = np.maximum(found.heat, 0)
    around = (slice(15, 32), slice(0, 17))
    assert speaking[around].sum() > 0.9 * speaking.sum()
    assert speaking[SPOT].mean() > 5 * speaking.mean()
    assert "“bright”" in found.text
    assert np.array_equal(found.picture[SPOT], np.full((8, 8, 3), 255))
    assert sum(chance for _, chance in found.answer) == pytest.approx(1)
    same = decode_event(encode(found))
    assert isinstance(same, Explained) and np.array_equal(same.heat, found.heat) and same.spot == found.spot


@pytest.mark.parametrize("method", METHODS)
def test_another_class_is_explained_by_the_same_place_with_the_other_sign(method: Any, use: Any, planted: str) -> None:
    use(opened_of(Spotter()))
    found = explained(ExplainRequest("", planted, method, "dark"))
    assert found.target == "dark"
    if method == "gradcam":
        assert not found.heat.any()  # it tells only what speaks for a class
        assert found.text.startswith("Nothing")
    else:
        assert found.heat[SPOT].mean() < -0.3
        assert found.heat.max() <= 0.3
        assert method == "integrated" or ("rises" in found.text and found.spot[2] > 0)


def test_occlusion_says_truly_how_far_the_probability_falls(use: Any, planted: str) -> None:
    opened = opened_of(Spotter())
    use(opened)
    found = explained(ExplainRequest("", planted, "occlusion"))
    top, left, height, width = found.spot
    _, tensor = opened.input_of(planted)
    tensor[0, :, top : top + height, left : left + width] = tensor.mean(dim=(2, 3))[0, :, None, None]
    with torch.no_grad():
        chance = float(opened.model(tensor).softmax(dim=1)[0, 0])
    told = [float(text) for text in re.findall(r"([\d.]+) %", found.text)]
    assert told == pytest.approx([100 * found.answer[0][1], 100 * chance], abs=0.06)
    assert 0 < found.scale <= found.answer[0][1] - chance + 1e-6


def test_shares_that_do_not_add_up_are_told(use: Any, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(opened_of(Spotter()))
    assert "roughly" not in explained(ExplainRequest("", planted, "integrated")).text
    monkeypatch.setattr(explanation, "_PARTS", 1)
    monkeypatch.setattr(explanation, "_STEPS", 1)
    assert "roughly" in explained(ExplainRequest("", planted, "integrated")).text


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_speaks_all_is_zero(method: Any, use: Any, photo: str) -> None:
    model = zoo.build(get("efficientnet_lite0"), 2)  # its head is still all zeros
    use(opened_of(model, 64))
    found = explained(ExplainRequest("", photo, method))
    assert found.heat.shape == (64, 64) and not found.heat.any()
    assert found.scale == 0 and found.spot[2] == 0


def random_network(name: str) -> nn.Module:
    torch.manual_seed(0)
    model = zoo.build(get(name), 3).eval()
    with torch.no_grad():
        one, other = model.trunk(torch.randn(2, 3, 64, 64))
        # Random trunks give features of any size; the head brings them to scores that differ by about one.
        model.head.linear.weight.copy_(torch.randn(model.head.linear.weight.shape) / (one - other).norm())
    return model


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_network_is_explained_and_left_as_it_was(
    name: str, use: Any, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation, "_WINDOWS", 3)
    monkeypatch.setattr(explanation, "_PARTS", 2)
    model = random_network(name)
    opened = opened_of(model, 64, name, classes=3)
    use(opened)
    before = state(model)
    for method in METHODS:
        found = explained(ExplainRequest("", photo, method))
        assert found.heat.shape == (64, 64) and np.isfinite(found.heat).all()
        assert found.heat.min() >= (0 if method == "gradcam" else -1)
        assert method == "gradcam" or np.abs(found.heat).max() == 1
        assert state(model) == before


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_grad_cam_looks_at_what_is_pooled(name: str) -> None:
    opened = opened_of(random_network(name), 64, name, classes=3)
    path, is_input = explanation.last_map(opened, torch.zeros(1, 3, 64, 64))
    assert is_input
    seen = []
    module = opened.model.get_submodule(path)
    handle = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].shape))
    with torch.no_grad():
        opened.model(torch.zeros(1, 3, 64, 64))
    handle.remove()
    assert seen[0] == (1, get(name).features, 2, 2)


def test_weights_that_are_held_fast_are_no_hindrance(use: Any, planted: str) -> None:
    model = Spotter().requires_grad_(False)
    use(opened_of(model))
    for method in METHODS:
        assert explained(ExplainRequest("", planted, method)).heat.max() == 1
    assert not any(one.requires_grad for one in model.parameters())


def test_a_network_without_pooling_has_its_last_map_explained(use: Any, planted: str) -> None:
    torch.manual_seed(0)
    use(opened_of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4 * 30 * 30, 2))))
    assert explained(ExplainRequest("", planted, "gradcam")).heat.max() == 1


def test_a_network_without_a_map_is_a_sentence(use: Any, planted: str) -> None:
    use(opened_of(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 2))))
    with pytest.raises(InputError, match="keeps no map"):
        explained(ExplainRequest("", planted, "gradcam"))
    assert explained(ExplainRequest("", planted, "integrated")).heat.any()


@pytest.mark.parametrize("method", METHODS)
def test_stop_ends_it_and_leaves_nothing(method: Any, use: Any, planted: str) -> None:
    model = Spotter()
    use(opened_of(model))
    before = state(model)
    calls: list[int] = []

    def after_two() -> bool:
        calls.append(1)
        return len(calls) > 2

    events = list(explanation.explain(ExplainRequest("", planted, method), after_two))
    if method == "gradcam":
        assert len(events) == 1 and len(calls) == 1
        events = list(explanation.explain(ExplainRequest("", planted, method), lambda: True))
    else:
        assert len(calls) == 3
    assert not any(isinstance(event, Explained) for event in events)
    assert state(model) == before


class Failing(Spotter):
    """Fails at its last but one layer once it has been asked a few times."""

    calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        result = super().forward(images)
        if self.calls > 2:
            raise RuntimeError("out of luck")
        return result


@pytest.mark.parametrize("method", METHODS)
def test_an_error_in_the_middle_leaves_nothing(method: Any, use: Any, planted: str) -> None:
    model = Failing()
    opened = opened_of(model)
    use(opened)
    before = state(model)
    model.calls = 0
    with pytest.raises(RuntimeError, match="out of luck"):
        explained(ExplainRequest("", planted, method))
    assert state(model) == before


@pytest.mark.parametrize("method", METHODS)
def test_modes_are_given_back(method: Any, use: Any, planted: str) -> None:
    opened = opened_of(Spotter())
    opened.model.train()
    use(opened)
    explained(ExplainRequest("", planted, method))
    assert all(module.training for module in opened.model.modules())


@pytest.fixture
def small_run(trained: Path) -> Opened:
    """The trained run with small pictures, for speed."""
    for found in open_network(str(trained), None, never):
        if isinstance(found, Opened):
            how = replace(found.how, size=96, resize_to=96)
            return replace(found, how=how, layers=describe(found.model, 96))
    raise AssertionError("no network")


@pytest.mark.parametrize("method", METHODS)
def test_the_map_hangs_on_the_weights(method: Any, use: Any, small_run: Opened, photo: str) -> None:
    """The sanity check of Adebayo et al. 2018: a map that random weights leave alike explains no network."""
    request = ExplainRequest("", photo, method)
    use(small_run)
    found = explained(request)
    assert alike(found.heat, explained(request).heat) > 0.99
    others = []
    for seed in range(3):
        model = zoo.build(small_run.architecture, len(small_run.classes))
        torch.manual_seed(seed)
        for one in model.parameters():
            if one.ndim > 1:
                nn.init.kaiming_normal_(one)
        use(replace(small_run, model=model.eval()))
        others.append(alike(found.heat, explained(replace(request, target=found.target)).heat))
    assert np.mean(others) < 0.5


def test_a_real_run_gives_its_own_answer(trained: Path, photo: str, drain: Any) -> None:
    (found,) = drain(ExplainRequest(str(trained), photo))
    rows = (trained / "predictions.csv").read_text().splitlines()[1:]
    classes = sorted({row.split(",")[1] for row in rows})
    assert sorted(name for name, _ in found.answer) == classes
    chances = [chance for _, chance in found.answer]
    assert chances == sorted(chances, reverse=True) and sum(chances) == pytest.approx(1, abs=1e-5)
    assert found.target == found.answer[0][0]
    assert found.heat.shape == (224, 224) and found.heat.max() == 1
    last = found.answer[-1][0]
    (other,) = drain(ExplainRequest(str(trained), photo, "gradcam", last))
    assert other.target == last and not np.array_equal(other.heat, found.heat)


def test_a_turned_photo_is_explained_upright(trained: Path, photo: str, drain: Any, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    path = tmp_path / "turned.jpg"
    Image.open(photo).resize((300, 200)).save(path, exif=exif)
    before = path.read_bytes()
    (found,) = drain(ExplainRequest(str(trained), str(path)))
    assert np.array_equal(
        found.picture, apply(open_rgb(str(path)), ARCHITECTURES["efficientnet_lite0"].preprocess("squish"))
    )
    assert path.read_bytes() == before


def test_what_cannot_be_explained_is_a_sentence(trained: Path, photo: str, drain: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"only pretrained .* Train a network of your own"):
        drain(ExplainRequest("efficientnet_lite0", photo))
    with pytest.raises(InputError, match=r"no class “unicorn”\. It has: "):
        drain(ExplainRequest(str(trained), photo, target="unicorn"))
    with pytest.raises(UserError, match="not there"):
        drain(ExplainRequest(str(trained), str(tmp_path / "missing.jpg")))


@given(st.integers(1, 300))
def test_windows_cover_a_picture_evenly(size: int) -> None:
    times = np.zeros((size, size), dtype=int)
    for top, left, height, width in explanation.windows(size):
        assert top >= 0 and left >= 0 and top + height <= size and left + width <= size
        times[top : top + height, left : left + width] += 1
    assert times.min() >= 1
    if size % 8 == 0:
        assert times.min() == times.max() == 4


def test_values_are_scaled_without_a_nan() -> None:
    values = np.array([[-3.0, 0.0], [1.0, 2.0]])
    assert np.array_equal(explanation.scaled(values, 2), np.array([[-1, 0], [0.5, 1]], dtype=np.float32))
    for largest in (0.0, float("nan"), float("inf"), 1e-60):
        assert not explanation.scaled(values, largest).any()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are faster without the cost of sharing them out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
