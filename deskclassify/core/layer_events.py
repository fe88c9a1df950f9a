"""What the jobs of the Layers page tell. Arrays say their dtype and shape; C is a layer's number of channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from deskclassify.core.events import Event

NOTHING = np.empty(0, dtype=np.float32)
"""where an array is left out"""

KernelKind = Literal["colour", "per input", "depthwise", "mix", "none"]


@dataclass(frozen=True)
class Layer:
    """One layer of a network. `shape` is that of its output for one picture, without the batch.

    Attributes:
        receptive_field: pixels of the network's input along one side that one value of the output sees;
            0 where it sees all of it, whatever its size.
        trained: whether training has changed its weights; None where it has none, or that is not known.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    detail: str = ""
    stage: str = ""
    receptive_field: int = 0
    trained: bool | None = None


@dataclass(frozen=True)
class LayersListed(Event):
    """The layers in the order in which a picture passes them.

    Attributes:
        epochs: those whose weights were kept, in order, 0 for the pretrained network; empty without a run.
        best_epoch: the one that the run ended with.
        has_pretrained: whether there are pretrained weights to compare with.
    """

    event: ClassVar[str] = "finished"
    model: str
    layers: tuple[Layer, ...]
    parameters: int
    classes: tuple[str, ...] = ()
    input_size: int = 224
    title: str = ""
    epochs: tuple[int, ...] = ()
    best_epoch: int = 0
    has_pretrained: bool = False


@dataclass(frozen=True)
class LayerShown(Event):
    """What a layer makes of a picture.

    Attributes:
        activations: uint8 `[C, h, w]`, all channels in order of number, reduced to at most 112 pixels a side, each
            stretched from its `low` to its `high`; empty without a picture or maps.
        low, high: float32 `[C]`, the values that became 0 and 255.
        strength: float32 `[C]`, mean of the values, of which those below zero count as zero.
        separation: float32 `[C]`, how much the channel speaks for the first class of `answer` and against the
            second; empty where that was not asked for, or there are no classes.
        answer: classes with their probabilities, the likeliest first; empty without classes or picture.
        picture: uint8 `[size, size, 3]`, the network's input; empty without a picture.
        values: float32 `[n]` for a layer that gives one value a channel or class; empty otherwise.
    """

    event: ClassVar[str] = "finished"
    layer: Layer
    explanation: str
    activations: np.ndarray
    low: np.ndarray
    high: np.ndarray
    strength: np.ndarray
    picture: np.ndarray
    separation: np.ndarray = field(default_factory=NOTHING.copy)
    values: np.ndarray = field(default_factory=NOTHING.copy)
    value_names: tuple[str, ...] = ()
    answer: tuple[tuple[str, float], ...] = ()
    image: str = ""
    epoch: int | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True)
class ChannelShown(Event):
    """One channel, exactly: `values` is float32 `[h, w]`."""

    event: ClassVar[str] = "finished"
    layer: str
    channel: int
    image: str
    values: np.ndarray


@dataclass(frozen=True)
class KernelsShown(Event):
    """All kernels of a layer, an overview.

    Attributes:
        tiles: uint8 `[C, kh, kw, 3]`, one picture for each kernel (colour: the kernel itself, else its input channel
            of most weight, on the diverging scale); of a mix, which has no pattern, `[C, h, w, 3]`, its largest
            weights as bars.
        norms: float32 `[C]`, the Euclidean norm of each kernel.
        changes: float32 `[C]`, norm of the difference to the pretrained kernel over the norm of that; empty
            where that is not known.
        dead: numbers of the kernels whose weights are all but zero.
        mean, deviation: of all weights.
        note: what the pictures show; `summary`: what the statistics say, in words.
    """

    event: ClassVar[str] = "finished"
    layer: str
    kind: KernelKind
    tiles: np.ndarray
    norms: np.ndarray
    changes: np.ndarray
    dead: tuple[int, ...]
    mean: float
    deviation: float
    note: str
    summary: str
    epoch: int | None = None


@dataclass(frozen=True)
class KernelShown(Event):
    """One kernel, exactly.

    Attributes:
        weights: float32 `[inputs, kh, kw]`.
        pretrained: the same before training; empty where that is not known.
        inputs: numbers of the input channels.
        bias: None where the layer has none.
    """

    event: ClassVar[str] = "finished"
    layer: str
    channel: int
    kind: KernelKind
    weights: np.ndarray
    pretrained: np.ndarray
    inputs: tuple[int, ...]
    bias: float | None
    epoch: int | None = None


@dataclass(frozen=True)
class Following:
    """What is done to a convolution's value by the layers behind it, up to the next activation.

    Attributes:
        kind: of the layer, as in `Layer`.
        name: of the layer.
        terms: the numbers of the formula by their names, in its order.
        formula: with these names, and `x` for what goes in.
        value: computed by the formula.
        network_value: the network's own.
        tolerance: by how much single precision may move it.
    """

    kind: str
    name: str
    terms: dict[str, float]
    formula: str
    value: float
    network_value: float
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Stepped(Event):
    """The arithmetic of one value of a convolution's output.

    Attributes:
        patch, kernel: float32 `[in_channels, kh, kw]` (of the value's group);
            `sum(patch * kernel) + bias == value`.
        inside: bool as uint8 `[kh, kw]`: 1 where the patch lies in the input, 0 in the padding.
        first_input: number of the first input channel of the value's group.
        output: float32 `[h, w]`, the whole channel.
        corner: row and column of the patch's first pixel in the layer's input, outside it in the padding.
        window: top, left, height and width, in pixels of the network's input, of what the value sees of it.
        picture: uint8 `[size, size, 3]`, the network's input.
        following: normalisation and activation.
        tolerance: by how much single precision may move `network_value`.
    """

    event: ClassVar[str] = "finished"
    layer: str
    channel: int
    row: int
    column: int
    patch: np.ndarray
    kernel: np.ndarray
    bias: float
    value: float
    network_value: float
    output: np.ndarray
    corner: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    inside: np.ndarray
    first_input: int = 0
    window: tuple[int, int, int, int] = (0, 0, 0, 0)
    picture: np.ndarray = field(default_factory=NOTHING.copy)
    following: tuple[Following, ...] = ()
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Searched(Event):
    """The pictures were searched for what excites each channel of each layer most.

    `cached` says that it had been done before.
    """

    event: ClassVar[str] = "finished"
    model: str
    images: int
    skipped_images: int
    seconds: float
    cached: bool


@dataclass(frozen=True)
class Patch:
    """A part of a picture that excites a channel.

    Attributes:
        path: of the picture; `label` its class, if it has one.
        value: of the channel's largest activation there.
        place: its row and column in the layer's output.
        box: top, left, height and width of its receptive field, in pixels of the network's input, inside it.
        pixels: uint8 `[height, width, 3]`, that part.
        gradients: uint8 `[height, width, 3]`, the guided gradients of the activation there.
        picture: uint8 `[size, size, 3]`, the network's input.
    """

    path: str
    label: str
    value: float
    place: tuple[int, int]
    box: tuple[int, int, int, int]
    pixels: np.ndarray
    gradients: np.ndarray
    picture: np.ndarray


@dataclass(frozen=True)
class PatchesShown(Event):
    """What excites one channel most, the strongest first; `is_searched`: False where that is still to be searched.

    `images` is the number of pictures that were searched; `skipped_images` more cannot be read.
    """

    event: ClassVar[str] = "finished"
    layer: str
    channel: int
    patches: tuple[Patch, ...]
    is_searched: bool = True
    images: int = 0
    skipped_images: int = 0


@dataclass(frozen=True)
class Explained(Event):
    """Where in a picture the reasons for an answer lie.

    Attributes:
        heat: float32 `[size, size]`, at the size of `picture`: from −1 (against the class) over 0 to 1 (for it); not
            below 0 for Grad-CAM.
        target: the class.
        picture: uint8 `[size, size, 3]`, the network's input.
        answer: all classes with their probabilities, the likeliest first.
        text: one sentence on how to read it.
        scale: the probability that a heat of 1 stands for; 0 where heat tells only more from less.
        spot: top, left, height and width, in pixels of `picture`, of the place that `text` speaks of; of height 0
            where it speaks of none.
    """

    event: ClassVar[str] = "finished"
    image: str
    method: str
    target: str
    heat: np.ndarray
    picture: np.ndarray
    answer: tuple[tuple[str, float], ...]
    text: str
    seconds: float = 0.0
    scale: float = 0.0
    spot: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Mapped(Event):
    """Pictures as points: near points have similar features.

    Attributes:
        points: float32 `[pictures, 2]`, each axis within −1 to 1.
        paths, labels, predicted: one for each picture.
        method: `pca` or `tsne`.
        explained: share of the variance that both axes of PCA show; None for t-SNE.
        probability: float32 `[pictures]`, of the predicted class.
    """

    event: ClassVar[str] = "finished"
    model: str
    method: str
    points: np.ndarray
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    classes: tuple[str, ...]
    explained: float | None = None
    probability: np.ndarray = field(default_factory=NOTHING.copy)


@dataclass(frozen=True)
class ReportWritten(Event):
    """The walk of a picture was written as one HTML file."""

    event: ClassVar[str] = "finished"
    path: str
    bytes: int
    layers: int
