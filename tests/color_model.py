"""A model of three classes that is opened in a blink: it answers which colour a picture has most of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from deskclassify.core.codec import to_json
from deskclassify.core.preprocess import Preprocess
from deskclassify.ml.model_file import KEY, Card

CLASSES = ("red", "green", "blue")
SIZE = 8  # pixels


def write_model(file: Path, threshold: float = 0.0) -> Path:
    """The model; its probabilities follow from the mean of each channel."""
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", SIZE, SIZE, 3])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])
    nodes = [
        helper.make_node("Cast", ["images"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["means", "sharp"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = [numpy_helper.from_array(np.array(0.02, dtype=np.float32), "sharp")]
    proto = helper.make_model(
        helper.make_graph(nodes, "colours", [images], [answer], constants),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    proto.ir_version = 8
    card = Card(CLASSES, Preprocess("squish", size=SIZE), "made", threshold=threshold)
    helper.set_model_props(proto, {KEY: json.dumps(to_json(card))})
    onnx.save(proto, file)
    return file


def write_picture(file: Path, color: int, strength: int = 255) -> Path:
    """A picture of one colour, by the place of its class."""
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    pixels[..., color % 3] = strength
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as sink:
        Image.fromarray(pixels).save(sink, "PNG")
    return file


def write_pictures(folder: Path, count: int) -> list[Path]:
    """So many, in sub-folders of a hundred, their colours in turn and their strengths different."""
    return [write_picture(folder / f"{at // 100:03}" / f"{at:05}.png", at % 3, 255 - at % 150) for at in range(count)]
