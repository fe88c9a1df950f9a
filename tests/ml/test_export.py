from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Exported
from deskclassify.core.preprocess import RESIZE_METHODS
from deskclassify.core.requests import ExportRequest, FitRequest, PredictRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ml import export as export_module
from deskclassify.ml.model_file import KEY, open_model, read_card

REPOSITORY = Path(__file__).resolve().parents[2]


def metadata(file: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(file).metadata_props}


def test_one_file_with_the_contracts_inputs_outputs_and_metadata(model_file: Path, trained: Path) -> None:
    model = onnx.load(model_file)
    onnx.checker.check_model(model, full_check=True)
    (put,), (out,) = model.graph.input, model.graph.output
    assert (put.name, put.type.tensor_type.elem_type) == ("images", onnx.TensorProto.UINT8)
    assert put.type.tensor_type.shape.dim[0].dim_param
    assert [dim.dim_value for dim in put.type.tensor_type.shape.dim][1:] == [224, 224, 3]
    assert (out.name, out.type.tensor_type.elem_type) == ("probabilities", onnx.TensorProto.FLOAT)
    assert sorted(path.name for path in model_file.parent.iterdir()) == [model_file.name]
    found = metadata(model_file)
    classes = RunFolder(trained).info().classes
    assert eval(found["names"], {}) == dict(enumerate(classes))
    assert found["task"] == "classify"
    assert json.loads(found["imgsz"]) == [224, 224]
    card = json.loads(found[KEY])
    assert {"schema", "classes", "preprocess", "architecture", "accuracy", "parity", "golden", "created"} <= card.keys()
    assert {"versions", "data_fingerprint"} <= card.keys()
    wanted = {"resize", "resize_to", "size", "interpolation", "reducing_gap", "pad_color", "mean", "std"}
    assert wanted <= card["preprocess"].keys()
    assert card["parity"]["images"] == 10
    assert card["parity"]["top1_agreement"] == 1.0
    assert card["parity"]["max_abs_diff"] <= 1e-3
    assert card["accuracy"] == RunFolder(trained).info().result["accuracy"]


def test_nothing_private_is_inside(model_file: Path, sample: Path) -> None:
    data = model_file.read_bytes()
    for secret in (str(sample), str(REPOSITORY), "site-packages", "Traceback", "stack_trace", ".py"):
        assert secret.encode() not in data, secret


def test_the_answers_are_those_of_the_run(model_file: Path, trained: Path, drain: Any) -> None:
    verdicts = {one.path: one for one in RunFolder(trained).predictions()}
    found = drain(PredictRequest(str(model_file), tuple(verdicts)))[1:-1]
    answers = [event for event in found if event.event == "prediction"]
    assert len(answers) == len(verdicts) == 10
    for answer in answers:
        assert answer.label == verdicts[answer.path].predicted
        assert answer.probability == pytest.approx(verdicts[answer.path].probability, abs=1e-3)


@pytest.mark.parametrize("resize", RESIZE_METHODS)
def test_the_short_script_gives_the_same(resize: Any, sample_spec: DataSpec, tmp_path: Path, drain: Any) -> None:
    """`docs/classify.py` imports numpy, Pillow and ONNX Runtime alone and knows only the metadata."""
    run, target = tmp_path / "run", tmp_path / "model.onnx"
    drain(FitRequest(sample_spec, str(run), preset="quick", epochs=3, resize=resize))
    drain(ExportRequest(str(run), str(target), fast=True))
    verdicts = RunFolder(run).predictions()
    script = REPOSITORY / "docs" / "classify.py"
    call = [sys.executable, str(script), str(target), *(one.path for one in verdicts)]
    printed = subprocess.run(call, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    rows = {line.rsplit(",", 2)[0]: line.rsplit(",", 2)[1:] for line in printed}
    assert len(verdicts) == 10
    for one in verdicts:
        label, probability = rows[one.path]
        assert label == one.predicted
        assert float(probability) == pytest.approx(one.probability, abs=1e-3)


def test_a_model_that_disagrees_is_refused_and_leaves_no_file(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drain: Any
) -> None:
    real = export_module.tracing.trace

    def altered(*arguments: Any) -> onnx.ModelProto:
        model = real(*arguments)
        tensor = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        values = numpy_helper.to_array(tensor).copy()
        values.ravel()[:: max(1, values.size // 2000)] += 0.5
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        return model

    monkeypatch.setattr(export_module.tracing, "trace", altered)
    with pytest.raises(UserError, match="does not answer like the trained one"):
        drain(ExportRequest(str(trained), str(tmp_path / "model.onnx"), fast=True))
    assert list(tmp_path.iterdir()) == []


def test_an_altered_file_is_refused_when_it_is_opened(model_file: Path, tmp_path: Path) -> None:
    model = onnx.load(model_file)
    tensor = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = numpy_helper.to_array(tensor) * np.float32(1.5)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, tmp_path / "altered.onnx")
    with pytest.raises(InputError, match="altered or damaged"):
        open_model(tmp_path / "altered.onnx")


@pytest.mark.parametrize("content", [b"", b"ONNX? no.", b"\x08\x07" * 400])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.onnx"
    file.write_bytes(content)
    with pytest.raises(InputError):
        open_model(file)


def test_a_foreign_model_is_refused_without_running_it(tmp_path: Path, model_file: Path) -> None:
    model = onnx.load(model_file)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(InputError, match="not exported by deskclassify"):
        open_model(tmp_path / "foreign.onnx")


def test_golden_pictures_are_small_and_checked(model_file: Path) -> None:
    card = read_card(model_file)
    assert 1 <= len(card.golden) <= 4
    assert all(len(one.png) < 8000 for one in card.golden)
    assert all(sum(one.probabilities) == pytest.approx(1, abs=1e-5) for one in card.golden)


def test_triton_layout(trained: Path, tmp_path: Path, drain: Any) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "pets.onnx"), layout="triton", fast=True))
    assert isinstance(done, Exported)
    assert (tmp_path / "pets" / "1" / "model.onnx").is_file()
    config = (tmp_path / "pets" / "config.pbtxt").read_text()
    assert 'name: "pets"' in config
    assert "dims: [ 224, 224, 3 ]" in config
    assert (tmp_path / "pets" / "labels.txt").read_text().split() == list(RunFolder(trained).info().classes)


@pytest.mark.slow
def test_int8_is_smaller_and_tells_what_it_costs(trained: Path, model_file: Path, tmp_path: Path, drain: Any) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "small.onnx"), precision="int8", fast=True))
    assert done.bytes < 0.4 * model_file.stat().st_size
    assert done.accuracy_before == RunFolder(trained).info().result["accuracy"]
    assert done.accuracy >= done.accuracy_before - 0.02
    assert read_card(tmp_path / "small.onnx").precision == "int8"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"target": "model.txt"}, "should end in .onnx"), ({"run": "nowhere"}, "no run folder")],
)
def test_wrong_calls_get_a_sentence(
    trained: Path, tmp_path: Path, change: dict[str, str], words: str, drain: Any
) -> None:
    request = replace(ExportRequest(str(trained), str(tmp_path / "m.onnx")), **change)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        drain(request)
