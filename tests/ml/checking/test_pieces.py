from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from deskclassify.core.sources import Item
from deskclassify.ml.checking import copies, out_of_fold, outliers, quality
from deskclassify.ml.checking.looks import ROW, look
from deskclassify.ml.checking.sharpness import sharpness
from deskclassify.ml.checking.space import Alike, alike, compact, directions, pairs_above


def scene(seed: int = 0, size: int = 256) -> Image.Image:
    dice = np.random.default_rng(seed)
    image = Image.new("L", (size, size), 200)
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = dice.integers(0, size - 60, 2)
        pen.rectangle((left, top, left + 50, top + 40), fill=int(dice.integers(0, 120)))
    return image


@pytest.mark.parametrize("noise", [0, 6])
def test_blurred_edges_are_told_from_sharp_ones_also_under_noise(noise: int) -> None:
    grain = np.random.default_rng(1).normal(0, noise, (256, 256))
    values = []
    for blur in (0.0, 1.0, 2.0, 4.0):
        pixels = np.asarray(scene().filter(ImageFilter.GaussianBlur(blur)), float) + grain
        values.append(sharpness(np.clip(pixels, 0, 255).astype(np.uint8)))
    assert values == sorted(values, reverse=True)
    assert values[1] > quality.BLURRED > values[2 if not noise else 3]


def test_a_sharp_thing_on_a_large_plain_background_is_not_blurred() -> None:
    image = Image.new("L", (300, 256), 230)
    ImageDraw.Draw(image).rectangle((140, 120, 160, 140), fill=90)
    assert sharpness(np.asarray(image)) > 0.9
    assert sharpness(np.full((256, 256), 90, np.uint8)) == -1.0
    assert sharpness(np.zeros((5, 300), np.uint8)) == -1.0


@pytest.mark.parametrize(
    ("kind", "image"),
    [
        ("flat", Image.new("L", (200, 200), 128)),
        ("dark", scene().point(lambda value: value // 5)),
        ("bright", scene().point(lambda value: 232 + value // 12)),
        ("blurred", scene().filter(ImageFilter.GaussianBlur(3))),
        ("tiny", scene().resize((60, 90))),
        ("", scene()),
    ],
)
def test_what_is_wrong_with_single_pictures(kind: str, image: Image.Image, tmp_path: object) -> None:
    path = f"{tmp_path}/one.png"
    image.save(path)
    seen, row = look(path)
    assert row is not None
    assert not seen.error
    found = quality.find([Item(path, "a/one.png", "a")], row)
    assert [one.kind for one in found] == ([kind] if kind else [])
    assert all(one.reason.endswith(".") and 0.5 <= one.score <= 1 for one in found)


def test_a_file_that_is_no_picture_gives_a_sentence(tmp_path: object) -> None:
    path = f"{tmp_path}/bad.png"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"\x89PNG\r\n\x1a\n nonsense")
    for file in (path, f"{tmp_path}/none.png"):
        seen, row = look(file)
        assert row is None
        assert seen.error.endswith(".")


def test_folds_keep_groups_and_classes_even_whatever_the_order() -> None:
    keys = [f"a/{number}.png" for number in range(60)]
    labels = np.repeat((0, 1, 2), 20)
    groups = np.arange(60)
    groups[[3, 4, 25]] = 3
    fold = out_of_fold.folds(keys, labels, groups, seed=42)
    assert len({int(fold[at]) for at in (3, 4, 25)}) == 1
    for label in range(3):
        assert np.bincount(fold[labels == label], minlength=5).max() <= 6
    back = np.arange(60)[::-1]
    again = out_of_fold.folds([keys[at] for at in back], labels[back], groups[back], seed=42)
    assert (again[::-1] == fold).all()
    assert (out_of_fold.folds(keys, labels, groups, seed=43) != fold).any()


def clouds(per_class: int = 40, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(5)
    middles = dice.normal(0, 3, (classes, 24))
    labels = np.repeat(np.arange(classes), per_class)
    return (middles[labels] + dice.normal(0, 1, (len(labels), 24))).astype(np.float32), labels


def last(steps: Iterable[Any]) -> Any:
    return list(steps)[-1]


def test_out_of_fold_probabilities_contradict_a_wrong_label() -> None:
    vectors, labels = clouds()
    given = labels.copy()
    given[:3] = 3
    keys = [str(at) for at in range(len(labels))]
    single = np.arange(len(labels))
    near = last(alike(directions(vectors), 10, single))
    assert isinstance(near, Alike)
    fold = out_of_fold.folds(keys, given, single, 1)
    found = last(out_of_fold.probabilities(vectors, given, 4, fold, near))
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found.argmax(axis=1) == labels).mean() > 0.98
    assert (found[:3, 3] < 0.2).all()


def test_alike_leaves_copies_out_and_says_where_there_are_no_more() -> None:
    vectors = directions(np.array([[1, 0], [1, 0.01], [0.9, 0.1], [0, 1]], np.float32))
    near = last(alike(vectors, 3, np.array([0, 0, 2, 3])))
    assert isinstance(near, Alike)
    assert near.places[0].tolist() == [2, 3, -1]
    alone = last(alike(vectors[:1], 3, np.array([0])))
    assert isinstance(alone, Alike)
    assert alone.places.shape == (1, 0)


def test_pairs_are_those_of_all_cosines_also_across_blocks() -> None:
    vectors = directions(np.random.default_rng(2).normal(size=(1200, 3)).astype(np.float32))
    cosines = vectors @ vectors.T
    wanted = {(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(cosines >= 0.999, 1)), strict=True)}
    found = {
        (int(a), int(b)) for _, *pair in pairs_above(vectors, 0.999) for a, b in zip(pair[0], pair[1], strict=True)
    }
    assert len(wanted) > 100
    assert len(found ^ wanted) <= 2  # rounding at the limit


def test_compact_keeps_what_differs_and_repeats_itself() -> None:
    vectors, labels = clouds()
    wide = np.random.default_rng(0).normal(size=(24, 300)).astype(np.float32)
    short = last(compact(np.maximum(vectors @ wide, 0)))
    assert isinstance(short, np.ndarray)
    assert short.shape == (160, 40)
    assert (short == last(compact(np.maximum(vectors @ wide, 0)))).all()
    near = last(alike(directions(short), 1, np.arange(160)))
    assert isinstance(near, Alike)
    assert (labels[near.places[:, 0]] == labels).mean() > 0.9
    assert np.isfinite(last(compact(np.zeros((3, 8), np.float32)))).all()


def test_a_stranger_in_a_class_lies_far_from_it() -> None:
    vectors, labels = clouds()
    vectors[7] = np.random.default_rng(9).normal(0, 5, 24)
    items = [Item(str(at), str(at), f"class {label}") for at, label in enumerate(labels)]
    found = last(outliers.distances(vectors, labels, 4, np.arange(160)))
    assert isinstance(found, tuple)
    problems = outliers.find(items, *found)
    assert problems[0].keys == ("7",)
    assert len(problems) < 8


def test_exact_copies_by_bytes_and_by_pixels() -> None:
    same = np.array([10, 11, 12, 10, 13], np.uint64)
    assert copies.exact(["a", "b", "a", "d", "e"], same).tolist() == [0, 1, 0, 0, 4]


def test_the_largest_copy_comes_first() -> None:
    rows = np.zeros(3, ROW)
    rows["width"], rows["height"], rows["bytes"] = (50, 100, 100), (50, 80, 80), (9000, 500, 700)
    items = [Item(name, name, "a", subset) for name, subset in (("x", "train"), ("y", "train"), ("z", "valid"))]
    pairs = [copies.Pair(0, 1, 0.99), copies.Pair(1, 2, 0.99)]
    found = copies.Copies(items, rows, np.arange(3), pairs)
    assert [one.keys for one in found.problems()] == [("z", "y", "x")]
    assert [one.kind for one in found.leak_problems()] == ["leak"]
    assert found.paths_of_leaks(lambda item: item.subset) == {"z"}
    assert found.paths_of_leaks(lambda item: "train") == frozenset()
