"""Occlusion finds what a made model really looks at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from deskclassify.core.codec import to_json
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import Occluded
from deskclassify.core.use_requests import OccludeRequest
from deskclassify.ml.model_file import KEY, Card
from deskclassify.ml.occlusion import occlude

SIZE = 32


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """“bright” if the upper right corner is, else “dark”."""
    weights = np.zeros((1, SIZE, SIZE, 3), dtype=np.float32)
    weights[0, :8, -8:, :] = 1 / (8 * 8 * 3 * 255)
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", SIZE, SIZE, 3])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2])
    constants = {
        "weights": weights,
        "axes": np.array([1, 2, 3]),
        "shape": np.array([-1, 1]),
        "one": np.array(1, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["values", "weights"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "axes"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "shape"], ["bright"]),
        helper.make_node("Sub", ["one", "bright"], ["dark"]),
        helper.make_node("Concat", ["bright", "dark"], ["probabilities"], axis=1),
    ]
    made = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "corner", [images], [answer], made)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    proto.ir_version = 8
    card = Card(("bright", "dark"), Preprocess("squish", size=SIZE), "made")
    onnx.helper.set_model_props(proto, {KEY: json.dumps(to_json(card))})
    onnx.save(proto, tmp_path / "corner.onnx")
    return tmp_path / "corner.onnx"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    pixels[:8, -8:] = 255
    Image.fromarray(pixels).save(tmp_path / "corner.png")
    return tmp_path / "corner.png"


def test_the_heat_lies_where_the_answer_comes_from(model: Path, picture: Path) -> None:
    events = list(occlude(OccludeRequest(str(model), str(picture)), lambda: False))
    maps = [event for event in events if isinstance(event, Occluded)]
    steps = [event for event in events if isinstance(event, Progress)]
    assert len(maps) == 2 and steps[-1].done == steps[-1].total
    for found in maps:
        assert found.label == "bright" and found.probability == pytest.approx(1)
        assert found.heat.shape == (SIZE, SIZE) and found.heat.dtype == np.float32
        row, column = np.unravel_index(found.heat.argmax(), found.heat.shape)
        assert row < 14 and column > 18
        assert found.heat.max() > 0.2
        assert np.abs(found.heat[20:, :12]).max() < 0.05


def test_what_speaks_for_another_class_has_the_other_sign(model: Path, picture: Path) -> None:
    *_, found = occlude(OccludeRequest(str(model), str(picture), "dark", cells=8), lambda: False)
    assert isinstance(found, Occluded)
    assert found.label == "dark" and found.probability == pytest.approx(0, abs=1e-6)
    assert found.heat.min() < -0.2


def test_it_ends_when_told_to(model: Path, picture: Path) -> None:
    assert not list(occlude(OccludeRequest(str(model), str(picture)), lambda: True))


def test_a_class_or_a_picture_that_is_not_there_is_told(model: Path, picture: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no class “cat”"):
        list(occlude(OccludeRequest(str(model), str(picture), "cat"), lambda: False))
    with pytest.raises(InputError, match="not there any more"):
        list(occlude(OccludeRequest(str(model), str(tmp_path / "gone.png")), lambda: False))
