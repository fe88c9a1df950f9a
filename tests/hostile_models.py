"""A corpus of broken and hostile model files, made anew by each test that wants it.

`write_corpus(folder)` writes them and returns their paths; `good()` is the small classifier that most are made from.
Nothing of it may cost the process that opens it more than a sentence.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 16  # pixels, of all models here
CLASSES = 3
_OPSET = 17
_IR = 8
HANGING = ("loop-without-end", "loop-of-heavy-work")
"""These are only stopped by the limit of time; all others by the check or the limit of memory"""


def value(name: str, shape: Iterable[Any], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """A declared tensor."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def constant(name: str, values: Any, dtype: Any = np.int64) -> onnx.TensorProto:
    """An initialiser."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[onnx.TensorProto] | None = None,
    domains: dict[str, int] | None = None,
    **metadata: str,
) -> onnx.ModelProto:
    """A model from its parts; nothing of it is checked."""
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants or [])
    opsets = [helper.make_opsetid(name, number) for name, number in {"": _OPSET, **(domains or {})}.items()]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    helper.set_model_props(made, metadata)
    return made


def good(
    batch: Any = "N",
    layout: str = "nchw",
    softmax: bool = True,
    kind: int = TensorProto.FLOAT,
    classes: int = CLASSES,
    size: Any = SIZE,
    squeeze: bool = True,
    extra: Callable[[list[onnx.NodeProto], list[onnx.TensorProto]], str] | None = None,
    **metadata: str,
) -> onnx.ModelProto:
    """A classifier: the class is the colour channel that is strongest (red, green, blue, then the mean).

    Args:
        batch: declared number of pictures.
        layout: of the input.
        softmax: probabilities or logits.
        kind: element type of the input.
        classes: outputs.
        size: declared height and width.
        squeeze: `[N, C]`, or `[N, C, 1, 1]`.
        extra: adds nodes; gives the name of a float tensor that is added to the logits.
        metadata: of the model.
    """
    shape = [batch, 3, size, size] if layout == "nchw" else [batch, size, size, 3]
    axes = [2, 3] if layout == "nchw" else [1, 2]
    weights = np.vstack([np.eye(3), np.full((max(0, classes - 3), 3), 0.3)])[:classes].T
    constants = [constant("weights", weights * 10, np.float32)]
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["means"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["plain"]),
    ]
    last = "plain"
    if extra is not None:
        nodes.append(helper.make_node("Add", ["plain", extra(nodes, constants)], ["more"]))
        last = "more"
    if softmax:
        nodes.append(helper.make_node("Softmax", [last], ["soft"], axis=1))
        last = "soft"
    if not squeeze:
        constants.append(constant("ends", [2, 3]))
        nodes.append(helper.make_node("Unsqueeze", [last, "ends"], ["long"]))
        last = "long"
    out = [batch, classes] if squeeze else [batch, classes, 1, 1]
    nodes.append(helper.make_node("Cast", [last], ["answers"], to=kind if kind != TensorProto.UINT8 else 1))
    out_kind = TensorProto.FLOAT if kind == TensorProto.UINT8 else kind
    return model(nodes, [value("images", shape, kind)], [value("answers", out, out_kind)], constants, **metadata)


def card(**changes: Any) -> dict[str, Any]:
    """The description of a model as deskclassify writes it, with changes."""
    plain = {
        "schema": 1,
        "classes": ["red", "green", "blue"],
        "preprocess": {
            "resize": "squish",
            "resize_to": SIZE,
            "size": SIZE,
            "interpolation": "bicubic",
            "reducing_gap": 2.0,
            "pad_color": [0, 0, 0],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        "architecture": "drawn",
        "accuracy": 0.9,
        "parity": {"images": 3, "top1_agreement": 1.0, "max_abs_diff": 0.0},
        "golden": [],
    }
    return {**plain, **changes}


def described(text: str) -> onnx.ModelProto:
    """A model that works, of deskclassify's form, with any text as its description."""
    return good(layout="nhwc", kind=TensorProto.UINT8, deskclassify=text)


def lying(**changes: Any) -> onnx.ModelProto:
    """A model that works, with a changed description."""
    return described(json.dumps(card(**changes)))


def preprocess(**changes: Any) -> dict[str, Any]:
    """The part of a description that says how pictures are prepared, with changes."""
    return {"preprocess": {**card()["preprocess"], **changes}}


def _bomb(kind: str, shape: list[int]) -> onnx.ModelProto:
    """Numbers are made from next to nothing: none of them is in the file, and the shape is computed on the way."""

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants += [constant("half", [side // 2 for side in shape]), constant("one", [[1.0]], np.float32)]
        constants.append(constant("noise", [0], np.int64))
        # The shape hangs on the input, so that no check of the file can know it.
        nodes += [
            helper.make_node("Shape", ["images"], ["dims"], start=1, end=2),
            helper.make_node("Div", ["dims", "dims"], ["always_one"]),
            helper.make_node("Add", ["always_one", "always_one"], ["always_two"]),
            helper.make_node("Mul", ["half", "always_two"], ["shape"]),
        ]
        made = {
            "fill": helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
            "expand": helper.make_node("Expand", ["one", "shape"], ["huge"]),
            "tile": helper.make_node("Tile", ["one", "shape"], ["huge"]),
        }[kind]
        nodes += [made, helper.make_node("ReduceMean", ["huge"], ["mean"], keepdims=0)]
        return "mean"

    return good(extra=extra)


def _range_bomb() -> onnx.ModelProto:
    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants += [constant("from", 0), constant("to", 2**36), constant("step", 1)]
        nodes += [
            helper.make_node("Range", ["from", "to", "step"], ["count"]),
            helper.make_node("Cast", ["count"], ["floats_of_it"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["floats_of_it"], ["mean"], keepdims=0),
        ]
        return "mean"

    return good(extra=extra)


def _resize_bomb() -> onnx.ModelProto:
    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants.append(constant("scales", [1, 1, 3000, 3000], np.float32))
        nodes += [
            helper.make_node("Resize", ["floats", "", "scales"], ["huge"], mode="nearest"),
            helper.make_node("ReduceMean", ["huge"], ["mean"], keepdims=0),
        ]
        return "mean"

    return good(extra=extra)


def _growing() -> onnx.ModelProto:
    """Doubles its numbers 40 times."""

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        last = "floats"
        for step in range(40):
            nodes.append(helper.make_node("Concat", [last, last], [f"grown{step}"], axis=3))
            last = f"grown{step}"
        nodes.append(helper.make_node("ReduceMean", [last], ["mean"], keepdims=0))
        return "mean"

    return good(extra=extra)


def _loop(work: bool) -> onnx.ModelProto:
    inner = [
        helper.make_node("Identity", ["going"], ["going_on"]),
        helper.make_node("MatMul", ["state", "state"], ["next"])
        if work
        else helper.make_node("Identity", ["state"], ["next"]),
    ]
    body = helper.make_graph(
        inner,
        "body",
        [value("turn", [], TensorProto.INT64), value("going", [], TensorProto.BOOL), value("state", [None, None])],
        [value("going_on", [], TensorProto.BOOL), value("next", [None, None])],
    )

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        side = 800 if work else 1
        constants += [
            constant("turns", 2**62),
            constant("yes", True, np.bool_),
            constant("seed", np.zeros((side, side)), np.float32),
        ]
        nodes += [
            helper.make_node("Loop", ["turns", "yes", "seed"], ["ended"], body=body),
            helper.make_node("ReduceMean", ["ended"], ["mean"], keepdims=0),
        ]
        return "mean"

    return good(extra=extra)


def _nested(depth: int) -> onnx.ModelProto:
    """If within If within If."""

    def branch(level: int) -> onnx.GraphProto:
        out = f"out{level}"
        if level == depth:
            node = helper.make_node("Constant", [], [out], value=constant("zero", 0.0, np.float32))
        else:
            node = helper.make_node("If", ["yes"], [out], then_branch=branch(level + 1), else_branch=leaf(level))
        return helper.make_graph([node], f"level{level}", [], [value(out, [])])

    def leaf(level: int) -> onnx.GraphProto:
        name = f"leaf{level}"
        node = helper.make_node("Constant", [], [name], value=constant("zero", 0.0, np.float32))
        return helper.make_graph([node], name, [], [value(name, [])])

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants.append(constant("yes", True, np.bool_))
        nodes.append(helper.make_node("If", ["yes"], ["deep"], then_branch=branch(1), else_branch=leaf(0)))
        return "deep"

    return good(extra=extra)


def _external(location: str) -> onnx.ModelProto:
    made = good()
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", "0"), ("length", "36")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, text
    return made


def _function() -> onnx.ModelProto:
    made = good()
    inner = helper.make_node("Identity", ["x"], ["y"])
    made.functions.append(helper.make_function("own", "Trick", ["x"], ["y"], [inner], [helper.make_opsetid("", 17)]))
    made.opset_import.append(helper.make_opsetid("own", 1))
    made.graph.node[2].input[0] = "tricked"
    made.graph.node.insert(2, helper.make_node("Trick", ["means"], ["tricked"], domain="own"))
    return made


def _cycle() -> onnx.ModelProto:
    made = good()
    made.graph.node[1].input[0] = "plain"
    return made


def _training() -> onnx.ModelProto:
    made = good()
    made.training_info.add().algorithm.CopyFrom(made.graph)
    return made


def _wrong_bytes() -> onnx.ModelProto:
    """An initialiser that says it is far larger than what there is of it."""
    made = good()
    made.graph.initializer[0].dims[:] = [2**31, 3]
    return made


def _sparse() -> onnx.ModelProto:
    made = good()
    sparse = made.graph.sparse_initializer.add()
    sparse.dims[:] = [2**20, 2**20]
    sparse.values.CopyFrom(constant("weights2", [1.0], np.float32))
    sparse.indices.CopyFrom(constant("places", [3]))
    return made


def _answers(change: Callable[[list[onnx.NodeProto]], list[onnx.ValueInfoProto]]) -> onnx.ModelProto:
    """Another end: `change` adds nodes and gives the outputs."""
    made = good()
    nodes: list[onnx.NodeProto] = []
    outputs = change(nodes)
    made.graph.node.extend(nodes)
    made.graph.ClearField("output")
    made.graph.output.extend(outputs)
    return made


def _no_numbers(nodes: list[onnx.NodeProto]) -> list[onnx.ValueInfoProto]:
    nodes += [
        helper.make_node("Sub", ["answers", "answers"], ["nought"]),
        helper.make_node("Div", ["nought", "nought"], ["nan"]),
    ]
    return [value("nan", ["N", CLASSES])]


def _sequence(nodes: list[onnx.NodeProto]) -> list[onnx.ValueInfoProto]:
    nodes.append(helper.make_node("SequenceConstruct", ["answers"], ["list"]))
    return [helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None)]


def _strings(nodes: list[onnx.NodeProto]) -> list[onnx.ValueInfoProto]:
    nodes.append(helper.make_node("Cast", ["answers"], ["text"], to=TensorProto.STRING))
    return [value("text", ["N", CLASSES], TensorProto.STRING)]


def _many(nodes: list[onnx.NodeProto]) -> list[onnx.ValueInfoProto]:
    names = [f"copy{number}" for number in range(12)]
    nodes += [helper.make_node("Identity", ["answers"], [name]) for name in names]
    return [value(name, ["N", CLASSES]) for name in names]


def _empty_answers(nodes: list[onnx.NodeProto]) -> list[onnx.ValueInfoProto]:
    nodes += [
        helper.make_node("Constant", [], ["nothing"], value=constant("z", [0])),
        helper.make_node("Constant", [], ["axis"], value=constant("a", [1])),
        helper.make_node("Slice", ["answers", "nothing", "nothing", "axis"], ["none"]),
    ]
    return [value("none", ["N", 0])]


def _inputs(*declared: onnx.ValueInfoProto) -> onnx.ModelProto:
    made = good()
    made.graph.ClearField("input")
    made.graph.input.extend(declared)
    return made


def _crowd() -> onnx.ModelProto:
    """Far more nodes than any network has."""
    made = good()
    for number in range(120_000):
        node = made.graph.node.add()
        node.op_type = "Relu"
        node.input.append("plain")
        node.output.append(f"r{number}")
    return made


def _renamed_zip(data: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("model.onnx", data)
    return sink.getvalue()


def _huge_png() -> str:
    """A golden picture of 40,000 × 40,000 pixels in a few kilobytes."""
    import base64
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 5001 * 400, 9)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(png).decode("ascii")


_HOSTILE_NAMES = ["<b onclick=alert(1)>red</b>", "gr\neen\x1b[31m\x00\u202e", "blue" * 5000]


def corpus() -> dict[str, Callable[[], onnx.ModelProto | bytes]]:
    """Name of a case → what makes its file."""
    whole = good().SerializeToString()
    deep = "[" * 100_000 + "]" * 100_000
    return {
        "empty": lambda: b"",
        "text": lambda: b"This is no model.\n" * 20,
        "truncated-early": lambda: whole[: len(whole) // 10],
        "truncated-middle": lambda: whole[: len(whole) // 2],
        "truncated-late": lambda: whole[:-3],
        "zip-renamed": lambda: _renamed_zip(whole),
        "gzip-renamed": lambda: gzip.compress(whole),
        "noise": lambda: np.random.default_rng(0).bytes(5000),
        "deep-protobuf": lambda: _deep_protobuf(2000),
        "fill-256-gib": _fill_at_once,
        "bomb-fill": lambda: _bomb("fill", [2**18, 2**18]),
        "bomb-expand": lambda: _bomb("expand", [2**18, 2**18]),
        "bomb-tile": lambda: _bomb("tile", [2**18, 2**18]),
        "bomb-of-20-gb": lambda: _bomb("expand", [2**16, 80_000]),
        "bomb-range": _range_bomb,
        "bomb-resize": _resize_bomb,
        "bomb-growing": _growing,
        "loop-without-end": lambda: _loop(work=False),
        "loop-of-heavy-work": lambda: _loop(work=True),
        "nested-deep": lambda: _nested(25),
        "external-passwd": lambda: _external("/etc/passwd"),
        "external-parent": lambda: _external("../../secrets.bin"),
        "external-long": lambda: _external("x" * 20_000),
        "external-empty": lambda: _external(""),
        "foreign-domain": _domain,
        "context-binary": lambda: _domain("com.microsoft", "EPContext"),
        "local-function": _function,
        "cycle": _cycle,
        "training": _training,
        "weights-missing": _wrong_bytes,
        "sparse-huge": _sparse,
        "crowd-of-nodes": _crowd,
        "shape-huge": lambda: good(size=10**9),
        "shape-zero": lambda: good(size=0),
        "shape-negative": lambda: good(size=-5),
        "batch-huge": lambda: good(batch=10**9),
        "input-strings": lambda: _inputs(value("images", ["N", 3, SIZE, SIZE], TensorProto.STRING)),
        "input-int64": lambda: good(kind=TensorProto.INT64),
        "input-none": _inputs,
        "input-two": lambda: _inputs(value("images", ["N", 3, SIZE, SIZE]), value("other", [1])),
        "input-flat": lambda: _inputs(value("images", ["N", 768])),
        "input-grey": lambda: _inputs(value("images", ["N", 1, SIZE, SIZE])),
        "input-sequence": lambda: _inputs(helper.make_tensor_sequence_value_info("images", TensorProto.FLOAT, None)),
        "output-none": lambda: _answers(lambda nodes: []),
        "output-empty": lambda: _answers(_empty_answers),
        "output-nan": lambda: _answers(_no_numbers),
        "output-sequence": lambda: _answers(_sequence),
        "output-strings": lambda: _answers(_strings),
        "output-many": lambda: _answers(_many),
        "output-missing": lambda: _answers(lambda nodes: [value("nowhere", ["N", CLASSES])]),
        "unknown-operator": _operator,
        "future-opset": lambda: model([], [], [], domains={"": 9999}),
        "card-too-few-classes": lambda: lying(classes=["red", "green"]),
        "card-no-classes": lambda: lying(classes=[]),
        "card-mean-null": lambda: lying(**preprocess(mean=None)),
        "card-size-huge": lambda: lying(**preprocess(size=10**9)),
        "card-size-other": lambda: lying(**preprocess(size=SIZE * 2, resize_to=SIZE * 2)),
        "card-size-negative": lambda: lying(**preprocess(size=-1)),
        "card-resize-huge": lambda: lying(**preprocess(resize="crop", resize_to=10**8)),
        "card-interpolation": lambda: lying(**preprocess(interpolation="__class__")),
        "card-gap-nan": lambda: lying(**preprocess(reducing_gap=float("nan"))),
        "card-std-zero": lambda: lying(**preprocess(std=[0.0, 0.0, 0.0])),
        "card-color": lambda: lying(**preprocess(resize="pad", pad_color=[999, -4, 0])),
        "card-newer": lambda: lying(schema=99),
        "card-schema-text": lambda: lying(schema="one"),
        "card-deep": lambda: described(deep),
        "card-no-json": lambda: described("{"),
        "card-a-list": lambda: described("[]"),
        "card-golden-bomb": lambda: lying(golden=[{"png": _huge_png(), "probabilities": [0.2, 0.3, 0.5]}]),
        "card-golden-broken": lambda: lying(golden=[{"png": "%%%", "probabilities": [0.2, 0.3, 0.5]}]),
        "card-golden-wrong": lambda: lying(golden=[{"png": _white(), "probabilities": [0.9, 0.1, 0.0]}]),
        "card-golden-short": lambda: lying(golden=[{"png": _white(), "probabilities": [0.5]}]),
        "card-threshold-nan": lambda: lying(threshold=float("nan")),
    }


def harmless_but_odd() -> dict[str, Callable[[], onnx.ModelProto]]:
    """Models that can be used although something about them is strange: they must be shown, not believed."""
    return {
        "names-hostile": lambda: lying(classes=_HOSTILE_NAMES),
        "names-deep": lambda: good(task="classify", imgsz="[16, 16]", names="{" * 20_000),
        "names-of-others": lambda: good(names=repr(dict(enumerate(_HOSTILE_NAMES)))),
    }


def write_corpus(folder: Path, hanging: bool = True) -> list[Path]:
    """Write the corpus.

    Args:
        folder: made if need be.
        hanging: whether with those that only the limit of time stops.

    Returns:
        the files, named after the cases.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, make in corpus().items():
        if hanging or name not in HANGING:
            file = folder / f"{name}.onnx"
            made = make()
            file.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
            written.append(file)
    return written


def _white() -> str:
    import base64

    from PIL import Image

    sink = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(sink, "PNG")
    return base64.b64encode(sink.getvalue()).decode("ascii")


def _domain(domain: str = "evil.example", kind: str = "Run") -> onnx.ModelProto:
    made = good(extra=lambda nodes, constants: _other(nodes, domain, kind))
    made.opset_import.append(helper.make_opsetid(domain, 1))
    return made


def _other(nodes: list[onnx.NodeProto], domain: str, kind: str) -> str:
    nodes.append(helper.make_node(kind, ["plain"], ["odd"], domain=domain))
    return "odd"


def _operator() -> onnx.ModelProto:
    return good(extra=lambda nodes, constants: _other(nodes, "", "FormatDisk"))


def _fill_at_once() -> onnx.ModelProto:
    """The small file of 256 GiB: two dimensions in a constant."""

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants.append(constant("shape", [2**18, 2**18]))
        nodes += [
            helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
            helper.make_node("ReduceMean", ["huge"], ["mean"], keepdims=0),
        ]
        return "mean"

    return good(extra=extra)


def _deep_protobuf(depth: int) -> bytes:
    """Graph in attribute in node in graph …, written by hand: `onnx` itself would refuse to."""
    data = b""
    for _ in range(depth):
        for field in (6, 5, 1):  # AttributeProto.g, NodeProto.attribute, GraphProto.node
            data = bytes([field << 3 | 2]) + _varint(len(data)) + data
    return b"\x08\x08" + bytes([7 << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])
