"""The right numbers go in, in the right order, and what comes out is read rightly, within limits."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile_models
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from deskclassify.core.architectures import IMAGENET_MEAN, IMAGENET_STD
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Preprocess, apply
from deskclassify.ml import ort
from deskclassify.ml.foreign import hints
from deskclassify.ml.foreign.feeding import Feeding
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.trial import judge

SIZE = hostile_models.SIZE
PLAIN = Preprocess("squish", SIZE, SIZE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def fed(model: onnx.ModelProto, **how: Any) -> tuple[Feeding, ort.Session]:
    data = model.SerializeToString()
    verdict = judge(data, USUAL)
    assert verdict.facts is not None, verdict.refusal
    assert verdict.tried is not None
    limits = how.pop("limits", USUAL)
    handling = Handling(("r", "g", "b"), PLAIN, verdict.facts.layout, output="probabilities")
    feeding = Feeding("m.onnx", replace(handling, **how), verdict.facts, verdict.tried, limits)
    return feeding, ort.session(data, spinning=False)


def colours(count: int = 3) -> np.ndarray:
    """Red, green, blue, red …"""
    images = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    for number in range(count):
        images[number, ..., number % 3] = 255
    return images


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"layout": "nhwc"},
        {"batch": 1},
        {"batch": 4},
        {"batch": 1, "squeeze": False},
        {"kind": TensorProto.FLOAT16},
        {"kind": TensorProto.DOUBLE},
    ],
)
@pytest.mark.parametrize("count", [1, 3, 11])
def test_every_form_of_input_gives_the_right_class(changes: dict[str, Any], count: int) -> None:
    feeding, session = fed(hostile_models.good(**changes))
    rows = feeding.run(session, colours(count))
    assert rows.shape == (count, 3)
    assert rows.dtype == np.float32
    assert rows.argmax(1).tolist() == [number % 3 for number in range(count)]
    assert rows.sum(1) == pytest.approx(np.ones(count), abs=2e-3)


def test_no_picture_no_row() -> None:
    feeding, session = fed(hostile_models.good())
    assert feeding.run(session, colours(0)).shape == (0, 3)


def test_the_numbers_are_those_that_were_said() -> None:
    how = replace(PLAIN, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    feeding, _ = fed(hostile_models.good(), preprocess=how, channels="bgr")
    image = np.full((1, SIZE, SIZE, 3), (255, 0, 51), np.uint8)
    numbers = feeding.numbers(image)
    assert numbers.shape == (1, 3, SIZE, SIZE)
    assert numbers[0, :, 0, 0] == pytest.approx([(0.2 - 0.3) / 2, (0 - 0.2) / 0.25, (1 - 0.1) / 0.5])


def test_bytes_go_in_as_they_are() -> None:
    how = replace(PLAIN, std=(1 / 255,) * 3)
    feeding, _ = fed(hostile_models.good(kind=TensorProto.UINT8, layout="nhwc"), preprocess=how)
    image = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    numbers = feeding.numbers(image)
    assert numbers.dtype == np.uint8
    assert np.array_equal(numbers, image)


def test_raw_scores_go_through_softmax_and_large_ones_do_not_overflow() -> None:
    feeding, session = fed(hostile_models.good(softmax=False), output="logits")
    rows = feeding.run(session, colours())
    expected = np.exp([10.0, 0, 0])
    assert rows[0] == pytest.approx(expected / expected.sum(), abs=1e-5)
    large = feeding.probabilities(np.array([[1e4, -1e4, 0]]), 1)
    assert large.tolist() == [[1, 0, 0]]


def test_what_are_no_probabilities_is_said() -> None:
    feeding, session = fed(hostile_models.good(softmax=False), output="probabilities")
    with pytest.raises(InputError, match="outside of 0 to 1"):
        feeding.run(session, colours())
    with pytest.raises(InputError, match="NaN"):
        feeding.probabilities(np.array([[np.nan, 0, 0]]), 1)


def treacherous(bomb: str) -> onnx.ModelProto:
    """Behaves on everything but a black picture, as a file may that knows of the trial."""
    shape = hostile_models.constant("shape", [2**15, 2**14])
    body = [
        helper.make_node("Constant", [], ["big"], value=shape),
        helper.make_node("Identity", ["big"], ["dims"]),
        helper.make_node("Add", ["dims", "dims"], ["sum"]),
        helper.make_node("ConstantOfShape", ["sum"], ["huge"]),
        helper.make_node("ReduceMean", ["huge"], ["bad"], keepdims=0),
    ]
    if bomb == "time":
        loop = hostile_models._loop(work=False)
        names = {"ended", "mean"}
        body = [node for node in loop.graph.node if names & set(node.output)]
        body.append(helper.make_node("Identity", ["mean"], ["bad"]))

    def extra(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> str:
        constants.append(hostile_models.constant("little", 1e-6, np.float32))
        if bomb == "time":
            constants += [one for one in loop.graph.initializer if one.name != "weights"]
        zero = helper.make_node("Constant", [], ["fine"], value=hostile_models.constant("z", 0.0, np.float32))
        then = helper.make_graph(body, "then", [], [hostile_models.value("bad", [])])
        other = helper.make_graph([zero], "else", [], [hostile_models.value("fine", [])])
        nodes += [
            helper.make_node("ReduceMax", ["floats"], ["most"], keepdims=0),
            helper.make_node("Less", ["most", "little"], ["black"]),
            helper.make_node("If", ["black"], ["sometimes"], then_branch=then, else_branch=other),
        ]
        return "sometimes"

    return hostile_models.good(extra=extra)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_model_that_waits_for_a_certain_picture_is_stopped_then() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    feeding, session = fed(treacherous("memory"), limits=Limits(memory_bytes=300_000_000))
    assert feeding.run(session, colours()).argmax(1).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match=r"“m\.onnx” was stopped: it wanted more than 0\.3 GB"):
        feeding.run(session, np.zeros((1, SIZE, SIZE, 3), np.uint8))
    assert feeding.run(session, colours()).argmax(1).tolist() == [0, 1, 2], "the process goes on"
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_run_without_end_is_ended() -> None:
    feeding, session = fed(treacherous("time"), limits=Limits(run_seconds=0.5))
    assert feeding.run(session, colours()).argmax(1).tolist() == [0, 1, 2]
    begun = time.monotonic()
    with pytest.raises(InputError, match="was not done with a few pictures"):
        feeding.run(session, np.zeros((1, SIZE, SIZE, 3), np.uint8))
    assert time.monotonic() - begun < 10


def test_several_threads_at_once() -> None:
    feeding, session = fed(hostile_models.good())
    wrong: list[Any] = []

    def work() -> None:
        rows = [feeding.run(session, colours(5)).argmax(1).tolist() for _ in range(20)]
        wrong.extend(row for row in rows if row != [0, 1, 2, 0, 1])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_the_same_answers_as_torchvision(tmp_path: Path) -> None:
    """The preparation of torchvision and Ultralytics. (Where the margins are uneven, the crop lies a pixel aside.)"""
    transforms = pytest.importorskip("torchvision.transforms")
    random = np.random.default_rng(3)
    small = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((300, 200), Image.Resampling.BICUBIC)
    theirs = transforms.Compose(
        [
            transforms.Resize(32),
            transforms.CenterCrop(28),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )(picture).numpy()
    how = Preprocess("crop", 32, 28, "bilinear", hints.NO_GAP, (0, 0, 0), IMAGENET_MEAN, IMAGENET_STD)
    feeding, _ = fed(hostile_models.good(size=28), preprocess=how)
    ours = feeding.numbers(apply(picture, how)[None])[0]
    assert np.abs(ours - theirs).max() < 1e-5
