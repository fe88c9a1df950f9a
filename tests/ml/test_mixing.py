"""Two pictures in one: shares of pixels and of labels agree."""

from __future__ import annotations

import pytest
import torch

from deskclassify.core.requests import MIXES, Mix
from deskclassify.ml import schedule
from deskclassify.ml.mixing import mix

COUNT = 64


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Each picture has one grey value of its own, and its own class."""
    values = torch.arange(COUNT).float().view(-1, 1, 1, 1)
    return values.expand(COUNT, 3, 24, 32).contiguous(), torch.eye(COUNT)


def test_none_gives_back_what_came(batch) -> None:
    images, targets = mix(*batch, "none", schedule.generator(1))
    assert images is batch[0] and targets is batch[1]


@pytest.mark.parametrize("kind", MIXES[1:])
def test_targets_add_up_to_one_and_are_the_shares_of_the_pixels(batch, kind: Mix) -> None:
    images, targets = mix(*batch, kind, schedule.generator(1))
    assert torch.allclose(targets.sum(dim=1), torch.ones(COUNT))
    own = targets.diagonal()
    assert (own >= 0.5).all() and (targets >= 0).all()
    assert (targets > 0).sum(dim=1).max() == 2
    # The mean grey value of a picture is that of its target.
    expected = targets @ torch.arange(COUNT).float()
    assert torch.allclose(images.mean(dim=(1, 2, 3)), expected, atol=1e-3)


def test_cutmix_pastes_whole_pixels(batch) -> None:
    images, targets = mix(*batch, "cutmix", schedule.generator(2))
    assert torch.equal(images, images.round())
    mixed = [len(one.unique()) for one in images]
    assert max(mixed) == 2
    assert mixed.count(2) > COUNT * 0.8
    assert float(targets.diagonal().min()) < 0.6


def test_mixup_leaves_most_pictures_nearly_pure(batch) -> None:
    _, targets = mix(*batch, "mixup", schedule.generator(2))
    own = targets.diagonal()
    assert float((own > 0.9).float().mean()) > 0.5
    assert float(own.min()) < 0.75


@pytest.mark.parametrize("kind", MIXES[1:])
def test_the_draw_depends_on_the_generator_alone(batch, kind: Mix) -> None:
    first, _ = mix(*batch, kind, schedule.generator("a"))
    again, _ = mix(*batch, kind, schedule.generator("a"))
    other, _ = mix(*batch, kind, schedule.generator("b"))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("kind", MIXES[1:])
def test_soft_targets_stay_soft_and_one_picture_stays_itself(kind: Mix) -> None:
    image, target = torch.rand(1, 3, 8, 8), torch.tensor([[0.7, 0.3]])
    images, targets = mix(image, target, kind, schedule.generator(3))
    assert torch.allclose(images, image) and torch.allclose(targets, target)
