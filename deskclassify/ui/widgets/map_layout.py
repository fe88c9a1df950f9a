"""Where each stage, block and layer lies on the map of a network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import Block, Network, Stage, size_of

FLAT = 10.0  # pixels: height of a layer that has no places any more
SHALLOWEST, DEEPEST = 2.0, 12.0  # pixels that a stage goes back
_FEW, _MANY = 8, 2048  # channels that go back the least and the most
_SMALLEST = 3  # pixels: maps that are hardly higher than none
_NARROWEST = 30.0  # pixels of a stage
_SEAM = 2.0  # pixels between two blocks
_STAGE_GAP = 5.0  # pixels, besides the room that the depth takes


@dataclass(frozen=True)
class Column:
    """One layer: a part of its block's face. `trained` is that of the block where the layer has no weights."""

    layer: Layer
    left: float
    right: float
    height: float
    trained: bool | None

    @property
    def middle(self) -> float:
        """Its centre."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class BlockBox:
    """One block."""

    block: Block
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class StageBox:
    """One stage; `depth` are the pixels that it goes back, by its channels."""

    stage: Stage
    blocks: tuple[BlockBox, ...]
    depth: float

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its layers, from left to right."""
        return tuple(column for box in self.blocks for column in box.columns)

    @property
    def left(self) -> float:
        """Where the first layer begins."""
        return self.blocks[0].columns[0].left

    @property
    def right(self) -> float:
        """Where the last layer ends."""
        return self.blocks[-1].columns[-1].right

    @property
    def height(self) -> float:
        """Of the highest layer."""
        return max(column.height for column in self.columns)


def height_of(size: int, largest: int, tallest: float) -> float:
    """Pixels for a layer of `size` × `size` places: the logarithm, as sizes halve from stage to stage."""
    return FLAT + (tallest - FLAT) * _share(size, _SMALLEST, largest)


def depth_of(channels: int) -> float:
    """Pixels that a stage goes back: the logarithm again."""
    return SHALLOWEST + (DEEPEST - SHALLOWEST) * _share(channels, _FEW, _MANY)


def _share(value: int, least: int, most: int) -> float:
    """Where a value lies between two others on a logarithmic scale, from 0 to 1."""
    if value <= least or most <= least:
        return 0.0
    return min(1.0, math.log(value / least) / math.log(most / least))


def lay_out(network: Network, input_size: int, left: float, right: float, tallest: float) -> tuple[StageBox, ...]:
    """Spread a network between two places; a stage is the wider the more layers it has."""
    depths = [depth_of(stage.size[2]) for stage in network.stages]
    room = right - left - sum(depths) - _STAGE_GAP * max(0, len(depths) - 1)
    narrowest = min(_NARROWEST, room / max(1, len(depths)))
    each = (room - narrowest * len(depths)) / max(1, len(network.layers))
    boxes = []
    for stage, depth in zip(network.stages, depths, strict=True):
        width = narrowest + each * len(stage.layers)
        boxes.append(StageBox(stage, tuple(_blocks(stage, left, width, input_size, tallest)), depth))
        left += width + depth + _STAGE_GAP
    return tuple(boxes)


def _blocks(stage: Stage, left: float, width: float, largest: int, tallest: float) -> Iterator[BlockBox]:
    seam = min(_SEAM, width / (4 * len(stage.blocks)))
    each = (width - seam * (len(stage.blocks) - 1)) / len(stage.layers)
    for block in stage.blocks:
        columns = []
        heights = _heights(block.layers, largest, tallest)
        for layer, height, trained in zip(block.layers, heights, _trained(block.layers), strict=True):
            columns.append(Column(layer, left, left + each, height, trained))
            left += each
        yield BlockBox(block, tuple(columns))
        left += seam


def _heights(layers: Sequence[Layer], largest: int, tallest: float) -> list[float]:
    """A gate inside a block gives one value a channel, but the maps go past it: it is as high as its neighbour."""
    sizes = [size_of(layer.shape)[0] for layer in layers]
    known = next((size for size in sizes if size > 1), 1)
    ends_flat = sizes[-1] == 1
    heights = []
    for at, size in enumerate(sizes):
        is_end = ends_flat and all(one == 1 for one in sizes[at:])
        known = size if size > 1 or is_end else known
        heights.append(height_of(known, largest, tallest))
    return heights


def _trained(layers: Sequence[Layer]) -> list[bool | None]:
    """A layer without weights of its own is drawn as the one before it, or else the one behind it."""
    known = next((layer.trained for layer in layers if layer.trained is not None), None)
    states = []
    for layer in layers:
        known = layer.trained if layer.trained is not None else known
        states.append(known)
    return states
