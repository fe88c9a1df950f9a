"""Whether the model that the window predicts with is up to date."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from deskclassify.core import run_model
from deskclassify.core.architectures import get
from deskclassify.core.project import Project
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source

DATA = DataSpec((Source("/p"),))


def make_run(folder: Path, when: float = 1_000_000) -> RunFolder:
    run = RunFolder(folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    run.write_info(
        {
            "classes": ("a", "b"),
            "architecture": "resnet18",
            "preprocess": get("resnet18").preprocess("crop"),
            "request": {"data": DATA},
        }
    )
    for name in ("best.safetensors", "model.onnx"):
        (run.path / name).write_bytes(b"x")
        os.utime(run.path / name, (when, when))
    return run


def test_names_are_those_of_the_project_that_the_run_is_of(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    project = Project(tmp_path).with_data(DATA)
    assert run_model.class_names(run, project, None) == {}
    renamed = project.with_data(replace(DATA, renamed={"a": "z"}))
    assert run_model.class_names(run, renamed, None) == {"a": "z", "b": "b"}
    elsewhere = Project(tmp_path / "other").with_data(renamed.data)
    assert run_model.class_names(run, elsewhere, None) == {}


def test_weights_certainty_and_names_make_it_old(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert run_model.is_current(run, {})
    names = {"a": "z", "b": "b"}
    assert not run_model.is_current(run, names)
    run_model.remember_names(run, names)
    assert run_model.is_current(run, names) and not run_model.is_current(run, {})
    run_model.remember_names(run, {})
    assert run_model.is_current(run, {})
    (run.path / "calibration.json").write_text("{}")
    assert not run_model.is_current(run, {})
    now = (run.path / "calibration.json").stat().st_mtime + 5
    os.utime(run.path / "model.onnx", (now, now))
    assert run_model.is_current(run, {})
    os.utime(run.best, (now + 5, now + 5))
    assert not run_model.is_current(run, {})
    (run.path / "model.onnx").unlink()
    assert not run_model.is_current(run, {})
