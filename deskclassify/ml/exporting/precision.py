"""8-bit arithmetic: static quantisation, calibrated on the pictures that the network was trained on.

One scale for each channel of the weights and one for each activation (Jacob et al. 2018,
https://arxiv.org/abs/1712.05877), found by ONNX Runtime. How the range of an activation is best cut off differs from
network to network, so several ways are tried, each held against the accuracy, until one is good enough.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from deskclassify.core.architectures import get
from deskclassify.core.preprocess import Pixels
from deskclassify.core.run_folder import RunFolder, RunInfo
from deskclassify.ml import ort, tracing
from deskclassify.ml.exporting.parity import BATCH, batches

_CALIBRATION_PICTURES = 128
_HISTOGRAM_PICTURES = 32  # a histogram of each activation takes ten times as long as its two ends
_ROUNDS = 7
_HEAVY = ("Conv", "MatMul", "Gemm")
# With these the range of a convolution is that behind its ReLU or ReLU6, which otherwise wastes most of the 256 steps.
_WITH_THEM = ("Clip", "Relu")


@dataclass(frozen=True)
class Way:
    """A way to 8-bit arithmetic.

    Attributes:
        name: for the description in the file.
        method: of ONNX Runtime's calibration: `MinMax`, `Percentile` or `Entropy`.
        spares_ends: whether the first convolution and the last layer stay as they are.
        spares_depthwise: whether convolutions of one channel each do, which are small and suffer most.
    """

    name: str
    method: str
    spares_ends: bool = False
    spares_depthwise: bool = False


_ENDS = "first and last layer in fp32"
_LIGHT = "first, last and depthwise layers in fp32"
WAYS = (
    Way("minimum to maximum", "MinMax"),
    Way(f"minimum to maximum, {_ENDS}", "MinMax", True),
    Way(f"minimum to maximum, {_LIGHT}", "MinMax", True, True),
    Way(f"percentile, {_LIGHT}", "Percentile", True, True),
    Way(f"entropy, {_LIGHT}", "Entropy", True, True),
)


def quantised(model: onnx.ModelProto, run: RunFolder, info: RunInfo, way: Way) -> onnx.ModelProto:
    """The model in 8-bit arithmetic.

    Weights take 7 of the 8 bits: processors without VNNI add up two products in 16 bits, where full ones would
    overflow, and the same file would give other answers there.

    Args:
        model: in fp32.
        run: whose training pictures calibrate.
        info: of the run.
        way: how.
    """
    pictures = _CALIBRATION_PICTURES if way.method == "MinMax" else _HISTOGRAM_PICTURES
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, small = (str(Path(folder) / name) for name in ("a.onnx", "b.onnx", "c.onnx"))
        onnx.save(model, plain)
        quant_pre_process(plain, ready)
        graph = onnx.load(ready).graph
        quantize_static(
            ready,
            small,
            _Reader(run, info, pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*_HEAVY, *_WITH_THEM],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=getattr(CalibrationMethod, way.method),
            nodes_to_exclude=[*_comparing(graph, info), *_spared(graph, way)],
        )
        return tracing.clean(onnx.load(small))


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Training pictures, evenly chosen, batch by batch."""

    def __init__(self, run: RunFolder, info: RunInfo, count: int) -> None:
        items = [item for item in run.split() if item.subset == "train"]
        self._batches = batches(items[:: max(1, len(items) // count)][:count], info)

    def get_next(self) -> dict[str, Pixels] | None:
        """The next batch as ONNX Runtime takes it; None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {tracing.INPUT: batch[0]}


def _comparing(graph: onnx.GraphProto, info: RunInfo) -> list[str]:
    """The nodes that compare a picture with training pictures: fine differences of angles that 8 bits would lose."""
    length, classes = get(info.architecture).features, len(info.classes)
    shape = {one.name: tuple(one.dims) for one in graph.initializer}
    kinds = ("MatMul", "Gemm")
    return [
        node.name
        for node in graph.node
        if node.op_type in kinds
        and any(shape.get(name, ())[:1] == (length,) and shape[name][1] != classes for name in node.input)
    ]


def _spared(graph: onnx.GraphProto, way: Way) -> list[str]:
    heavy = [node.name for node in graph.node if node.op_type in _HEAVY]
    spared = [heavy[0], heavy[-1]] if way.spares_ends and heavy else []
    if way.spares_depthwise:
        inputs = {one.name: one.dims[1] for one in graph.initializer if len(one.dims) == 4}
        convolutions = [node for node in graph.node if node.op_type == "Conv"]
        spared += [node.name for node in convolutions if inputs.get(node.input[1]) == 1]
    return spared


def speed_ratio(before: onnx.ModelProto, after: onnx.ModelProto, size: int) -> float:
    """How many times as fast as `before` the model `after` is, on this computer's processor.

    Both take turns, and the medians count.

    Args:
        before: a model.
        after: another one.
        size: pixels of their input.
    """
    images = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), dtype=np.uint8)
    sessions = [ort.session(model.SerializeToString()) for model in (before, after)]
    seconds: list[list[float]] = [[], []]
    for turn in range(_ROUNDS + 1):
        for opened, times in zip(sessions, seconds, strict=True):
            begun = time.perf_counter()
            ort.run(opened, images)
            if turn:  # the first run prepares
                times.append(time.perf_counter() - begun)
    slow, fast = (_median(times) for times in seconds)
    return slow / fast


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
