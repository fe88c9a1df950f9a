"""The kernels of a layer: as pictures, in numbers and words, and one of them exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.colormap import NEGATIVE, POSITIVE, ZERO
from deskclassify.core.errors import InputError
from deskclassify.core.layer_requests import KernelRequest, KernelsRequest
from deskclassify.ml import zoo
from deskclassify.ml.inspection import kernels as inspected
from deskclassify.ml.inspection.kernels import (
    changes_of,
    dead_kernels,
    inputs_of,
    kernel_tiles,
    kind_of_kernels,
    norms_of,
    weights_of,
)
from deskclassify.ml.inspection.layers import units


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_layer_of_every_network_is_shown_as_what_it_is(name: str) -> None:
    found = set()
    for _, module in units(zoo.build(get(name), 3)):
        array = weights_of(module)
        assert (array is None) == (not isinstance(module, nn.Conv2d | nn.Linear))
        if array is not None:
            found.add(kind := kind_of_kernels(array))
            tiles = kernel_tiles(array[:8])
            assert tiles.dtype == np.uint8
            assert tiles.shape[0] == min(8, len(array))
            assert tiles.shape[3] == 3
            if kind != "mix":
                assert tiles.shape[1:3] == array.shape[2:]
            assert len(inputs_of(module, len(array) - 1)) == array.shape[1]
    assert {"colour", "mix"} <= found


def test_a_kernel_in_colour_is_grey_at_zero_and_full_at_its_largest_weight() -> None:
    array = drawn(4, 3, 3, 3).clip(-0.9, 0.9)
    array[2, 0, 1, 1], array[2, 1, 0, 0] = -2.0, 0.0
    tiles = kernel_tiles(array)
    assert tiles[2, 1, 1, 0] == 0  # red, all that is subtracted
    assert tiles[2, 0, 0, 1] in (127, 128)
    assert tiles[0].max() == 255 or tiles[0].min() == 0


def test_a_deep_kernel_shows_its_strongest_input_on_the_scale_for_signed_numbers() -> None:
    array = 0.1 * drawn(3, 5, 3, 3)
    array[1, 4] = 0
    array[1, 4, 0, 0], array[1, 4, 2, 2] = 7.0, -7.0
    tile = kernel_tiles(array)[1]
    assert tuple(tile[0, 0]) == POSITIVE
    assert tuple(tile[2, 2]) == NEGATIVE
    assert np.abs(tile[1, 1].astype(int) - ZERO).max() <= 2


def test_a_mix_is_shown_as_bars_the_largest_first() -> None:
    array = np.zeros((2, 40, 1, 1), dtype=np.float32)
    array[0, [30, 2, 17], 0, 0] = 0.5, -1.0, 0.25
    array[1, 0, 0, 0] = 1.0
    tile = kernel_tiles(array)[0]

    def heights(color: tuple[int, int, int]) -> list[int]:
        return list((tile == color).all(axis=2).sum(axis=0))

    down, up = heights(NEGATIVE), heights(POSITIVE)
    assert max(down) == 20  # the largest has the whole height
    assert [height for height in up if height] == [10] * 3 + [5] * 3  # half and a quarter of it, 3 pixels wide
    assert np.flatnonzero(down).max() < np.flatnonzero(up).min()  # to the right of the largest


def test_a_dead_kernel_is_blank_however_its_little_weights_are_spread() -> None:
    for array in (drawn(9, 3, 5, 5), drawn(9, 1, 3, 3), drawn(9, 12, 1, 1)):
        array[4] *= 1e-6
        tiles = kernel_tiles(array)
        is_bars = set(np.unique(tiles[4])) == {190, ZERO[0]}  # nothing but the middle line
        assert is_bars or tiles[4].reshape(-1, 3).std(axis=0).max() < 1
        assert tiles[3].std() > 5
        assert dead_kernels(norms_of(array)) == (4,)


def test_kernels_of_zeros_have_not_died() -> None:
    zeros = np.zeros((4, 6, 1, 1), dtype=np.float32)
    assert dead_kernels(norms_of(zeros)) == ()
    assert kernel_tiles(zeros).shape[0] == 4
    assert "still zero" in inspected._summary(zeros, ())
    most = zeros.copy()
    most[3] = 1
    assert dead_kernels(norms_of(most)) == (0, 1, 2)


def test_a_change_is_told_in_parts_of_what_the_kernel_was() -> None:
    before = drawn(4, 3, 3, 3)
    before[3] = 1e-20
    after = before.copy()
    after[0] *= 1.5
    after[1] = 0
    changes = changes_of(after, before)
    assert changes == pytest.approx([0.5, 1.0, 0.0, 0.0], abs=1e-6)
    after[3] += 1e-12  # of a dead kernel that is nothing, not the 10⁸-fold
    assert changes_of(after, before)[3] < 1e-6
    assert changes_of(after, None).size == 0


def test_with_groups_a_kernel_sees_the_channels_of_its_group() -> None:
    assert inputs_of(nn.Conv2d(8, 12, 3, groups=4), 0) == (0, 1)
    assert inputs_of(nn.Conv2d(8, 12, 3, groups=4), 11) == (6, 7)
    assert inputs_of(nn.Conv2d(6, 12, 3, groups=6), 5) == (2,)
    assert inputs_of(nn.Linear(3, 2), 1) == (0, 1, 2)


def test_statistics_are_said_in_words() -> None:
    array = drawn(10, 4, 3, 3)
    array[[2, 7]] = 0
    text = inspected._summary(array, dead_kernels(norms_of(array)))
    assert text.startswith("10 kernels of 36 weights: ")
    assert "2 are dead (2, 7): their weights are all but zero" in text
    near = np.mean(np.abs(array) < 0.01 * np.abs(array).max())
    assert f"{100 * near:.0f}\u00a0% near zero" in text
    assert "No kernel is dead." in inspected._summary(array[:2], ())
    assert "One is dead (1): its weights" in inspected._summary(array[1:3], (1,))
    assert "(0, 1, 2, 3, 4, 5, …)" in inspected._summary(array, tuple(range(9)))


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [
        ("conv_stem", "colour", "red, green and blue"),
        ("blocks.0.0.conv_dw", "depthwise", "looks at one channel alone"),
        ("conv_head", "mix", "mixes 320 channels"),
        ("head.linear", "mix", "weighs 1,280 features"),
        ("bn1", "none", "no kernels"),
    ],
)
def test_kernels_of_a_run(trained: Path, drain: Any, layer: str, kind: str, words: str) -> None:
    (shown,) = drain(KernelsRequest(str(trained), layer))
    assert shown.kind == kind
    assert words in shown.note
    if kind == "none":
        assert not shown.tiles.size
        return
    name = layer if layer.startswith("head") else f"trunk.{layer}"
    weight = load_file(trained / "best.safetensors")[f"{name}.weight"]
    assert shown.norms == pytest.approx(weight.flatten(1).norm(dim=1).numpy(), rel=1e-5)
    assert (shown.mean, shown.deviation) == pytest.approx(
        (float(weight.mean()), float(weight.std(correction=0))), abs=1e-6
    )
    assert len(shown.tiles) == len(weight)
    assert (shown.changes.size > 0) == (not layer.startswith("head"))  # a head is new
    assert not shown.changes.any()  # the quick preset trains the head alone


def test_dead_kernels_of_the_bundled_network_are_named(trained: Path, drain: Any) -> None:
    (shown,) = drain(KernelsRequest(str(trained), "conv_stem"))
    assert shown.dead == (11, 16, 28, 31)
    assert "4 are dead (11, 16, 28, 31)" in shown.summary


@pytest.mark.parametrize("layer", ["conv_stem", "blocks.0.0.conv_dw", "conv_head", "head.linear"])
def test_one_kernel_exactly(trained: Path, drain: Any, layer: str) -> None:
    (shown,) = drain(KernelRequest(str(trained), layer, 3))
    name = layer if layer.startswith("head") else f"trunk.{layer}"
    stored = load_file(trained / "best.safetensors")
    weight = stored[f"{name}.weight"][3]
    assert np.array_equal(shown.weights.reshape(-1), weight.flatten().numpy())
    assert shown.weights.ndim == 3
    assert len(shown.inputs) == len(shown.weights)
    if layer.startswith("head"):
        assert shown.pretrained.size == 0
        assert shown.bias == pytest.approx(float(stored["head.linear.bias"][3]))
    else:
        assert np.array_equal(shown.pretrained, shown.weights)
        assert shown.bias is None
    if layer == "blocks.0.0.conv_dw":
        assert shown.inputs == (3,)


def test_the_pretrained_network_has_nothing_before_it(drain: Any) -> None:
    (shown,) = drain(KernelRequest("efficientnet_lite0", "conv_stem", 0))
    assert shown.pretrained.size == 0
    assert torch.isfinite(torch.from_numpy(shown.weights)).all()


@pytest.mark.parametrize(("layer", "channel"), [("conv_stem", 32), ("conv_stem", -1), ("bn1", 0)])
def test_a_kernel_that_is_not_there_is_a_sentence(drain: Any, layer: str, channel: int) -> None:
    with pytest.raises(InputError, match=f"“{layer}” has no kernel {channel}"):
        drain(KernelRequest("efficientnet_lite0", layer, channel))
