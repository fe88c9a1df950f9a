"""Which program runs what: in a checkout, and in the bundle with and without a training engine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from engine_made import make_engine

from deskclassify.core import engine_files, paths
from deskclassify.core.control import Control
from deskclassify.core.errors import EngineMissingError, Failure, InputError
from deskclassify.core.events import Examined, Progress
from deskclassify.core.layer_requests import LayersRequest
from deskclassify.core.requests import (
    DoctorRequest,
    EvaluateRequest,
    FitRequest,
    ForecastRequest,
    PredictRequest,
    ScanRequest,
    SleepRequest,
    WarmRequest,
)
from deskclassify.core.sources import DataSpec
from deskclassify.core.use_requests import InstallEngineRequest, ModelRequest, RemoveEngineRequest
from deskclassify.engine import places
from deskclassify.engine.client import EnginePool

DATA = DataSpec()
TRAINING = [FitRequest(DATA, "/run"), WarmRequest(), LayersRequest("resnet34"), EvaluateRequest("/run", DATA)]
OTHERS = [PredictRequest("/m.onnx"), ModelRequest("/m.onnx"), ScanRequest(DATA)]


@pytest.fixture
def bundle(monkeypatch):
    """This process takes itself for the bundle."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/deskclassify/deskclassify")


@pytest.mark.parametrize("request_", [*TRAINING, *OTHERS, DoctorRequest()])
def test_a_checkout_runs_everything_itself(request_):
    place = places.place(request_)
    assert place.command == (sys.executable, "-m", "deskclassify", "engine") and place.name == ""
    assert place.environment["PYTHONPATH"]


@pytest.mark.usefixtures("bundle")
def test_a_bundle_without_an_engine_says_what_is_missing():
    for request in TRAINING:
        with pytest.raises(EngineMissingError, match="Install the training engine in the preferences"):
            places.place(request)
    for request in (*OTHERS, DoctorRequest(), EvaluateRequest("/some/model.ONNX", DATA)):
        assert places.place(request).command == ("/opt/deskclassify/deskclassify", "engine")


@pytest.mark.usefixtures("bundle")
def test_the_window_is_told_that_the_engine_is_missing():
    with pytest.raises(EngineMissingError) as caught:
        list(EnginePool().stream(WarmRequest(), Control()))
    assert Failure.of(caught.value).needs_engine


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize(("kind", "names"), [("cpu", ["", "", ""]), ("cuda", ["engine", "engine", ""])])
def test_with_cuda_the_engine_predicts_too(monkeypatch, kind, names):
    monkeypatch.setattr(engine_files, "state", lambda: ("installed", engine_files.Record("1", kind, "", "")))
    python = str(engine_files.python_of(paths.engine_dir()))
    for request in (*TRAINING, DoctorRequest()):
        place = places.place(request)
        assert place.name == "engine" and place.command[0] == python and place.command[-1] == "engine"
    assert [places.place(request).name for request in OTHERS] == names


@pytest.mark.usefixtures("bundle")
def test_an_engine_of_another_version_is_not_used(monkeypatch):
    for state, what in (("outdated", "up to date"), ("damaged", "Repair it"), ("unfinished", "not installed yet")):
        monkeypatch.setattr(engine_files, "state", lambda state=state: (state, None))
        with pytest.raises(EngineMissingError, match=what):
            places.place(ForecastRequest(TRAINING[0]))


def test_the_engine_knows_nothing_of_the_bundle(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for name, value in {"PYTHONPATH": "/bundle", "LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/mine"}.items():
        monkeypatch.setenv(name, value)
    environment = places.engine().environment
    assert "PYTHONPATH" not in environment and environment["LD_LIBRARY_PATH"] == "/mine"
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG")
    assert "LD_LIBRARY_PATH" not in places.engine().environment


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_jobs_run_in_a_real_engine_and_it_is_left_before_it_is_changed(monkeypatch):
    engine = make_engine("cuda")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    pool = EnginePool()
    try:
        # SleepRequest is of the predictor, which runs from an engine with CUDA.
        got = list(pool.stream(SleepRequest(ticks=2, seconds=0.0), Control()))
        assert got == [Progress("tick", at, 2) for at in (1, 2)]
        client = pool.client("predictor", places.engine())
        command = Path(f"/proc/{client.pid}/cmdline").read_bytes().split(b"\0")
        assert command[0] == str(engine_files.python_of(engine)).encode()
        pid = client.pid
        ticks = pool.stream(SleepRequest(ticks=10_000, seconds=0.01), control := Control())
        next(ticks)
        with pytest.raises(InputError, match="at work"):
            list(pool.stream(RemoveEngineRequest(), Control()))
        control.stop()
        list(ticks)
        list(pool.stream(RemoveEngineRequest(), Control()))
        assert not engine.exists() and client.pid is None and pid is not None
    finally:
        pool.close()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_the_doctor_of_the_engine_answers(monkeypatch):
    make_engine()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    pool = EnginePool()
    try:
        (examined,) = pool.stream(DoctorRequest("cpu"), Control())
    finally:
        pool.close()
    assert isinstance(examined, Examined) and "torch" in examined.versions


def test_states(monkeypatch):
    assert engine_files.state() == ("bundled", None)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert engine_files.state() == ("missing", None)
    engine_files.new_dir().mkdir(parents=True)
    assert engine_files.state()[0] == "unfinished"
    if os.name == "nt":
        return
    engine = make_engine()
    assert engine_files.state()[0] == "installed"
    record = json.loads((engine / "engine.json").read_text())
    (engine / "engine.json").write_text(json.dumps({**record, "version": "0.0.1"}))
    assert engine_files.state()[0] == "outdated"
    (engine / "engine.json").write_text(json.dumps(record))
    engine_files.python_of(engine).unlink()  # as when the system's Python was removed with an upgrade
    assert engine_files.state()[0] == "damaged"
    (engine / "engine.json").write_text("{")
    assert engine_files.state() == ("damaged", None)


@pytest.mark.usefixtures("bundle")
def test_an_engine_is_never_changed_by_a_checkout(monkeypatch):
    monkeypatch.setattr(engine_files, "is_needed", lambda: False)
    (state,) = EnginePool().stream(InstallEngineRequest(), Control())
    assert state.state == "bundled" and not paths.engine_dir().exists()
