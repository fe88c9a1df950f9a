from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from deskclassify.core import architectures, paths
from deskclassify.core.control import never
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Progress, WeightsReady
from deskclassify.core.requests import WeightsRequest
from deskclassify.ml import weights, zoo


@dataclass
class Server:
    """Serves one file, and can be told to cut off."""

    body: bytes
    address: str = ""
    cut_after: int | None = None
    ranges: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(b"")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.ranges.append(wanted)
            start = int(found.group(1)) if (found := re.match(r"bytes=(\d+)-", wanted)) else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(state.body) - start))
            self.end_headers()
            end = len(state.body) if state.cut_after is None else state.cut_after
            state.cut_after = None
            self.wfile.write(state.body[start:end])

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.address = f"http://127.0.0.1:{running.server_port}/models"
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture
def small(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> architectures.Architecture:
    """A network whose weight file is small and lies on the server, under its true hash."""
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("DESKCLASSIFY_WEIGHTS_URL", server.address)
    server.body = bytes(range(256)) * 4000
    name = f"resnet18-{hashlib.sha256(server.body).hexdigest()[:8]}.pth"
    made = replace(architectures.get("resnet18"), file=name)
    monkeypatch.setitem(architectures.ARCHITECTURES, "resnet18", made)
    return made


def test_download_reports_progress_and_keeps_the_file(small: architectures.Architecture, server: Server) -> None:
    events = list(weights.fetch(WeightsRequest("resnet18")))
    assert isinstance(events[-1], WeightsReady)
    assert Path(events[-1].path).read_bytes() == server.body
    assert events[-1].path == str(paths.weights_dir() / small.file)
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total == len(server.body)
    server.ranges.clear()
    assert isinstance(list(weights.fetch(WeightsRequest("resnet18")))[-1], WeightsReady)
    assert server.ranges == []  # it is there already


def test_a_cut_off_download_goes_on_where_it_ended(small: architectures.Architecture, server: Server) -> None:
    server.cut_after = 300_000
    events = list(weights.fetch(WeightsRequest("resnet18")))
    assert isinstance(events[-1], WeightsReady)
    assert Path(events[-1].path).read_bytes() == server.body
    assert server.ranges == ["", "bytes=300000-"]


def test_a_stopped_download_is_resumed(small: architectures.Architecture, server: Server) -> None:
    list(weights.fetch(WeightsRequest("resnet18"), lambda: True))
    part = paths.weights_dir() / f"{small.file}.part"
    had = part.stat().st_size
    assert 0 < had < len(server.body)
    assert isinstance(list(weights.fetch(WeightsRequest("resnet18")))[-1], WeightsReady)
    assert server.ranges[-1] == f"bytes={had}-"


def test_a_wrong_hash_is_refused_and_removed(small: architectures.Architecture, server: Server) -> None:
    server.body = b"x" + server.body[1:]
    with pytest.raises(UserError, match="hash is wrong"):
        list(weights.fetch(WeightsRequest("resnet18")))
    assert list(paths.weights_dir().iterdir()) == []


def test_no_network_names_file_address_and_place(
    small: architectures.Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKCLASSIFY_WEIGHTS_URL", "http://127.0.0.1:9/models")
    with pytest.raises(UserError) as caught:
        list(weights.fetch(WeightsRequest("resnet18")))
    for part in (f"http://127.0.0.1:9/models/{small.file}", str(paths.weights_dir()), "EfficientNet-Lite0"):
        assert part in caught.value.sentence


def test_the_bundled_network_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKCLASSIFY_WEIGHTS_URL", "http://127.0.0.1:9/models")
    (ready,) = weights.fetch(WeightsRequest("efficientnet_lite0"))
    assert isinstance(ready, WeightsReady)
    assert weights.sha256(Path(ready.path)).startswith("57934424")


def test_a_file_of_the_user_is_loaded(tmp_path: Path) -> None:
    architecture = architectures.get("resnet18")
    source = zoo.build(architecture, 2)
    file = tmp_path / "mine.pth"
    torch.save(source.trunk.state_dict(), file)
    *_, loaded = zoo.load_pretrained(architecture, 2, str(file), never)
    assert isinstance(loaded, zoo.Pretrained)
    for name, value in source.trunk.state_dict().items():
        assert torch.equal(loaded.model.trunk.state_dict()[name], value)


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04" + b"\0" * 50])
def test_a_file_that_is_no_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.pth"
    file.write_bytes(content)
    with pytest.raises(InputError, match="no weight file"):
        zoo.read_weights(file)


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("executed",)

    file = tmp_path / "trap.pth"
    file.write_bytes(pickle.dumps({"weight": Trap()}))
    with pytest.raises(InputError, match="no weight file"):
        zoo.read_weights(file)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    torch.save(zoo.build(architectures.get("resnet34"), 2).trunk.state_dict(), file)
    with pytest.raises(InputError, match="does not fit"):
        list(zoo.load_pretrained(architectures.get("mobilenet_v3_large"), 2, str(file), never))
