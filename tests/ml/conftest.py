"""A small trained run on drawn pictures, made once for all tests of the learning code."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deskclassify.core.control import never
from deskclassify.core.events import Held
from deskclassify.core.requests import ExportRequest, FitRequest, Request, generator
from deskclassify.core.sample import make_sample
from deskclassify.core.sources import DataSpec, Source

Drain = Callable[[Request], list[Any]]


def drain_request(request: Request, should_stop: Callable[[], bool] = never) -> list[Any]:
    """All events of a job. On a disk that is really full a training would wait for ever: then the test fails."""
    events = []
    for event in generator(request)(request, should_stop):
        if isinstance(event, Held) and shutil.disk_usage(tempfile.gettempdir()).free < 600e6:
            pytest.fail(f"The disk of the tests is full. {event.text}")
        events.append(event)
    return events


@pytest.fixture
def drain() -> Drain:
    return drain_request


@pytest.fixture(scope="session")
def ml_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml-home")


@pytest.fixture(autouse=True)
def home(ml_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One home for these tests: the traced trunk is made once, as for a user."""
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(ml_home))
    return ml_home


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five classes of twelve drawn pictures."""
    return make_sample(tmp_path_factory.mktemp("data") / "sample", per_class=12)


@pytest.fixture(scope="session")
def sample_spec(sample: Path) -> DataSpec:
    return DataSpec((Source(str(sample)),))


@pytest.fixture(scope="session")
def trained(sample_spec: DataSpec, tmp_path_factory: pytest.TempPathFactory, ml_home: Path) -> Iterator[Path]:
    """A finished run folder; tests must not change it."""
    before = os.environ.get("DESKCLASSIFY_HOME")
    os.environ["DESKCLASSIFY_HOME"] = str(ml_home)
    run = tmp_path_factory.mktemp("runs") / "run"
    drain_request(FitRequest(sample_spec, str(run), preset="quick"))
    yield run
    if before is None:
        os.environ.pop("DESKCLASSIFY_HOME", None)
    else:
        os.environ["DESKCLASSIFY_HOME"] = before


@pytest.fixture(scope="session")
def model_file(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as an ONNX file, exported as a user exports it."""
    target = tmp_path_factory.mktemp("models") / "model.onnx"
    drain_request(ExportRequest(str(trained), str(target)))
    return target
