"""Two pictures in one, with the labels of both: mixup and cutmix.

Mixup blends them (Zhang et al. 2018, https://arxiv.org/abs/1710.09412), cutmix pastes a rectangle
of one into the other (Yun et al. 2019, https://arxiv.org/abs/1905.04899). Each picture gets its own
share, and its partner is the next of the batch, which the order of the epoch has drawn at random.
"""

from __future__ import annotations

import numpy as np
import torch

from deskclassify.core.requests import Mix

_MIXUP_ALPHA = 0.2  # the first paper's for ImageNet: most pictures stay nearly pure
_CUTMIX_ALPHA = 1.0  # the second paper's: all shares are equally likely


def mix(
    images: torch.Tensor, targets: torch.Tensor, kind: Mix, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix the pictures of a batch.

    Args:
        images: float `[N, C, H, W]`.
        targets: float `[N, classes]`, one-hot or soft, on the same device.
        kind: `none` gives back what came.
        generator: on the CPU; the draws are the same on every device.

    Returns:
        float `[N, C, H, W]` and float `[N, classes]`: the targets in the shares of the pictures, of which
        at least half is each picture's own.
    """
    if kind == "none":
        return images, targets
    random = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    other = images.roll(1, 0)
    if kind == "mixup":
        own = _own_shares(random, len(images), _MIXUP_ALPHA).to(images)
        mixed = torch.lerp(other, images, own.view(-1, 1, 1, 1))
    else:
        inside = _rectangles(random, len(images), images.shape[2], images.shape[3]).to(images.device)
        mixed = torch.where(inside, other, images)
        own = 1 - inside.float().mean(dim=(1, 2, 3))
    return mixed, torch.lerp(targets.roll(1, 0), targets, own.to(targets).view(-1, 1))


def _own_shares(random: np.random.Generator, count: int, alpha: float) -> torch.Tensor:
    """Drawn from a Beta distribution, the larger part; two pictures that mix do not become the same one twice."""
    drawn = random.beta(alpha, alpha, count)
    return torch.from_numpy(np.maximum(drawn, 1 - drawn))


def _rectangles(random: np.random.Generator, count: int, height: int, width: int) -> torch.Tensor:
    """Where the other picture is seen: rectangles with the picture's aspect, cut off at its edges.

    Returns:
        bool `[count, 1, height, width]`.
    """
    side = np.sqrt(1 - _own_shares(random, count, _CUTMIX_ALPHA).numpy())[:, None]

    def stretches(pixels: int) -> np.ndarray:
        middle = random.integers(0, pixels, (count, 1))
        places, half = np.arange(pixels), side * pixels / 2
        result: np.ndarray = (places >= np.rint(middle - half)) & (places < np.rint(middle + half))
        return result

    rows, columns = stretches(height), stretches(width)
    return torch.from_numpy(rows[:, None, :, None] & columns[:, None, None, :])
