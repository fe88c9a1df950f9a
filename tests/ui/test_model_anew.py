"""The session makes the run's model anew when names or certainty have changed; exports are played."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deskclassify.core.architectures import get
from deskclassify.core.events import Exported
from deskclassify.core.requests import ExportRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec


class Engine:
    def __init__(self):
        self.exports = []

    def __call__(self, request, control):
        if isinstance(request, ExportRequest):
            self.exports.append(request)
            Path(request.target).write_bytes(b"model")
            yield Exported(request.target, 5, 1, 1.0, 0.0, 1.0)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def session(session_on, engine):
    made = session_on(engine)
    made.new_project("Insects")
    return made


@pytest.fixture
def run(session):
    made = RunFolder(session.project.folder / "runs" / "run-001")
    made.path.mkdir(parents=True)
    how = get("resnet18").preprocess("crop")
    request = {"data": DataSpec()}
    made.write_info({"classes": ("a", "b"), "architecture": "resnet18", "preprocess": how, "request": request})
    made.best.write_bytes(b"weights")
    return made


def ready(qtbot, session):
    qtbot.waitUntil(lambda: session.model is not None and not session.owner.jobs, timeout=5_000)


def test_it_is_made_once_and_again_after_a_change(session, engine, run, qtbot):
    session.show_run(run)
    ready(qtbot, session)
    session.refresh_model()
    session.show_run(run)
    assert [one.classes for one in engine.exports] == [{}]
    session.rename_class("a", "ants")
    session.refresh_model()
    assert session.model_is_coming
    ready(qtbot, session)
    assert engine.exports[-1].classes == {"a": "ants", "b": "b"} and len(engine.exports) == 2
    session.show_run(run)
    ready(qtbot, session)
    assert len(engine.exports) == 2
    later = run.path.joinpath("model.onnx").stat().st_mtime + 5
    (run.path / "calibration.json").write_text("{}")
    os.utime(run.path / "calibration.json", (later, later))
    session.refresh_model()
    ready(qtbot, session)
    assert len(engine.exports) == 3
    session.export(run.path.parent / "mine.onnx")
    qtbot.waitUntil(lambda: len(engine.exports) == 4 and not session.owner.jobs, timeout=5_000)
    assert engine.exports[-1].classes == {"a": "ants", "b": "b"} and not engine.exports[-1].fast


def test_a_foreign_model_is_left_alone(session, engine, run, qtbot, tmp_path):
    session.show_run(run)
    ready(qtbot, session)
    session.open_model(tmp_path / "other.onnx")
    session.rename_class("a", "ants")
    session.refresh_model()
    assert session.model == tmp_path / "other.onnx" and len(engine.exports) == 1
