"""Reports of real networks: of a trained run, of a pretrained network, and of every network of the zoo."""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.codec import to_json
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.layer_requests import LayersRequest, ReportRequest
from deskclassify.core.pictures import PictureError
from deskclassify.core.walk_report import kernels_wanted, layers_wanted
from deskclassify.ml import zoo
from deskclassify.ml.inspection import report


@pytest.fixture
def picture(sample: Path) -> str:
    return str(next(sample.rglob("*.jpg")))


class Alts(HTMLParser):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs)["alt"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_run_is_told_from_the_picture_to_the_reasons(trained: Path, picture: str, tmp_path: Path, drain: Any) -> None:
    target = tmp_path / "new folder" / "walk.html"
    *steps, written = drain(ReportRequest(str(trained), picture, str(target)))
    assert all(isinstance(step, Progress) for step in steps)
    assert [step.done for step in steps] == list(range(steps[0].total))
    assert written == ReportWritten(str(target), target.stat().st_size, 110)
    assert written.bytes < 4_000_000
    read = Alts(target)
    (listed,) = drain(LayersRequest(str(trained)))
    assert read.found.count("Channel 0") >= 1
    assert sum(name.startswith("Channel") for name in read.found) == 12 * (len(layers_wanted(listed)) - 1)
    assert sum(name.startswith("Kernel") for name in read.found) > 32
    assert all(name in read.text for name in listed.classes)
    assert "Why this answer" in read.text and "conv_stem" in read.text
    assert str(trained.parent) not in target.read_text() and str(Path(picture).parent) not in target.read_text()


def test_a_pretrained_network_has_no_answer_to_tell(picture: str, tmp_path: Path, drain: Any) -> None:
    target = tmp_path / "walk.html"
    assert isinstance(drain(ReportRequest("efficientnet_lite0", picture, str(target)))[-1], ReportWritten)
    read = Alts(target)
    assert "no classes of yours yet" in read.text and "EfficientNet-Lite0" in read.text
    assert "Why this answer" not in read.text


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in ARCHITECTURES])
def test_every_network_can_be_told(name: str, picture: str, tmp_path: Path, drain: Any) -> None:
    torch.manual_seed(1)
    model = zoo.build(get(name), 2)
    nn.init.normal_(model.head.linear.weight)
    save_file(model.state_dict(), tmp_path / "best.safetensors")
    info = {"classes": ["<a>", "b"], "architecture": name, "preprocess": to_json(get(name).preprocess("squish", 96))}
    (tmp_path / "run.json").write_text(json.dumps(info))
    target = tmp_path / "walk.html"
    assert isinstance(drain(ReportRequest(str(tmp_path), picture, str(target)))[-1], ReportWritten)
    read = Alts(target)
    assert "<a>" in read.text and "Whole things" in read.text
    (listed,) = drain(LayersRequest(str(tmp_path)))
    assert len(layers_wanted(listed)) > 6
    assert kernels_wanted(listed)[0] == listed.layers[0]


@pytest.mark.parametrize("after", [0, 3, 12])
def test_stopped_it_leaves_what_was_there(after: int, trained: Path, picture: str, tmp_path: Path) -> None:
    target = tmp_path / "walk.html"
    target.write_text("the old one")
    seen: list[Any] = []
    for event in report.write(ReportRequest(str(trained), picture, str(target)), lambda: len(seen) > after):
        seen.append(event)  # noqa: PERF402 - what is seen says when to stop
    assert not any(isinstance(event, ReportWritten) for event in seen)
    assert len(seen) <= after + 1
    assert target.read_text() == "the old one"
    assert [file.name for file in tmp_path.iterdir()] == ["walk.html"]


def test_what_cannot_be_told(trained: Path, picture: str, tmp_path: Path, drain: Any) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for model, image, target, error in (
        (str(trained), str(broken), "a.html", PictureError),
        (str(trained), picture, "a.pdf", InputError),
        (str(trained), picture, ".", InputError),
        ("lenet", picture, "a.html", InputError),
    ):
        with pytest.raises(error):
            drain(ReportRequest(model, image, str(tmp_path / target)))
    assert [file.name for file in tmp_path.iterdir()] == ["broken.png"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that may not be written")
def test_a_folder_that_may_not_be_written(trained: Path, picture: str, tmp_path: Path, drain: Any) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        drain(ReportRequest(str(trained), picture, str(tmp_path / "a.html")))
    tmp_path.chmod(0o700)


def test_a_file_in_the_way_of_the_folder(trained: Path, picture: str, tmp_path: Path, drain: Any) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError):
        drain(ReportRequest(str(trained), picture, str(tmp_path / "file" / "a.html")))
