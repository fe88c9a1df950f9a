"""The job that tells what a model is; and the models of deskclassify whose description lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile_models
import numpy as np
import onnx
import pytest

from deskclassify.core import foreign_memory
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.requests import PredictRequest, generator
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ml.foreign import trial, verdicts
from deskclassify.ml.model_file import open_model, read_card


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here does harm: no process is needed for each."""

    def run(path: Path, *_: Any, **__: Any) -> verdicts.Outcome:
        return verdicts.Outcome(trial.judge(path.read_bytes(), verdicts.USUAL), 0, 0.0)

    monkeypatch.setattr(verdicts, "run_trial", run)


def told(path: Path, handling: Handling | None = None) -> ModelRead:
    request = ModelRequest(str(path), handling)
    *_, last = generator(request)(request, never)
    assert isinstance(last, ModelRead)
    return last


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    file = folder / "m.onnx"
    file.write_bytes(model.SerializeToString())
    return file


def test_a_model_of_deskclassify(tmp_path: Path) -> None:
    found = told(saved(tmp_path, hostile_models.lying(threshold=0.25, created="today")))
    assert (found.origin, found.state, found.missing) == ("deskclassify", "good", ())
    assert found.handling is not None
    assert found.handling.classes == ("red", "green", "blue")
    assert (found.threshold, found.accuracy, found.created) == (0.25, 0.9, "today")
    assert found.provider == "CPUExecutionProvider"
    assert (found.outputs, found.size, found.opset) == (3, 16, 17)
    assert found.input_text == "images: uint8, any × 16 × 16 × 3"
    assert found.output_text == "answers: float32, any × 3"
    assert found.bytes == (tmp_path / "m.onnx").stat().st_size


def test_an_altered_one_is_told_apart_and_refused(tmp_path: Path) -> None:
    file = saved(tmp_path, hostile_models.corpus()["card-golden-wrong"]())  # type: ignore[arg-type]
    found = told(file)
    assert found.state == "altered"
    assert "altered or damaged" in found.problem
    assert found.handling is not None, "what it says can be shown"
    with pytest.raises(InputError, match="altered or damaged"):
        open_model(file)


LIES = sorted(name for name in hostile_models.corpus() if name.startswith("card-"))


@pytest.mark.parametrize("name", LIES)
def test_a_description_that_lies_gets_a_sentence(tmp_path: Path, name: str) -> None:
    file = saved(tmp_path, hostile_models.corpus()[name]())  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        open_model(file)
    assert "“m.onnx”" in caught.value.sentence
    assert caught.value.sentence.endswith(".")
    assert caught.value.sentence.isprintable()
    assert len(caught.value.sentence) < 400
    assert "object" not in caught.value.sentence or "JSON" in caught.value.sentence, "no words of Python"


def test_hostile_class_names_are_made_fit_to_be_shown(tmp_path: Path) -> None:
    card = read_card(saved(tmp_path, hostile_models.harmless_but_odd()["names-hostile"]()))
    assert all(name.isprintable() and len(name) <= 255 for name in card.classes)


def test_a_foreign_model_is_asked_about_once(tmp_path: Path) -> None:
    file = saved(tmp_path, hostile_models.good(batch=1, softmax=False))
    asked = told(file)
    assert (asked.origin, asked.state, asked.missing) == ("foreign", "unknown", ("labels", "preprocess"))
    assert "what its classes are called and how pictures are to be prepared" in asked.problem
    assert asked.provider == ""
    with pytest.raises(InputError, match="was not exported by deskclassify"):
        open_model(file)
    assert asked.handling is not None
    how = Preprocess("squish", 16, 16, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    said = replace(asked.handling, classes=("red", "green", "blue"), preprocess=how)
    answered = told(file, said)
    assert (answered.state, answered.handling, answered.labels_from) == ("good", said, "you")
    assert answered.provider == "CPUExecutionProvider"
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(file.read_bytes())
    assert told(copy).handling == said, "remembered for what is in the file"
    opened = open_model(copy)
    assert opened.card.architecture == "copy"
    assert opened.run(np.full((2, 16, 16, 3), (0, 255, 0), np.uint8)).argmax(1).tolist() == [1, 1]


def test_what_cannot_be_is_not_remembered(tmp_path: Path) -> None:
    file = saved(tmp_path, hostile_models.good())
    handling = told(file).handling
    assert handling is not None
    with pytest.raises(InputError, match="class names"):
        told(file, replace(handling, classes=("one", "two")))
    assert foreign_memory.recall(verdicts.digest(file.read_bytes())) is None


def test_it_predicts(tmp_path: Path, make_pictures: Callable[..., Path]) -> None:
    """From the file of another program to an answer for each picture."""
    pictures = make_pictures(tmp_path / "pictures", {"firebrick": 2, "green": 2, "blue": 2})
    metadata = {"names": "{0: 'red', 1: 'green', 2: 'blue'}", "author": "Ultralytics", "task": "classify"}
    file = saved(tmp_path, hostile_models.good(imgsz="[16, 16]", **metadata))
    assert told(file).origin == "ultralytics"
    request = PredictRequest(str(file), (str(pictures),))
    rows = [event for event in generator(request)(request, never) if isinstance(event, Prediction)]
    assert {(Path(row.path).parent.name, row.label) for row in rows} == {
        ("firebrick", "red"),
        ("green", "green"),
        ("blue", "blue"),
    }


def test_stopping_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> verdicts.Outcome:
        raise verdicts.StoppedError

    monkeypatch.setattr(verdicts, "run_trial", stopped)
    request = ModelRequest(str(saved(tmp_path, hostile_models.good())))
    assert not [event for event in generator(request)(request, never) if isinstance(event, ModelRead)]


@pytest.mark.parametrize("content", ["", "{", '{"classes": 3}', "[" * 10_000])
def test_a_damaged_memory_asks_again(tmp_path: Path, home: Path, content: str) -> None:
    file = saved(tmp_path, hostile_models.good())
    known = home / "settings" / "models" / f"{verdicts.digest(file.read_bytes())}.json"
    known.parent.mkdir(parents=True)
    known.write_text(content)
    assert told(file).state == "unknown"


def test_what_was_kept_of_another_model_is_not_used(tmp_path: Path) -> None:
    file = saved(tmp_path, hostile_models.good())
    handling = Handling(("one", "two"), Preprocess("squish", 16, 16))
    foreign_memory.remember(verdicts.digest(file.read_bytes()), handling)
    assert told(file).state == "unknown"
    with pytest.raises(InputError, match="was not exported by deskclassify"):
        open_model(file)


def test_the_stamp_tells_that_something_was_said(tmp_path: Path) -> None:
    file = saved(tmp_path, hostile_models.good())
    before = foreign_memory.stamp()
    handling = told(file).handling
    assert handling is not None
    told(file, handling)
    assert foreign_memory.stamp() != before
    assert json.loads(next((tmp_path / "home/settings/models").iterdir()).read_text())["layout"] == "nchw"
