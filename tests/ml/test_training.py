from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from deskclassify.core.architectures import get
from deskclassify.core.control import never
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import BatchDone, EpochDone, FitDone, Message
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml import images, recipe, zoo
from deskclassify.ml.inputs import ActivationInputs
from deskclassify.ml.targets import Targets
from deskclassify.ml.training import fit


def fit_all(request: FitRequest, should_stop: Callable[[], bool] = never) -> list[Any]:
    return list(fit(request, should_stop))


def epochs(events: list[Any]) -> list[EpochDone]:
    return [event for event in events if isinstance(event, EpochDone)]


def test_a_run_folder_is_complete(trained: Path, sample_spec: DataSpec) -> None:
    run = RunFolder(trained)
    info = json.loads(run.info_file.read_text())
    assert info["status"] == "finished"
    assert info["classes"] == sorted(info["classes"])
    assert {"request", "classes", "architecture", "preprocess", "device", "precision", "versions"} <= info.keys()
    assert {"data_fingerprint", "result"} <= info.keys()
    split = run.split()
    assert {item.subset for item in split} == {"train", "valid"}
    assert len(split) == 60
    assert [row.epoch for row in run.history()] == list(range(1, 21))
    assert all(row.phase == "frozen" for row in run.history())
    predictions = run.predictions()
    assert {one.path for one in predictions} == {item.path for item in split if item.subset == "valid"}
    right = np.mean([one.predicted == one.label for one in predictions])
    assert info["result"]["accuracy"] == pytest.approx(float(right))
    assert sorted(path.name for path in run.last.iterdir()) == [
        "best.safetensors",
        "extra.safetensors",
        "frozen_head.safetensors",
        "model.safetensors",
        "optimizer.safetensors",
        "state.json",
    ]
    assert not list(trained.rglob("*.pkl")) + list(trained.rglob("*.pth")) + list(trained.rglob("*.part"))


def test_it_learns(trained: Path) -> None:
    result = RunFolder(trained).info().result
    assert result["accuracy"] >= 0.7  # of five classes: chance is 0.2
    assert result["accuracy"] == max(row.accuracy or 0 for row in RunFolder(trained).history())


def test_a_second_run_decodes_nothing(
    trained: Path, sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a picture was read again")

    monkeypatch.setattr(images, "read", refuse)
    renamed = replace(sample_spec, renamed={"cup": "mug"})
    assert "cup" in RunFolder(trained).info().classes
    done = fit_all(FitRequest(renamed, str(tmp_path / "run"), preset="quick"))[-1]
    assert isinstance(done, FitDone)
    assert "mug" in done.classes
    assert (done.accuracy or 0) >= 0.7


def test_the_same_seed_gives_the_same_run(sample_spec: DataSpec, trained: Path, tmp_path: Path) -> None:
    fit_all(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick"))
    again, before = load_file(tmp_path / "run" / "best.safetensors"), load_file(trained / "best.safetensors")
    assert again.keys() == before.keys()
    assert all(np.array_equal(again[name], before[name]) for name in again)


def test_stop_in_the_frozen_phase_and_resume_gives_the_same_curve(
    sample_spec: DataSpec, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    request = FitRequest(sample_spec, str(run), preset="quick")
    events: list[Any] = []
    for event in fit(request, lambda: len(epochs(events)) >= 7):
        events.append(event)  # noqa: PERF402 - the stop looks at them while they come
    assert events[-1].stopped
    assert RunFolder(run).is_finished()  # what was reached can be used
    resumed = fit_all(replace(request, resume=True))
    assert not resumed[-1].stopped
    rows = RunFolder(run).history()
    expected = RunFolder(trained).history()
    assert [(row.epoch, row.train_loss, row.valid_loss, row.lr) for row in rows] == [
        (row.epoch, row.train_loss, row.valid_loss, row.lr) for row in expected
    ]
    again, before = load_file(run / "best.safetensors"), load_file(trained / "best.safetensors")
    assert all(np.array_equal(again[name], before[name]) for name in again)


@pytest.mark.slow
def test_the_unfrozen_phase_never_ends_worse_and_resumes_bit_for_bit(sample_spec: DataSpec, tmp_path: Path) -> None:
    request = FitRequest(sample_spec, str(tmp_path / "whole"), preset="balanced", epochs=2, image_size=64)
    whole = fit_all(request)
    rows = epochs(whole)
    assert [row.phase for row in rows[-3:]] == ["frozen", "unfrozen", "unfrozen"]
    frozen_best = max(row.accuracy or 0 for row in rows if row.phase == "frozen")
    assert whole[-1].accuracy >= frozen_best
    assert len({row.lr for row in rows}) > 10  # one-cycle, not constant

    part = replace(request, run=str(tmp_path / "part"))
    events: list[Any] = []

    def third_batch_is_over() -> bool:
        return sum(isinstance(event, BatchDone) and event.phase == "unfrozen" for event in events) >= 3

    for event in fit(part, third_batch_is_over):
        events.append(event)  # noqa: PERF402 - the stop looks at them while they come
    assert events[-1].stopped
    state = json.loads((tmp_path / "part" / "last" / "state.json").read_text())
    assert state["phase"] == "unfrozen"
    fit_all(replace(part, resume=True))
    ours = RunFolder(tmp_path / "part").history()
    assert [(row.train_loss, row.valid_loss) for row in ours] == [(row.train_loss, row.valid_loss) for row in rows]


def test_unreadable_files_are_left_out_and_counted(make_pictures: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"a": 6, "b": 6})
    (folder / "a" / "broken.jpg").write_bytes(b"no picture")
    events = fit_all(FitRequest(DataSpec((Source(str(folder)),)), str(tmp_path / "run"), preset="quick", epochs=2))
    done = events[-1]
    assert (done.skipped_images, done.train_images + done.valid_images) == (1, 12)
    assert any(isinstance(event, Message) and "unreadable: 1 file." in event.text for event in events)
    info = RunFolder(tmp_path / "run").info().raw
    assert info["skipped"][0]["path"].endswith("broken.jpg")


def test_a_class_with_one_picture_is_trained_on(make_pictures: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"a": 1, "b": 1})
    events = fit_all(FitRequest(DataSpec((Source(str(folder)),)), str(tmp_path / "run"), preset="quick", epochs=2))
    done = events[-1]
    assert (done.train_images, done.valid_images, done.accuracy) == (2, 0, None)
    assert (tmp_path / "run" / "best.safetensors").is_file()


def test_users_files_are_untouched(make_pictures: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"a": 4, "b": 4})
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    fit_all(FitRequest(DataSpec((Source(str(folder)),)), str(tmp_path / "run"), preset="quick", epochs=1))
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": -1}, "number of epochs"),
        ({"batch_size": 1}, "batch size"),
        ({"learning_rate": -1.0}, "learning rate"),
        ({"image_size": 3}, "image size"),
        ({"architecture": "resnet9000"}, "no network"),
        ({"device": "tpu"}, "no device"),
        ({"weights": "nowhere.pth"}, "no weight file"),
        ({"preset": "slow"}, "no preset"),
    ],
)
def test_wrong_values_get_a_sentence(sample_spec: DataSpec, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit_all(replace(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick"), **change))
    assert not (tmp_path / "run").exists()


def test_one_class_is_not_enough(make_pictures: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"only": 4})
    with pytest.raises(InputError, match="Only one class"):
        fit_all(FitRequest(DataSpec((Source(str(folder)),)), str(tmp_path / "run")))


def test_a_run_is_never_overwritten(trained: Path, sample_spec: DataSpec, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds a run already"):
        fit_all(FitRequest(sample_spec, str(trained)))
    (tmp_path / "thesis.txt").write_text("all my work")
    with pytest.raises(InputError, match="not empty"):
        fit_all(FitRequest(sample_spec, str(tmp_path)))


def test_nothing_to_resume_is_a_sentence(sample_spec: DataSpec, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder"):
        fit_all(FitRequest(sample_spec, str(tmp_path / "none"), resume=True))


def test_real_photos_reach_the_accuracy_promised(shared_data: Path, tmp_path: Path) -> None:
    spec = DataSpec((Source(str(shared_data / "tiny_fork_scissors")),))
    assert fit_all(FitRequest(spec, str(tmp_path / "run"), preset="quick"))[-1].accuracy >= 0.95


@pytest.mark.parametrize("preset", ["quick", "balanced"])
def test_a_loss_that_explodes_ends_with_a_sentence_and_the_best_epoch(
    sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: Any
) -> None:
    real, calls = Targets.soft, [0]

    def soft(self: Targets, picked: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        return real(self, picked) * (float("nan") if calls[0] > 12 else 1.0)

    monkeypatch.setattr(Targets, "soft", soft)
    request = FitRequest(sample_spec, str(tmp_path / "run"), preset=preset, epochs=4, image_size=64)
    events: list[Any] = []
    with pytest.raises(UserError, match="learning rate is too high"):
        for event in fit(request, never):
            events.append(event)  # noqa: PERF402 - they are wanted although an error comes
    run = RunFolder(tmp_path / "run")
    assert run.is_finished()
    assert run.evaluated().images == 10
    weights = load_file(run.best)
    assert all(np.isfinite(value).all() for value in weights.values() if value.dtype.kind == "f")
    assert len(run.history()) == len(epochs(events)) > 0
    assert [one["kind"] for one in run.info().result["findings"]] == ["learning_rate_high"]


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_with_the_same_curve(sample: Path, tmp_path: Path, home: Path) -> None:
    options = ["--preset", "balanced", "--epochs", "2", "--image-size", "64", "--seed", "3", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}

    def start(run: Path, *more: str) -> subprocess.Popen[str]:
        call = [sys.executable, "-m", "deskclassify", "train", str(sample), "--out", str(run), *options, *more]
        return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)

    def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
        assert process.stdout is not None
        return (json.loads(line) for line in process.stdout)

    with start(tmp_path / "whole") as process:
        assert [line["event"] for line in lines(process)][-1] == "finished"
    run = tmp_path / "killed"
    for kills, unfrozen_batches in enumerate((1, 4)):
        with start(run, *(["--resume"] if kills else [])) as process:
            seen = 0
            for line in lines(process):
                seen += line["event"] == "batch" and line["phase"] == "unfrozen"
                if seen == unfrozen_batches:
                    break
            process.kill()
    with start(run, "--resume") as process:
        assert [line["event"] for line in lines(process)][-1] == "finished"
    ours, theirs = RunFolder(run), RunFolder(tmp_path / "whole")
    assert [(row.epoch, row.train_loss, row.valid_loss) for row in ours.history()] == [
        (row.epoch, row.train_loss, row.valid_loss) for row in theirs.history()
    ]
    one, two = load_file(ours.last / "model.safetensors"), load_file(theirs.last / "model.safetensors")
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert ours.predictions() == theirs.predictions()


def test_changed_copies_are_averaged_when_asked_for(sample_spec: DataSpec, tmp_path: Path) -> None:
    done = fit_all(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick", tta=True))[-1]
    assert done.tta_accuracy == pytest.approx(done.accuracy, abs=0.21)
    assert RunFolder(tmp_path / "run").info().result["tta_accuracy"] == done.tta_accuracy
    plain = fit_all(FitRequest(sample_spec, str(tmp_path / "plain"), preset="quick"))[-1]
    assert plain.tta_accuracy is None
    assert plain.accuracy == done.accuracy


def test_patience_ends_a_phase_early_and_says_so(sample_spec: DataSpec, tmp_path: Path) -> None:
    request = FitRequest(sample_spec, str(tmp_path / "run"), preset="quick", epochs=400, learning_rate=0.5, patience=3)
    events = fit_all(request)
    rows = epochs(events)
    assert 3 < len(rows) < 400
    losses = [row.valid_loss for row in rows]
    assert min(losses[:-3]) <= min(losses[-3:])
    assert any("ends early: 3 epochs" in event.text for event in events if isinstance(event, Message))


def test_the_last_stages_learn_from_kept_activations_and_the_first_stay(
    sample_spec: DataSpec, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = FitRequest(sample_spec, str(tmp_path / "run"), preset="partial", epochs=5, image_size=64)
    first = fit_all(request)
    assert sum(row.phase == "unfrozen" for row in epochs(first)) == 5
    before = load_file(tmp_path / "run" / "last" / "model.safetensors")
    *_, loaded = zoo.load_pretrained(get("efficientnet_lite0"), 5, "", never)
    for name, value in loaded.model.state_dict().items():
        if name.startswith(("trunk.conv_stem", "trunk.blocks.0.")):
            assert np.array_equal(before[name], value.numpy())
    assert not np.array_equal(before["trunk.conv_head.weight"], loaded.model.trunk.conv_head.weight.detach().numpy())

    def refuse(self: ActivationInputs, numbers: np.ndarray, view: int) -> np.ndarray:
        raise AssertionError("all activations are in the cache")

    monkeypatch.setattr(ActivationInputs, "_compute", refuse)
    again = fit_all(replace(request, run=str(tmp_path / "again")))
    assert [row.train_loss for row in epochs(again)] == [row.train_loss for row in epochs(first)]


def test_each_preset_goes_on_where_the_one_before_ends(
    sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(recipe._PLANS["balanced"], epochs=2, steps=0)
    monkeypatch.setitem(recipe._PLANS, "balanced", plan)
    monkeypatch.setitem(recipe._PLANS, "thorough", replace(plan, deeper=(1, 0)))

    def train(preset: str) -> tuple[list[tuple[Any, ...]], dict[str, np.ndarray]]:
        request = FitRequest(sample_spec, str(tmp_path / preset), preset=preset, image_size=64, device="cpu")  # type: ignore[arg-type]
        rows = epochs(fit_all(request))
        return [(row.phase, row.train_loss, row.valid_loss) for row in rows], load_file(
            tmp_path / preset / "last" / "model.safetensors"
        )

    (quick, _), (balanced, shallow), (thorough, deep) = map(train, ("quick", "balanced", "thorough"))
    assert balanced[: len(quick)] == quick
    assert thorough[: len(balanced)] == balanced
    assert [row[0] for row in thorough[len(quick) :]] == ["unfrozen"] * 3
    *_, loaded = zoo.load_pretrained(get("efficientnet_lite0"), 5, "", never)
    stem = loaded.model.trunk.conv_stem.weight.detach().numpy()
    assert np.array_equal(shallow["trunk.conv_stem.weight"], stem)
    assert not np.array_equal(deep["trunk.conv_stem.weight"], stem)


def test_stages_join_one_after_the_other(sample_spec: DataSpec, tmp_path: Path) -> None:
    request = FitRequest(
        sample_spec, str(tmp_path / "run"), preset="balanced", epochs=1, frozen_epochs=1, image_size=64, gradual=True
    )
    fit_all(request)
    after = load_file(tmp_path / "run" / "last" / "model.safetensors")
    *_, loaded = zoo.load_pretrained(get("efficientnet_lite0"), 5, "", never)
    changed = {
        name
        for name, value in loaded.model.state_dict().items()
        if name.startswith("trunk.") and not np.array_equal(after[name], value.numpy())
    }
    assert changed
    assert all(name.startswith(("trunk.conv_head", "trunk.bn2")) for name in changed)


@pytest.mark.parametrize(("few", "kind"), [(5, "weights"), (2, "sampling"), (24, "none")])
def test_what_is_done_about_classes_of_unequal_size_is_said_and_kept(
    make_pictures: Callable[..., Path], tmp_path: Path, few: int, kind: str
) -> None:
    folder = make_pictures(tmp_path / "data", {"many": 30, "few": few})
    spec = DataSpec((Source(str(folder)),), valid_pct=0.2)
    events = fit_all(FitRequest(spec, str(tmp_path / "run"), preset="quick", epochs=2, image_size=32))
    told = [event.text for event in events if isinstance(event, Message) and "count alike" in event.text]
    assert len(told) == (kind != "none")
    assert RunFolder(tmp_path / "run").info().raw["balance"]["kind"] == kind
