"""The report of a run: read as a browser reads it, with names that try to break it."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from deskclassify.core import run_report
from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.codec import to_json
from deskclassify.core.data_events import Calibration
from deskclassify.core.data_requests import RunReportRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Progress, Verdict
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.report_charts import Curve, curves, ticks
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Item, Source

EVIL = '<script>alert("x")</script> & Söhne'
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Fails where an element is not closed in its place; collects what tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._note(tag, attrs)

    def _note(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += f"{data} "


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "secret place" / "pets"
    for at, name in enumerate(("ants", "bees", "<b>wasps & co")):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (60, 40), (40 * at, 20 * number, 90)).save(folder / name / f"{number}.png")
    (folder / "bees" / "old.heic").write_bytes(b"no picture that is known")
    return DataSpec(sources=(Source(str(folder)),))


@pytest.fixture
def run(tmp_path, data):
    return write_run(tmp_path / "runs" / EVIL.replace("/", ""), data)


def write_run(path, data, classes=("<b>wasps & co", "ants", "bees"), scores=True):
    run = RunFolder(path)
    path.mkdir(parents=True)
    request = FitRequest(data, str(path), preset="quick", epochs=3, gradual=True)
    info = {
        "request": request,
        "created": "2026-01-02T03:04:05+00:00",
        "classes": classes,
        "architecture": "resnet18",
        "preprocess": ARCHITECTURES["resnet18"].preprocess("crop"),
        "device": {"title": "CPU, 2 cores"},
        "versions": {"torch": "9.9"},
        "balance": {"kind": "none", "reason": "The classes are of about the same size."},
        "data_fingerprint": "abcdef0123456789",
        "skipped": [{"path": f"{data.sources[0].path}/ants/broken.jpg", "reason": "The file is cut off."}],
        "result": {
            "accuracy": 0.5,
            "seconds": 65.0,
            "best_epoch": 2,
            "findings": [{"kind": "x", "title": EVIL, "text": "Seen.", "advice": "Do.", "level": "warning"}],
        },
    }
    run.write_info(to_json(info))
    folder = data.sources[0].path
    verdicts = [
        Verdict(f"{folder}/{label}/{number}.png", label, classes[(at + number % 2) % len(classes)], 0.6, 0.9)
        for at, label in enumerate(classes)
        for number in range(4)
    ]
    chances = np.full((len(verdicts), len(classes)), 0.4 / max(1, len(classes) - 1), np.float32)
    for row, one in enumerate(verdicts):
        chances[row, classes.index(one.predicted)] = 0.6
    run.write_predictions(verdicts, chances if scores else None)
    run.write_split(
        Item(one.path, one.path, one.label, side) for one in verdicts for side in ("train", "valid", "test")[:2]
    )
    run.write_history(
        EpochDone("frozen" if n < 3 else "unfrozen", n, 1 / n, None if n == 2 else 1.5 / n, 0.5, 0.5, 1e-3, 0.1, 9.0)
        for n in range(1, 5)
    )
    run.best.write_bytes(b"weights")
    return run


def written(run, tmp_path, **more):
    target = tmp_path / "report.html"
    events = list(run_report.write(RunReportRequest(str(run.path), str(target), **more), lambda: False))
    assert isinstance(events[0], Progress) and isinstance(events[-1], ReportWritten)
    text = target.read_text(encoding="utf-8")
    assert events[-1].bytes == target.stat().st_size < 3_000_000
    return text, Reader(text)


def test_it_is_whole_and_loads_nothing(run, tmp_path):
    text, read = written(run, tmp_path)
    assert "script" not in read.tags and "link" not in read.tags and "iframe" not in read.tags
    assert all(link.startswith(("data:image/", "#")) for link in read.links)
    assert "http" not in text.replace("http-equiv", "") or "url(" not in text
    assert read.tags.count("img") == 12 and EVIL.replace("/", "") in read.text and "<b>wasps & co" in read.text
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    assert text.count("{") == text.count("}")


def test_no_folder_of_the_writer_is_told(run, tmp_path):
    text, _ = written(run, tmp_path)
    assert str(tmp_path) not in text and "secret place" not in text and "pets" in text


def test_what_it_tells(run, tmp_path):
    _, read = written(run, tmp_path)
    for part in (
        "50.0 %",
        "6 of 12 validation pictures are right",
        "25 to 75 %",
        "1 min 5 s",
        "CPU, 2 cores",
        "broken.jpg",
        "The file is cut off.",
        "HEIC files cannot be read",
        "abcdef0123456789",
        "Expected calibration error: 10.0 %",
        "The vertical line is epoch 2",
        "Most confused pairs",
        "torch",
    ):
        assert part in " ".join(read.text.split()), part
    assert "Calibrated" not in read.text


def test_a_calibration_is_told(run, tmp_path):
    found = Calibration(1.5, 0.4, 0.95, 0.08, 0.03, 0.94, 0.97, 20, 0.9)
    (run.path / "calibration.json").write_text(json.dumps(to_json(found)), encoding="utf-8")
    _, read = written(run, tmp_path)
    assert "temperature of 1.5" in read.text and "8.0 % to 3.0 %" in read.text and "20 foreign pictures" in read.text


def test_pictures_and_folders_that_are_gone_are_said_to_be(run, tmp_path, data):
    (tmp_path / "secret place").rename(tmp_path / "elsewhere")
    _, read = written(run, tmp_path)
    assert read.tags.count("img") == 0 and "cannot be read any more" in read.text
    assert "not where they were" in read.text


def test_many_classes_have_their_worst_pairs_in_place_of_the_matrix(tmp_path, data):
    classes = tuple(f"class {number:03d}" for number in range(45))
    _, read = written(write_run(tmp_path / "run", data, classes, scores=False), tmp_path)
    assert "too large for a page" in read.text and "The 12 most frequent of 45" in read.text
    assert "All 45 classes" in read.text and "Found least often" in read.text and "certainty" not in read.text


def test_stopped_it_leaves_what_was_there(run, tmp_path):
    target = tmp_path / "report.html"
    target.write_text("before", encoding="utf-8")
    list(run_report.write(RunReportRequest(str(run.path), str(target)), lambda: True))
    assert target.read_text(encoding="utf-8") == "before"


def test_what_cannot_be_reported(run, tmp_path):
    for model, target in ((tmp_path, "a.html"), (run.path, "a.pdf"), (run.path, str(tmp_path))):
        with pytest.raises(InputError):
            list(run_report.write(RunReportRequest(str(model), str(target)), lambda: False))


def test_an_old_run_of_which_little_is_known(run, tmp_path):
    info = run.info()
    bare = {key: info.raw[key] for key in ("classes", "architecture", "preprocess")}
    run.write_info(bare)
    for name in ("history.jsonl", "split.csv", "scores.npy"):
        (run.path / name).unlink()
    _, read = written(run, tmp_path)
    assert "has kept no history" in read.text


def test_the_command_that_repeats_it(data):
    spec = replace(data, rule=r"regex:^(\w+) \d", valid_pct=0.3, test_pct=0.1, grouping="folder", seed=7)
    request = FitRequest(
        spec, "/somewhere/run", preset="quick", epochs=5, learning_rate=0.01, tta=True, weights="/a/w.pt"
    )
    words = shlex.split(run_report.command(to_json(request)))
    assert words == shlex.split(
        "deskclassify train DATA --out RUN --preset quick --epochs 5 --lr 0.01 --tta --weights w.pt "
        r"--label-from 'regex:^(\w+) \d' --valid-pct 0.3 --seed 7 --test-pct 0.1 --group-by folder"
    )
    usual = run_report.command(to_json(FitRequest(DataSpec(), "x")))
    assert usual == "deskclassify train DATA --out RUN --preset balanced --seed 42"


def test_round_numbers_on_the_axes():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(0, 0.0033) == pytest.approx([0, 0.001, 0.002, 0.003])
    assert ticks(3, 3) == [3] and len(ticks(1, 1000, 8)) <= 9


def test_gaps_and_wild_values_do_not_break_a_curve():
    points = [(1, 1.0), (2, float("nan")), (3, 0.5), (4, 0.4), (5, None), *((n, 0.3) for n in range(6, 40)), (40, 1e9)]
    drawn = curves("Loss", [Curve("training", "c1", points)], str)
    assert drawn.count("<polyline") == 2 and drawn.count("<circle") == 1 and "nan" not in drawn
    assert curves("Loss", [Curve("training", "c1", [(1, None)])], str) == ""
