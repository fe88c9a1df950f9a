"""A home of its own for each of these tests: what one has learned of a file must not help the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

Write = Callable[[onnx.ModelProto | bytes], Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(folder))
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a model, gives its path."""

    def written(model: onnx.ModelProto | bytes, name: str = "model.onnx") -> Path:
        folder = tmp_path / "models"
        folder.mkdir(exist_ok=True)
        file = folder / name
        file.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return file

    return written


@pytest.fixture
def tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials happen in this process: for models that do no harm, where only the verdict is of interest."""
    from deskclassify.ml.foreign import trial, verdicts

    def run(path: Path, wanted: str, should_stop: object = None, limits: object = None) -> verdicts.Outcome:
        verdict = trial.judge(path.read_bytes(), verdicts.USUAL)
        return verdicts.Outcome(verdict, 0, 0.0)

    monkeypatch.setattr(verdicts, "run_trial", run)
