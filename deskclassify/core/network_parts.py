"""A network as it is drawn in a book: stages, their blocks, and the layers of each, from the layers' names.

The names are those that timm and torchvision give. The parts follow the papers: a block is what a network repeats
(He et al. 2016; Sandler et al. 2018; Liu et al. 2022), a stage is what works at one size of the picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

from deskclassify.core.layer_events import Layer
from deskclassify.core.words import counted

_Role = Literal["block", "sized block", "flat", "single", "head"]
_Key = tuple[_Role, tuple[int, ...]]
# What a name says of a layer, the first that fits: its role, and by its groups the stage and the block it is of.
_ROLES: tuple[tuple[_Role, re.Pattern[str]], ...] = (
    ("block", re.compile(r"blocks\.(\d+)\.(\d+)\.")),
    ("block", re.compile(r"layer(\d+)\.(\d+)\.")),
    ("block", re.compile(r"features\.(\d+)\.(\d+)\.(?:block|layer_scale|stochastic_depth|add)")),
    ("sized block", re.compile(r"features\.(\d+)\.(?:block\.|add)")),  # no stages in the names: the size tells them
    ("flat", re.compile(r"features\.(\d+)$")),
    ("head", re.compile(r"(?:head|global_pool|avgpool|classifier|fc)(?:\.|$)")),
    ("single", re.compile("")),
)
_BLOCKS = ("block", "sized block")
_KERNEL = re.compile(r"(\d+) ?× ?(\d+)")
# Layers beside the main way: past the block (He et al. 2016), and weighing its channels (Hu et al. 2018).
_SIDEWAYS = {
    "shortcut": re.compile(r"\.downsample\."),
    "gate": re.compile(r"\.block\.\d+\.(?:avgpool|fc1|fc2|activation|scale_activation)$"),
}


@dataclass(frozen=True)
class Block:
    """What a stage repeats. `title` is empty where the stage is not divided."""

    title: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Stage:
    """Blocks that work at one size of the picture."""

    title: str
    blocks: tuple[Block, ...]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, in order."""
        return tuple(layer for block in self.blocks for layer in block.layers)

    @cached_property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(layer.parameters for layer in self.layers)

    @cached_property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of what the stage gives."""
        sizes = [size_of(layer.shape) for layer in self.layers]
        return next((size for size in reversed(sizes) if size[0] > 1), sizes[-1])


@dataclass(frozen=True)
class Place:
    """Where in the network a layer is; `number` counts from 0, over all layers."""

    stage: Stage
    block: Block
    layer: Layer
    number: int

    @property
    def title(self) -> str:
        """“Stage 2 › Block 1 › Depthwise convolution 3×3”."""
        parts = (self.stage.title, self.block.title, title_of(self.layer))
        return " › ".join(part for part in parts if part)


class Network:
    """The parts of a network, and the way from a layer's name to its place.

    Args:
        layers: in the order in which a picture passes them.
    """

    def __init__(self, layers: Sequence[Layer] = ()) -> None:
        self.layers = tuple(layers)
        self.stages = group(self.layers)
        self.parameters = sum(layer.parameters for layer in self.layers)
        places = ((stage, block, layer) for stage in self.stages for block in stage.blocks for layer in block.layers)
        self._places = {
            layer.name: Place(stage, block, layer, number) for number, (stage, block, layer) in enumerate(places)
        }

    def place(self, name: str) -> Place | None:
        """Where a layer is; None where there is none of that name."""
        return self._places.get(name)

    def share(self, parameters: int) -> float:
        """A number of weights as a share of all."""
        return parameters / self.parameters if self.parameters else 0.0


def group(layers: Sequence[Layer]) -> tuple[Stage, ...]:
    """The stages of a network. Every layer is in one of them, and their order stays."""
    roles = [_role_of(layer) for layer in layers]
    kinds = {role for role, _ in roles}
    if not kinds.isdisjoint(_BLOCKS):
        return tuple(_by_blocks(layers, roles))
    if "flat" in kinds:
        return tuple(_by_pooling(layers, roles))
    return tuple(_undivided(title, tuple(part)) for title, part in groupby(layers, _own_stage))


def _own_stage(layer: Layer) -> str:
    """What an unknown network's layer says itself of its stage, else the first part of its name."""
    return layer.stage or layer.name.partition(".")[0].capitalize()


def _role_of(layer: Layer) -> _Key:
    for role, pattern in _ROLES:
        found = pattern.match(layer.name)
        if found:
            return role, tuple(int(number) for number in found.groups())
    raise AssertionError("the last pattern fits all names")


def _by_blocks(layers: Sequence[Layer], roles: Sequence[_Key]) -> Iterator[Stage]:
    """Before the first block lies the stem, behind the last one the top and the head."""
    blocks = [at for at, (role, _) in enumerate(roles) if role in _BLOCKS]
    first, end = blocks[0], blocks[-1] + 1
    head = next((at for at in range(end, len(layers)) if roles[at][0] == "head"), len(layers))
    if first:
        yield _undivided("Stem", layers[:first])
    yield from _numbered(layers[first:end], roles[first:end])
    for title, part in (("Top", layers[end:head]), ("Head", layers[head:])):
        if part:
            yield _undivided(title, part)


def _undivided(title: str, layers: Sequence[Layer]) -> Stage:
    return Stage(title, (Block("", tuple(layers)),))


def _numbered(layers: Sequence[Layer], roles: Sequence[_Key]) -> Iterator[Stage]:
    """The stages that have blocks. What lies between two blocks leads to the stage that comes."""
    stages: list[list[Block]] = []
    waiting: list[Block] = []
    count, before = 0, -1
    pairs = zip(layers, roles, strict=True)
    for key, run in groupby(pairs, lambda pair: pair[1] if pair[1][0] in _BLOCKS else None):
        part = tuple(layer for layer, _ in run)
        if key is None:
            waiting.append(Block("Downsampling", part))
            continue
        # A stage of blocks whose names tell none begins where the picture has become smaller.
        stage = key[1][0] if key[0] == "block" else -1 - _smallest(part)
        if stage != before:
            stages.append([])
            count, before = 0, stage
        count += 1
        stages[-1] += [*waiting, Block(f"Block {count}", part)]
        waiting = []
    for at, blocks in enumerate(stages, 1):
        yield Stage(f"Stage {at}", tuple(blocks))


def _smallest(layers: Sequence[Layer]) -> int:
    """Height of a block's output; its gates, which give one value a channel, do not count."""
    return min((height for height, _, _ in (size_of(layer.shape) for layer in layers) if height > 1), default=1)


def _by_pooling(layers: Sequence[Layer], roles: Sequence[_Key]) -> Iterator[Stage]:
    """A plain chain (VGG): a block begins with a convolution, a stage ends with its pooling."""
    end = next((at for at, (role, _) in enumerate(roles) if role == "head"), len(layers))
    stages: list[list[list[Layer]]] = [[]]
    for layer in layers[:end]:
        pools = "pooling" in layer.kind
        if pools or "onvolution" in layer.kind or not stages[-1]:
            stages[-1].append([])
        stages[-1][-1].append(layer)
        if pools:
            stages.append([])
    for at, parts in enumerate((parts for parts in stages if parts), 1):
        titles = ["Pooling" if "pooling" in part[0].kind else f"Block {place}" for place, part in enumerate(parts, 1)]
        blocks = (Block(title, tuple(part)) for title, part in zip(titles, parts, strict=True))
        yield Stage(f"Stage {at}", tuple(blocks))
    if end < len(layers):
        yield _undivided("Head", layers[end:])


def size_of(shape: Sequence[int]) -> tuple[int, int, int]:
    """Height, width and channels of an output, 1 × 1 where it has no places."""
    if len(shape) == 3:
        return shape[1], shape[2], shape[0]
    return 1, 1, shape[-1] if shape else 0


def title_of(layer: Layer) -> str:
    """What a layer is, for a reader: “Depthwise convolution 3×3”."""
    title = layer.kind
    kernel = _KERNEL.search(layer.detail)
    if kernel and "onvolution" in title and "×" not in title:
        title = f"{title} {kernel[1]}×{kernel[2]}"
    role = next((role for role, pattern in _SIDEWAYS.items() if pattern.search(layer.name)), "")
    return f"{title}, {role}" if role else title


def shape_text(shape: Sequence[int]) -> str:
    """The shape of an output in words: height × width × channels for pictures."""
    return " × ".join(f"{size:,}" for size in (size_of(shape) if len(shape) == 3 else shape))


def short_shape(shape: Sequence[int]) -> str:
    """The same in little room: “112×112×32”, or “1,280 values” where there are no places."""
    high, wide, channels = size_of(shape)
    return f"{high}×{wide}×{channels}" if high > 1 else counted(channels, "value")


def parameter_text(count: int) -> str:
    """How many weights, in words."""
    return counted(count, "parameter") if count else "no parameters"


def percent(share: float) -> str:
    """A share in whole per cent; what is little is still not nothing."""
    return "under 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def sight_text(layer: Layer) -> str:
    """How much of the picture one value sees: “sees 11 × 11 pixels”."""
    field = layer.receptive_field
    return f"sees {field:,} × {field:,} pixels" if field else "sees the whole picture"


def training_text(layer: Layer) -> str:
    """Whether training has changed a layer, in a word; empty where that is not known, or it has no weights."""
    return {True: "trained", False: "frozen", None: ""}[layer.trained]
