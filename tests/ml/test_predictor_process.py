"""The process that predicts: one answer alone or among many, and nothing done when nothing is asked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
from color_model import write_model, write_pictures

from deskclassify.core.control import Control, never
from deskclassify.core.events import PredictDone, Prediction
from deskclassify.core.requests import PredictRequest
from deskclassify.engine.client import EngineClient
from deskclassify.ml import prediction


def test_at_rest_it_costs_nothing(tmp_path: Path) -> None:
    model = write_model(tmp_path / "colours.onnx")
    made = write_pictures(tmp_path / "p", 40)
    client = EngineClient("predictor")
    try:
        for paths in ((str(made[0]),), (str(tmp_path / "p"),), (str(made[1]),)):
            *_, done = client.stream(PredictRequest(str(model), paths), Control())
            assert isinstance(done, PredictDone) and not done.failed
        process = psutil.Process(client.pid)
        time.sleep(0.3)
        before = process.cpu_times()
        time.sleep(1.0)
        after = process.cpu_times()
        assert after.user + after.system - before.user - before.system < 0.05, "seconds"
    finally:
        client.close()


def test_one_picture_and_a_folder_in_turn_open_the_model_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_model(tmp_path / "colours.onnx")
    made = write_pictures(tmp_path / "p", 5)
    opened = []
    open_model = prediction.open_model

    def counting(*given, **named):
        opened.append(named["threads"])
        return open_model(*given, **named)

    monkeypatch.setattr(prediction, "open_model", counting)

    def label_of_first(path: Path) -> str:
        events = prediction.predict(PredictRequest(str(model), (str(path),)), never)
        return next(event.label for event in list(events) if isinstance(event, Prediction))

    for _ in range(3):
        assert label_of_first(made[0]) == label_of_first(tmp_path / "p") == "red"
    assert sorted(opened) == [0, 1]
    write_model(model, threshold=0.999)  # changed on the disk: opened anew
    os.utime(model, ns=(1, 1))
    assert label_of_first(made[0]) == "red"
    assert len(opened) == 3 and len(prediction._open) == 1
