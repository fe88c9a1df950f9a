"""The validation split."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.split import Candidate, assign

CLASSES = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 40), min_size=1)
SHARES = st.floats(0.01, 0.99)
SEEDS = st.integers(-(2**31), 2**31)


def candidates(counts):
    return [Candidate(f"{label}/{number}.jpg", label) for label, count in counts.items() for number in range(count)]


@given(CLASSES, SHARES, SEEDS, st.randoms(use_true_random=False))
def test_order_does_not_matter(counts, share, seed, dice):
    first = candidates(counts)
    shuffled = first[:]
    dice.shuffle(shuffled)
    assert assign(first, share, seed) == assign(shuffled, share, seed)


@given(CLASSES, SHARES, SEEDS)
def test_stratified_with_one_of_each_class_on_each_side(counts, share, seed):
    subsets = assign(candidates(counts), share, seed)
    for label, count in counts.items():
        valid = sum(subset == "valid" for key, subset in subsets.items() if key.startswith(f"{label}/"))
        assert valid == (0 if count == 1 else min(max(1, round(count * share)), count - 1))


@given(CLASSES, SHARES, SEEDS)
def test_a_class_is_split_alike_whatever_other_classes_there_are(counts, share, seed):
    label = next(iter(counts))
    every, alone = assign(candidates(counts), share, seed), assign(candidates({label: counts[label]}), share, seed)
    assert {key: every[key] for key in alone} == alone


@given(CLASSES, SHARES, SEEDS, st.data())
def test_fixed_subsets_are_kept(counts, share, seed, data):
    given_subsets = st.sampled_from(("", "train", "valid", "test"))
    every = [Candidate(one.key, one.label, data.draw(given_subsets)) for one in candidates(counts)]
    subsets = assign(every, share, seed)
    has_valid = any(one.subset == "valid" for one in every)
    for one in every:
        if one.subset in ("valid", "test"):
            assert subsets[one.key] == one.subset
        elif has_valid:
            assert subsets[one.key] == "train"
    assert set(subsets) == {one.key for one in every}


def test_pinned_for_all_machines():
    """The same keys and seed must give this very split in years to come, or old runs cannot be repeated."""
    subsets = assign(candidates({"cat": 10, "dog": 5}), 0.2, 42)
    assert sorted(key for key, subset in subsets.items() if subset == "valid") == [
        "cat/0.jpg",
        "cat/3.jpg",
        "dog/3.jpg",
    ]


def test_seeds_give_different_splits():
    splits = {tuple(sorted(assign(candidates({"a": 30}), 0.3, seed).items())) for seed in range(20)}
    assert len(splits) == 20


def test_every_picture_is_held_back_about_equally_often():
    count = Counter(
        key
        for seed in range(300)
        for key, subset in assign(candidates({"a": 10}), 0.2, seed).items()
        if subset == "valid"
    )
    assert len(count) == 10
    assert min(count.values()) > 30
