"""Calibrating a real run, and what the exported model then says of noise and of foreign pictures."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from deskclassify.core import calibration, calibration_files
from deskclassify.core.control import never
from deskclassify.core.data_events import Calibrated
from deskclassify.core.data_requests import CalibrateRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Message, PredictDone, Prediction
from deskclassify.core.requests import ExportRequest, FitRequest, PredictRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sample import make_sample
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml.model_file import KEY, read_card
from deskclassify.ml.training import fit

COVERAGE = 0.9


def noise_in(folder: Path, count: int = 24) -> Path:
    """Grains, coarse blots and plain colours."""
    folder.mkdir()
    dice = np.random.default_rng(0)
    for at in range(count):
        side = (224, int(dice.integers(2, 20)), 1)[at % 3]
        grains = Image.fromarray(dice.integers(0, 256, (side, side, 3), dtype=np.uint8))
        grains.resize((224, 224), Image.Resampling.BICUBIC).save(folder / f"{at}.png")
    return folder


def papers_in(folder: Path, count: int = 16) -> Path:
    """Pages of writing, charts and chequered floors: pictures of something, but of nothing that was learned."""
    folder.mkdir()
    dice = np.random.default_rng(1)
    for at in range(count):
        image = Image.new("RGB", (240, 240), "white" if at % 2 else "ivory")
        draw = ImageDraw.Draw(image)
        if at % 3 == 0:
            for line in range(12, 230, 16):
                for word in range(12, int(dice.integers(120, 228)), 24):
                    draw.rectangle((word, line, word + int(dice.integers(8, 20)), line + 6), "black")
        elif at % 3 == 1:
            for bar in range(20, 220, 25):
                draw.rectangle((bar, int(dice.integers(40, 200)), bar + 16, 220), "steelblue")
        else:
            side = int(dice.integers(12, 40))
            for left in range(0, 240, side):
                for top in range(left // side % 2 * side, 240, 2 * side):
                    draw.rectangle((left, top, left + side - 1, top + side - 1), "black")
        image.save(folder / f"{at}.png")
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_in(tmp_path_factory.mktemp("foreign") / "noise")


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory, ml_home: Path) -> Path:
    """A run on four of the sample's classes, with half of the pictures for validation; the fifth is foreign to it."""
    folder = tmp_path_factory.mktemp("half")
    data = make_sample(folder / "data", per_class=30)
    classes = sorted(path for path in data.iterdir() if path.is_dir())
    shutil.move(classes[0], folder / "unknown")
    before = os.environ.get("DESKCLASSIFY_HOME")
    os.environ["DESKCLASSIFY_HOME"] = str(ml_home)
    spec = DataSpec((Source(str(data)),), valid_pct=0.5)
    list(fit(FitRequest(spec, str(folder / "run"), preset="quick", epochs=3), never))
    if before is not None:
        os.environ["DESKCLASSIFY_HOME"] = before
    return folder


@pytest.fixture
def run(half: Path, tmp_path: Path) -> Path:
    """A copy that a test may calibrate."""
    return Path(shutil.copytree(half / "run", tmp_path / "run"))


def is_answer(event: Any) -> bool:
    return isinstance(event, Prediction)


def calibrated(events: list[Any]) -> Calibrated:
    assert isinstance(events[-1], Calibrated)
    return events[-1]


def test_a_calibrated_model_refuses_noise_and_a_foreign_class(
    run: Path, half: Path, foreign: Path, tmp_path: Path, drain: Any
) -> None:
    found = calibrated(drain(CalibrateRequest(str(run), COVERAGE))).calibration
    assert calibration_files.read(RunFolder(run)) == found
    assert found.reached == pytest.approx(COVERAGE, abs=0.05)
    assert found.threshold > 0.25 and found.looks_for_strangers
    model = tmp_path / "model.onnx"
    drain(ExportRequest(str(run), str(model), fast=True))
    card = read_card(model)
    assert (card.threshold, card.temperature, card.coverage) == (found.threshold, found.temperature, COVERAGE)
    assert card.parity["top1_agreement"] == 1 and card.parity["max_abs_diff"] < 1e-3
    import onnx

    texts = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    assert json.loads(texts[KEY])["threshold"] == found.threshold
    valid = [one.path for one in RunFolder(run).predictions()]
    done = {}
    papers = papers_in(tmp_path / "papers")
    for name, paths in (("noise", [foreign]), ("papers", [papers]), ("cups", [half / "unknown"]), ("valid", valid)):
        done[name] = drain(PredictRequest(str(model), tuple(map(str, paths))))[-1]
        assert isinstance(done[name], PredictDone) and done[name].threshold == found.threshold
    assert done["noise"].refused == done["noise"].images == 24
    assert done["papers"].refused >= 0.9 * done["papers"].images
    # Cups that are drawn by the same hand before the same backgrounds: hard, but more than refused by chance.
    assert done["cups"].refused > 2 * (1 - COVERAGE) * done["cups"].images
    assert done["valid"].refused == pytest.approx((1 - COVERAGE) * len(valid), abs=2)
    # The graph says what the rule in NumPy says.
    folder = RunFolder(run)
    familiar, scored = calibration_files.read_familiar(folder), folder.scored()
    assert familiar is not None and scored is not None
    known, _ = familiar.known(scored, valid)
    given = [event.probability for event in drain(PredictRequest(str(model), tuple(valid)))[1:] if is_answer(event)]
    assert given == pytest.approx(list(calibration.confidences(known, found)), abs=1e-3)


def test_examples_of_something_else_are_refused(run: Path, foreign: Path, drain: Any) -> None:
    events = drain(CalibrateRequest(str(run), others=(str(foreign),)))
    found = calibrated(events)
    assert found.calibration.others == len(found.scores_of_others) == 24
    assert found.calibration.others_refused >= 0.95
    assert (found.scores_of_others < found.calibration.threshold).mean() == found.calibration.others_refused
    assert any(isinstance(event, Message) and "coverage of" in event.text for event in events)
    later = calibrated(drain(CalibrateRequest(str(run), 0.8))).calibration  # the examples are still known
    assert later.others == 24 and later.others_refused >= 0.95


def test_labels_and_merged_classes_of_now_count(run: Path, tmp_path: Path, drain: Any) -> None:
    folder = RunFolder(run)
    then, classes = folder.data(), folder.info().classes
    assert then is not None
    names = {classes[0]: "zzz", classes[1]: "zzz", classes[2]: "aaa"}
    drain(CalibrateRequest(str(run), COVERAGE, data=replace(then, renamed=names)))
    done = drain(ExportRequest(str(run), str(tmp_path / "m.onnx"), fast=True, classes=names))[-1]
    card = read_card(tmp_path / "m.onnx")
    assert card.classes == ("aaa", classes[3], "zzz")
    assert done.top1_agreement == 1 and card.accuracy >= folder.info().result["accuracy"]
    verdicts = folder.predictions()
    answers = drain(PredictRequest(str(tmp_path / "m.onnx"), tuple(one.path for one in verdicts), top=9))[1:]
    answers = [event for event in answers if is_answer(event)]
    assert all(sum(share for _, share in one.top) == pytest.approx(1, abs=1e-5) for one in answers)
    renamed = [names.get(one.predicted, one.predicted) for one in verdicts]
    assert sum(a.label == b for a, b in zip(answers, renamed, strict=True)) >= 0.9 * len(verdicts)
    with pytest.raises(InputError, match="nothing left to tell apart"):
        every = dict.fromkeys(classes, "thing")
        drain(ExportRequest(str(run), str(tmp_path / "n.onnx"), fast=True, classes=every))


def test_a_run_without_kept_scores_and_what_is_only_told(run: Path, drain: Any) -> None:
    with_scores = calibrated(drain(CalibrateRequest(str(run), COVERAGE, keep=False))).calibration
    assert not (run / "calibration.json").exists() and not (run / "familiar.npz").exists()
    RunFolder(run).scores.unlink()
    without = calibrated(drain(CalibrateRequest(str(run), COVERAGE, keep=False))).calibration
    assert without.temperature == pytest.approx(with_scores.temperature, abs=0.01)
    assert without.threshold == pytest.approx(with_scores.threshold, abs=0.01)


def test_few_validation_pictures_are_told(trained: Path, tmp_path: Path, drain: Any) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    events = drain(CalibrateRequest(str(run), 0.9))
    assert calibrated(events).calibration.temperature == 1
    assert any(isinstance(event, Message) and event.level == "warning" for event in events)


def test_wrong_calls_get_a_sentence(run: Path, tmp_path: Path, drain: Any) -> None:
    for request, words in (
        (CalibrateRequest(str(run), 0.2), "between 50 and 100 %"),
        (CalibrateRequest(str(tmp_path / "none")), "not finished"),
        (CalibrateRequest(str(run), others=(str(tmp_path / "none"),)), "There is nothing at"),
    ):
        with pytest.raises(InputError, match=words):
            drain(request)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="None of the pictures of something else"):
        drain(CalibrateRequest(str(run), others=(str(tmp_path / "bad"),)))
    drain(CalibrateRequest(str(run), COVERAGE))
    (run / "familiar.npz").unlink()
    with pytest.raises(InputError, match=r"familiar\.npz"):
        drain(ExportRequest(str(run), str(tmp_path / "m.onnx"), fast=True))


def test_stop_writes_nothing(run: Path) -> None:
    from deskclassify.ml.calibrating import calibrate

    assert not any(isinstance(event, Calibrated) for event in calibrate(CalibrateRequest(str(run)), lambda: True))
    assert not (run / "calibration.json").exists()


@pytest.mark.slow
def test_real_photos(shared_data: Path, tmp_path: Path, foreign: Path, drain: Any) -> None:
    """The error falls on held-out folds, the coverage is met, and noise and foreign photos are refused."""
    data, others = shared_data / "trashnet_small", shared_data / "tiny_hemlock_cherry"
    if not data.is_dir() or not others.is_dir():
        pytest.skip("needs trashnet_small and tiny_hemlock_cherry")
    run, model = tmp_path / "run", tmp_path / "model.onnx"
    drain(FitRequest(DataSpec((Source(str(data)),)), str(run), preset="quick"))
    found = calibrated(drain(CalibrateRequest(str(run), 0.95))).calibration
    assert found.error_after < found.error_before
    assert found.reached == pytest.approx(0.95, abs=0.05)
    drain(ExportRequest(str(run), str(model), fast=True))
    for folder in (foreign, others):
        done = drain(PredictRequest(str(model), (str(folder),)))[-1]
        assert done.refused >= 0.95 * done.images
