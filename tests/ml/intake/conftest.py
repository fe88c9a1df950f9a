"""A web server on 127.0.0.1, and a fresh home for each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intake_kit import MOST_SECONDS, Handler, QuietServer, Server

from deskclassify.ml.intake import download, line


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    handler = type("Handler", (Handler,), {"state": state})
    with QuietServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.address = f"http://127.0.0.1:{running.server_port}"
        yield state
        state.release.set()
        running.shutdown()
        thread.join(MOST_SECONDS)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh place for the program's own files."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_proxy_and_no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(download, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(line, "_LOOK_SECONDS", 0.02)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, data: bytes) -> Path:
        file = tmp_path / name
        file.write_bytes(data)
        return file

    return write
