"""Saying on the command line how a model of another program is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import hostile_models
import numpy as np
import pytest

from deskclassify.cli import main
from deskclassify.cli.modelling import Said, numbers, prepare
from deskclassify.cli.output import opened
from deskclassify.cli.run import Runner
from deskclassify.core.control import Control
from deskclassify.core.errors import InputError


@pytest.fixture
def runner() -> Iterator[Runner]:
    with opened() as output:
        yield Runner(output, Control())


@pytest.fixture(autouse=True)
def tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """These models do no harm: no process is needed for each."""
    from deskclassify.ml.foreign import trial, verdicts

    def run(path: Path, *_: object) -> verdicts.Outcome:
        return verdicts.Outcome(trial.judge(path.read_bytes(), verdicts.USUAL), 0, 0.0)

    monkeypatch.setattr(verdicts, "run_trial", run)


@pytest.fixture
def model(tmp_path: Path) -> str:
    file = tmp_path / "theirs.onnx"
    file.write_bytes(hostile_models.good(softmax=False).SerializeToString())
    return str(file)


def test_it_is_said_once_and_then_known(runner: Runner, model: str, tmp_path: Path) -> None:
    from deskclassify.ml.model_file import open_model

    labels = tmp_path / "names.txt"
    labels.write_text("red\ngreen\nblue\n")
    with pytest.raises(InputError, match="give --std, --resize as well"):
        prepare(runner, model, Said(labels=str(labels), mean="0"))
    prepare(runner, model, Said(labels=str(labels), mean="0", std="1", resize="squish", channels="bgr"))
    opened_model = open_model(Path(model))
    assert opened_model.card.classes == ("red", "green", "blue")
    blue = np.full((1, 16, 16, 3), (0, 0, 255), np.uint8)
    assert opened_model.run(blue).argmax() == 0, "the colours go in the other way round"


def test_no_option_asks_nothing(runner: Runner) -> None:
    prepare(runner, "/no/such/model.onnx", Said())


def test_a_model_of_deskclassify_says_it_itself(runner: Runner, tmp_path: Path) -> None:
    file = tmp_path / "ours.onnx"
    file.write_bytes(hostile_models.lying().SerializeToString())
    with pytest.raises(InputError, match="says itself how it is used"):
        prepare(runner, str(file), Said(mean="0"))


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (Said(labels="/no/such/file.txt"), "There is no file of labels"),
        (Said(mean="a,b,c", std="1", resize="squish", labels="LABELS"), "--mean cannot be “a,b,c”"),
        (Said(mean="0,0", std="1", resize="squish", labels="LABELS"), "--mean cannot be “0,0”"),
        (Said(mean="0", std="0", resize="squish", labels="LABELS"), "std must be above 0"),
        (Said(mean="0", std="1", resize="stretch", labels="LABELS"), "--resize cannot be “stretch”"),
        (Said(mean="0", std="1", resize="crop", size=32, labels="LABELS"), "16 × 16"),
        (Said(mean="0", std="1", resize="crop", outputs="scores", labels="LABELS"), "--outputs cannot be"),
        (Said(mean="0", std="1", resize="crop", outputs="probabilities", labels="LABELS"), "no probabilities"),
    ],
)
def test_what_cannot_be_gets_a_sentence(runner: Runner, model: str, tmp_path: Path, said: Said, part: str) -> None:
    from dataclasses import replace

    labels = tmp_path / "names.txt"
    labels.write_text("red\ngreen\nblue\n")
    if said.labels == "LABELS":
        said = replace(said, labels=str(labels))
    with pytest.raises(InputError, match=part):
        prepare(runner, model, said)


def test_numbers() -> None:
    assert numbers("--mean", "imagenet") == (0.485, 0.456, 0.406)
    assert numbers("--std", "0.5") == (0.5, 0.5, 0.5)
    assert numbers("--std", "1, 2 ,3") == (1, 2, 3)


def test_describe_tells_what_a_model_is_and_what_is_missing(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", model, "--json"]) == 2
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["origin"] == "foreign" and told["state"] == "unknown" and "labels" in told["missing"]
    labels = tmp_path / "names.txt"
    labels.write_text("red\ngreen\nblue\n")
    said = ["--labels", str(labels), "--mean", "0", "--std", "1", "--resize", "squish"]
    assert main(["describe", model, *said]) == 0
    assert "3: red, green, blue" in capsys.readouterr().out
    assert main(["describe", model]) == 0  # it is remembered


def test_describe_says_why_a_file_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"no model at all")
    assert main(["describe", str(file)]) == 2
    assert "broken.onnx" in capsys.readouterr().err
