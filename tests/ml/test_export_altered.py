"""A good export is altered in each way that matters, and refused when it is opened, or never written at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from deskclassify.core.codec import to_json
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.requests import ExportRequest
from deskclassify.ml import export as export_module
from deskclassify.ml import model_proof, ort, tracing
from deskclassify.ml.exporting import resizing
from deskclassify.ml.foreign import verdicts
from deskclassify.ml.model_file import (
    KEY,
    AlteredError,
    Card,
    OpenModel,
    check_unaltered,
    open_model,
    parse_card,
    self_test,
)

Change = Callable[[onnx.ModelProto, dict[str, Any]], None]
REFUSED = "altered or damaged"


@pytest.fixture(scope="module")
def quick_file(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.ml.conftest import drain_request

    target = tmp_path_factory.mktemp("quick") / "model.onnx"
    drain_request(ExportRequest(str(trained), str(target), fast=True))
    return target


def first_weights(model: onnx.ModelProto) -> onnx.TensorProto:
    convolution = next(node for node in model.graph.node if node.op_type == "Conv")
    return next(one for one in model.graph.initializer if one.name == convolution.input[1])


def add_to_one_weight(amount: float) -> Change:
    def change(model: onnx.ModelProto, card: dict[str, Any]) -> None:
        tensor = first_weights(model)
        values = numpy_helper.to_array(tensor).copy()
        values.ravel()[0] += amount
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    return change


def another_mean(model: onnx.ModelProto, card: dict[str, Any]) -> None:
    subtraction = next(node for node in model.graph.node if node.op_type == "Sub")
    mean = numpy_helper.from_array(np.array([123.7, 116.3, 103.5], np.float32).reshape(1, 3, 1, 1), "another_mean")
    model.graph.initializer.append(mean)
    subtraction.input[1] = mean.name


def swapped_channels(model: onnx.ModelProto, card: dict[str, Any]) -> None:
    order = numpy_helper.from_array(np.array([2, 1, 0], np.int64), "order")
    for node in model.graph.node:
        node.input[:] = ["swapped" if name == tracing.INPUT else name for name in node.input]
    nodes = [helper.make_node("Gather", [tracing.INPUT, "order"], ["swapped"], axis=3), *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(order)


def said(**changes: Any) -> Change:
    return lambda model, card: card["preprocess"].update(changes)


def swapped_classes(model: onnx.ModelProto, card: dict[str, Any]) -> None:
    card["classes"] = [*card["classes"][1::-1], *card["classes"][2:]]


def another_answer(model: onnx.ModelProto, card: dict[str, Any]) -> None:
    card["golden"][0]["probabilities"] = card["golden"][1]["probabilities"]


def altered(file: Path, change: Change, forged: bool = False) -> bytes:
    """The file with a change; `forged` where the digests are put right again."""
    model = onnx.load(file)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    card = json.loads(metadata[KEY])
    change(model, card)
    if forged:
        card["graph"] = model_proof.graph_digest(model)
        card["contract"] = model_proof.contract_digest(to_json(parse_card(card)))
    metadata[KEY] = json.dumps(card)
    onnx.helper.set_model_props(model, metadata)
    data: bytes = model.SerializeToString()
    return data


def read(data: bytes) -> tuple[onnx.ModelProto, Card, str]:
    """What is in a file, unchecked: the model, its description, its `names`."""
    model = onnx.load_from_string(data)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return model, parse_card(json.loads(metadata[KEY])), metadata["names"]


def opened(data: bytes, file: Path) -> OpenModel:
    """Open it as a file that this installation has tried before, which spares the trial in a process of its own."""
    file.write_bytes(data)
    verdicts.remember_own(data)
    return open_model(file)


SEEN_BY_PICTURES = {
    "one weight": add_to_one_weight(0.5),
    "mean": another_mean,
    "channels": swapped_channels,
    "crop": said(resize="crop"),
    "pad": said(resize="pad"),
    "interpolation": said(interpolation="bicubic"),
    "no reducing gap": said(reducing_gap=100.0),
    "smaller reducing gap": said(reducing_gap=1.0),
}
SEEN_BY_DIGESTS = {
    "one weight, by a hair": add_to_one_weight(1e-6),
    "class names": swapped_classes,
    "temperature": lambda model, card: card.update(temperature=2.0),
    "threshold": lambda model, card: card.update(threshold=0.9),
    "pad colour": said(pad_color=[255, 255, 255]),
    "an expected answer": another_answer,
    "tolerance": lambda model, card: card.update(tolerance=0.05),
}


@pytest.mark.parametrize("name", [*SEEN_BY_PICTURES, *SEEN_BY_DIGESTS])
def test_the_digests_see_it(quick_file: Path, name: str) -> None:
    change = {**SEEN_BY_PICTURES, **SEEN_BY_DIGESTS}[name]
    model, card, names = read(altered(quick_file, change))
    with pytest.raises(AlteredError, match=REFUSED):
        check_unaltered(card, model, names, "altered.onnx")


@pytest.mark.parametrize("name", SEEN_BY_PICTURES)
def test_the_golden_pictures_see_it_even_where_the_digests_are_put_right(quick_file: Path, name: str) -> None:
    data = altered(quick_file, SEEN_BY_PICTURES[name], forged=True)
    model, card, names = read(data)
    check_unaltered(card, model, names, "forged.onnx")
    with pytest.raises(AlteredError, match="does not give the answers that it was exported with"):
        self_test(OpenModel(card, ort.session(data, threads=1)), "forged.onnx")


@pytest.mark.parametrize("change", [add_to_one_weight(0.5), swapped_classes, said(resize="crop")])
def test_an_altered_file_is_refused_when_it_is_opened(quick_file: Path, tmp_path: Path, change: Change) -> None:
    with pytest.raises(AlteredError, match=REFUSED):
        opened(altered(quick_file, change), tmp_path / "altered.onnx")


def test_the_file_itself_opens_and_so_does_one_that_was_saved_anew(quick_file: Path, tmp_path: Path) -> None:
    data = altered(quick_file, lambda model, card: None)
    assert opened(data, tmp_path / "again.onnx").card == open_model(quick_file).card


def test_other_class_names_for_other_programs_are_refused(quick_file: Path, tmp_path: Path) -> None:
    model = onnx.load(quick_file)
    entry = next(one for one in model.metadata_props if one.key == "names")
    entry.value = entry.value.replace("0:", "9:")
    with pytest.raises(InputError, match="class names was altered"):
        opened(model.SerializeToString(), tmp_path / "names.onnx")


def test_files_from_before_the_digests_still_open(quick_file: Path, tmp_path: Path) -> None:
    def old(model: onnx.ModelProto, card: dict[str, Any]) -> None:
        for key in ("golden_decoded", "resized", "tolerance", "opset", "calibration", "contract", "graph"):
            del card[key]

    model = opened(altered(quick_file, old), tmp_path / "old.onnx")
    assert model.card.golden and not model.card.golden_decoded and not model.card.contract


def test_no_picture_of_the_user_is_inside(quick_file: Path, trained: Path, tmp_path: Path) -> None:
    """Two models of different networks and pictures choose among the same drawings."""
    from deskclassify.ml.exporting import drawn

    card = open_model(quick_file).card
    drawings = {model_proof.encode(drawn.small_picture(seed)) for seed in range(drawn._SMALL_CANDIDATES)}
    assert {one.png for one in card.golden} <= drawings
    shorter = round(drawn._LARGE_FACTOR * card.preprocess.size)
    large = {model_proof.encode(drawn.large_picture(seed, shorter)) for seed in range(drawn._LARGE_CANDIDATES)}
    assert {one.png for one in card.golden_decoded} <= large
    assert all(len(one.png) < 20_000 for one in card.golden_decoded)


def test_a_golden_bomb_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        model_proof.decode(model_proof.encode(Image.new("1", (20_000, 16))))
    with pytest.raises(ValueError, match="damaged"):
        model_proof.decode("bm8gcGljdHVyZQ==")


@pytest.mark.parametrize(("name", "precision"), [("one weight", "fp32"), ("mean", "int8"), ("channels", "fp16")])
def test_an_export_that_disagrees_is_refused_and_leaves_no_file(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drain: Any, name: str, precision: Any
) -> None:
    real = tracing.trace
    change = add_to_one_weight(3.0) if name == "one weight" else SEEN_BY_PICTURES[name]

    def changed(*arguments: Any) -> onnx.ModelProto:
        model = real(*arguments)
        change(model, {})
        return model

    monkeypatch.setattr(export_module.tracing, "trace", changed)
    with pytest.raises(UserError, match="does not answer like the trained one"):
        drain(ExportRequest(str(trained), str(tmp_path / "model.onnx"), fast=True, precision=precision))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [{"resize": "crop"}, {"interpolation": "bicubic"}])
def test_another_resizing_in_the_graph_is_refused(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drain: Any, change: dict[str, Any]
) -> None:
    real = resizing.inside
    monkeypatch.setattr(resizing, "inside", lambda model, how: real(model, replace(how, **change, resize_to=300)))
    with pytest.raises(UserError, match="not that of the training"):
        drain(ExportRequest(str(trained), str(tmp_path / "model.onnx"), fast=True, resize_inside=True))
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_classes_were_swapped_is_refused(trained: Path, tmp_path: Path, drain: Any) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    about = json.loads((run / "run.json").read_text())
    about["classes"] = [*about["classes"][1:], about["classes"][0]]
    (run / "run.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="another class than at the end of the training"):
        drain(ExportRequest(str(run), str(tmp_path / "model.onnx"), fast=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
