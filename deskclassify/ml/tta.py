"""Test-time augmentation: what a network says of several changed copies of a picture, averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deskclassify.core.preprocess import Pixels
from deskclassify.ml.augment import vary
from deskclassify.ml.loop import probabilities
from deskclassify.ml.phases import Logits
from deskclassify.ml.validation import Pictures, Validation

COPIES = 4
_PLAIN_SHARE = 0.25  # of the unchanged picture, as in fast.ai's `Learner.tta`


@dataclass
class _Copies:
    """The same pictures, changed."""

    pictures: Pictures
    view: int
    strength: float

    def __len__(self) -> int:
        return len(self.pictures)

    def __call__(self, numbers: np.ndarray) -> Pixels:
        return vary(self.pictures(numbers), [f"tta-{number}" for number in numbers], self.view, self.strength)


def averaged(validation: Validation, plain: Logits, strength: float) -> Iterator[np.ndarray]:
    """Measure the changed copies, one after the other.

    Args:
        validation: measures the best network.
        plain: what it says of the pictures themselves, float32 `[pictures, classes]`.
        strength: of the changes.

    Yields:
        the averaged probabilities so far, float64 `[pictures, classes]`; `COPIES` times.
    """
    total = np.zeros(plain.shape)
    for view in range(1, COPIES + 1):
        total += probabilities(validation.of(_Copies(validation.pictures, view, strength)))
        yield _PLAIN_SHARE * probabilities(plain) + (1 - _PLAIN_SHARE) * total / view
