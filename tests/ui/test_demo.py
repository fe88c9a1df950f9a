"""The demonstration goes from a folder to the Evaluate page by itself."""

import json
from pathlib import Path

import pytest

from deskclassify.core.events import FitDone
from deskclassify.core.requests import FitRequest, ListRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.engine.client import run_in_process
from deskclassify.ui.demo import Demo


@pytest.fixture
def session(session_on, monkeypatch):
    monkeypatch.setattr(RunFolder, "is_finished", lambda run: (run.path / "run.json").is_file())

    def stream(request, control):
        if isinstance(request, ListRequest):
            yield from run_in_process(request, control)
        elif isinstance(request, FitRequest):
            run = RunFolder(Path(request.run))
            run.path.mkdir(parents=True)
            (run.path / "run.json").write_text(json.dumps({}), encoding="utf-8")
            run.best.write_bytes(b"")
            (run.path / "model.onnx").write_bytes(b"")
            yield FitDone(request.run, 0.9, 0.1, 1, ("a", "b"), 8, 2, 0, 1.0, False)

    return session_on(stream)


def test_it_trains_and_shows_the_errors(session, qtbot, tmp_path, make_pictures):
    pages = []
    session.page_wanted.connect(pages.append)
    Demo(session)
    session.open_path(make_pictures(tmp_path / "pets", {"a": 5, "b": 5}))
    qtbot.waitUntil(lambda: "evaluate" in pages)
    assert pages == ["data", "train", "evaluate"]


def test_one_class_is_not_enough(session, qtbot, tmp_path, make_pictures):
    pages = []
    session.page_wanted.connect(pages.append)
    Demo(session)
    session.open_path(make_pictures(tmp_path / "pets", {"a": 5}))
    qtbot.waitUntil(lambda: session.listing is not None)
    assert pages == ["data"]
