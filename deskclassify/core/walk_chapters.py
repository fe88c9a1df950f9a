"""A network as a story in a few chapters, one for each size that the picture has on its way.

What the layers of a chapter are said to look for is what Zeiler and Fergus (2014, https://arxiv.org/abs/1311.2901) saw
in the networks of their time, and others in later ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import Stage, size_of

_TITLES = (
    (
        "Edges and colours",
        "The first layers usually answer to the simplest things: edges and their direction, spots, and colours. "
        "You can still recognise your picture in every channel.",
    ),
    (
        "Corners and fine textures",
        "The edges are now joined. Channels usually answer to corners, curves, stripes and grain.",
    ),
    (
        "Textures and patterns",
        "Channels usually answer to whole textures and patterns, such as mesh, print, folds or glints. "
        "The picture is coarser, and each value stands for more of it.",
    ),
    (
        "Parts of things",
        "Channels usually answer to parts that things are made of, and most are silent: "
        "in your picture only a few find what they look for.",
    ),
    (
        "Whole things",
        "Little is left of the place and much of the meaning: a channel is bright where it finds a whole thing, "
        "or a large part of one.",
    ),
)


@dataclass(frozen=True)
class Chapter:
    """Stages that give maps of one size.

    Attributes:
        title, text: what layers at such a depth usually look for.
        stages: in order.
    """

    title: str
    text: str
    stages: tuple[Stage, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the maps, in values."""
        height, width, _ = self.stages[-1].size
        return height, width


def chapters(stages: Sequence[Stage]) -> tuple[tuple[Chapter, ...], tuple[Stage, ...]]:
    """Divide a network.

    Args:
        stages: of a network, see `network_parts.group`.

    Returns:
        the chapters, and the stages without a map, which make the answer of it.
    """
    seeing = [stage for stage in stages if maps(stage)]
    parts = [tuple(part) for _, part in groupby(seeing, lambda stage: stage.size[:2])]
    last = max(1, len(parts) - 1)
    titles = [_TITLES[round(at * (len(_TITLES) - 1) / last)] for at in range(len(parts))]
    found = tuple(Chapter(title, text, part) for (title, text), part in zip(titles, parts, strict=True))
    return found, tuple(stage for stage in stages if not maps(stage))


def maps(stage: Stage) -> tuple[Layer, ...]:
    """The layers of a stage whose channels are maps, which say where in the picture something is."""
    return tuple(layer for layer in stage.layers if is_map(layer))


def is_map(layer: Layer) -> bool:
    """Whether a layer gives channels of more than one place."""
    height, width, _ = size_of(layer.shape)
    return height * width > 1


def trained(layers: Iterable[Layer]) -> bool | None:
    """Whether training has changed weights of any of the layers; None where that is not known."""
    known = [layer.trained for layer in layers if layer.trained is not None]
    return any(known) if known else None
