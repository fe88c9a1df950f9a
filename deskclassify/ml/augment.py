"""Batch transforms for training: each picture gets its own draw, and all are one `grid_sample`.

All changes grow with one `strength`: 0 leaves the pictures as they are, 1 is mild and natural,
2 is strong. The limits at strength 1 are near those of fast.ai's `aug_transforms`; the rectangle
is that of Zhong et al. 2017, https://arxiv.org/abs/1708.04896, filled with grey.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from deskclassify.core.preprocess import Pixels
from deskclassify.ml import schedule

_VERSION = 2  # another one for each change to what is done to the pixels: cached features are then made anew
_DRAWS = 14
# At strength 1:
_ROTATE_DEGREES = 15.0
_ZOOM = 1.15
_SHIFT = 0.08  # of half the width
_WARP = 0.08  # how much nearer than the middle an edge comes
_LIGHT = 0.2  # brightness and contrast, up or down
_HOLE = 0.12  # largest share of the area
_HOLE_ASPECT = 2.0
_GREY = 128.0  # nearly the mean of the networks' normalisation, so that a hole says nothing


def draw(count: int, generator: torch.Generator) -> torch.Tensor:
    """The random numbers for a batch.

    Args:
        count: pictures.
        generator: on the CPU; the draws are the same on every device.

    Returns:
        float `[count, 14]`, -1 to 1.
    """
    return torch.rand(count, _DRAWS, generator=generator) * 2 - 1


def augment(images: torch.Tensor, draws: torch.Tensor, strength: float = 1.0, size: int | None = None) -> torch.Tensor:
    """Flip, rotate, zoom, shift and warp, change the light, and cover a rectangle.

    Args:
        images: uint8 or float `[N, 3, H, W]`, 0 to 255, in any memory layout.
        draws: float `[N, 14]` on the CPU, see `draw`.
        strength: 0 to 2.
        size: pixels of the result, in both directions; None: those of `images`.

    Returns:
        float `[N, 3, size, size]`, 0 to 255; borders are filled by reflection.
        With strength 0 and the same size the same values.
    """
    height, width = (size, size) if size else images.shape[2:]
    if not len(images) or (strength == 0 and (height, width) == images.shape[2:]):
        return images.float()
    settings = _settings(draws, strength).to(images.device, non_blocking=True)
    if images.device.type != "cpu":
        return _apply(images.float(), settings, height, width)
    # Few pictures at a time stay in the processor's caches: a quarter faster than the whole batch at once.
    at_once = 2 * torch.get_num_threads()
    result = torch.empty((len(images), images.shape[1], height, width))
    for start in range(0, len(images), at_once):
        part = slice(start, start + at_once)
        result[part] = _apply(images[part].float(), settings[part], height, width)
    return result


def _settings(draws: torch.Tensor, strength: float) -> torch.Tensor:
    """Float `[N, 15]`: homography by rows (9), gain and offset of the light, and the hole's edges."""
    gain = torch.exp(draws[:, 8] * math.log(1 + _LIGHT) * strength)
    offset = _GREY - _GREY * gain + draws[:, 7] * _LIGHT * _GREY * strength
    light = torch.stack([gain, offset], dim=1)
    return torch.cat([_homography(draws, strength).flatten(1), light, _hole(draws, strength)], dim=1)


def _apply(images: torch.Tensor, settings: torch.Tensor, height: int, width: int) -> torch.Tensor:
    columns, rows = _places(width, images.device), _places(height, images.device)
    grid = _grid(columns, rows, settings[:, :9].view(-1, 3, 3))
    moved = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    gain, offset, left, top, right, bottom = settings[:, 9:, None].unbind(dim=1)
    moved.mul_(gain[..., None, None]).add_(offset[..., None, None]).clamp_(0, 255)
    inside_x, inside_y = (columns >= left) & (columns < right), (rows >= top) & (rows < bottom)
    return moved.masked_fill_(inside_x[:, None, None, :] & inside_y[:, None, :, None], _GREY)


def _places(count: int, device: torch.device) -> torch.Tensor:
    """Centres of pixels on a scale where the picture goes from -1 to 1."""
    return (torch.arange(count, device=device) * 2 + 1) / count - 1


def _homography(draws: torch.Tensor, strength: float) -> torch.Tensor:
    """From places in the result to places in the picture: float `[N, 3, 3]`, bottom right always 1."""
    flip, angle, zoom, right, down, warp_x, warp_y = draws[:, :7].unbind(dim=1)
    mirror = torch.where(flip > 1 - min(strength, 1.0), -1.0, 1.0)
    turn = angle * math.radians(_ROTATE_DEGREES) * strength
    scale = torch.exp(zoom * math.log(_ZOOM) * strength)
    cosine, sine = scale * torch.cos(turn), scale * torch.sin(turn)
    warp_x, warp_y = warp_x * _WARP * strength, warp_y * _WARP * strength
    rows = [
        [cosine * mirror, -sine, right * _SHIFT * strength],
        [sine * mirror, cosine, down * _SHIFT * strength],
        [warp_x, warp_y, torch.ones_like(flip)],
    ]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _grid(columns: torch.Tensor, rows: torch.Tensor, homography: torch.Tensor) -> torch.Tensor:
    """Where each pixel of the result is taken from, float `[N, H, W, 2]`.

    `affine_grid` multiplies matrices, which on the CPU takes longer than the sampling itself and on
    a GPU may be rounded to ten bits; sums of a row and a column are cheap and exact.
    """
    entries = homography[..., None, None]  # [N, 3, 3, 1, 1]
    x, y, depth = (entries[:, n, 0] * columns + (entries[:, n, 1] * rows[:, None] + entries[:, n, 2]) for n in range(3))
    grid = torch.empty(*x.shape, 2, dtype=x.dtype, device=x.device)
    torch.div(x, depth, out=grid[..., 0])
    torch.div(y, depth, out=grid[..., 1])
    return grid


def _hole(draws: torch.Tensor, strength: float) -> torch.Tensor:
    """The covered rectangles on the scale of `_places`, float `[N, 4]`: left, top, right, bottom; half are empty."""
    hit, across, along, area, aspect = draws[:, 9:14].unbind(dim=1)
    share = (area + 1) / 2 * _HOLE * strength * (hit > 0)
    stretch = torch.exp(aspect * math.log(_HOLE_ASPECT) / 2)
    width, height = torch.sqrt(share) * stretch, torch.sqrt(share) / stretch
    middle_x, middle_y = across * (1 - width), along * (1 - height)
    return torch.stack([middle_x - width, middle_y - height, middle_x + width, middle_y + height], dim=1)


def variant_key(view: int, strength: float) -> str:
    """What tells the features of a changed copy from those of the picture, for cache keys; empty for the picture."""
    return f"+{view}v{_VERSION}s{strength:g}" if view and strength else ""


def vary(pixels: Pixels, keys: Sequence[str], view: int, strength: float = 1.0) -> Pixels:
    """Changed copies of pictures; the same picture and view always give the same copy.

    Args:
        pixels: uint8 `[N, H, W, 3]`.
        keys: one for each picture, by its content.
        view: number of the copy; 0 is the picture itself.
        strength: 0 to 2.

    Returns:
        uint8 `[N, H, W, 3]`.
    """
    if not view or not strength:
        return pixels
    draws = torch.cat([draw(1, schedule.generator("view", key, view)) for key in keys])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    return np.ascontiguousarray(augment(images, draws, strength).round_().byte().permute(0, 2, 3, 1).numpy())
