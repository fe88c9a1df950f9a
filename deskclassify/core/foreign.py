"""How a model that deskclassify did not write is fed and read; what the user said of one is remembered.

An ONNX file says the shapes and types of its input and output, and nothing of what the numbers in them stand for. What
cannot be read from its metadata is asked for, never guessed in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deskclassify.core.preprocess import Preprocess

Layout = Literal["nchw", "nhwc"]
Channels = Literal["rgb", "bgr"]
Output = Literal["probabilities", "logits"]


@dataclass(frozen=True)
class Handling:
    """How pictures go in, and what comes out.

    The input is `(pixel / 255 - mean) / std` in the type that the model declares: mean 0 and std 1 give values from 0
    to 1, mean 0.5 and std 0.5 from -1 to 1, mean 0 and std 1/255 the bytes themselves.

    Attributes:
        classes: in the order of the outputs.
        preprocess: resizing, mean and std.
        layout: order of the input's axes.
        channels: order of the colours.
        output: `logits` go through softmax.
    """

    classes: tuple[str, ...]
    preprocess: Preprocess
    layout: Layout = "nchw"
    channels: Channels = "rgb"
    output: Output = "logits"
