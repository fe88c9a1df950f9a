from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.requests import EvaluateRequest, PredictRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source
from deskclassify.core.use_requests import FrameRequest


def answers(events: list[Any]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


def test_a_folder_gives_one_answer_a_picture(model_file: Path, sample: Path, drain: Any) -> None:
    events = drain(PredictRequest(str(model_file), (str(sample),), top=2))
    found, done = answers(events), events[-1]
    assert len(found) == 60
    assert [one.path for one in found] == sorted(str(path) for path in sample.rglob("*.jpg"))
    assert all(len(one.top) == 2 and one.top[0] == (one.label, one.probability) for one in found)
    assert all(one.milliseconds > 0 for one in found)
    assert isinstance(done, PredictDone)
    assert (done.images, done.failed, done.provider) == (60, 0, "CPUExecutionProvider")
    right = sum(one.label == Path(one.path).parent.name for one in found)
    assert right >= 45


def test_unreadable_files_are_reported_and_passed_over(
    model_file: Path, sample: Path, tmp_path: Path, drain: Any
) -> None:
    picture = next(sample.rglob("*.jpg"))
    shutil.copy(picture, tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"broken")
    (tmp_path / "c.png").write_bytes(picture.read_bytes()[:500])
    events = drain(PredictRequest(str(model_file), (str(tmp_path),)))
    good, *bad = answers(events)
    assert good.label
    assert [bool(one.error) for one in bad] == [True, True]
    assert (events[-1].images, events[-1].failed) == (1, 2)


def test_another_script_and_a_turned_photo(model_file: Path, sample: Path, tmp_path: Path, drain: Any) -> None:
    picture = next(sample.rglob("*.jpg"))
    shutil.copy(picture, tmp_path / "кот – 猫.jpg")
    with Image.open(picture) as image:
        exif = Image.Exif()
        exif[0x0112] = 6  # "turn me by 90°"
        image.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
        image.save(tmp_path / "plain.png")
    plain, turned, named = answers(drain(PredictRequest(str(model_file), (str(tmp_path),))))
    assert turned.probability == plain.probability
    assert named.label == plain.label


def test_paths_that_are_not_there_get_a_sentence(model_file: Path, tmp_path: Path, drain: Any) -> None:
    with pytest.raises(InputError, match="There is nothing at"):
        drain(PredictRequest(str(model_file), (str(tmp_path / "none"),)))
    with pytest.raises(InputError, match="No pictures were found"):
        drain(PredictRequest(str(model_file), (str(tmp_path),)))
    with pytest.raises(InputError, match="There is no model"):
        drain(PredictRequest(str(tmp_path / "none.onnx"), (str(tmp_path),)))


def test_stop_ends_early(model_file: Path, sample: Path) -> None:
    from deskclassify.ml.prediction import predict

    events = list(predict(PredictRequest(str(model_file), (str(sample),)), lambda: True))
    assert events[-1].stopped
    assert len(answers(events)) < 60


def test_prediction_needs_no_torch(model_file: Path, sample: Path) -> None:
    code = (
        "import sys\n"
        "from deskclassify.core.requests import PredictRequest, generator\n"
        "request = PredictRequest(sys.argv[1], (sys.argv[2],))\n"
        "assert len(list(generator(request)(request, lambda: False))) > 60\n"
        "print([name for name in ('torch', 'torchvision', 'timm', 'PySide6') if name in sys.modules])\n"
    )
    call = [sys.executable, "-c", code, str(model_file), str(sample)]
    printed = subprocess.run(call, capture_output=True, text=True, check=True, timeout=120).stdout
    assert printed.strip() == "[]"


def test_a_run_and_its_export_measure_alike(
    trained: Path, model_file: Path, sample: Path, sample_spec: DataSpec, drain: Any
) -> None:
    of_run = drain(EvaluateRequest(str(trained), sample_spec, subset="valid"))[-1]
    of_file = drain(EvaluateRequest(str(model_file), sample_spec, subset="valid"))[-1]
    assert of_run.confusion == of_file.confusion
    assert of_run.accuracy == RunFolder(trained).info().result["accuracy"]
    assert sum(map(sum, of_run.confusion)) == of_run.images == 10
    every = drain(EvaluateRequest(str(trained), sample_spec))[-1]
    assert every.images == 60
    worst = [one.loss for one in every.top_losses]
    assert worst == sorted(worst, reverse=True)


def test_a_class_that_the_model_does_not_know_counts_as_wrong(
    trained: Path, sample: Path, tmp_path: Path, drain: Any
) -> None:
    shutil.copytree(sample / "cup", tmp_path / "data" / "teapot")
    shutil.copytree(sample / "fish", tmp_path / "data" / "fish")
    found = drain(EvaluateRequest(str(trained), DataSpec((Source(str(tmp_path / "data")),))))[-1]
    assert found.per_class["teapot"]["recall"] == 0
    assert found.per_class["teapot"]["support"] == 12


def test_a_frame_gets_the_answer_of_its_file(model_file: Path, sample: Path, tmp_path: Path, drain: Any) -> None:
    picture = next(sample.rglob("*.jpg"))
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB"))
        Image.fromarray(pixels).save(tmp_path / "a.png")
    (of_file,) = answers(drain(PredictRequest(str(model_file), (str(tmp_path / "a.png"),), top=5)))
    (of_frame,) = drain(FrameRequest(str(model_file), pixels, top=5))
    assert of_frame.path == "" and of_frame.milliseconds > 0
    assert of_frame.label == of_file.label and len(of_frame.top) == 5
    assert dict(of_frame.top) == pytest.approx(dict(of_file.top), abs=1e-5)
