"""Reading a model file without running anything of it: what is in it, and whether that may be run at all.

The check knows what the file states. What it makes the numbers do only a run can tell: see `trial`. Both happen in a
process that may be lost.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper

from deskclassify.ml import model_proof
from deskclassify.ml.foreign import operators
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.verdict import Declared, Facts, shape_text

_MAGIC = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "a gzip archive", b"\x89HDF": "a Keras file (HDF5)"}
_MOST_OUTPUTS = 8
_KINDS = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.UINT8: "uint8",
}
_INITIALISER = "an array of weights"


class RefusedError(Exception):
    """A model that is not opened.

    Args:
        sentence: for the user; `{name}` stands for the name of the file.
        lasting: see `Verdict`.
    """

    def __init__(self, sentence: str, lasting: bool = True) -> None:
        super().__init__(sentence)
        # Names from the file are quoted in it.
        self.sentence = "".join(letter if letter.isprintable() else "?" for letter in sentence)
        self.lasting = lasting


def _dangerous(what: str) -> RefusedError:
    return RefusedError(
        f"“{{name}}” is not opened: {what}. A model for pictures does not need that; get the file from someone you "
        "trust, or export it anew as one plain ONNX file."
    )


def unsuited(what: str) -> RefusedError:
    """The model is none that can be used for pictures."""
    return RefusedError(f"“{{name}}” cannot classify pictures here: {what}. Choose a model that was made for it.")


def damaged(what: str = "it is cut off, or no ONNX file at all") -> RefusedError:
    """The file cannot be read."""
    return RefusedError(f"“{{name}}” cannot be read: {what}. Export or download it again.")


def check(data: bytes, limits: Limits = USUAL) -> Facts:
    """Judge a model by what the file states.

    Args:
        data: the whole file.
        limits: of what it may ask for.

    Raises:
        RefusedError: it is damaged, dangerous, or does not classify pictures.
    """
    for start, kind in _MAGIC.items():
        if data.startswith(start):
            raise damaged(f"it is {kind} and no ONNX file")
    model = _parse(data)
    try:
        return _judge(model, limits)
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # parts that are not of the kind that they should be, such as names that are no text
        raise damaged("its parts do not fit together") from error


def _judge(model: onnx.ModelProto, limits: Limits) -> Facts:
    _check_parts(model, limits)
    graphs = list(_graphs(model.graph, 1, limits))
    nodes = [node for graph in graphs for node in graph.node]
    if len(nodes) > limits.nodes:
        raise _dangerous(f"it has {len(nodes):,} operations, more than any network for pictures")
    for node in nodes:
        operators.judge(node.domain, node.op_type, _dangerous)
    for tensor in _tensors(graphs, nodes):
        _check_tensor(tensor, limits)
    for graph in graphs:
        _check_shapes(graph, limits)
    _check_order(model.graph, frozenset())
    _check_stated_sizes(graphs, limits)
    opset = max((entry.version for entry in model.opset_import if entry.domain in operators.PLAIN), default=0)
    declared, layout = _input(model.graph, limits)
    said = {entry.key: entry.value for entry in model.metadata_props}
    return Facts(
        input=declared,
        layout=layout,
        outputs=_outputs(model.graph),
        metadata=said,
        opset=opset,
        nodes=len(nodes),
        producer=f"{model.producer_name} {model.producer_version}".strip()[:100],
        precision=_precision(model.graph, nodes),
        graph=model_proof.graph_digest(model) if "deskclassify" in said else "",
    )


def _parse(data: bytes) -> onnx.ModelProto:
    if not data:
        raise damaged("it is empty")
    try:
        model = onnx.load_model_from_string(data)
    except MemoryError:
        raise
    except Exception as error:  # protobuf's own, RecursionError and more
        raise damaged() from error
    if not model.graph.node:
        raise damaged("there is no network in it")
    return model


def _check_parts(model: onnx.ModelProto, limits: Limits) -> None:
    if model.functions:
        raise _dangerous("it defines functions of its own")
    if model.training_info:
        raise _dangerous("it holds instructions for training")
    strings = [part for entry in model.metadata_props for part in (entry.key, entry.value)]
    strings += [model.producer_name, model.producer_version]
    strings += [entry.name for entry in (*model.graph.input, *model.graph.output)]
    if not all(isinstance(text, str) for text in strings):  # protobuf gives bytes where it is no UTF-8
        raise damaged("a name in it is no text")
    size = sum(len(entry.key) + len(entry.value) for entry in model.metadata_props)
    if size > limits.metadata_bytes:
        raise _dangerous(f"it carries {size / 1e6:.0f} MB of description")


def _graphs(graph: onnx.GraphProto, depth: int, limits: Limits) -> Iterator[onnx.GraphProto]:
    """A graph and those within its nodes."""
    if depth > limits.depth:
        raise _dangerous(f"its parts are nested more than {limits.depth} deep")
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in _inner(attribute):
                yield from _graphs(inner, depth + 1, limits)


def _inner(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    if attribute.type == AttributeProto.GRAPH or attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _tensors(graphs: Iterable[onnx.GraphProto], nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    sparse = "it uses sparse arrays, whose real size the file does not show"
    for graph in graphs:
        if graph.sparse_initializer:
            raise _dangerous(sparse)
        yield from graph.initializer
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise _dangerous(sparse)
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _check_tensor(tensor: onnx.TensorProto, limits: Limits) -> None:
    """The size that it states must be the size that it has."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise RefusedError(
            "“{name}” is not opened: it would read other files of this computer, since its weights lie outside of it "
            "(external data). Export it as one file with the weights inside."
        )
    if tensor.data_type == TensorProto.STRING:
        raise unsuited("it works on text")
    if any(side < 0 for side in tensor.dims):
        raise damaged(f"{_INITIALISER} has a negative size")
    count = math.prod(tensor.dims)
    if count > limits.elements * 2:
        raise _dangerous(f"{_INITIALISER} is said to hold {count:,} numbers")
    if tensor.HasField("raw_data"):
        try:
            wanted = count * np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        except Exception as error:
            raise damaged(f"{_INITIALISER} is of an unknown type") from error
        # Types of four bits or less share a byte.
        if len(tensor.raw_data) > wanted or len(tensor.raw_data) * 4 < wanted:
            raise damaged(f"{_INITIALISER} is not as long as the file says")
        return
    held = sum(len(getattr(tensor, f"{part}_data")) for part in ("float", "int32", "int64", "double", "uint64"))
    if count > max(1, held) * 8:
        raise damaged(f"{_INITIALISER} is not as long as the file says")


def _check_shapes(graph: onnx.GraphProto, limits: Limits) -> None:
    for entry in (*graph.input, *graph.output, *graph.value_info):
        sides = _sides(entry)
        if any(side < 0 for side in sides):
            raise damaged("an array in it has a negative size")
        if math.prod(side or 1 for side in sides) > limits.elements:
            raise _dangerous(f"it asks for an array of {shape_text(sides)} numbers")


def _sides(entry: onnx.ValueInfoProto) -> tuple[int, ...]:
    """The declared shape, 0 where an axis is free."""
    return tuple(side.dim_value if side.HasField("dim_value") else 0 for side in entry.type.tensor_type.shape.dim)


def _check_order(graph: onnx.GraphProto, outside: frozenset[str]) -> None:
    """Each operation uses what was there before it; so nothing goes round in a circle."""
    known = set(outside)
    known.update(entry.name for entry in graph.input)
    known.update(tensor.name for tensor in graph.initializer)
    known.add("")
    later = Counter(name for node in graph.node for name in node.output if name)
    if any(count > 1 for count in later.values()):
        raise damaged("two operations have the same result")
    for node in graph.node:
        for name in node.input:
            if name not in known:
                circle = "its operations go round in a circle" if name in later else f"“{name[:40]}” is nowhere defined"
                raise damaged(circle)
        for attribute in node.attribute:
            for inner in _inner(attribute):
                _check_order(inner, frozenset(known))
        known.update(node.output)
    for entry in graph.output:
        if entry.name not in known:
            raise damaged(f"its output “{entry.name[:40]}” is nowhere computed")


def _check_stated_sizes(graphs: Iterable[onnx.GraphProto], limits: Limits) -> None:
    """Operations that make large arrays from a few numbers, where the file states how large."""
    for graph in graphs:
        fixed = {tensor.name: tensor for tensor in graph.initializer}
        fixed |= {
            node.output[0]: attribute.t
            for node in graph.node
            if node.op_type == "Constant" and node.output
            for attribute in node.attribute
            if attribute.name == "value"
        }
        for node in graph.node:
            place = operators.SIZE_INPUT.get(node.op_type)
            if place is None or place >= len(node.input) or node.input[place] not in fixed:
                continue
            tensor = fixed[node.input[place]]
            if math.prod(tensor.dims) <= 8 and tensor.data_type == TensorProto.INT64:
                count = math.prod(max(1, int(side)) for side in numpy_helper.to_array(tensor).ravel())
                if count > limits.elements:
                    raise _dangerous(f"its operation {node.op_type} makes an array of {count:,} numbers")


def _input(graph: onnx.GraphProto, limits: Limits) -> tuple[Declared, operators.Layout]:
    """The one input for pictures."""
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in constants]
    if len(inputs) != 1:
        raise unsuited(f"it has {len(inputs)} inputs instead of one for pictures" if inputs else "it has no input")
    entry, sides = inputs[0], _sides(inputs[0])
    kind = _KINDS.get(entry.type.tensor_type.elem_type)
    if not entry.type.HasField("tensor_type") or kind is None:
        raise unsuited("its input is no array of colours (32-bit or 16-bit numbers, or bytes)")
    if len(sides) != 4:
        raise unsuited(f"its input has {len(sides)} axes instead of the four of a batch of pictures")
    if any(side.HasField("dim_value") and side.dim_value == 0 for side in entry.type.tensor_type.shape.dim):
        raise damaged("its input is of size 0")
    layout: operators.Layout
    if sides[1] == 3:
        layout, (batch, _, height, width) = "nchw", sides
    elif sides[3] == 3:
        layout, (batch, height, width, _) = "nhwc", sides
    else:
        raise unsuited(f"it does not take pictures with three colours (its input is {shape_text(sides)})")
    if height and width and height != width:
        raise unsuited(f"it takes pictures of {width} × {height} pixels, and only squares can be made")
    size = height or width
    if size > limits.side or 0 < size < 8:
        raise unsuited(f"it takes pictures of {size:,} × {size:,} pixels")
    if batch > limits.batch:
        raise unsuited(f"it takes {batch:,} pictures at once, and not one")
    return Declared(entry.name, kind, sides), layout


def _outputs(graph: onnx.GraphProto) -> tuple[Declared, ...]:
    """Those that may hold one number for each class."""
    if not graph.output:
        raise unsuited("it has no output")
    if len(graph.output) > _MOST_OUTPUTS:
        raise unsuited(f"it has {len(graph.output)} outputs instead of one with the answers")
    found = []
    for entry in graph.output:
        kind = _KINDS.get(entry.type.tensor_type.elem_type)
        sides = _sides(entry)
        if not entry.type.HasField("tensor_type") or kind in (None, "uint8"):
            continue
        if entry.type.tensor_type.HasField("shape") and not _is_row(sides):
            continue
        found.append(Declared(entry.name, str(kind), sides))
    if not found:
        raise unsuited("none of its outputs is a row of numbers, one for each class")
    return tuple(found)


def _is_row(sides: tuple[int, ...]) -> bool:
    """`[N, C]` or `[N, C, 1, 1]`; one class is none."""
    return len(sides) in (2, 4) and sides[1] != 1 and all(side in (0, 1) for side in sides[2:])


def _precision(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> str:
    if any("Quantize" in node.op_type or node.op_type.startswith("QLinear") for node in nodes):
        return "int8"
    numbers: Counter[int] = Counter()
    for tensor in graph.initializer:
        numbers[tensor.data_type] += math.prod(tensor.dims)
    return "fp16" if numbers and numbers.most_common(1)[0][0] == TensorProto.FLOAT16 else "fp32"
