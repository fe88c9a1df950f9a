"""Resizing as a part of the graph: decoded pictures of any size go in.

The operators stand before the network and do what `core.preprocess.apply` does: the middle of an elongated picture, the
scale, the rounding of the sides, crop or border. ONNX Runtime's Resize with `antialias` is Pillow's method (a filter as
wide as the scale, 22-bit arithmetic on bytes, width first), and all but a few pixels of a hundred come out the same.
Pillow's `reducing_gap`, a coarse first step for pictures four times as large as the result, is a mean of blocks.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from deskclassify.core.errors import UserError
from deskclassify.core.preprocess import MOST_ELONGATED, Preprocess, apply
from deskclassify.ml import ort
from deskclassify.ml.exporting import drawn
from deskclassify.ml.tracing import INPUT

_MODES = {"bilinear": "linear", "bicubic": "cubic"}
_PILLOWS_CUBIC = -0.5  # its coefficient of the bicubic filter; ONNX's usual one is -0.75
_SIDES = [1, 2]  # axes of height and width
_RESIZED = "resized"
_NEAR = 0.5  # levels of 255: mean difference to Pillow; the right way has below 0.15 on these, and 0.25 on plain noise
_SHAPES = ((640, 480), (300, 700), (224, 224), (90, 120), (2100, 100), (1300, 1000))  # width, height


class _Chain:
    """Nodes that are written one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, kind: type = np.int64) -> str:
        """A constant; its name."""
        name = f"resize_constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def __call__(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """A node with one output; the name of it."""
        return self.several(operator, *inputs, outputs=outputs, **attributes)[0]

    def several(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """A node; the names of its outputs."""
        names = [f"resize_{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=names[0], **attributes))
        return names


def inside(model: onnx.ModelProto, how: Preprocess) -> onnx.ModelProto:
    """A copy of a model that takes decoded pictures, uint8 `[N, H, W, 3]` of any H and W.

    A picture that has the size of the result already passes through unchanged.

    Args:
        model: takes uint8 `[N, size, size, 3]`; of opset 18 or newer.
        how: the resizing.
    """
    model = copy.deepcopy(model)
    chain = _Chain()
    inner = _limited(chain, INPUT)
    sides = _scaled_sides(chain, _sides(chain, inner), how)
    reduced, scales = _reduced(chain, inner, sides, how.reducing_gap)
    scaled = reduced
    # One axis after the other, in Pillow's order, for the bytes are rounded in between.
    for scale in scales:
        scaled = chain(
            "Resize", scaled, "", scale, mode=_MODES[how.interpolation], antialias=1,
            coordinate_transformation_mode="half_pixel", cubic_coeff_a=_PILLOWS_CUBIC,
        )  # fmt: skip
    if how.resize == "crop":
        scaled = _centre(chain, scaled, sides, how.size)
    elif how.resize == "pad":
        scaled = _bordered(chain, scaled, sides, how)
    # The shape is known again; said so, for those that read the graph.
    shape = chain.constant([0, how.size, how.size, 3])
    chain.nodes.append(helper.make_node("Reshape", [scaled, shape], [_RESIZED], name=_RESIZED))
    graph = model.graph
    _feed(graph.node, _RESIZED)
    nodes = [*chain.nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(chain.constants)
    shape_now = graph.input[0].type.tensor_type.shape
    shape_now.dim[1].dim_param, shape_now.dim[2].dim_param = "H", "W"
    return model


def check(model: onnx.ModelProto, how: Preprocess) -> None:
    """Hold the resizing in a graph against Pillow's, pixel by pixel, on drawn pictures of several shapes.

    Args:
        model: from `inside`.
        how: the resizing.

    Raises:
        UserError: the graph does something else.
    """
    part = onnx.ModelProto()
    part.CopyFrom(model)
    at = next(number for number, node in enumerate(part.graph.node) if _RESIZED in node.output)
    del part.graph.node[at + 1 :]
    del part.graph.output[:]
    part.graph.output.append(helper.make_tensor_value_info(_RESIZED, TensorProto.UINT8, ["N", how.size, how.size, 3]))
    opened = ort.session(part.SerializeToString())
    for seed, shape in enumerate(_SHAPES):
        picture = drawn.large_picture(seed, 240).convert("RGB").resize(shape, Image.Resampling.NEAREST)
        found = ort.run(opened, np.asarray(picture)[None])[0].astype(np.int16)
        if np.abs(found - apply(picture, how)).mean() > _NEAR:
            raise UserError(
                "The resizing inside the model is not that of the training, so no file was written. Please report this "
                "with the log, and export with the resizing outside."
            )


def _feed(nodes: Sequence[onnx.NodeProto], name: str) -> None:
    """Give the nodes of the network the resized pictures."""
    for node in nodes:
        for at, given in enumerate(node.input):
            if given == INPUT:
                node.input[at] = name


def _sides(chain: _Chain, images: str) -> str:
    """Height and width, int64 `[2]`."""
    return chain("Shape", images, start=1, end=3)


def _limited(chain: _Chain, images: str) -> str:
    """The middle of elongated pictures."""
    sides = _sides(chain, images)
    others = chain("Gather", sides, chain.constant([1, 0]), axis=0)
    keep = chain("Min", sides, chain("Mul", others, chain.constant([MOST_ELONGATED])))
    start = chain("Div", chain("Sub", sides, keep), chain.constant([2]))
    return chain("Slice", images, start, chain("Add", start, keep), chain.constant(_SIDES))


def _scaled_sides(chain: _Chain, sides: str, how: Preprocess) -> str:
    """Height and width after scaling, int64 `[2]`; in float64 and rounded half to even, as Python does it."""
    if how.resize == "squish":
        return chain.constant([how.size, how.size])
    numbers = chain("Cast", sides, to=TensorProto.DOUBLE)
    if how.resize == "pad":
        to, side, least = how.size, chain("ReduceMax", sides, keepdims=1), 1
    else:
        to, side, least = how.resize_to, chain("ReduceMin", sides, keepdims=1), how.size
    factor = chain("Div", chain.constant([to], np.float64), chain("Cast", side, to=TensorProto.DOUBLE))
    rounded = chain("Round", chain("Mul", numbers, factor))
    return chain("Max", chain("Cast", rounded, to=TensorProto.INT64), chain.constant([least]))


def _reduced(chain: _Chain, images: str, scaled: str, gap: float) -> tuple[str, tuple[str, str]]:
    """Pillow's coarse first step: the means of blocks, so that the filter has `gap` times less to shrink at the most.

    Args:
        chain: the nodes.
        images: uint8 `[N, H, W, 3]`.
        scaled: height and width that are wanted.
        gap: Pillow's `reducing_gap`.

    Returns:
        smaller pictures, and the scales from them to what is wanted, one axis after the other, float32 `[4]` each.
    """
    sides = _sides(chain, images)
    ratio = chain("Div", chain("Cast", sides, to=TensorProto.DOUBLE), chain("Cast", scaled, to=TensorProto.DOUBLE))
    whole = chain("Cast", chain("Div", ratio, chain.constant(gap, np.float64)), to=TensorProto.INT64)
    block = chain("Max", whole, chain.constant([1]))
    # The last block of a row or column is cut off where the side is no multiple: it has fewer pixels to be the mean of.
    blocks = chain("Div", chain("Sub", chain("Add", sides, block), chain.constant([1])), block)
    missing = chain("Sub", chain("Mul", blocks, block), sides)
    pads = chain("Concat", chain.constant([0, 0]), missing, axis=0)
    padded = chain("Pad", images, pads, chain.constant(0, np.uint8), chain.constant(_SIDES))
    high, wide = chain.several("Split", blocks, outputs=2, axis=0, num_outputs=2)
    tall, broad = chain.several("Split", block, outputs=2, axis=0, num_outputs=2)
    count = chain("Shape", images, start=0, end=1)
    parts = chain("Reshape", padded, chain("Concat", count, high, tall, wide, broad, chain.constant([3]), axis=0))
    numbers = chain("Cast", parts, to=TensorProto.INT32)
    sums = chain("Cast", chain("ReduceSum", numbers, chain.constant([2, 4]), keepdims=0), to=TensorProto.UINT32)
    area = chain("Mul", _lengths(chain, sides, block, blocks, 0), _lengths(chain, sides, block, blocks, 1))
    half = chain("Div", area, chain.constant(2, np.uint32))
    # Pillow multiplies by a rounded down 2²⁴ / area, and so does this: the same bytes come out.
    factor = chain("Div", chain.constant(1 << 24, np.uint32), area)
    means = chain("Div", chain("Mul", chain("Add", sums, half), factor), chain.constant(1 << 24, np.uint32))
    plain = chain("Cast", means, to=TensorProto.UINT8)
    # The scale refers to the exact size, of which the last block may be a part; the rest of it goes beyond the edge.
    exact = chain("Div", chain("Cast", block, to=TensorProto.DOUBLE), ratio)
    upwards = chain("Mul", exact, chain.constant(1 + 1.2e-7, np.float64))  # Resize rounds the size down
    down, across = chain.several(
        "Split", chain("Cast", upwards, to=TensorProto.FLOAT), outputs=2, axis=0, num_outputs=2
    )
    one = chain.constant([1], np.float32)
    vertical = chain("Concat", one, down, one, one, axis=0)
    horizontal = chain("Concat", one, one, across, one, axis=0)
    high_first = _is_height_first(chain, blocks, scaled)
    first = chain("Where", high_first, vertical, horizontal)
    return plain, (first, chain("Where", high_first, horizontal, vertical))


def _is_height_first(chain: _Chain, sides: str, scaled: str) -> str:
    """Whether Pillow shrinks the height before the width: where it takes away more than twice as many rows as columns.

    Found by trying Pillow 13 on noise; older ones begin with the width.
    """
    lost = chain("Sub", sides, scaled)
    rows, columns = chain.several("Split", lost, outputs=2, axis=0, num_outputs=2)
    zero = chain.constant([0])
    more = chain("Greater", rows, chain("Mul", columns, chain.constant([2])))
    return chain("And", chain("Greater", rows, zero), more)


def _lengths(chain: _Chain, sides: str, block: str, blocks: str, at: int) -> str:
    """How many rows (`at` 0) or columns (1) each block has, uint32, to be multiplied with the others."""
    side, length, number = (chain("Gather", one, chain.constant(at), axis=0) for one in (sides, block, blocks))
    numbers = chain("Range", chain.constant(0), number, chain.constant(1))
    left = chain("Min", chain("Sub", side, chain("Mul", numbers, length)), length)
    shape = [1, 1, 1, 1]
    shape[_SIDES[at]] = -1
    return chain("Cast", chain("Reshape", left, chain.constant(shape)), to=TensorProto.UINT32)


def _centre(chain: _Chain, images: str, sides: str, size: int) -> str:
    wanted = chain.constant([size, size])
    start = chain("Div", chain("Sub", sides, wanted), chain.constant([2]))
    return chain("Slice", images, start, chain("Add", start, wanted), chain.constant(_SIDES))


def _bordered(chain: _Chain, images: str, sides: str, how: Preprocess) -> str:
    total = chain("Sub", chain.constant([how.size, how.size]), sides)
    before = chain("Div", total, chain.constant([2]))
    pads = chain("Concat", before, chain("Sub", total, before), axis=0)
    if len(set(how.pad_color)) == 1:
        return chain("Pad", images, pads, chain.constant(how.pad_color[0], np.uint8), chain.constant(_SIDES))
    channels = chain.several("Split", images, outputs=3, axis=3, num_outputs=3)
    parts = [
        chain("Pad", part, pads, chain.constant(value, np.uint8), chain.constant(_SIDES))
        for part, value in zip(channels, how.pad_color, strict=True)
    ]
    return chain("Concat", *parts, axis=3)
