"""`calibrate`, and what `predict` does with pictures that are none of the classes; the jobs are played."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from deskclassify.__main__ import main
from deskclassify.core import data_events, events, requests


@pytest.fixture
def play(monkeypatch):
    """`play(events…)` makes every job give these; returns the requests that were asked for."""

    def install(*answers):
        asked = []

        def job(request, should_stop):
            asked.append(request)
            yield from answers

        monkeypatch.setattr(requests, "generator", lambda request: job)
        return asked

    return install


def answers(paths):
    sure, unsure = paths
    yield events.Prediction(str(sure), "ants", 0.9, (("ants", 0.9), ("bees", 0.1)))
    yield events.Prediction(str(unsure), "bees", 0.3, (("bees", 0.3), ("ants", 0.2)), refused=True)
    yield events.PredictDone(2, 0, 0.1, "CPUExecutionProvider", threshold=0.4, refused=1)


@pytest.fixture
def pictures(tmp_path):
    made = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in made:
        Image.new("RGB", (4, 4)).save(path)
    (tmp_path / "m.onnx").write_bytes(b"model")
    return made


def test_calibrate_tells_what_it_is_worth(play, tmp_path, capsys):
    rule = data_events.Calibration(1.2, 0.4, 0.95, 0.1, 0.05, 0.94, 0.9, 12, 0.75)
    asked = play(data_events.Calibrated("/run", rule, np.zeros(12, np.float32)))
    assert main(["calibrate", str(tmp_path), "--coverage", "0.95", "--others", str(tmp_path)]) == 0
    assert (asked[0].model, asked[0].coverage, asked[0].others) == (str(tmp_path), 0.95, (str(tmp_path),))
    out = capsys.readouterr().out
    assert "Temperature 1.200" in out and "below 40.0%" in out and "75.0% of 12" in out and "94.0%" in out
    assert main(["calibrate", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["event"] == "finished" and found["calibration"]["threshold"] == 0.4


def test_calibrate_refuses_odd_numbers_and_paths(play, tmp_path, capsys):
    asked = play()
    assert main(["calibrate", str(tmp_path), "--coverage", "95"]) == 2
    assert "--coverage must be from 0.5 to 1" in capsys.readouterr().err
    assert main(["calibrate", str(tmp_path / "none")]) == 2
    assert main(["calibrate", str(tmp_path), "--others", str(tmp_path / "none")]) == 2
    assert asked == []


def test_predict_says_none_of_these(play, pictures, tmp_path, capsys):
    play(*answers(pictures))
    table, sorted_into = tmp_path / "t.csv", tmp_path / "sorted"
    call = ["predict", str(tmp_path / "m.onnx"), *map(str, pictures)]
    assert main([*call, "--csv", str(table), "--sort-into", str(sorted_into)]) == 0
    said = capsys.readouterr()
    assert f"{pictures[1]}  none of these  (likeliest: bees 30.0%)" in said.out.replace("\n", " ").replace("  ", "  ")
    assert "1 picture got no answer" in said.err
    with table.open(encoding="utf-8", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["ants", "none of these"]
    assert (sorted_into / "none of these" / "b.png").is_file() and (sorted_into / "ants" / "a.png").is_file()


def test_json_keeps_the_label_and_says_refused(play, pictures, tmp_path, capsys):
    play(*answers(pictures))
    call = ["predict", str(tmp_path / "m.onnx"), *map(str, pictures), "--json"]
    assert main(call) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert "refused" not in first and first["label"] == "ants"
    assert second["refused"] is True and second["label"] == "bees" and second["top"][0] == ["bees", 0.3]
    assert main([*call, "--always-answer"]) == 0
    assert not any("refused" in json.loads(line) for line in capsys.readouterr().out.splitlines())
