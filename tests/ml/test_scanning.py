from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from deskclassify.core.requests import ScanRequest
from deskclassify.core.sources import DataSpec, Source


def scan(folder: Path, drain: Any) -> Any:
    return drain(ScanRequest(DataSpec((Source(str(folder)),))))[-1]


def test_counts_and_subsets(make_pictures: Callable[..., Path], tmp_path: Path, drain: Any) -> None:
    done = scan(make_pictures(tmp_path, {"a": 10, "b": 5}), drain)
    assert (done.images, done.classes, done.subsets) == (15, {"a": 10, "b": 5}, {"train": 12, "valid": 3})
    assert done.unreadable == ()


def test_copies_and_near_copies_are_grouped(sample: Path, tmp_path: Path, drain: Any) -> None:
    folder = tmp_path / "data"
    shutil.copytree(sample, folder)
    fish, cup = sorted((folder / "fish").iterdir())[0], sorted((folder / "cup").iterdir())[0]
    shutil.copy(fish, folder / "fish" / "copy.jpg")
    with Image.open(cup) as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(folder / "cup" / "small.jpg", quality=70)
    done = scan(folder, drain)
    groups = [{Path(path).name for path in group} for group in done.duplicates]
    assert {fish.name, "copy.jpg"} in groups
    assert {cup.name, "small.jpg"} in groups
    assert len(groups) == 2  # nothing else is taken for a copy
    assert [{Path(path).name for path in group} for group in done.near_duplicates] == [{cup.name, "small.jpg"}]


def test_plain_pictures_are_no_copies_of_each_other(tmp_path: Path, drain: Any) -> None:
    for name, color in (("a/x.png", "red"), ("a/y.png", "blue"), ("b/z.png", "white")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (60, 60), color).save(tmp_path / name)
    assert scan(tmp_path, drain).duplicates == ()


def test_hostile_files_are_quarantined_as_the_manifest_says(shared_data: Path, drain: Any) -> None:
    folder = shared_data / "hostile_small"
    with (folder / "manifest.tsv").open(encoding="utf-8") as file:
        bad = {row["file"] for row in csv.DictReader(file, delimiter="\t") if row["decodes"] == "0"}
    done = scan(folder, drain)
    assert {Path(problem.path).relative_to(folder).as_posix() for problem in done.unreadable} == bad
    assert done.images == 160 - len(bad)
    assert all(problem.reason.endswith(".") for problem in done.unreadable)
