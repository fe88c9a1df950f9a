"""Whether labels have changed since they were learned from."""

from dataclasses import replace

import pytest

from deskclassify.core.live_labels import Learned, is_wanted
from deskclassify.core.sources import DataSpec, Item

BEFORE = DataSpec()
ITEMS = tuple(Item(f"/{at}.png", f"{at}.png", "ab"[at % 2]) for at in range(6))
LEARNED = Learned.of_items(ITEMS, BEFORE, frozenset({"/broken.png"}))


def relabelled(**labels):
    return [replace(item, label=labels.get(f"p{item.key[0]}", item.label)) for item in ITEMS]


def test_the_same_labels_hold():
    assert LEARNED.holds(ITEMS, BEFORE) and LEARNED.holds(reversed(ITEMS), BEFORE)


def test_files_that_could_not_be_read_are_no_news():
    assert LEARNED.holds([*ITEMS, Item("/broken.png", "broken.png", "a")], BEFORE)
    assert not LEARNED.holds([*ITEMS, Item("/new.png", "new.png", "a")], BEFORE)


def test_another_label_or_a_picture_left_out_does_not_hold():
    assert not LEARNED.holds(relabelled(p0="b"), BEFORE)
    assert not LEARNED.holds(ITEMS[1:], BEFORE)


@pytest.mark.parametrize("names", [{"a": "ants"}, {"a": "b"}, {"a": "x", "b": "x"}, {"a": "b", "b": "a"}])
def test_classes_that_are_renamed_or_merged_hold(names):
    now = replace(BEFORE, renamed=names)
    items = [replace(item, label=names.get(item.label, item.label)) for item in ITEMS]
    assert LEARNED.holds(items, now)
    assert not LEARNED.holds([replace(items[0], label="new"), *items[1:]], now)


def test_classes_that_were_merged_and_are_apart_now_do_not_hold():
    merged = replace(BEFORE, renamed={"a": "b"})
    learned = Learned.of_items([replace(item, label="b") for item in ITEMS], merged)
    assert not learned.holds(ITEMS, BEFORE)


def test_it_goes_by_the_number_of_pictures_unless_it_was_chosen():
    assert is_wanted(None, 5_000) and not is_wanted(None, 5_001)
    assert is_wanted(True, 10**6) and not is_wanted(False, 1)
