"""Usual ways in which models of other programs are fed, by name.

Sources: torchvision's weights (their `ImageClassification` transforms), timm's `data_config`, Ultralytics'
`classify_transforms` (https://docs.ultralytics.com/tasks/classify), and the code that Teachable Machine gives with a
Keras model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deskclassify.core.architectures import HALF, IMAGENET_MEAN, IMAGENET_STD
from deskclassify.core.foreign import Handling, Output

_CROPPED = 0.875  # of the shorter side, of torchvision and most of timm: 224 of 256 pixels


@dataclass(frozen=True)
class Preset:
    """One way.

    Attributes:
        title, text: its name, and by what to know it.
        mean, std: on the scale 0 to 1.
        cropped: the share of the shorter side that is used; 0 scales the whole picture, not in proportion.
        output: what such models usually give.
    """

    title: str
    text: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    cropped: float
    output: Output

    def apply(self, how: Handling, keep_output: bool) -> Handling:
        """Feed a model like this; what its file says (order of axes, size) stays.

        Args:
            how: as it was.
            keep_output: the kind of output is known already.
        """
        size = how.preprocess.size
        changed = replace(
            how.preprocess,
            mean=self.mean,
            std=self.std,
            resize="crop" if self.cropped else "squish",
            resize_to=round(size / self.cropped) if self.cropped else size,
        )
        return replace(how, preprocess=changed, output=how.output if keep_output else self.output)


PRESETS: dict[str, Preset] = {
    "imagenet": Preset(
        "torchvision or timm",
        "From PyTorch. ImageNet's mean and spread; the middle of the picture.",
        IMAGENET_MEAN,
        IMAGENET_STD,
        _CROPPED,
        "logits",
    ),
    "teachable": Preset(
        "Teachable Machine",
        "From Keras. Colours from −1 to 1; the middle square.",
        HALF,
        HALF,
        1.0,
        "probabilities",
    ),
    "ultralytics": Preset(
        "Ultralytics",
        "YOLO. Colours from 0 to 1; the middle square.",
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 1.0),
        1.0,
        "probabilities",
    ),
    "bytes": Preset(
        "Colours as they are",
        "From 0 to 255; the model scales them itself. The whole picture.",
        (0.0, 0.0, 0.0),
        (1 / 255, 1 / 255, 1 / 255),
        0.0,
        "probabilities",
    ),
}


def preset_of(how: Handling) -> str:
    """The name of the preset that a model is fed by; empty where it is none."""
    for name, preset in PRESETS.items():
        if preset.apply(how, keep_output=True) == how:
            return name
    return ""
