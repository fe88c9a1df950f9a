"""The preview's job: what it shows is what training does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deskclassify.core.errors import InputError
from deskclassify.core.requests import AugmentRequest
from deskclassify.ml.augment_preview import preview


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Three pictures, twice as wide as high."""
    noise = np.random.default_rng(0)
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for path in paths:
        Image.fromarray(noise.integers(0, 256, (60, 120, 3), dtype=np.uint8)).save(path)
    return tuple(map(str, paths))


def test_each_picture_comes_with_copies_that_all_differ(files, drain: Any) -> None:
    (shown,) = drain(AugmentRequest(files, size=48, copies=4))
    assert shown.files == files
    assert shown.pictures.dtype == np.uint8 and shown.pictures.shape == (3, 5, 48, 48, 3)
    for row in shown.pictures:
        for n in range(5):
            assert not any(np.array_equal(row[n], row[m]) for m in range(n))
    assert np.array_equal(shown.shares, np.repeat(np.eye(3)[:, None], 4, axis=1))


def test_the_seed_alone_decides_and_the_strength_only_scales(files, drain: Any) -> None:
    request = AugmentRequest(files, size=48)
    (first,), (again,) = drain(request), drain(request)
    assert np.array_equal(first.pictures, again.pictures)
    (other,) = drain(replace(request, seed=1))
    assert np.array_equal(first.pictures[:, 0], other.pictures[:, 0])
    assert not np.array_equal(first.pictures, other.pictures)
    (none,) = drain(replace(request, strength=0.0))
    assert np.array_equal(none.pictures, np.repeat(none.pictures[:, :1], 6, axis=1))


def test_the_first_picture_is_shown_resized_in_three_ways(files, drain: Any) -> None:
    (shown,) = drain(AugmentRequest(files, resize="pad", size=48))
    crop, squish, pad = shown.resized
    assert not np.array_equal(crop, squish)
    assert not pad[0].any() and not pad[-1].any()  # the bars
    assert np.array_equal(pad, shown.pictures[0, 0])


def test_mixed_copies_say_what_they_are_made_of(files, drain: Any) -> None:
    (shown,) = drain(AugmentRequest(files, size=48, strength=0.0, mix="cutmix", copies=8))
    assert np.allclose(shown.shares.sum(axis=2), 1)
    assert (shown.shares.max(axis=2) < 0.99).any()
    # Where two pictures are mixed the pixels come from both, in these shares.
    for number, copy in ((0, 0), (1, 3), (2, 5)):
        own = (shown.pictures[number, 1 + copy] == shown.pictures[number, 0]).all(axis=2).mean()
        assert own == pytest.approx(shown.shares[number, copy, number], abs=0.02)


def test_what_cannot_be_read_is_left_out(files, tmp_path: Path, drain: Any) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (shown,) = drain(AugmentRequest((str(tmp_path / "bad.png"), *files, str(tmp_path / "gone.png")), size=32))
    assert shown.files == files
    with pytest.raises(InputError, match="None of these pictures"):
        drain(AugmentRequest((str(tmp_path / "bad.png"),)))


def test_a_changed_file_is_read_again(files, drain: Any) -> None:
    request = AugmentRequest(files[:1], size=32)
    (before,) = drain(request)
    Image.new("RGB", (60, 60), (200, 10, 10)).save(files[0])
    (after,) = drain(request)
    assert not np.array_equal(before.pictures, after.pictures)


def test_nothing_comes_when_it_is_stopped(files) -> None:
    assert list(preview(AugmentRequest(files), lambda: True)) == []
