"""Mending by hand: the listing says what was asked for, and going back gives the data of before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskclassify.core import mending
from deskclassify.core.errors import InputError
from deskclassify.core.sources import DataSpec, Found, Item, Source, arrange

FOUND_NAMES = ("ants", "bees", "cats")
NAMES = st.sampled_from((*FOUND_NAMES, "dogs", "insects"))
PICTURES = tuple(
    Item(f"/pictures/{name}/{number}.png", f"{name}/{number}.png", name, found=name)
    for name in FOUND_NAMES
    for number in range(3)
)
LOOSE = tuple(Item(f"/pictures/test/{number}.png", f"test/{number}.png", "") for number in range(2))
FOUND = Found(PICTURES, LOOSE)
KEYS = tuple(item.key for item in (*PICTURES, *LOOSE))


def items(spec, *keys):
    listing = arrange(FOUND, spec)
    every = {item.key: item for item in (*listing.items, *listing.unlabelled, *listing.left_out)}
    return [every[key] for key in keys]


def labels(spec):
    listing = arrange(FOUND, spec)
    every = (*listing.items, *listing.unlabelled, *listing.left_out)
    return {item.key: item.label for item in every}


ACTIONS = st.one_of(
    st.tuples(st.just("relabel"), st.lists(st.sampled_from(KEYS), min_size=1, max_size=3), NAMES),
    st.tuples(st.just("merge"), st.lists(NAMES, min_size=1, max_size=3), NAMES),
    st.tuples(st.just("create"), NAMES),
    st.tuples(st.just("exclude"), st.lists(st.sampled_from(KEYS), max_size=3)),
    st.tuples(st.just("include"), st.lists(st.sampled_from(KEYS), max_size=3)),
    st.tuples(st.just("group"), st.lists(st.sampled_from(KEYS), min_size=2, max_size=3)),
)


def act(spec, action, known_listing=True):
    match action:
        case "relabel", keys, label:
            return mending.relabel(spec, items(spec, *keys), label)
        case "merge", names, into:
            return mending.merge_classes(spec, names, into, arrange(FOUND, spec) if known_listing else None)
        case "create", name:
            return mending.create_class(spec, name)
        case "exclude", keys:
            return mending.exclude(spec, keys)
        case "include", keys:
            return mending.include(spec, keys)
        case "group", keys:
            return mending.keep_together(spec, [keys])
    raise AssertionError(action)


def expected(shown, out, action):
    """What the user wants to see after an action: each picture with its class, and those that are left out."""
    match action:
        case "relabel", keys, label:
            return {**shown, **dict.fromkeys(keys, label)}, out
        case "merge", names, into:
            return {key: into if label in names else label for key, label in shown.items()}, out
        case "exclude", keys:
            return shown, out | set(keys)
        case "include", keys:
            return shown, out - set(keys)
    return shown, out


@settings(deadline=None, max_examples=150)
@given(actions=st.lists(ACTIONS, max_size=12), known=st.booleans())
def test_the_listing_says_what_was_done(actions, known):
    spec, shown, out = DataSpec(), labels(DataSpec()), set()
    for action in actions:
        spec = act(spec, action, known)
        shown, out = expected(shown, out, action)
        assert labels(spec) == shown, action
        assert {item.key for item in arrange(FOUND, spec).left_out} == out


@settings(deadline=None, max_examples=80)
@given(actions=st.lists(ACTIONS, max_size=8), key=st.sampled_from(KEYS), label=NAMES)
def test_a_label_that_is_given_and_taken_back_leaves_no_trace(actions, key, label):
    spec = DataSpec()
    for action in actions:
        spec = act(spec, action)
    before = labels(spec)
    if before[key]:
        there = mending.relabel(spec, items(spec, key), label)
        back = mending.relabel(there, items(there, key), before[key])
        assert labels(back) == before
        assert len(back.relabelled) <= len(spec.relabelled) and back.renamed == spec.renamed


def test_the_class_that_was_found_needs_no_entry():
    spec = mending.relabel(DataSpec(), items(DataSpec(), "ants/0.png"), "bees")
    assert spec.relabelled == {"ants/0.png": "bees"}
    assert mending.relabel(spec, items(spec, "ants/0.png"), "ants") == DataSpec()
    loose = mending.relabel(DataSpec(), items(DataSpec(), "test/0.png"), "ants")
    assert labels(loose)["test/0.png"] == "ants"


def test_a_class_is_renamed_there_and_back():
    listing = arrange(FOUND, DataSpec())
    there = mending.rename_class(DataSpec(), "ants", "insects", listing)
    assert there == DataSpec(renamed={"ants": "insects"})
    assert mending.rename_class(there, "insects", "ants", arrange(FOUND, there)) == DataSpec()


def test_a_name_that_was_renamed_away_can_be_made_anew():
    spec = mending.merge_classes(DataSpec(), ("ants",), "bees")
    spec = mending.relabel(spec, items(spec, "cats/0.png"), "ants")
    assert labels(spec)["cats/0.png"] == "ants", "the label was led on to the class that ants are called now"
    assert labels(spec)["ants/0.png"] == "bees" and spec.distinct == ("ants",)
    spec = mending.rename_class(spec, "ants", "dogs", arrange(FOUND, spec))
    assert labels(spec)["cats/0.png"] == "dogs" and labels(spec)["ants/0.png"] == "bees"


def test_labels_of_older_projects_are_led_on():
    older = DataSpec(renamed={"ants": "insects"}, relabelled={"cats/0.png": "ants"})
    assert labels(older)["cats/0.png"] == "insects"
    anew = mending.relabel(older, items(older, "cats/1.png"), "ants")
    assert labels(anew)["cats/1.png"] == "ants" and anew.distinct == ("ants",)
    assert labels(anew)["cats/0.png"] == "insects", "the new class took the pictures of the old one"
    assert labels(anew)["ants/0.png"] == "insects"


def test_empty_classes_come_and_go():
    spec = mending.create_class(DataSpec(), " dogs ")
    assert spec.created == ("dogs",)
    assert mending.create_class(spec, "dogs") == spec
    assert mending.rename_class(spec, "dogs", "wolves").created == ("wolves",)
    assert mending.drop_class(spec, "dogs") == DataSpec()


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "a/b", "a\\b", "a\nb", "a\0", "x" * 101])
def test_names_that_no_folder_can_have_are_refused(name):
    for call in (
        lambda: mending.create_class(DataSpec(), name),
        lambda: mending.rename_class(DataSpec(), "ants", name),
    ):
        with pytest.raises(InputError):
            call()


def test_names_are_composed_and_trimmed():
    assert mending.class_name(" Ba\u0308ren ") == "Bären"
    slashed = Found((Item("/p/1.png", "1.png", "a/b", found="a/b"),))
    spec = mending.merge_classes(DataSpec(), ("a/b", "ants"), "a/b", arrange(slashed, DataSpec()))
    assert spec.renamed == {"ants": "a/b"}, "a class that was found so keeps its name"
    with pytest.raises(InputError):
        mending.relabel(DataSpec(), PICTURES[:1], "")


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=8))
def test_groups_that_share_a_picture_become_one(groups):
    whole = mending.keep_together(DataSpec(), groups).together
    one_by_one = DataSpec()
    for group in reversed(groups):
        one_by_one = mending.keep_together(one_by_one, [group])
    assert one_by_one.together == whole
    every = [key for group in whole for key in group]
    assert len(every) == len(set(every)) and all(len(group) > 1 for group in whole)
    for group in groups:
        assert len(set(group)) == 1 or sum(set(group) <= set(made) for made in whole) == 1


def test_excluding_twice_and_including():
    spec = mending.exclude(DataSpec(excluded=("z",)), ["a", "z", "a"])
    assert spec.excluded == ("z", "a")
    assert mending.include(spec, ["a", "never"]).excluded == ("z",)


def test_what_needs_a_new_walk():
    spec = DataSpec((Source("/pictures"),))
    found = Found(sources=spec.sources)
    assert found.fits(mending.relabel(spec, PICTURES[:1], "bees"))
    assert not found.fits(DataSpec((Source("/other"),)))
    assert not found.fits(DataSpec(spec.sources, rule="case"))
    assert not found.fits(DataSpec(spec.sources, valid_folder="holdout"))
