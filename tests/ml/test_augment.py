"""Changes to training pictures: each its own, none at strength 0, bounded at any."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deskclassify.ml import schedule
from deskclassify.ml.augment import augment, draw, variant_key, vary

NEUTRAL = torch.zeros(1, 14)  # no flip, no turn, no hole


def noise(count: int, size: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) * 255


def test_each_picture_gets_its_own_draw() -> None:
    batch = noise(1).repeat(6, 1, 1, 1)
    out = augment(batch, draw(6, schedule.generator("a")))
    assert out.shape == batch.shape
    assert 0 <= float(out.min()) <= float(out.max()) <= 255
    for n in range(6):
        assert not any(torch.allclose(out[n], out[m], atol=1.0) for m in range(n))


def test_the_same_draws_give_the_same_pictures_in_any_company_and_layout() -> None:
    batch, draws = noise(7), draw(7, schedule.generator("a"))
    out = augment(batch, draws, 1.3)
    assert torch.equal(out, augment(batch, draws, 1.3))
    assert torch.equal(out[4:5], augment(batch[4:5], draws[4:5], 1.3))
    assert torch.equal(out, augment(batch.contiguous(memory_format=torch.channels_last), draws, 1.3))
    whole = batch.byte()
    assert torch.equal(augment(whole, draws), augment(whole.float(), draws))


def test_strength_0_changes_nothing() -> None:
    batch, draws = noise(5), draw(5, schedule.generator("a"))
    assert torch.equal(augment(batch, draws, 0.0), batch)
    assert torch.equal(augment(batch.byte(), draws, 0.0), batch.byte().float())
    assert augment(batch[:0], draws[:0]).shape == (0, 3, 32, 32)


def test_changes_grow_with_the_strength() -> None:
    # A smooth picture: what a small change to it does is small.
    ramp = torch.linspace(60, 190, 32).expand(50, 3, 32, 32).contiguous()
    draws = draw(50, schedule.generator("grow"))
    draws[:, 0], draws[:, 9] = -1.0, -1.0  # neither a flip nor a hole
    strengths = (0.01, 0.5, 1.0, 1.5, 2.0)
    changes = [float((augment(ramp, draws, strength) - ramp).abs().mean()) for strength in strengths]
    assert changes[0] < 0.5
    assert changes == sorted(changes)


def test_pictures_flip_about_half_the_time_and_less_often_when_weak() -> None:
    # Left half dark, right half bright: a flipped picture is brighter on the left.
    image = torch.zeros(1, 3, 16, 16)
    image[..., 8:] = 255
    draws = draw(600, schedule.generator("flip"))
    for strength, share in ((2.0, 0.5), (1.0, 0.5), (0.2, 0.1)):
        out = augment(image.repeat(600, 1, 1, 1), draws, strength)
        flipped = (out[..., :8].mean((1, 2, 3)) > out[..., 8:].mean((1, 2, 3))).float().mean()
        assert float(flipped) == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(("strength", "largest"), [(1.0, 0.13), (2.0, 0.25)])
def test_about_half_of_the_pictures_have_a_hole_and_none_a_large_one(strength: float, largest: float) -> None:
    # White pictures in unchanged light: nothing but a hole is grey.
    draws = draw(400, schedule.generator("hole"))
    draws[:, 7:9] = 0.0
    out = augment(torch.full((400, 3, 40, 40), 255.0), draws, strength)
    grey = (out == 128).all(dim=1)
    assert (grey | (out > 254.9).all(dim=1)).all()
    areas = grey.float().mean(dim=(1, 2))
    assert 0.4 < float((areas > 0).float().mean()) < 0.55
    assert 0.7 * largest < float(areas.max()) <= largest + 0.02
    # A hole is a rectangle: every row of the picture that has some of it has all of its width.
    for one in grey[areas > 0]:
        rows, columns = one.any(dim=1), one.any(dim=0)
        assert torch.equal(one, rows[:, None] & columns[None, :])


@pytest.mark.parametrize("place", range(1, 7))
def test_every_movement_moves_the_picture_and_keeps_its_border_filled(place: int) -> None:
    image = noise(1, 48).clamp(10, 250)
    draws = NEUTRAL.clone()
    assert torch.allclose(augment(image, draws), image, atol=1e-2)
    draws[0, place] = 1.0
    moved = augment(image, draws)
    assert not torch.allclose(moved, image, atol=20)
    assert float(moved.min()) >= 9.9  # nothing black comes in from outside


def test_a_warp_brings_one_side_nearer() -> None:
    # Vertical stripes of equal width: with a warp along x they become wider on one side.
    image = ((torch.arange(96) // 8) % 2 * 255.0).expand(1, 3, 96, 96).contiguous()
    draws = NEUTRAL.clone()
    draws[0, 5] = 1.0
    line = augment(image, draws, 2.0)[0, 0, 48] > 128
    edges = torch.nonzero(line[1:] != line[:-1]).flatten()
    widths = edges.diff()[1:-1].float()
    assert abs(float(widths[:3].mean() - widths[-3:].mean())) >= 1.5


def test_light_changes_brightness_and_contrast() -> None:
    image = noise(1)
    draws = NEUTRAL.clone()
    draws[0, 7] = 0.5
    assert float(augment(image.clamp(60, 190), draws).mean() - image.clamp(60, 190).mean()) == pytest.approx(12.8, 0.05)
    draws = NEUTRAL.clone()
    draws[0, 8] = 1.0
    assert float(augment(image.clamp(60, 190), draws).std() / image.clamp(60, 190).std()) == pytest.approx(1.2, 0.01)


def test_copies_of_a_picture_differ_and_do_not_depend_on_the_others() -> None:
    pixels = (noise(3).permute(0, 2, 3, 1).numpy()).astype(np.uint8)
    first = vary(pixels, ["a", "b", "c"], 1)
    assert first.dtype == np.uint8 and first.shape == pixels.shape
    assert np.array_equal(first[1:2], vary(pixels[1:2], ["b"], 1))
    assert not np.array_equal(first, vary(pixels, ["a", "b", "c"], 2))
    assert not np.array_equal(first, vary(pixels, ["a", "b", "c"], 1, 0.5))
    assert np.array_equal(pixels, vary(pixels, ["a", "b", "c"], 1, 0.0))
    assert np.array_equal(pixels, vary(pixels, ["a", "b", "c"], 0))


def test_cache_keys_tell_views_and_strengths_apart() -> None:
    keys = {variant_key(view, strength) for view in (1, 2) for strength in (0.5, 1.0, 2.0)}
    assert len(keys) == 6 and "" not in keys
    assert variant_key(0, 1.0) == variant_key(3, 0.0) == ""  # the picture itself
