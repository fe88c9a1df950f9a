"""The built-in sample."""

from __future__ import annotations

import colorsys
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deskclassify.core import sample
from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Source, list_data


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*.jpg"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def test_same_seed_same_pictures_and_another_seed_others(tmp_path):
    first, second, other = (
        sample.make_sample(tmp_path / name, per_class=2, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert digest(first) == digest(second) != digest(other)


def test_is_understood_as_class_folders(tmp_path):
    listing = list_data(DataSpec((Source(str(sample.make_sample(tmp_path / "s", per_class=5))),)))
    assert listing.classes() == dict.fromkeys(sample.CLASSES, 5)
    assert listing.subsets() == {"train": 20, "valid": 5}
    assert not listing.problems  # the marker file is not reported


def test_complete_sample_is_kept_and_an_older_one_replaced(tmp_path):
    folder = sample.make_sample(tmp_path / "s", per_class=1)
    picture = next(folder.rglob("*.jpg"))
    before = picture.stat().st_mtime_ns
    sample.make_sample(folder, per_class=1)
    assert picture.stat().st_mtime_ns == before
    sample.make_sample(folder, per_class=2)
    assert len(list(folder.rglob("*.jpg"))) == 2 * len(sample.CLASSES)


def test_other_files_are_not_touched(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not touched"):
        sample.make_sample(tmp_path / "mine", per_class=1)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(OSError, match="space"):
        sample.make_sample(tmp_path / "s", per_class=1)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_picture(tmp_path):
    seen = []
    sample.make_sample(tmp_path / "s", per_class=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(at, len(sample.CLASSES)) for at in range(1, len(sample.CLASSES) + 1)]


def test_colours_do_not_give_the_class_away():
    """The middle of the picture shows every hue in every class."""
    for label in sample.CLASSES:
        hues = set()
        for number in range(25):
            picture = np.asarray(sample.draw(label, number, seed=7)) / 255
            high, wide = picture.shape[:2]
            middle = picture[high // 3 : -high // 3, wide // 3 : -wide // 3].reshape(-1, 3)
            hues.add(int(colorsys.rgb_to_hsv(*np.median(middle, axis=0))[0] * 6))
        assert len(hues) >= 5, label
