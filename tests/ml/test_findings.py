"""Each finding is provoked by a real training; a healthy one gives none that warns."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deskclassify.core import diagnosis
from deskclassify.core.control import never
from deskclassify.core.events import Finding, FitDone
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml.training import fit


@pytest.fixture
def enough(make_pictures: Any, tmp_path: Path) -> Path:
    """Three classes that are easy to tell apart, with pictures enough to check with."""
    made: Path = make_pictures(tmp_path / "enough", {"ants": 30, "bees": 30, "crabs": 30})
    return made


@pytest.fixture
def train(tmp_path: Path) -> Any:
    """`train(folder, …)` trains the last layer and returns the findings by their kind."""

    def run(folder: Path, valid_pct: float = 0.4, **changes: Any) -> dict[str, Finding]:
        data = DataSpec((Source(str(folder)),), valid_pct=valid_pct)
        request = FitRequest(data, str(tmp_path / "run"), preset="quick", device="cpu", **changes)
        done = list(fit(request, never))[-1]
        assert isinstance(done, FitDone)
        assert RunFolder(tmp_path / "run").info().result["findings"], "they are kept"
        assert diagnosis.of_run(RunFolder(tmp_path / "run")) == done.findings
        return {one.kind: one for one in done.findings}

    return run


def relabelled(folder: Path, target: Path, classes: int) -> Path:
    """The same pictures under labels that mean nothing."""
    pictures = sorted(folder.rglob("*.jpg")) + sorted(folder.rglob("*.png"))
    random.Random(3).shuffle(pictures)
    for at, picture in enumerate(pictures):
        place = target / f"class {at % classes}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, place / f"{at}{picture.suffix}")
    return target


def test_a_healthy_training_gives_no_warning(enough: Path, train: Any) -> None:
    found = train(enough)
    assert found.keys() == {"good"}, found
    assert found["good"].level == "good"


def test_a_learning_rate_that_is_too_high(enough: Path, train: Any) -> None:
    found = train(enough, learning_rate=3.0)
    assert found["learning_rate_high"].suggestion.learning_rate == 0.3


def test_a_learning_rate_that_is_too_low(enough: Path, train: Any) -> None:
    found = train(enough, learning_rate=1e-5)
    assert found["learning_rate_low"].suggestion.learning_rate >= 1e-4


def test_too_few_epochs(enough: Path, train: Any) -> None:
    found = train(enough, epochs=1)
    assert found["more_epochs"].suggestion.epochs >= 10
    assert all(one.level != "warning" for one in found.values())


def test_overfitting_on_labels_that_mean_nothing(sample: Path, train: Any, tmp_path: Path) -> None:
    found = train(relabelled(sample, tmp_path / "pictures", 2))
    assert "labels are right" in found["overfitting"].advice


def test_underfitting_where_the_classes_are_the_same(train: Any, tmp_path: Path) -> None:
    for at, color in enumerate(("firebrick", "seagreen", "royalblue", "goldenrod") * 12):
        for name in ("left", "right"):
            place = tmp_path / "pictures" / name
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 64), color).save(place / f"{at}.png")
    found = train(tmp_path / "pictures")
    assert "hardly tells the classes apart" in found["underfitting"].text


def test_five_validation_pictures(sample: Path, train: Any) -> None:
    found = train(sample, valid_pct=5 / 60)
    assert "on 5 validation pictures" in found["few_validation"].text
    assert found["few_validation"].level == "warning"


def test_classes_of_very_unequal_size(enough: Path, train: Any, tmp_path: Path) -> None:
    first, second = sorted(folder for folder in enough.iterdir() if folder.is_dir())[:2]
    for folder, count in ((first, 30), (second, 5)):
        (tmp_path / "pictures" / folder.name).mkdir(parents=True)
        for picture in sorted(folder.iterdir())[:count]:
            shutil.copy(picture, tmp_path / "pictures" / folder.name)
    found = train(tmp_path / "pictures", valid_pct=0.3)
    assert f"“{second.name}”" in found["imbalance"].text
    assert found["imbalance"].level == "warning"
