"""A second training on the same pictures: what took long the first time is not done again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from deskclassify.core.control import never
from deskclassify.core.events import EpochDone
from deskclassify.core.requests import FitRequest, WarmRequest, generator
from deskclassify.core.sources import DataSpec
from deskclassify.ml import images, ort, tracing, trunk, weights, zoo
from deskclassify.ml.training import fit

_SECONDS = 1.0


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("this was to be known from the first training")


def test_other_labels_on_known_pictures_start_at_once(
    trained: Path, sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(generator(WarmRequest())(WarmRequest(), never))  # as the window does when the page is shown
    for module, name in (
        (ort, "session"),
        (tracing, "trace"),
        (trunk, "_ort_runner"),
        (trunk, "_torch_runner"),
        (images, "read"),
        (weights, "sha256"),
        (zoo, "build"),
        (zoo, "read_weights"),
    ):
        monkeypatch.setattr(module, name, refuse)
    other = replace(sample_spec, renamed={"cup": "mug"}, seed=11)
    taken = []
    for number in range(3):
        begun = time.thread_time()  # of the processor: other processes may be at work, too
        run = fit(FitRequest(other, str(tmp_path / f"run{number}"), preset="quick"), never)
        first = next(event for event in run if isinstance(event, EpochDone))
        taken.append(time.thread_time() - begun)
        run.close()
        assert first.epoch == 1 and first.accuracy is not None
    assert min(taken) < _SECONDS


def test_weights_that_were_changed_are_read_again(tmp_path: Path) -> None:
    source = weights.present(zoo.get("efficientnet_lite0"))
    assert source is not None
    architecture = zoo.get("efficientnet_lite0")
    file = tmp_path / "mine.pth"
    file.write_bytes(source.read_bytes())
    *_, first = zoo.load_pretrained(architecture, 2, str(file), never)
    *_, second = zoo.load_pretrained(architecture, 5, str(file), never)
    assert isinstance(first, zoo.Pretrained) and isinstance(second, zoo.Pretrained)
    assert first.trunk is second.trunk and second.model.head.linear.out_features == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "sha256", lambda _: "0" * 64)
        file.touch()
        *_, third = zoo.load_pretrained(architecture, 2, str(file), never)
    assert isinstance(third, zoo.Pretrained) and third.digest == "0" * 16


def test_training_changes_its_own_copy_only() -> None:
    architecture = zoo.get("efficientnet_lite0")
    *_, loaded = zoo.load_pretrained(architecture, 2, "", never)
    assert isinstance(loaded, zoo.Pretrained)
    own = next(loaded.model.trunk.parameters())
    own.data.zero_()
    assert next(loaded.trunk.parameters()).abs().sum() > 0
    *_, again = zoo.load_pretrained(architecture, 2, "", never)
    assert isinstance(again, zoo.Pretrained)
    assert next(again.model.trunk.parameters()).abs().sum() > 0
