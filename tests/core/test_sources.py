"""Walking folders and finding classes."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Problem, Source, as_classes, bare_folders, list_data, walk


def spec(folder, **more):
    return DataSpec(sources=(Source(str(folder)),), **more)


def kinds(listing):
    return {problem.kind for problem in listing.problems}


def test_classes_are_the_sub_folders(tmp_path, make_pictures):
    listing = list_data(spec(make_pictures(tmp_path, {"ant": 5, "bee": 10})))
    assert listing.classes() == {"ant": 5, "bee": 10}
    assert listing.subsets() == {"train": 12, "valid": 3}
    assert all(Path(item.path).is_absolute() and item.path.endswith(item.key) for item in listing.items)


def test_deep_pictures_belong_to_the_top_folder(tmp_path, make_pictures):
    make_pictures(tmp_path / "ant", {"red": 2, "black": 2})
    make_pictures(tmp_path, {"bee": 2})
    assert list_data(spec(tmp_path)).classes() == {"ant": 4, "bee": 2}


@pytest.mark.parametrize("names", [("train", "valid", "test"), ("Train", "VAL", "Test"), ("training-no", "x", "y")])
def test_subset_folders_at_the_top(tmp_path, make_pictures, names):
    for name, count in zip(names, (4, 2, 3), strict=True):
        make_pictures(tmp_path / name, {"ant": count, "bee": count})
    listing = list_data(spec(tmp_path))
    if names[0] == "training-no":
        assert listing.classes() == {"training-no": 8, "x": 4, "y": 6}
    else:
        assert listing.classes() == {"ant": 9, "bee": 9}
        assert listing.subsets() == {"train": 8, "valid": 4, "test": 6}


def test_train_and_test_only_draws_validation_from_train(tmp_path, make_pictures):
    make_pictures(tmp_path / "train", {"ant": 10, "bee": 10})
    make_pictures(tmp_path / "test", {"ant": 3, "bee": 3})
    assert list_data(spec(tmp_path)).subsets() == {"train": 16, "valid": 4, "test": 6}


def test_test_folder_with_loose_pictures_is_no_class(tmp_path, make_pictures):
    make_pictures(tmp_path, {"ant": 3, "bee": 3, "Test": 2})
    listing = list_data(spec(tmp_path))
    assert listing.classes() == {"ant": 3, "bee": 3}
    assert len(listing.unlabelled) == 2
    assert any("unlabelled test pictures" in problem.reason for problem in listing.problems)


def test_loose_pictures_empty_folders_and_other_files_are_told_of(tmp_path, make_pictures):
    make_pictures(tmp_path, {"ant": 2, "bee": 1})
    (tmp_path / "loose.png").write_bytes((tmp_path / "ant" / "ant_000.png").read_bytes())
    (tmp_path / "empty").mkdir()
    (tmp_path / "ant" / "raw.NEF").write_bytes(b"raw")
    (tmp_path / "ant" / "notes.txt").write_text("notes")
    listing = list_data(spec(tmp_path))
    reasons = " ".join(problem.reason for problem in listing.problems)
    for part in (
        "1 picture beside the class folders",
        "“empty” holds no pictures",
        "NEF files",
        "as no pictures: 1 file",
        "“bee” has a single",
    ):
        assert part in reasons
    assert list_data(spec(tmp_path)).classes() == {"ant": 2, "bee": 1}


def test_the_split_follows_the_pictures_not_their_place(tmp_path, make_pictures):
    first = make_pictures(tmp_path / "one", {"ant": 20, "bee": 20})
    second = shutil.copytree(first, tmp_path / "two" / "deep")
    sides = [{item.key: item.subset for item in list_data(spec(folder, seed=3)).items} for folder in (first, second)]
    assert sides[0] == sides[1]


def test_links_out_and_in_circles_are_not_followed(tmp_path, make_pictures):
    data = make_pictures(tmp_path / "data", {"ant": 2, "bee": 2})
    outside = make_pictures(tmp_path / "outside", {"secret": 2})
    (data / "ant" / "circle").symlink_to(data)
    (data / "stolen").symlink_to(outside / "secret")
    (data / "ant" / "one.png").symlink_to(outside / "secret" / "secret_000.png")
    (data / "ant" / "nowhere.png").symlink_to(data / "gone.png")
    (data / "ant" / "inside.png").symlink_to(data / "ant" / "ant_000.png")
    listing = list_data(spec(data))
    assert listing.classes() == {"ant": 3, "bee": 2}
    assert sum(problem.kind == "link" for problem in listing.problems) == 4


def test_hidden_files_are_left_out_and_order_is_sorted(tmp_path):
    for name in ("b/2.jpg", "b/1.jpg", "a/.hidden.jpg", ".git/x.jpg", "__MACOSX/y.jpg", "a/z.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(tmp_path)) == [PurePosixPath(name) for name in ("a/z.jpg", "b/1.jpg", "b/2.jpg")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may read everything")
def test_unreadable_folders_are_told_of(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    assert [type(entry) for entry in walk(tmp_path)] == [Problem]


def test_class_folders_one_by_one_with_names_of_their_own(tmp_path, make_pictures):
    make_pictures(tmp_path / "a", {"pics": 3})
    make_pictures(tmp_path / "b", {"pics": 4})
    sources = (Source(str(tmp_path / "a" / "pics"), "ant"), Source(str(tmp_path / "b" / "pics"), "bee"))
    listing = list_data(DataSpec(sources))
    assert listing.classes() == {"ant": 3, "bee": 4}
    assert len({item.key for item in listing.items}) == 7


def test_empty_class_folders_are_told_of_however_they_were_named(tmp_path, make_pictures, monkeypatch):
    make_pictures(tmp_path, {"ants": 2})
    (tmp_path / "bees").mkdir()
    monkeypatch.chdir(tmp_path)
    problems = list_data(DataSpec((Source("ants", "ant"), Source("bees", "bee")))).problems
    assert [problem.path for problem in problems if "holds no pictures" in problem.reason] == ["bees"]


def test_bare_folders_can_become_classes(tmp_path, make_pictures):
    folder = make_pictures(tmp_path / "pets", {"cat": 3, "dog": 2})
    make_pictures(tmp_path, {"pets": 1})  # one loose picture beside the class folders
    spec = DataSpec((Source(str(folder)), Source(str(folder / "cat")), Source(str(folder / "dog"), "hound")))
    bare = bare_folders(spec, list_data(spec))
    assert bare == (), "the pictures of “cat” have their class from the first folder"
    alone = DataSpec((Source(str(folder / "cat")),))
    bare = bare_folders(alone, list_data(alone))
    assert bare == alone.sources
    assert list_data(as_classes(alone, bare)).classes() == {"cat": 3}
    named = replace(alone, rule="case")
    assert bare_folders(named, list_data(named)) == ()


def test_same_names_in_two_folders_stay_two_pictures(tmp_path, make_pictures):
    for name in ("one", "two"):
        make_pictures(tmp_path / name, {"ant": 2, "bee": 2})
    both = list_data(DataSpec((Source(str(tmp_path / "one")), Source(str(tmp_path / "two")))))
    assert both.classes() == {"ant": 4, "bee": 4}
    assert len({item.key for item in both.items}) == 8
    twice = list_data(DataSpec((Source(str(tmp_path / "one")), Source(str(tmp_path / "one")))))
    assert twice.classes() == {"ant": 2, "bee": 2}


def test_repairs_of_labels_change_no_file(tmp_path, make_pictures):
    data = make_pictures(tmp_path, {"ant": 3, "bee": 3})
    before = sorted(data.rglob("*"))
    listing = list_data(
        spec(data, renamed={"bee": "wasp"}, relabelled={"ant/ant_000.png": "bee"}, excluded=("ant/ant_001.png",))
    )
    assert listing.classes() == {"ant": 1, "wasp": 4}
    assert sorted(data.rglob("*")) == before


def test_validation_folder(tmp_path, make_pictures):
    make_pictures(tmp_path / "holdout", {"ant": 2, "bee": 2})
    make_pictures(tmp_path / "rest", {"ant": 4, "bee": 4})
    rule = "regex:^([a-z]+)_"
    listing = list_data(spec(tmp_path, rule=rule, valid_folder="holdout"))
    assert listing.subsets() == {"train": 8, "valid": 4}
    assert all("holdout" in item.key for item in listing.items if item.subset == "valid")
    with pytest.raises(InputError, match="“other”"):
        list_data(spec(tmp_path, rule=rule, valid_folder="other"))


def test_names_in_two_unicode_forms_are_one_class(tmp_path, make_pictures):
    make_pictures(tmp_path / "one", {"Bär": 2, "x": 2})
    make_pictures(tmp_path / "two", {"Ba\u0308r": 2})
    listing = list_data(DataSpec((Source(str(tmp_path / "one")), Source(str(tmp_path / "two")))))
    assert listing.classes() == {"Bär": 4, "x": 2}


def test_no_such_folder(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        list_data(spec(tmp_path / "gone"))


def test_without_unreadable_splits_anew(tmp_path, make_pictures):
    wanted = spec(make_pictures(tmp_path, {"ant": 3, "bee": 3}))
    listing = list_data(wanted)
    bad = {item.path for item in listing.items if item.label == "ant" and item.subset == "valid"}
    kept = listing.without(bad, wanted)
    assert kept.classes() == {"ant": 2, "bee": 3}
    assert {item.subset for item in kept.items if item.label == "ant"} == {"train", "valid"}


def test_a_named_validation_folder_holds_class_folders(tmp_path, make_pictures):
    make_pictures(tmp_path / "photos", {"ant": 3, "bee": 2})
    make_pictures(tmp_path / "holdout", {"ant": 1, "bee": 2})
    listing = list_data(spec(tmp_path, valid_folder="holdout"))
    assert listing.classes() == {"ant": 4, "bee": 4}
    assert listing.subsets() == {"train": 5, "valid": 3}


def test_a_stray_picture_does_not_turn_a_subset_into_a_class(tmp_path, make_pictures):
    make_pictures(tmp_path / "train", {"ant": 3, "bee": 2})
    make_pictures(tmp_path / "val", {"ant": 1, "bee": 1})
    (tmp_path / "train" / "stray.png").write_bytes((tmp_path / "train" / "ant" / "ant_000.png").read_bytes())
    listing = list_data(spec(tmp_path))
    assert listing.classes() == {"ant": 4, "bee": 3}
    assert any("1 picture beside the class folders" in problem.reason for problem in listing.problems)
