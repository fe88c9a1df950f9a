"""Which pictures must lie on one side of the split, and that they do."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import groups
from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Item, Source, list_data
from deskclassify.core.split import Candidate, assign, rank

# Class and size of each group; a size of one is a picture alone.
BLOCKS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9)), min_size=1, max_size=40)
VALID, TEST = st.floats(0.05, 0.5), st.sampled_from((0.0, 0.1, 0.25))
SEEDS = st.integers(0, 2**31)


def made(blocks):
    """Candidates, and key → group; groups are called at random, for what they are called must not matter."""
    every, tied = [], {}
    for at, (label, size) in enumerate(blocks):
        keys = [f"{label}/{rank(f'{at}-{number}', 7)[:12]}.jpg" for number in range(size)]
        every += [Candidate(key, label) for key in keys]
        if size > 1:
            tied.update({key: f"group {rank(str(at), 3)}" for key in keys})
    return every, tied


def before_groups(candidates, share, seed):
    """The split as it was before there were groups and a test: what old runs were made with."""
    every = list(candidates)
    result = {one.key: one.subset for one in every if one.subset}
    fixed = "valid" in result.values()
    free = defaultdict(list)
    for one in every:
        if not one.subset or (one.subset == "train" and not fixed):
            free[one.label].append(one.key)
    for keys in free.values():
        keys.sort(key=lambda key: (rank(key, seed), key))
        count = 0 if fixed or len(keys) < 2 else min(max(1, round(len(keys) * share)), len(keys) - 1)
        result.update((key, "valid" if at < count else "train") for at, key in enumerate(keys))
    return result


@given(BLOCKS, st.floats(0.01, 0.99), SEEDS, st.data())
def test_without_groups_and_test_the_split_is_what_it_always_was(blocks, share, seed, data):
    every, _ = made(blocks)
    fixed = st.sampled_from(("", "", "", "train", "valid", "test"))
    every = [replace(one, subset=data.draw(fixed)) for one in every[:20]]
    assert assign(every, share, seed) == before_groups(every, share, seed)


@given(BLOCKS, st.floats(0.01, 0.6), TEST, SEEDS, st.data())
def test_groups_of_one_change_nothing(blocks, share, test, seed, data):
    every, _ = made(blocks)
    fixed = st.sampled_from(("", "", "", "train", "valid", "test"))
    every = [replace(one, subset=data.draw(fixed)) for one in every[:20]]
    alone = {one.key: one.key for one in every}
    assert assign(every, share, seed, test, alone) == assign(every, share, seed, test)


@given(BLOCKS, VALID, TEST, SEEDS, st.randoms(use_true_random=False))
def test_no_group_lies_on_two_sides_in_any_order(blocks, share, test, seed, dice):
    every, tied = made(blocks)
    subsets = assign(every, share, seed, test, tied)
    sides = defaultdict(set)
    for key, name in tied.items():
        sides[name].add(subsets[key])
    assert all(len(found) == 1 for found in sides.values())
    dice.shuffle(every)
    other_names = {key: f"x{rank(name, 1)}" for key, name in tied.items()}
    assert assign(every, share, seed, test, other_names) == subsets


@given(BLOCKS, VALID, TEST, SEEDS)
def test_every_class_is_trained_and_measured_and_the_shares_are_met(blocks, share, test, seed):
    every, tied = made(blocks)
    subsets = assign(every, share, seed, test, tied)
    count = {side: Counter() for side in ("train", "valid", "test")}
    for one in every:
        count[subsets[one.key]][one.label] += 1
    sizes = defaultdict(list)
    for label, size in blocks:
        sizes[label].append(size)
    for label, found in sizes.items():
        assert count["train"][label] > 0
        assert (count["valid"][label] > 0) == (len(found) > 1)
        assert (count["test"][label] > 0) == (len(found) > 2 and test > 0)
        total, largest = sum(found), max(found)
        for side, part in (("valid", share), ("test", test)):
            goal = max(1, round(total * part))
            # Half a group at most, but for classes of so few groups that one side has to give a whole one.
            if len(found) > 10 and total * (share + test) < total - 3 * largest:
                wanted = goal if side == "valid" or test else 0
                assert abs(count[side][label] - wanted) <= max(1, largest / 2)


def test_groups_of_several_classes_stay_whole_and_each_class_gives_its_share():
    patients = [(f"p{number}", label) for number in range(40) for label in ("ill", "well") for _ in range(3)]
    every = [Candidate(f"{label}/{name}_{at}.png", label) for at, (name, label) in enumerate(patients)]
    tied = {one.key: one.key.split("/")[1].split("_")[0] for one in every}
    subsets = assign(every, 0.2, 42, 0.1, tied)
    sides = {name: {subsets[key] for key in tied if tied[key] == name} for name, _ in patients}
    assert all(len(found) == 1 for found in sides.values())
    assert Counter(subsets.values()) == {"train": 168, "valid": 48, "test": 24}


def test_one_more_group_leaves_the_other_pictures_where_they_were():
    every = [Candidate(f"a/{number:03d}.jpg", "a") for number in range(200)]
    tied = {"a/000.jpg": "g", "a/001.jpg": "g", "a/002.jpg": "g"}
    alone, together = assign(every, 0.2, 42), assign(every, 0.2, 42, groups=tied)
    moved = [key for key in alone if key not in tied and alone[key] != together[key]]
    assert len(moved) <= 3


def test_another_seed_never_trains_on_the_test_pictures():
    every = [Candidate(f"a/{number}.jpg", "a") for number in range(50)]
    kept = [{key for key, side in assign(every, 0.2, seed, 0.2).items() if side == "test"} for seed in range(5)]
    assert len(kept[0]) == 10 and all(one == kept[0] for one in kept)
    assert kept[0] == {key for key, side in assign(every, 0.4, 1, 0.2).items() if side == "test"}
    assert Counter(assign(every, 0.2, 1, 0.2).values()) == {"train": 30, "valid": 10, "test": 10}


def test_a_fixed_picture_takes_its_group_along_and_what_is_fixed_wins():
    every = [Candidate("a/1", "a", "valid"), *(Candidate(f"a/{number}", "a") for number in range(2, 9))]
    subsets = assign(every, 0.5, 0, 0.0, {"a/1": "g", "a/2": "g"})
    assert {key for key, side in subsets.items() if side == "valid"} == {"a/1", "a/2"}
    torn = [Candidate("a/1", "a", "valid"), Candidate("a/2", "a", "train"), Candidate("a/3", "a")]
    assert assign(torn, 0.5, 0, 0.0, dict.fromkeys(("a/1", "a/2", "a/3"), "g")) == {
        "a/1": "valid",
        "a/2": "train",
        "a/3": "train",
    }


def test_a_test_folder_leaves_validation_to_be_drawn_and_the_other_way_round():
    every = [Candidate(f"a/{number}", "a", "train") for number in range(20)]
    with_test = [*every, Candidate("a/t", "a", "test")]
    assert Counter(assign(with_test, 0.2, 1, 0.3).values()) == {"train": 16, "valid": 4, "test": 1}
    with_valid = [*every, Candidate("a/v", "a", "valid")]
    assert Counter(assign(with_valid, 0.2, 1, 0.3).values()) == {"train": 14, "valid": 1, "test": 6}


# -- which pictures belong together ---------------------------------------------------


def items(*keys, fixed=""):
    return [Item(f"/data/{key}", key, key.split("/")[0], fixed=fixed) for key in keys]


def test_sub_folders_of_a_class_are_groups_and_the_class_folder_is_none():
    found = groups.find(items("a/red/1", "a/red/2", "a/blue/1", "a/3", "a/4", "b/red/1", "b/red/deep/1"), "folder")
    assert found == {"a/red/1": "a/red/1", "a/red/2": "a/red/1"}
    below = items("train/a/1", "train/a/2", "train/a/s/1", "train/a/s/2", fixed="train")
    assert groups.find(below, "folder") == {"train/a/s/1": "train/a/s/1", "train/a/s/2": "train/a/s/1"}
    renamed = [replace(one, key=f"data~0123abcd/{one.key}") for one in items("a/1", "a/2")]
    assert groups.find(renamed, "folder") == {}


def test_where_folders_are_no_classes_each_is_a_group_but_for_the_root():
    found = groups.find(items("x/1", "x/2", "1", "2"), "folder", in_classes=False, roots={"/data"})
    assert found == {"x/1": "x/1", "x/2": "x/1"}


def test_names_that_share_what_a_pattern_finds():
    found = groups.find(items("a/p1_1.jpg", "b/p1_2.jpg", "a/p2_1.jpg", "a/other.jpg"), r"regex:^(p\d+)_")
    assert found == {"a/p1_1.jpg": "a/p1_1.jpg", "b/p1_2.jpg": "a/p1_1.jpg"}


def test_groups_that_share_a_picture_become_one():
    told = (("a/1", "a/2"), ("a/2", "b/1"), ("b/2", "gone"), ("b/3",))
    found = groups.find(items("a/1", "a/2", "a/3", "b/1", "b/2", "b/3"), "", told)
    assert found == dict.fromkeys(("a/1", "a/2", "b/1"), "a/1")


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=4), max_size=25))
def test_union_find_gives_the_connected_parts(links):
    pictures = items(*(f"a/{number:02d}" for number in range(31)))
    found = groups.find(pictures, "", [[f"a/{number:02d}" for number in link] for link in links])
    near = {f"a/{number:02d}": {f"a/{number:02d}"} for number in range(31)}
    for link in links:  # the slow and plain way
        merged = set().union(*(near[f"a/{number:02d}"] for number in link))
        for key in merged:
            near[key] = merged
    assert found == {key: min(part) for key, part in near.items() if len(part) > 1}


@pytest.mark.parametrize("wrong", ["month", "regex:(", "regex:abc"])
def test_what_is_no_grouping_is_refused(wrong):
    with pytest.raises(InputError):
        groups.check(wrong)
    with pytest.raises(InputError):
        groups.find(items("a/1"), wrong)
    groups.check("")
    groups.check("folder")
    groups.check(r"regex:(\d+)")


# -- through the listing --------------------------------------------------------------


def spec(folder, **more):
    return DataSpec(sources=(Source(str(folder)),), **more)


def test_a_listing_keeps_sub_folders_on_one_side(tmp_path, make_pictures):
    for label in ("ant", "bee"):
        make_pictures(tmp_path / label, {f"burst{number}": 4 for number in range(8)})
    listing = list_data(spec(tmp_path, grouping="folder", test_pct=0.2))
    assert listing.subsets() == {"train": 48, "valid": 8, "test": 8}
    sides = defaultdict(set)
    for item in listing.items:
        sides[item.key.rpartition("/")[0]].add(item.subset)
    assert all(len(found) == 1 for found in sides.values()) and len(sides) == 16


def test_copies_told_to_stay_together_do_after_files_turned_out_unreadable(tmp_path, make_pictures):
    make_pictures(tmp_path, {"ant": 10, "bee": 10})
    plain = list_data(spec(tmp_path))
    valid = next(item for item in plain.items if item.subset == "valid")
    train = next(item for item in plain.items if item.subset == "train" and item.label == valid.label)
    kept = spec(tmp_path, together=((valid.key, train.key),))
    bad = {next(item.path for item in plain.items if item.key not in (valid.key, train.key))}
    for listing in (list_data(kept), list_data(kept).without(bad, kept)):
        side = {item.key: item.subset for item in listing.items}
        assert side[valid.key] == side[train.key]


def test_the_listing_tells_of_groups_that_cannot_be_kept_together(tmp_path, make_pictures):
    make_pictures(tmp_path / "train", {"ant": 4, "bee": 4})
    make_pictures(tmp_path / "valid", {"ant": 2, "bee": 2})
    torn = list_data(spec(tmp_path, together=(("train/ant/ant_000.png", "valid/ant/ant_001.png"),)))
    assert any("lie on several sides" in problem.reason for problem in torn.problems)
    assert torn.subsets() == {"train": 8, "valid": 4}
    none = list_data(spec(tmp_path, grouping="folder"))
    assert any("No two pictures lie in one sub-folder" in problem.reason for problem in none.problems)


def test_a_class_of_one_group_is_told_of(tmp_path, make_pictures):
    make_pictures(tmp_path / "ant", {"burst": 5})
    make_pictures(tmp_path, {"bee": 10})
    listing = list_data(spec(tmp_path, grouping="folder"))
    assert any("All pictures of “ant” belong together" in problem.reason for problem in listing.problems)
    assert {item.subset for item in listing.items if item.label == "ant"} == {"train"}


def test_planted_copies_land_on_one_side():
    """Copies of pictures under new names, in their own and in a wrong class: none is on another side."""
    dice = random.Random(5)
    every = [Candidate(f"{label}/{number:03d}.jpg", label) for label in "abc" for number in range(100)]
    planted, tied = [], {}
    for one in dice.sample(every, 60):
        for number in range(dice.randint(1, 3)):
            label = one.label if dice.random() < 0.8 else dice.choice("abc")
            planted.append(Candidate(f"{label}/copy{number} of {one.key.replace('/', '-')}", label))
            tied[planted[-1].key] = tied[one.key] = one.key
    loose, subsets = assign([*every, *planted], 0.2, 42), assign([*every, *planted], 0.2, 42, 0.1, tied)
    assert sum(loose[key] != loose[name] for key, name in tied.items()) > 10  # without groups they leak
    assert all(subsets[key] == subsets[name] for key, name in tied.items())
