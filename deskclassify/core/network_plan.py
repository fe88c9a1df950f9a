"""The plan of a network as a drawing (SVG): a slab for each stage, as high as its maps and as thick as its channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from deskclassify.core.network_parts import Stage, parameter_text
from deskclassify.core.walk_chapters import trained

_HEIGHT, _FLOOR = 272, 196  # units of the drawing; slabs stand on the floor
_TALLEST, _LOWEST = 168.0, 20.0
_THICKEST, _THINNEST = 50.0, 8.0
_SLANT = 0.3  # of the depth, seen from the side
_LONGEST_NAME = 14  # letters
_COLUMN = 104  # least units from one stage to the next, so that captions do not meet


@dataclass(frozen=True)
class _Box:
    left: float
    width: float
    height: float
    depth: float


def plan(stages: Sequence[Stage], input_size: int, answer: str = "") -> str:
    """Draw a network.

    Args:
        stages: in order.
        input_size: pixels of a side of the network's input.
        answer: what stands at the end; empty for features.

    Returns:
        an `svg` element. Its colours are classes that the style sheet of the document gives.
    """
    boxes = _boxes(stages, input_size)
    width = _COLUMN * (len(stages) + 1) + 40
    known = any(trained(stage.layers) is not None for stage in stages)
    described = "; ".join(f"{stage.title}: {_size_text(stage)}" for stage in stages)
    parts = [
        f'<svg class="plan" viewBox="0 0 {width} {_HEIGHT}" role="img" aria-labelledby="plan-title plan-text">',
        '<title id="plan-title">Plan of the network</title>',
        f'<desc id="plan-text">{escape(described)}</desc>',
        '<defs><pattern id="frozen" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" class="plan-frozen"/><line x1="0" y1="0" x2="0" y2="6" class="plan-hatch"/>'
        "</pattern></defs>",
        f'<line class="plan-floor" x1="20" y1="{_FLOOR + 10}" x2="{width - 20}" y2="{_FLOOR + 10}"/>',
    ]
    for at, (stage, box) in enumerate(zip(stages, boxes, strict=True)):
        parts.append(_slab(stage, box, known))
        parts.append(_caption(stage, 20 + _COLUMN * (at + 0.5)))
    end = 20 + _COLUMN * (len(stages) + 0.5)
    short = answer if len(answer) <= _LONGEST_NAME else f"{answer[: _LONGEST_NAME - 1]}…"
    parts.append(_text(end, _FLOOR + 32, short or f"{stages[-1].size[2]:,} features" if stages else answer, "strong"))
    parts.append(_text(end, _FLOOR + 50, "the answer" if answer else "the result", "soft"))
    parts.append(f'<circle class="plan-answer" cx="{end:.1f}" cy="{_FLOOR - 4}" r="9"/></svg>')
    return "".join(parts)


def _boxes(stages: Sequence[Stage], input_size: int) -> list[_Box]:
    most = max((stage.size[2] for stage in stages), default=1)
    boxes = []
    for at, stage in enumerate(stages):
        height, _, channels = stage.size
        share = math.log2(max(2, height) / 2 + 1) / math.log2(max(4, input_size) / 2 + 1) if height > 1 else 0.0
        side = _LOWEST + (_TALLEST - _LOWEST) * share
        thick = _THINNEST + (_THICKEST - _THINNEST) * math.log2(channels + 1) / math.log2(most + 1)
        depth = side * 0.5 if height > 1 else 8.0
        middle = 20 + _COLUMN * (at + 0.5)
        boxes.append(_Box(middle - (thick + depth * _SLANT * 2) / 2, thick, side, depth))
    return boxes


def _slab(stage: Stage, box: _Box, known: bool) -> str:
    """Front, top and side; whether training has changed it is told by colour and by hatching."""
    state = trained(stage.layers)
    kind = {True: "trained", False: "frozen", None: "unknown" if known else "trained"}[state]
    dx, dy = box.depth * _SLANT * 2, -box.depth * _SLANT
    left, right, top, floor = box.left, box.left + box.width, _FLOOR - box.height, float(_FLOOR)
    words = {True: ", trained", False: ", frozen", None: ""}[state]
    title = f"{stage.title}: {_size_text(stage)}, {parameter_text(stage.parameters)}{words}"
    front = [(left, top), (right, top), (right, floor), (left, floor)]
    lid = [(left, top), (left + dx, top + dy), (right + dx, top + dy), (right, top)]
    side = [(right, top), (right + dx, top + dy), (right + dx, floor + dy), (right, floor)]
    faces = (("lid", lid), ("side", side), ("front", front))
    drawn = "".join(
        f'<polygon class="plan-{kind} plan-{face}" points="{_points(corners)}"/>' for face, corners in faces
    )
    return f"<g><title>{escape(title)}</title>{drawn}</g>"


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _caption(stage: Stage, middle: float) -> str:
    height, width, channels = stage.size
    size = f"{height} × {width}" if height > 1 else "1 value each"
    return (
        _text(middle, _FLOOR + 32, stage.title, "strong")
        + _text(middle, _FLOOR + 50, size, "soft")
        + _text(middle, _FLOOR + 66, f"{channels:,} channels" if height > 1 else f"{channels:,} values", "soft")
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="plan-{kind}" x="{x:.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>'


def _size_text(stage: Stage) -> str:
    height, width, channels = stage.size
    return f"{height} × {width} × {channels:,}" if height > 1 else f"{channels:,} values"
