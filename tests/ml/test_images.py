from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deskclassify.core.control import never
from deskclassify.core.preprocess import Preprocess
from deskclassify.ml import features, images, picture_table
from deskclassify.ml.features import FeatureJob, FeatureTable, Recipe
from deskclassify.ml.images import FileIndex, map_ahead, read
from deskclassify.ml.picture_table import PictureTable

HOW = Preprocess("squish", size=16, interpolation="bilinear")


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """A small picture, a large JPEG whose fast decode differs, and a broken one."""
    noise = np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    Image.fromarray(noise[:40, :50]).save(tmp_path / "a.png")
    Image.fromarray(noise).save(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8 broken")
    return [str(tmp_path / name) for name in ("a.png", "b.jpg", "c.jpg")]


def test_results_keep_their_order_and_are_bounded() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number * 2

    results = map_ahead(work, iter(range(1000)), threads=2)
    assert [next(results) for _ in range(3)] == [0, 2, 4]
    assert len(begun) < 30  # not all thousand are decoded ahead
    assert list(results) == [number * 2 for number in range(3, 1000)]


def test_fast_and_exact_decodes_are_told_apart(photos: list[str]) -> None:
    small, large, broken = (read(path, HOW, exact=False) for path in photos)
    assert (small.drafted, large.drafted) == (False, True)
    assert small.key(True) == small.key(False)
    assert large.key(True) != large.key(False)
    exact = read(photos[1], HOW, exact=True)
    assert exact.pixels is not None
    assert large.pixels is not None
    assert not np.array_equal(exact.pixels, large.pixels)
    assert broken.error
    assert broken.pixels is None


def test_the_index_forgets_a_file_that_changed(photos: list[str], tmp_path: Path) -> None:
    index = FileIndex("scope")
    picture = read(photos[0], HOW, exact=True)
    index.remember([picture])
    assert index.look_up(photos)[photos[0]].digest == picture.digest
    status = Path(photos[0]).stat()
    os.utime(photos[0], ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert index.look_up(photos) == {}
    index.close()


def test_the_index_keeps_nothing_of_a_file_that_has_vanished(photos: list[str]) -> None:
    index = FileIndex("vanished")
    picture = read(photos[0], HOW, exact=True)
    Path(photos[0]).unlink()
    index.remember([picture])
    assert index.look_up([photos[0], photos[0] + ".other"]) == {}
    index.close()


def test_a_thread_on_each_processor_reads_and_looks_and_the_order_stays(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "cpu_count", lambda: 2)
    together = threading.Barrier(2)

    def look(pixels: np.ndarray) -> np.ndarray:
        together.wait(20)  # breaks where only one is at work
        return pixels.reshape(len(pixels), -1)[:, :3].astype(np.float32)

    files = [photos[0], photos[2], photos[1], photos[0]]  # the second is no picture
    chunks = list(images.look_at(files, HOW, True, 2, look))
    assert [[picture.path for picture, _ in chunk] for chunk in chunks] == [files[:2], files[2:]]
    looked = [one for chunk in chunks for one in chunk]
    assert [row is None for _, row in looked] == [False, True, False, False]
    assert [bool(picture.error) for picture, _ in looked] == [False, True, False, False]
    assert all(picture.pixels is None for picture, _ in looked)  # they would fill the memory
    for picture, row in looked:
        pixels = read(picture.path, HOW, exact=True).pixels
        assert (row is None and pixels is None) or np.array_equal(row, pixels.reshape(-1)[:3])  # type: ignore[union-attr, arg-type]


def recipe(calls: list[int]) -> Recipe:
    def run(batch: np.ndarray) -> np.ndarray:
        calls.append(len(batch))
        return np.asarray(batch.reshape(len(batch), -1)[:, :4], dtype=np.float32)

    return Recipe(run, f"test-{os.getpid()}-{id(calls)}", 4, HOW, 8)


def test_features_are_computed_once(photos: list[str]) -> None:
    calls: list[int] = []
    made = recipe(calls)
    first, second = FeatureTable({}, {}, set()), FeatureTable({}, {}, set())
    list(FeatureJob(made, first, exact=False).run(photos, "look", never))
    list(FeatureJob(made, second, exact=False).run(photos, "look", never))
    assert calls == [2]
    assert first.drafted == second.drafted == {photos[1]}
    assert first.errors == second.errors
    assert list(first.errors) == [photos[2]]
    assert all(np.array_equal(first.rows[path], second.rows[path]) for path in photos[:2])
    exact = FeatureTable({}, {}, set())
    list(FeatureJob(made, exact, exact=True).run([photos[1]], "look", never))
    assert calls == [2, 1]  # the full decode is another one
    assert not np.array_equal(exact.rows[photos[1]], first.rows[photos[1]])


@pytest.mark.parametrize("module", [features, picture_table])
def test_a_cache_that_cannot_be_used_is_done_without(
    photos: list[str], monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "RowStore", refuse)
    table = FeatureTable({}, {}, set())
    list(FeatureJob(recipe([]), table, exact=True).run(photos, "look", never))
    assert set(table.rows) == set(photos[:2])
    pictures = PictureTable(photos[:2], HOW, exact=True)
    list(pictures.fill("read", never))
    expected = read(photos[1], HOW, exact=True).pixels
    assert np.array_equal(pictures(np.array([1]))[0], expected)
    pictures.close()


def test_a_picture_table_reads_from_the_cache(photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = PictureTable(photos[:2], HOW, exact=True)
    list(pictures.fill("read", never))
    expected = [read(path, HOW, exact=True).pixels for path in photos[:2]]
    monkeypatch.setattr(images, "open_rgb", None)  # decoding would fail now
    found = pictures(np.array([1, 0, 1]))
    assert found.dtype == np.uint8
    assert all(np.array_equal(found[n], expected[at]) for n, at in enumerate((1, 0, 1)))
    pictures.close()
