"""The command line: arguments, exit codes, JSON lines, signals. The learning itself is played by small generators."""

from __future__ import annotations

import csv
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deskclassify.__main__ import COMMANDS, main
from deskclassify.cli import demo, inspecting
from deskclassify.core import architectures, events, layer_events, layer_requests, project, requests
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.runs import rename
from deskclassify.core.sorting import folder_name
from deskclassify.core.sources import DataSpec, Problem, Source

SCANNED = events.ScanDone(3, {"a": 1, "b": 2}, {"train": 3}, (Problem("/x.jpg", "cut off"),), (("/p", "/q"),))
EPOCH = events.EpochDone("frozen", 1, 0.5, math.nan, 0.9, 0.1, 1e-3, 2.0, 100.0)
FITTED = events.FitDone("/run", 0.9, 0.1, 1, ("a", "b"), 8, 2, 1, 3.0, False)


@pytest.fixture
def play(monkeypatch):
    """`play([events])` makes every job give these; returns the requests that were asked for."""

    def install(*answers):
        asked = []

        def job(request, should_stop):
            asked.append(request)
            print("a library talks")
            print("and complains", file=sys.stderr)
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
                yield answer

        monkeypatch.setattr(requests, "generator", lambda request: job)
        return asked

    return install


def lines(capsys):
    out = capsys.readouterr().out
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def data(tmp_path, make_pictures):
    return str(make_pictures(tmp_path / "data", {"a": 2, "b": 2}))


WRONG_CALLS = [
    (["scan"], "Missing argument"),
    (["scan", "/no/such/folder"], "There is no folder"),
    (["scan", ""], "empty"),
    (["scan", "DATA", "--valid-pct", "0"], "between 0 and 1"),
    (["scan", "DATA", "--valid-pct", "1"], "between 0 and 1"),
    (["scan", "DATA", "--valid-pct", "nan"], "between 0 and 1"),
    (["scan", "DATA", "--valid-pct", "many"], "--valid-pct"),
    (["scan", "DATA", "--colour"], "No such option"),
    (["scan", "FILE"], "a file, not a folder"),
    (["train", "DATA"], "--out"),
    (["train", "DATA", "--out", ""], "--out"),
    (["train", "DATA", "--out", "r", "--preset", "fast"], "quick, partial, balanced, thorough"),
    (["train", "DATA", "--out", "r", "--arch", "lenet"], "resnet34"),
    (["train", "DATA", "--out", "r", "--resize", "stretch"], "crop, squish, pad"),
    (["train", "DATA", "--out", "r", "--augment", "2.5"], "--augment must be from 0 to 2"),
    (["train", "DATA", "--out", "r", "--augment", "nan"], "--augment must be from 0 to 2"),
    (["train", "DATA", "--out", "r", "--mix", "blend"], "none, mixup, cutmix"),
    (["train", "DATA", "--out", "r", "--balance", "more"], "auto, none, sampling, weights"),
    (["train", "DATA", "--out", "r", "--patience", "0"], "--patience"),
    (["train", "DATA", "--out", "r", "--epochs", "-1"], "--epochs"),
    (["train", "DATA", "--out", "r", "--frozen-epochs", "-1"], "--frozen-epochs"),
    (["train", "DATA", "--out", "r", "--lr", "-0.1"], "--lr"),
    (["train", "DATA", "--out", "r", "--lr", "nan"], "--lr"),
    (["train", "DATA", "--out", "r", "--batch-size", "0"], "--batch-size"),
    (["train", "DATA", "--out", "r", "--image-size", "7"], "--image-size"),
    (["train", "DATA", "--out", "r", "--device", "tpu"], "cuda"),
    (["train", "DATA", "--out", "r", "--weights", "/gone.pth"], "weight file"),
    (["lr-find", "DATA", "--arch", "lenet"], "resnet34"),
    (["evaluate", "/no/run", "DATA"], "/no/run"),
    (["inspect", "lenet", "FILE", "--out", "o"], "neither a run folder nor a network"),
    (["inspect", "resnet18", "DATA", "--out", "o"], "Give one picture"),
    (["inspect", "resnet18", "/gone.jpg", "--out", "o"], "/gone.jpg"),
    (["export", "/no/run", "m.onnx"], "/no/run"),
    (["export", "DATA", "m.onnx", "--layout", "tar"], "file, triton, zip, safetensors"),
    (["export", "DATA", "m.onnx", "--fp16", "--int8"], "exclude each other"),
    (["predict", "FILE"], "Missing argument"),
    (["predict", "/gone.onnx", "DATA"], "/gone.onnx"),
    (["predict", "FILE", "/gone"], "/gone"),
    (["predict", "FILE", "DATA", "--top", "0"], "--top"),
    (["predict", "FILE", "DATA", "--csv", "DATA"], "--csv"),
    (["predict", "FILE", "DATA", "--sort-into", "FILE"], "--sort-into"),
    (["--colour"], "No such option"),
]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("call", "part"), WRONG_CALLS)
def test_wrong_calls_exit_2_with_one_sentence(play, capsys, data, call, part, as_json):
    asked = play()
    file = str(next(Path(data).rglob("*.png")))
    call = [{"DATA": data, "FILE": file}.get(word, word) for word in call]
    assert main(call + ["--json"] * as_json) == 2
    out, err = capsys.readouterr()
    assert part in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert asked == []
    if as_json:
        assert json.loads(out) == {"event": "failed", "error": err.strip()}
    else:
        assert out == ""


def test_json_lines_only_on_standard_output(play, capsys, data):
    play(
        events.Started("train"),
        events.Message("Hello", "warning"),
        events.BatchDone("frozen", 1, 1, 4, 0.5, 1e-3, 9.0),
        EPOCH,
        FITTED,
    )
    assert main(["train", data, "--out", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    got = [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]
    assert [line["event"] for line in got] == ["started", "message", "batch", "epoch", "finished"]
    assert got[3]["valid_loss"] is None  # NaN is no JSON
    assert got[-1]["classes"] == ["a", "b"]
    assert "Warning: Hello" in err
    assert "library" not in out + err


def test_without_json_people_read_tables(play, capsys, data):
    play(EPOCH, FITTED)
    assert main(["train", data, "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "train_loss" in out
    assert "0.9000" in out
    assert "validation accuracy 90.0%" in out
    play(SCANNED)
    assert main(["scan", data]) == 0
    out = capsys.readouterr().out
    assert "/x.jpg" in out
    assert "cut off" in out


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("No picture."), 2), (UserError("It failed."), 1), (ZeroDivisionError("x"), 1)]
)
def test_failures(play, capsys, home, data, error, code):
    play(events.Started("scan"), error)
    assert main(["scan", data, "--json"]) == code
    out, err = capsys.readouterr()
    last = json.loads(out.splitlines()[-1])
    assert last == {"event": "failed", "error": err.strip()}
    assert "Traceback" not in err
    assert "Traceback" in (home / "logs" / "command.log").read_text()


def test_a_job_without_a_result_has_failed(play, data):
    play(events.Started("scan"))
    assert main(["scan", data]) == 1


def test_every_option_of_train_reaches_the_request(play, data, tmp_path):
    asked = play(FITTED)
    weights = tmp_path / "w.pth"
    weights.touch()
    call = f"train {data} --out {tmp_path}/r --preset thorough --arch resnet18 --epochs 3 --frozen-epochs 0 --lr 0.01"
    call += " --batch-size 8 --image-size 96 --resize pad --label-from case --valid-pct 0.3 --valid-folder v --seed 7"
    call += f" --weights {weights} --device cuda:1 --resume"
    call += " --augment 0.5 --mix mixup --balance sampling --gradual --progressive --patience 3 --tta"
    assert main(call.split()) == 0
    (request,) = asked
    assert (request.run, request.preset, request.architecture, request.epochs) == (
        f"{tmp_path}/r",
        "thorough",
        "resnet18",
        3,
    )
    assert (request.frozen_epochs, request.learning_rate, request.batch_size, request.image_size) == (0, 0.01, 8, 96)
    assert (request.resize, request.weights, request.device, request.resume) == ("pad", str(weights), "cuda:1", True)
    assert (request.augment, request.mix, request.balance, request.patience) == (0.5, "mixup", "sampling", 3)
    assert request.gradual and request.progressive and request.tta
    spec = request.data
    assert (spec.rule, spec.valid_pct, spec.valid_folder, spec.seed) == ("case", 0.3, "v", 7)
    assert [source.path for source in spec.sources] == [data]


def test_a_project_brings_its_own_settings(play, data, tmp_path):
    asked = play(SCANNED)
    made = project.create("Birds", tmp_path)
    made = made.with_data(DataSpec((Source(data),), rule="case", seed=9))
    made.save()
    assert main(["scan", str(made.file)]) == 0
    assert main(["scan", str(made.folder), "--seed", "1"]) == 0
    assert [(one.data.rule, one.data.seed) for one in asked] == [("case", 9), ("case", 1)]


def test_what_the_curves_tell_stands_below_the_result(play, capsys, data):
    suggestion = events.Suggestion(learning_rate=3e-4)
    found = events.Finding(
        "learning_rate_high", "Learning rate too high", "It rose.", "Take less.", "warning", suggestion
    )
    play(EPOCH, replace(FITTED, findings=(found,)))
    assert main(["train", data, "--out", "run"]) == 0
    assert "Learning rate too high: It rose. Take less." in capsys.readouterr().out
    assert main(["train", data, "--out", "run", "--json"]) == 0
    (told,) = lines(capsys)[-1]["findings"]
    assert told["kind"] == "learning_rate_high" and told["suggestion"]["learning_rate"] == 3e-4


def test_only_the_first_process_of_torchrun_speaks(play, capsys, data, monkeypatch):
    play(EPOCH, FITTED)
    monkeypatch.setenv("RANK", "1")
    assert main(["train", data, "--out", "run", "--json"]) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("RANK", "0")
    assert main(["train", data, "--out", "run", "--json"]) == 0
    assert len(lines(capsys)) == 2


def prediction(path, label="a", share=0.9):
    return events.Prediction(str(path), label, share, ((label, share), ("z", 1 - share)))


def test_predict_prints_an_object_a_file_and_nothing_else(play, capsys, data):
    good, bad = prediction("/1.jpg"), events.Prediction("/2.jpg", error="Cut off.")
    play(events.Started("predict"), events.Progress("x", 1, 2), good, bad, events.PredictDone(1, 1, 0.1, "CPU"))
    assert main(["predict", __file__, data, "--json"]) == 0
    assert lines(capsys) == [
        {"path": "/1.jpg", "label": "a", "probability": 0.9, "top": [["a", 0.9], ["z", pytest.approx(0.1)]]},
        {"path": "/2.jpg", "error": "Cut off."},
    ]


def test_predict_passes_over_a_path_that_is_not_there(play, capsys, data):
    asked = play(prediction("/1.jpg"), events.PredictDone(1, 0, 0.1, "CPU"))
    assert main(["predict", __file__, "/gone.jpg", data, "--json"]) == 0
    first, second = lines(capsys)
    assert first["path"] == "/gone.jpg"
    assert "no such file" in first["error"]
    assert second["label"] == "a"
    assert asked[0].paths == (data,)


def test_predict_writes_a_table_and_sorts_copies(play, capsys, data, tmp_path):
    pictures = sorted(Path(data).rglob("*.png"))
    before = {path: path.read_bytes() for path in pictures}
    rows = [prediction(path, "../cup") for path in pictures[:3]] + [
        events.Prediction(str(pictures[3]), error="Cut, off.")
    ]
    rows.append(prediction(pictures[0]))  # the same name once more
    rows.append(prediction(tmp_path / "gone.png"))
    play(*rows, events.PredictDone(5, 1, 0.1, "CPU"))
    call = [
        "predict",
        __file__,
        data,
        "--csv",
        str(tmp_path / "t.csv"),
        "--sort-into",
        str(tmp_path / "sorted"),
        "--top",
        "2",
    ]
    assert main(call) == 0
    assert main(call) == 0
    with (tmp_path / "t.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["path", "label", "probability", "error", "label_2", "probability_2"]
    assert table[1][1:] == ["../cup", "0.9000000", "", "z", "0.1000000"]
    assert table[4][1:] == ["", "", "Cut, off.", "", ""]
    made = sorted(str(path.relative_to(tmp_path / "sorted")) for path in (tmp_path / "sorted").rglob("*.png"))
    folder = folder_name("../cup")
    assert "/" not in folder
    assert f"{folder}/a_000.png" in made
    assert f"{folder}/a_000 (2).png" in made  # the second call overwrote nothing
    assert len(made) == 8
    assert {path: path.read_bytes() for path in pictures} == before
    assert "gone.png is not there" in capsys.readouterr().err


def test_predict_keeps_what_was_reached_when_it_fails(play, data, tmp_path):
    play(prediction("/1.jpg"), UserError("The process died."))
    assert main(["predict", __file__, data, "--csv", str(tmp_path / "t.csv")]) == 1
    assert "/1.jpg" in (tmp_path / "t.csv").read_text()
    assert main(["predict", __file__, data, "--csv", str(tmp_path / "t.csv")]) == 1
    assert (tmp_path / "t.csv.part").exists(), "a table that was there is not replaced by half of one"


def test_predict_without_any_picture(play, data, tmp_path):
    play(events.PredictDone(0, 0, 0.0, "CPU"))
    assert main(["predict", __file__, data, "--csv", str(tmp_path / "t.csv")]) == 2
    assert not (tmp_path / "t.csv").exists()


LAYERS = (
    layer_events.Layer("conv1", "Convolution", (8, 4, 4), 216, stage="stem"),
    layer_events.Layer("bn1", "BatchNorm", (8, 4, 4), 16, stage="stem"),
    layer_events.Layer("relu/1", "ReLU", (8, 4, 4), 0, stage="stem"),
    layer_events.Layer("fc", "Linear", (2,), 18, stage="head"),
)
NOTHING = layer_events.NOTHING


def layer_job(request, should_stop):
    """What the jobs of the Layers page say of a small network; the report is a file of one line."""
    if isinstance(request, layer_requests.LayersRequest):
        yield layer_events.LayersListed(request.model, LAYERS, 250, () if request.model == "resnet18" else ("a", "b"))
    elif isinstance(request, layer_requests.LayerRequest):
        layer = next(layer for layer in LAYERS if layer.name == request.layer)
        stack = np.zeros((8, 4, 4) if len(layer.shape) == 3 else (0, 0, 0), dtype=np.uint8)
        numbers = np.arange(len(stack), dtype=np.float32)
        picture = np.full((8, 8, 3), 200, dtype=np.uint8)
        yield layer_events.LayerShown(layer, "What it does.", stack, numbers - 1, numbers, numbers, picture)
    elif isinstance(request, layer_requests.KernelsRequest):
        tiles = np.zeros((8, 3, 3, 3) if request.layer == "conv1" else (0, 0, 0, 3), dtype=np.uint8)
        norms = np.arange(len(tiles), dtype=np.float32)
        kind = "colour" if len(tiles) else "none"
        yield layer_events.KernelsShown(request.layer, kind, tiles, norms, NOTHING, (), 0.0, 1.0, "Patterns.", "")
    elif isinstance(request, layer_requests.ExplainRequest):
        yield events.Progress("explain", 1, 2)
        heat, picture = np.zeros((8, 8), np.float32), np.full((8, 8, 3), 200, dtype=np.uint8)
        yield layer_events.Explained(request.image, "gradcam", "b", heat, picture, (("b", 0.75), ("a", 0.25)), "Here.")
    else:
        yield events.Progress("report", 1, 2)
        Path(request.target).write_text("report")
        yield layer_events.ReportWritten(request.target, 6, 4)


@pytest.fixture
def played_layers(monkeypatch):
    monkeypatch.setattr(requests, "generator", lambda request: layer_job)


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ([], ["01-conv1-activations.png", "01-conv1-kernels.png", "02-relu-1-activations.png", "report.html"]),
        (["--layer", "bn1"], ["01-bn1-activations.png"]),
        (["--layer", "fc"], []),
        (["--layer", "bn1", "--report", "OUT/a.htm"], ["01-bn1-activations.png", "a.htm"]),
    ],
)
def test_inspect_writes_pictures_and_lists_layers(played_layers, capsys, data, tmp_path, more, names):
    picture = str(next(Path(data).rglob("*.png")))
    out = tmp_path / "out"
    more = [part.replace("OUT", str(out)) for part in more]
    assert main(["inspect", "resnet18", picture, "--out", str(out), "--json", *more]) == 0
    told = lines(capsys)
    finished = [line for line in told if line["event"] == "finished"]
    assert finished == told[-1:]
    assert [layer["name"] for layer in finished[0]["layers"]] == ["conv1", "bn1", "relu/1", "fc"]
    assert {"name", "kind", "shape", "parameters"} <= set(finished[0]["layers"][0])
    assert sorted(path.name for path in out.iterdir()) == sorted([*names, "layers.json"])
    assert sorted(finished[0]["files"]) == sorted(str(path) for path in out.iterdir())
    assert finished[0]["report"] == next((str(out / name) for name in names if ".htm" in name), "")
    for name in names:
        if name.endswith(".png"):
            with Image.open(out / name) as sheet:
                assert min(sheet.size) > 100


def test_inspect_of_a_run_tells_the_reasons(played_layers, capsys, data, tmp_path):
    picture = str(next(Path(data).rglob("*.png")))
    run = tmp_path / "run"
    run.mkdir()
    assert main(["inspect", str(run), picture, "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "heat-map.png").is_file()
    shown = capsys.readouterr().out
    assert "relu/1" in shown and "4 × 4 × 8" in shown
    assert "report.html in a browser" in shown


def test_inspect_shows_the_strongest_first_and_says_so():
    many = np.arange(70, dtype=np.float32)
    stack = np.zeros((70, 4, 4), dtype=np.uint8)
    layer = replace(LAYERS[0], shape=(70, 4, 4))
    shown = layer_events.LayerShown(layer, "What it does.", stack, many, many, many, np.zeros((0, 0, 3), np.uint8))
    none = np.zeros((0, 0, 0, 3), np.uint8)
    kernels = layer_events.KernelsShown("conv1", "none", none, NOTHING, NOTHING, (), 0.0, 0.0, "", "")
    with pytest.MonkeyPatch.context() as patch:
        told = []
        patch.setattr(inspecting.contact_sheet, "titled", lambda *arguments: told.append(arguments))
        assert [kind for kind, _ in inspecting.sheets(shown, kernels)] == ["activations"]
    tiles, captions, title, note = told[0]
    assert tiles.shape == (64, 4, 4, 3)
    assert captions[0] == "69   69 … 69" and captions[-1] == "6   6 … 6"
    assert title.startswith("conv1 · Convolution")
    assert note.startswith("The 64 strongest of 70 channels, of 4 × 4 values each.") and "What it does." in note


def test_inspect_refuses_before_it_begins(played_layers, capsys, data, tmp_path):
    picture = str(next(Path(data).rglob("*.png")))
    for more, part in (
        (["--out", picture], "is a file"),
        (["--out", str(tmp_path / "o"), "--report", str(tmp_path)], "is a folder"),
        (["--out", str(tmp_path / "o"), "--report", "a.pdf"], "does not end in .html"),
    ):
        assert main(["inspect", "resnet18", picture, *more]) == 2
        assert part in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_inspect_names_layers_like_the_one_that_is_not_there(played_layers, capsys, data, tmp_path):
    picture = str(next(Path(data).rglob("*.png")))
    assert main(["inspect", "resnet18", picture, "--out", str(tmp_path / "o"), "--layer", "conv2"]) == 2
    assert "conv1" in capsys.readouterr().err


def test_doctor_prints_one_object(play, capsys):
    play(events.Progress("x", 1, 2), events.Examined("cpu", "no card", "CPUExecutionProvider", "ran", {"torch": "2"}))
    assert main(["doctor", "--json"]) == 0
    (found,) = lines(capsys)
    assert (found["device"], found["device_reason"], found["provider"]) == ("cpu", "no card", "CPUExecutionProvider")
    assert found["versions"] == {"torch": "2"}


@pytest.mark.parametrize("json", [["--json"], []])
def test_doctor_fails_where_something_is_wrong(play, capsys, json):
    clash = "Two packages overwrite each other."
    play(events.Examined("cpu", "no card", "CPUExecutionProvider", "ran", {}, (clash,), healthy=False))
    assert main(["doctor", *json]) == 1
    said = capsys.readouterr()
    assert clash in said.out and said.err == ""
    assert len(said.out.splitlines()) == 1 or not json


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deskclassify 0.")
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    for command in COMMANDS:
        assert main([command, "--help"]) == 0


def test_commands_of_the_help_are_those_of_the_entry_point():
    from deskclassify.cli.app import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names == COMMANDS


@pytest.mark.parametrize("platform", ["offscreen", "minimal:x"])
def test_demo_knows_that_nobody_would_see_a_window(monkeypatch, platform):
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert "without" in demo.why_no_window()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are told by variables on Linux")
def test_demo_knows_that_there_is_no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert demo.why_no_window() == "There is no display, so the demo runs without a window."
    monkeypatch.setenv("DISPLAY", ":987")  # nobody answers there
    assert "without" in demo.why_no_window()


SLOW_JOB = """
import os, sys, time
from deskclassify.core import events, requests

def job(request, should_stop):
    yield events.Started("scan")
    os.write(1, b"native rubbish"); os.write(2, b"native rubbish")
    while not should_stop():
        time.sleep(0.02)
    yield events.ScanDone(1, {}, {}, (), ())

def deaf(request, should_stop):
    yield events.Started("scan")
    time.sleep(60)

requests.generator = lambda request: deaf if sys.argv.pop() == "deaf" else job
from deskclassify.__main__ import main
sys.exit(main(sys.argv[1:-1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("kind", "signals", "finishes"),
    [("job", [signal.SIGINT], True), ("job", [signal.SIGTERM], True), ("deaf", [signal.SIGINT, signal.SIGINT], False)],
)
def test_interrupted_commands_exit_130(data, kind, signals, finishes):
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-c", SLOW_JOB, "scan", data, "--json", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as child:
        assert select.select([child.stdout], [], [], 60)[0], "it does not begin"
        started = json.loads(child.stdout.readline())
        begin = time.monotonic()
        for number in signals:
            child.send_signal(number)
            time.sleep(0.3)
        out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert time.monotonic() - begin < 10
    assert started["event"] == "started"
    assert "rubbish" not in out + err
    assert "Traceback" not in err
    assert [json.loads(line)["event"] for line in out.splitlines()] == (["finished"] if finishes else [])
    if finishes:
        assert "Interrupted" in err


def test_the_command_line_imports_neither_qt_nor_torch():
    code = "import sys; from deskclassify.__main__ import main; main(['scan', '/nope']); "
    code += "print([n for n in ('PySide6', 'torch', 'onnxruntime', 'timm') if n in sys.modules])"
    root = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}, check=True
    )
    assert done.stdout.strip() == "[]"


def test_networks_in_the_help_are_those_of_the_zoo(capsys):
    main(["train", "--help"])
    text = "".join(capsys.readouterr().out.split()).replace("│", "")
    assert all(name in text for name in architectures.ARCHITECTURES)


@pytest.fixture
def two_runs(tmp_path):
    made = []
    for name, answers in (("first", "aab"), ("second", "abb")):
        run = RunFolder(tmp_path / name)
        run.path.mkdir()
        how = {"preprocess": Preprocess(), "result": {"accuracy": 0.5}, "recipe": {"views": len(made)}}
        run.write_info({"classes": ["a", "b"], "architecture": "resnet18", **how})
        rows = enumerate(zip("aaa", answers, strict=True))
        run.write_predictions(events.Verdict(f"/p/{n}.png", label, said, 0.9, 0.1) for n, (label, said) in rows)
        run.best.write_bytes(b"weights")
        made.append(str(run.path))
    rename(RunFolder(Path(made[0])), "#1 [bold]")
    return made


def test_compare_tells_what_differs(two_runs, capsys):
    assert main(["compare", *two_runs]) == 0
    out = capsys.readouterr().out
    for text in ("#1 [bold]", "1 fewer of the 3 pictures", "Changed copies of each picture", "/p/1.png", "broken"):
        assert text in out
    assert "/p/0.png" not in out and "Network" not in out
    assert main(["compare", *two_runs, "--json"]) == 0
    (line,) = lines(capsys)
    assert line["event"] == "finished" and line["first"]["title"] == "#1 [bold]"
    assert [(flip["kind"], flip["path"]) for flip in line["flips"]] == [("broken", "/p/1.png")]
    assert [one["name"] for one in line["settings"]] == ["Changed copies of each picture"]
    assert line["metrics"][0] == {"name": "Accuracy", "unit": "share", "first": 2 / 3, "second": 1 / 3}


def test_compare_needs_two_runs(two_runs, tmp_path, capsys):
    for other, sentence in (
        (two_runs[0], "one and the same"),
        (str(tmp_path), "no run folder"),
        ("/no", "There is no"),
    ):
        assert main(["compare", two_runs[0], other]) == 2
        assert sentence in capsys.readouterr().err
