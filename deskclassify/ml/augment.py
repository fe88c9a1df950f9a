"""Batch transforms for training: each picture gets its own draw, and all are one `grid_sample`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from deskclassify.core.preprocess import Pixels
from deskclassify.ml import schedule

_ROTATE_DEGREES = 15.0
_ZOOM = 1.15
_SHIFT = 0.08  # share of the width
_LIGHT = 0.2  # brightness and contrast, up or down


def draw(count: int, generator: torch.Generator) -> torch.Tensor:
    """The random numbers for a batch.

    Args:
        count: pictures.
        generator: on the CPU; the draws are the same on every device.

    Returns:
        float `[count, 7]`, -1 to 1.
    """
    return torch.rand(count, 7, generator=generator) * 2 - 1


def augment(images: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Flip, rotate, zoom, shift, and change the light.

    Args:
        images: float `[N, 3, H, W]`, 0 to 255.
        draws: float `[N, 7]`, see `draw`.

    Returns:
        float `[N, 3, H, W]`, 0 to 255; borders are filled by reflection.
    """
    flip, angle, zoom, right, down, bright, contrast = draws.unbind(dim=1)
    turn = angle * math.radians(_ROTATE_DEGREES)
    scale = torch.exp(zoom * math.log(_ZOOM))
    mirror = torch.sign(flip)
    theta = torch.stack(
        [
            torch.stack([scale * torch.cos(turn) * mirror, -scale * torch.sin(turn), right * _SHIFT], dim=1),
            torch.stack([scale * torch.sin(turn) * mirror, scale * torch.cos(turn), down * _SHIFT], dim=1),
        ],
        dim=1,
    ).to(images)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    gain = torch.exp(contrast * math.log(1 + _LIGHT)).view(-1, 1, 1, 1).to(images)
    offset = (bright * _LIGHT * 128).view(-1, 1, 1, 1).to(images)
    result: torch.Tensor = (moved - 128) * gain + 128 + offset
    return result.clamp_(0, 255)


def vary(pixels: Pixels, keys: Sequence[str], view: int) -> Pixels:
    """Changed copies of pictures; the same picture and view always give the same copy.

    Args:
        pixels: uint8 `[N, H, W, 3]`.
        keys: one for each picture, by its content.
        view: number of the copy.

    Returns:
        uint8 `[N, H, W, 3]`.
    """
    draws = torch.cat([draw(1, schedule.generator("view", key, view)) for key in keys])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    return np.ascontiguousarray(augment(images, draws).round().byte().permute(0, 2, 3, 1).numpy())
